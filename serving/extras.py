"""Which extra of the package brings what is missing: the base install is a client's.

Knows names alone, so a client can ask it.
"""

from serving.errors import UsageError

# Import names by extra. A package of several extras stands with each that a command may ask for.
IMPORTED_BY = {
    "serve": {
        "fsspec",
        "grpc",
        "grpc_health",
        "grpc_reflection",
        "httptools",
        "orjson",
        "prometheus_client",
        "starlette",
        "tensorflow",
        "tensorflow_serving",
        "tqdm",
        "uvicorn",
    },
    "train": {
        "jinja2",
        "keras",
        "markupsafe",
        "matplotlib",
        "rich",
        "scipy",
        "sklearn",
        "tensorboard",
        "tensorflow",
        "tensorflow_datasets",
        "tensorflow_serving",
        "threadpoolctl",
        "tqdm",
    },
    # All of its packages lie in this namespace.
    "gcp": {"google"},
}


def missing(package: str, extra: str, asked_by: str) -> str | None:
    """One sentence that names the extra to install, or None for a package that none brings.

    Args:
        package: what could not be imported, such as ``"tensorflow.python"``.
        extra: the one that `asked_by` is a part of; named too where another brings the package.
        asked_by: what the caller was about to do, such as ``"gan train"``.
    """
    top = package.partition(".")[0]
    bringing = [name for name, imported in IMPORTED_BY.items() if top in imported]
    if not bringing:
        return None
    wanted = extra if extra in bringing else f"{extra},{bringing[0]}"
    return (
        f"{asked_by} needs the package {top!r}, which is not installed; "
        f"pip install 'saddlepoint[{wanted}]'."
    )


def require_grpc() -> None:
    """Checks that calls over gRPC can be made: their messages are TensorFlow's.

    Raises:
        UsageError: the packages are not installed; REST does without them.
    """
    try:
        import grpc  # noqa: F401
        import tensorflow_serving  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"target: a gRPC address needs the package {error.name!r}, which is not installed; "
            "pip install 'saddlepoint[serve]', or give REST's address, such as http://HOST:8501."
        ) from error
