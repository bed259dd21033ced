"""The frames of clips as pictures: for generators of pictures that searches along clips ask."""

import hashlib
from dataclasses import replace

import numpy as np

from trainer.catalogue import ClipFrames
from trainer.config.experiment import Data
from trainer.data.examples import Dataset, DataSpec, Examples
from trainer.data.reading import Source, opened


def open_source(data: Data) -> Source:
    """Every frame of every clip as a picture of its own, with the clip's label.

    Frames of a clip are all trained on, or all held out.
    """
    options = data.source
    assert isinstance(options, ClipFrames)
    of = opened(options.of, data)
    return replace(of, derive=_apart)


def _apart(dataset: Dataset) -> Dataset:
    clip = dataset.spec.sample
    frames, *shape = clip.fixed_shape
    train, held_out = (_pictures(part, frames) for part in (dataset.train, dataset.held_out))
    fields = {**dataset.spec.fields, "sample": replace(clip, shape=tuple(shape), kind="image")}
    digest = hashlib.sha256(f"{dataset.spec.fingerprint} frames".encode()).hexdigest()
    return Dataset(train, held_out, DataSpec(fields, digest, len(train)))


def _pictures(examples: Examples, frames: int) -> Examples:
    clips, labels = examples["sample"], examples.labels
    pictures = clips.reshape(-1, *clips.shape[2:])
    return Examples.of(sample=pictures, label=None if labels is None else np.repeat(labels, frames))
