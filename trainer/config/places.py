"""What a command line names, looked for before TensorFlow is imported, which takes seconds.

Paths on object stores are left to TensorFlow, which can look there.
"""

import os
from collections.abc import Iterator, Sequence

from serving.files import is_remote, of_tensorflow
from serving.versions import complete_versions, version_path
from trainer.catalogue import Component, require_own_modules
from trainer.config.experiment import Devices, Experiment
from trainer.config.recipe import make_experiment, parse_yaml, with_overrides
from trainer.errors import ConfigError
from trainer.files import read_text

# Sources whose short spelling has a path behind the colon.
_WITH_PATHS = ("folder", "npz", "generated", "text", "clips", "table", "smiles")
# What tells the folder of a demo from others.
DEMO_MARKER = ".saddlepoint-demo"


def require_run(run_dir: str, overrides: Sequence[str] = ()) -> None:
    """Refuses a local folder that holds no run, or one whose own classes are nowhere.

    Args:
        run_dir: of the run.
        overrides: `KEY=VALUE`, which may say where those classes are now.

    Raises:
        ConfigError: naming it.
    """
    require_reachable("RUN_DIR", run_dir)
    if _is_missing(os.path.join(run_dir, "config.yaml")):
        raise no_run(run_dir)
    experiment = _recorded(run_dir)
    if experiment is not None:
        require_own_modules(with_overrides(experiment, overrides))


def require_own_data(target: str, overrides: Sequence[str], remedy: str) -> None:
    """Refuses a run or an export whose data is no longer where it was.

    Args:
        target: its directory; of anything else nothing is known here.
        overrides: `KEY=VALUE`, which may say where the data lies now.
        remedy: how to say that, as in "--data SOURCE".

    Raises:
        ConfigError: naming the path.
    """
    experiment = _recorded(target) or _exported(target)
    if experiment is None:
        return
    for path in data_paths(with_overrides(experiment, overrides).data.source):
        if _is_missing(path):
            raise ConfigError(
                f"data.source: {path}, the data of {target!r}, does not exist; say where it lies "
                f"now by {remedy}."
            )


def recorded_devices(run_dir: str, overrides: Sequence[str] = ()) -> Devices:
    """What a run is carried out on; of one on an object store the defaults, unread.

    Args:
        run_dir: of the run.
        overrides: `KEY=VALUE`, which may say otherwise.
    """
    experiment = _recorded(run_dir)
    return with_overrides(experiment, overrides).devices if experiment else Devices()


def _exported(model_dir: str) -> Experiment | None:
    """What an export's newest version recorded."""
    if is_remote(model_dir):
        return None
    versions = complete_versions(model_dir)
    folder = version_path(model_dir, versions[-1]) if versions else model_dir
    return _recorded(os.path.join(folder, "assets.extra"))


def _recorded(folder: str) -> Experiment | None:
    """The experiment in a local folder; None where there is none, or it cannot be read."""
    path = os.path.join(folder, "config.yaml")
    if is_remote(path):
        return None
    try:
        return make_experiment(parse_yaml(read_text(os.path.expanduser(path)), origin=path))
    except (OSError, UnicodeDecodeError, ConfigError):
        return None  # What opens it says what is wrong with it.


def no_run(run_dir: str) -> ConfigError:
    """That a folder holds no run, or is not there."""
    return ConfigError(
        f"RUN_DIR: {run_dir!r} holds no run (it has no config.yaml); give the directory that "
        "`gan train` names at its end."
    )


def require_target(target: str, reference: str | None, data: str | None = None) -> None:
    """Refuses to evaluate what is not there, or against what is not there.

    Args:
        target: a run, an export or samples.
        reference: real samples that are not a run's own.
        data: where those of a run or an export lie now.

    Raises:
        ConfigError: naming it.
    """
    require_reachable("TARGET", target)
    if _is_missing(target):
        raise no_target(target)
    if data is not None and reference is not None:
        raise ConfigError(
            f"--data: received {data!r} together with --reference; --data says where a model's own "
            "data lies now, --reference names other real samples: give one of them."
        )
    kind, _, path = (reference or "").partition(":")
    # A split may stand behind it: folder:photos:test.
    whole = path.rpartition(":")[0] or path
    if kind in _WITH_PATHS and _is_missing(path) and _is_missing(whole):
        raise ConfigError(
            f"--reference: {path!r} does not exist; give real samples on a local disk."
        )


