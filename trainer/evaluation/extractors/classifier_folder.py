"""A trained classifier as a folder: weights.npz, and about.json saying what it is."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trainer.data.examples import DataSpec
from trainer.evaluation.extractors.classifier_network import build
from trainer.evaluation.extractors.classifier_training import Classifier
from trainer.files import published_folder

_ABOUT = "about.json"
_WEIGHTS = "weights.npz"
# What reading a damaged file may raise.
_DAMAGED = (LookupError, TypeError, AttributeError, ValueError, EOFError)


class StoredClassifier(NamedTuple):
    """A classifier and the name of the data that it was trained on, such as "tfds:mnist"."""

    classifier: Classifier
    source: str


class NotAClassifier(ValueError):  # noqa: N818 - it says what the folder is
    """The folder is not one that `write` wrote, or not any more."""


def write(folder: Path, stored: StoredClassifier, about: Mapping[str, Any]) -> None:
    """Writes a folder that does not exist, whole or not at all.

    Args:
        folder: where.
        stored: what.
        about: more for about.json, such as the accuracy.

    Raises:
        OSError: when it cannot be written.
    """
    classifier = stored.classifier
    document = {
        "source": stored.source,
        "hash": classifier.hash,
        "num_classes": classifier.spec.num_classes,
        **about,
        "data": classifier.spec.describe(),
    }
    with published_folder(str(folder), marker=_ABOUT) as aside:
        np.savez(Path(aside, _WEIGHTS), *classifier.model.get_weights())
        Path(aside, _ABOUT).write_text(json.dumps(document, indent=2), "utf-8")


def read(folder: Path) -> StoredClassifier:
    """Reads what `write` wrote, and computes its hash anew.

    Raises:
        NotAClassifier: when files are missing, unreadable, of another version, or altered.
    """
    try:
        about = json.loads((folder / _ABOUT).read_text("utf-8"))
        spec = DataSpec.of(about["data"])
        model = build(spec, seed=0)
        with np.load(folder / _WEIGHTS) as arrays:
            # Saved in order as arr_0, arr_1, ….
            model.set_weights([arrays[f"arr_{i}"] for i in range(len(arrays))])
        stored = StoredClassifier(Classifier(model, spec), str(about["source"]))
    except OSError as error:
        raise NotAClassifier(error.strerror or str(error)) from error
    except (
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
    ) as error:
        raise NotAClassifier(" ".join(str(error).split())[:200]) from error
    if stored.classifier.hash != about.get("hash"):
        raise NotAClassifier("its weights do not have the hash that it names")
    return stored
