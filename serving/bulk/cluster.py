"""A run on Dask: what a worker knows of itself, and what the driver sees of the cluster.

Beam's runner for Dask hands the plan over and waits for ever. This waits beside it and says what
has happened when a scheduler or all workers are gone.
"""

import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from serving.errors import ServingError

_LOOK_SECONDS = 1.0
# Workers may be replaced by others, as a batch system does with those that it ends.
_REPLACED_SECONDS = 30.0
_AGAIN = "the same command again goes on from there."
_log = logging.getLogger(__name__)


def worker_name() -> str:
    """The address of the Dask worker that this thread works for; elsewhere host and process."""
    worker = _worker()
    return f"{platform.node()}:{os.getpid()}" if worker is None else str(worker.address)


def worker_threads() -> int:
    """How many tasks the Dask worker of this thread does at once; 1 elsewhere."""
    worker = _worker()
    return 1 if worker is None else int(worker.state.nthreads)


def _worker() -> Any:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        return distributed.get_worker()
    except ValueError:  # this thread is none of a worker's
        return None


def wait(result: Any, versions: Mapping[str, str | None]) -> None:
    """Waits for a run on Dask, and closes its client.

    Args:
        result: what Beam's runner for Dask returned.
        versions: of the packages that workers must have as the driver has them.

    Raises:
        ServingError: the scheduler or all workers are gone, workers are of another version, or one
            shard ended several workers.
        Exception: what a worker raised.
    """
    from distributed import KilledWorker

    client = result.client
    try:
        _check_versions(client, versions)
        try:
            _wait_for(result.futures, client)
            result.wait_until_finish()  # raises what a worker raised
        except Exception as error:
            if client.status == "running":
                raise
            # What the client raises then depends on what it was at. A scheduler that comes back
            # knows nothing of the run.
            raise ServingError(
                f"DaskRunner: the scheduler at {client.scheduler.address} has ended or cannot be "
                f"reached. Start one; {_AGAIN}"
            ) from error
    except KilledWorker as error:
        worker = getattr(error.last_worker, "address", "at an unknown address")
        raise ServingError(
            f"DaskRunner: one shard ended several workers (the last {worker}; see its log): they "
            f"may be short of memory. With more of it {_AGAIN}"
        ) from error
    except ServingError:
        raise
    except Exception:
        # A worker that joined late may not even have understood what it was to do.
        _check_versions(client, versions)
        raise
    finally:
        # The scheduler drops what nobody waits for; a worker ends the shard that it is at.
        with suppress(Exception):
            client.close()


def _wait_for(futures: Sequence[Any], client: Any) -> None:
    from distributed import wait

    place = client.scheduler.address
    last_seen: float | None = None  # a worker
    warned = False
    while True:
        with suppress(TimeoutError):
            wait(futures, timeout=_LOOK_SECONDS)
            return
        if client.status != "running":
            raise ConnectionError(place)
        if client.nthreads():
            last_seen = time.monotonic()
        elif last_seen is None:
            if not warned:  # a batch system may take its time
                _log.warning("DaskRunner: the scheduler at %s waits for its first worker.", place)
            warned = True
        elif time.monotonic() - last_seen > _REPLACED_SECONDS:
            raise ServingError(
                f"DaskRunner: all workers of the scheduler at {place} have ended. Start others; "
                + _AGAIN
            )


def library_versions(names: Sequence[str]) -> dict[str, str | None]:
    """The versions of installed packages, and a digest of this package's own code.

    Two commits of one version may write other bytes. None stands for what is not there.
    """
    return _version_finder()(names)


def _version_finder() -> Callable[[Sequence[str]], dict[str, str | None]]:
    # Defined within, it travels as a value: a worker may have no `serving` to import it from.
    def find(names: Sequence[str]) -> dict[str, str | None]:
        from hashlib import sha256
        from importlib import metadata, util
        from pathlib import Path

        found: dict[str, str | None] = {}
        for name in names:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = None
        package = util.find_spec("serving")
        code = sha256()
        for folder in package.submodule_search_locations or () if package else ():
            for path in sorted(Path(folder).rglob("*.py")):
                code.update(str(path.relative_to(folder)).encode() + path.read_bytes())
        found["code of saddlepoint"] = code.hexdigest()[:12] if package else None
        return found

    return find


def _check_versions(client: Any, expected: Mapping[str, str | None]) -> None:
    """Refuses workers that would write other bytes, or could not read what they are sent.

    Raises:
        ServingError: with the address of such a worker.
    """
    try:
        answers = client.run(_version_finder(), list(expected), on_error="ignore")
    except Exception:  # a worker ended, or the scheduler did: the wait says which
        return
    for address, versions in answers.items():
        check_versions(address, versions, expected)


def check_versions(
    worker: str, found: Mapping[str, str | None], expected: Mapping[str, str | None]
) -> None:
    """Refuses a worker whose packages are not the driver's.

    Raises:
        ServingError: naming worker and package.
    """
    for name, version in expected.items():
        if found[name] != version:
            raise ServingError(
                f"The worker {worker} has {name} {found[name] or '(not installed)'}, and the "
                f"driver {version}; install the same on both."
            )
