"""Captions as samples: what is to be written about the pictures that lie beside them."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from trainer.catalogue import Described
from trainer.config.experiment import Data
from trainer.data.examples import Dataset, DataSpec, Examples, Table
from trainer.data.reading import Source, opened
from trainer.data.symbols import reading
from trainer.fields import Field

# What the fields of captioned pictures are called where captions are the samples.
_NAMES = {"sample": "image", "text": "sample"}


def open_source(data: Data) -> Source:
    """Turns captioned pictures round: fields `sample` (the caption), `image`, apart `wrong_text`.

    Captions are sequences of words, int32 [T], filled up with the end.
    """
    options = data.source
    assert isinstance(options, Described)
    of = opened(options.of, data)
    return replace(of, derive=_turned)


def _turned(dataset: Dataset) -> Dataset:
    train, held_out = (_renamed(part) for part in (dataset.train, dataset.held_out))
    fields = {_NAMES.get(n, n): _as_sample(f) for n, f in dataset.spec.fields.items()}
    digest = hashlib.sha256(f"{dataset.spec.fingerprint} captions".encode()).hexdigest()
    return Dataset(train, held_out, DataSpec(fields, digest, len(train)))


def _as_sample(field: Field) -> Field:
    """Words of a caption as symbols of a sequence; other fields as they are."""
    if field.kind != "text":
        return field
    return replace(field, kind="tokens", about=reading("word"))


def _renamed(examples: Examples) -> Examples:
    return Examples(tuple(_table(table) for table in examples.tables))


def _table(table: Table) -> Mapping[str, np.ndarray]:
    return {_NAMES.get(name, name): array for name, array in table.items()}
