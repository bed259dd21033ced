"""Packaging: the `gan` command and the packages `trainer` and `serving`."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="saddlepoint",
    version="0.1.0",
    description="Generative adversarial networks from theory to production on TensorFlow and Keras",
    long_description=(Path(__file__).parent / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["trainer", "trainer.*", "serving", "serving.*"]),
    package_data={
        "trainer": ["recipes/*/*.yaml", "evaluation/templates/*", "py.typed"],
        "serving": ["py.typed", "web/*"],
    },
    entry_points={"console_scripts": ["gan = trainer.cli:main"]},
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "keras>=3.15,<4",
        "tensorboard>=2.20",
        "tensorflow-datasets>=4.9.10",
        # tensorflow-datasets imports it without asking for it.
        "importlib_resources",
        "tensorflow-serving-api>=2.20",
        "numpy>=2.0",
        "pillow>=11",
        "scikit-learn>=1.5",
        "scipy>=1.14",
        "threadpoolctl>=3",
        "jinja2>=3.1",
        "matplotlib>=3.9",
        "rich>=13",
        "pydantic>=2.10",
        "pyyaml>=6",
        "click>=8.1",
        "tqdm>=4.66",
        "grpcio>=1.70",
        "grpcio-health-checking>=1.70",
        "grpcio-reflection>=1.70",
        "starlette>=0.40",
        "uvicorn>=0.30",
        # uvicorn parses HTTP in Python without it.
        "httptools>=0.6",
        "orjson>=3.10",
        "prometheus-client>=0.21",
        "httpx>=0.27",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.21,<2.22"],
        "batch": [
            "apache-beam>=2.77",
            "pyarrow>=17",
            "array_record>=0.5",
            # Beam takes protobuf up to 6, which these ask for up to 1.81. Without the bounds pip
            # looks at a dozen releases of each to find that out.
            "grpcio-health-checking<1.82",
            "grpcio-reflection<1.82",
        ],
        # Checks molecules, and tells their drug-likeness.
        "chem": ["rdkit>=2025.3"],
        "gcp": ["google-cloud-storage>=2.18", "google-cloud-aiplatform>=1.70"],
        "bench": ["flask>=3"],
        "dev": [
            "pytest>=8",
            "pytest-timeout>=2.3",
            "pytest-xdist>=3.6",
            "ruff>=0.14",
            "mypy>=1.15",
            "types-PyYAML",
            "google-cloud-build>=3.25",
            # docs/openapi.yaml is held true with it, and with the jsonschema that it brings.
            "openapi-spec-validator>=0.7",
        ],
    },
)