def require_pairs(target: str, truths: str, reference: str | None, data: str | None) -> None:
    """Refuses pictures and what they should be where both are no local folders.

    Args:
        target: the pictures.
        truths: what they should be.
        reference: must not be given beside it.
        data: must not be given beside it.

    Raises:
        ConfigError: naming what is wrong.
    """
    if reference is not None or data is not None:
        raise ConfigError(
            f"--reference-pairs: received {truths!r} together with --reference or --data; it is "
            "the real samples: leave the other out."
        )
    for option, path in (("TARGET", target), ("--reference-pairs", truths)):
        if is_remote(path) or not os.path.isdir(os.path.expanduser(path)):
            raise ConfigError(f"{option}: {path!r} is no local folder; give one of pictures.")
    if _recorded(target) is not None or complete_versions(target):
        raise ConfigError(
            f"TARGET: {target!r} is a run or an export, and --reference-pairs is for a folder of "
            "pictures; without it a model that translates is measured on its own held-out pairs. "
            "`gan translate` makes such a folder."
        )


def no_target(target: str) -> ConfigError:
    """That what is to be evaluated is not there."""
    return ConfigError(
        f"TARGET: {target!r} does not exist; give a run directory, an export, or a file or folder "
        "of samples."
    )


def require_output(directory: str) -> None:
    """Refuses to verify what is not there.

    Raises:
        ConfigError: naming it.
    """
    if _is_missing(directory):
        raise ConfigError(
            f"DIRECTORY: {directory!r} does not exist; give the one that `gan generate` wrote."
        )


def require_inputs(experiment: Experiment) -> None:
    """Refuses to train from data or weights that are not there.

    Raises:
        ConfigError: naming field and path.
    """
    for path in data_paths(experiment.data.source):
        if _is_missing(path):
            raise ConfigError(
                f"data.source: {path} does not exist; give a folder or a file on a local disk."
            )
    warm = experiment.train.warm_start
    if warm is not None and _is_missing(warm):
        raise ConfigError(
            f"train.warm_start: {warm!r} does not exist; give the directory of a run that has a "
            "checkpoint."
        )


def data_paths(component: Component) -> Iterator[str]:
    """The paths of a source and of those that it is made of."""
    for name, value in component:
        if isinstance(value, Component):
            yield from data_paths(value)
        elif name == "path" and isinstance(value, str):
            yield value


def require_demo(folder: str | os.PathLike[str]) -> None:
    """Refuses a folder that holds something which no demo wrote.

    Raises:
        ConfigError: naming it.
    """
    require_directory("--dir", os.fspath(folder))
    is_demo = os.path.exists(os.path.join(folder, DEMO_MARKER))
    if not is_demo and os.path.isdir(folder) and os.listdir(folder):
        raise ConfigError(f"--dir: {str(folder)!r} is not empty and holds no demo; give another.")


def require_reachable(option: str, path: str) -> None:
    """Refuses a store that TensorFlow, which reads and writes there itself, does not know.

    Raises:
        ConfigError: naming option and path.
    """
    if is_remote(path) and not of_tensorflow(path):
        raise ConfigError(
            f"{option}: {path!r} is on a store that TensorFlow does not reach; give a local or "
            "gs:// path."
        )


def require_directory(option: str, path: str) -> None:
    """Refuses a local file in the place of a directory; one that is not there yet will be made.

    Raises:
        ConfigError: naming option and path; also for a store as `require_reachable`.
    """
    require_reachable(option, path)
    if not is_remote(path) and os.path.isfile(os.path.expanduser(path)):
        raise ConfigError(f"{option}: {path!r} is a file; give a directory.")


def _is_missing(path: str) -> bool:
    return not is_remote(path) and not os.path.exists(os.path.expanduser(path))
