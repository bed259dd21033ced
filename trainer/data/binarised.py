"""Pictures of black and white, drawn as grey levels say.

Reference: Salakhutdinov & Murray 2008, "On the quantitative analysis of deep belief networks",
section 6, whose MNIST likelihoods are reported on; drawn anew at each use by Burda et al. 2016.
"""

from dataclasses import replace

import numpy as np

from trainer.config.experiment import Data
from trainer.data.examples import Dataset, DataSpec, Examples, read
from trainer.fields import Field

# Of held-out pictures, which are the same ones for ever: a choice of the data, not of a run.
_SEED = 20160301
_BLOCK = 4096


def names(spec: DataSpec, data: Data) -> tuple[str, ...]:
    """The pictures that a configuration binarises: of integer levels, label maps apart."""
    if not data.binarise:
        return ()
    return tuple(name for name, field in spec.fields.items() if _has_levels(field))


def _has_levels(field: Field) -> bool:
    return field.kind in ("image", "clip") and field.dtype.startswith("uint")


def with_held_out(dataset: Dataset, data: Data) -> Dataset:
    """The data set with its held-out pictures binarised, once, where a configuration says so."""
    chosen = names(dataset.spec, data)
    if not chosen:
        return dataset
    binarised = (*chosen, "odd_sample")
    tables = tuple(
        {name: once(x) if name in binarised else x for name, x in table.items()}
        for table in dataset.held_out.tables
    )
    return replace(dataset, held_out=Examples(tables))


def once(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 or uint16 [n, …] drawn black and white, the same way for ever."""
    random = np.random.RandomState(_SEED)
    top = np.iinfo(pictures.dtype).max
    made = np.empty(pictures.shape, pictures.dtype)
    for first in range(0, len(pictures), _BLOCK):
        part = slice(first, first + _BLOCK)
        levels = read(pictures, part)
        made[part] = np.where(random.random_sample(levels.shape) * top < levels, top, 0)
    return made
