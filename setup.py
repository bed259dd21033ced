"""Packaging: the `gan` command and the packages `trainer` and `serving`.

The base install is what a client of a served model needs. What trains, serves or generates asks
for an extra; `gan` names the one that is missing (`serving/extras.py`).
"""

from pathlib import Path

from setuptools import find_packages, setup

BASE = [
    "click>=8.1",
    "httpx>=0.27",
    "numpy>=2.0",
    "pillow>=11",
    "pydantic>=2.10",
    "pyyaml>=6",
]

SERVE = [
    "tensorflow>=2.21,<2.22",
    "tensorflow-serving-api>=2.20",
    "grpcio>=1.70",
    "grpcio-health-checking>=1.70",
    "grpcio-reflection>=1.70",
    # Object stores that TensorFlow does not know.
    "fsspec>=2024.2",
    # uvicorn parses HTTP in Python without it.
    "httptools>=0.6",
    "orjson>=3.10",
    "prometheus-client>=0.21",
    "starlette>=0.40",
    "tqdm>=4.66",
    "uvicorn>=0.30",
]

TRAIN = [
    "tensorflow>=2.21,<2.22",
    "keras>=3.15,<4",
    "tensorboard>=2.20",
    "tensorflow-datasets>=4.9.10",
    # tensorflow-datasets imports it without asking for it.
    "importlib_resources",
    # Its messages are the requests that warm up an export.
    "tensorflow-serving-api>=2.20",
    "jinja2>=3.1",
    "matplotlib>=3.9",
    "rich>=13",
    "scikit-learn>=1.5",
    "scipy>=1.14",
    "threadpoolctl>=3",
    "tqdm>=4.66",
]

BATCH = [
    *SERVE,
    "apache-beam>=2.77",
    "array_record>=0.5",
    "pyarrow>=17",
    # Beam takes protobuf up to 6, which these ask for up to 1.81. Without the bounds pip looks at a
    # dozen releases of each to find that out.
    "grpcio-health-checking<1.82",
    "grpcio-reflection<1.82",
]

# Beam on a cluster that needs no job server: a scheduler and workers anywhere.
DASK = [*BATCH, "dask>=2025.1", "distributed>=2025.1"]

# Checks molecules, and tells their drug-likeness.
CHEM = ["rdkit>=2025.3"]

GCP = ["google-cloud-storage>=2.18", "google-cloud-aiplatform>=1.70"]

TRACKING = ["mlflow-skinny>=3"]

# What tests hold files of tables and of deployment, the REST interface and the page against.
CHECKS = [
    "check-jsonschema>=0.30",
    "grafana-foundation-sdk>=0",
    "kubernetes-validate>=1.32",
    "pandas>=2",
    "playwright>=1.50",
    "promql-parser>=0.5",
    "schemathesis>=4",
]

DOCS = ["latex2mathml>=3.77", "mkdocs-material>=9.6", "mkdocstrings[python]>=0.30"]

DEV = [
    *TRAIN,
    *SERVE,
    *DOCS,
    "mypy>=1.15",
    "pre-commit>=4",
    "pytest>=8",
    "pytest-cov>=7",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "ruff>=0.14",
    "types-PyYAML",
    "google-cloud-build>=3.25",
    # docs/openapi.yaml is held true with it, and with the jsonschema that it brings.
    "openapi-spec-validator>=0.7",
]

setup(
    name="saddlepoint",
    version="0.1.0",
    description="Generative adversarial networks from theory to production on TensorFlow and Keras",
    long_description=(Path(__file__).parent / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="Saddlepoint's maintainers",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords="gan generative-adversarial-networks tensorflow keras tf-serving",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["trainer", "trainer.*", "serving", "serving.*"]),
    package_data={
        "trainer": ["recipes/*/*.yaml", "evaluation/templates/*", "py.typed"],
        "serving": ["py.typed", "web/*"],
    },
    entry_points={"console_scripts": ["gan = trainer.cli:main"]},
    install_requires=BASE,
    extras_require={
        "train": TRAIN,
        "serve": SERVE,
        "batch": BATCH,
        "dask": DASK,
        "chem": CHEM,
        "all": [*TRAIN, *BATCH, *CHEM],
        "gpu": ["tensorflow[and-cuda]>=2.21,<2.22"],
        "gcp": GCP,
        "tracking": TRACKING,
        "docs": DOCS,
        "dev": DEV,
        "test-all": [*DEV, *DASK, *CHEM, *GCP, *TRACKING, *CHECKS],
    },
)
