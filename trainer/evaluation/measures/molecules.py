"""Metrics of molecules."""

from collections.abc import Callable, Hashable, Iterable

import numpy as np
import tensorflow as tf

from trainer import catalogue
from trainer.data.molecules import chemistry, writing
from trainer.data.molecules.arrays import from_array, with_all_types
from trainer.data.molecules.molecule import Molecule
from trainer.errors import ConfigError, MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.evaluation.samples import SampleSet
from trainer.fields import Field
from trainer.metrics import molecules
from trainer.metrics.classification import share

# Arrays of samples → which are valid, bool [n].
_Checker = Callable[[np.ndarray, Field], np.ndarray]


def molecule_counts(options: catalogue.MoleculeCounts, context: EvaluationContext) -> MetricResults:
    """Validity, uniqueness, novelty and their product; beside it, what real samples are."""
    checker, field = _checker(options), with_all_types(context.spec.sample)
    made = _molecules(context.fake, field)
    is_valid = np.concatenate([checker(block, field) for block in context.fake.blocks()])
    is_whole = [valid and m.is_connected for m, valid in zip(made, is_valid, strict=True)]
    keys = [m.key if whole else None for m, whole in zip(made, is_whole, strict=True)]
    training = SampleSet.of_array(context.reference.dataset.train.samples)
    found = molecules.count(keys, _keys_like(keys, _molecules(training, field)))
    real = np.concatenate([checker(block, field) for block in context.real.blocks()])
    return {
        "valid": MetricResult(found.valid, f"of real samples {real.mean():.2%}"),
        "valid_parts": MetricResult(share(is_valid)),
        "unique": MetricResult(found.unique, f"{found.num_unique} different ones"),
        "novel": MetricResult(found.novel),
        "vun": MetricResult(found.product),
    }


def _molecules(samples: SampleSet, field: Field) -> list[Molecule]:
    return [from_array(array, field.names) for block in samples.blocks() for array in block]


def _keys_like(keys: Iterable[Hashable | None], training: list[Molecule]) -> set[Hashable]:
    """The keys of those training molecules that have the atoms of a sample: no other is equal."""
    # A key begins with the atoms in order; to tell them alone takes a tenth of the time.
    formulas = {tuple(sorted(key[0])) for key in keys if key is not None}  # type: ignore[index]
    return {
        molecule.key
        for molecule in training
        if tuple(sorted(zip(molecule.atoms, molecule.hydrogens, strict=True))) in formulas
    }


def _checker(options: catalogue.MoleculeCounts) -> _Checker:
    """Who says what is valid.

    Raises:
        MetricError: where RDKit is to say it and is not installed.
    """
    if options.checker == "valences":
        return _by_valences
    try:
        chemistry.require("checker", options.checker)
    except ConfigError as error:
        raise MetricError(str(error)) from error
    return _by_rdkit


def _by_valences(graphs: np.ndarray, field: Field) -> np.ndarray:
    return np.array([not from_array(graph, field.names).problem for graph in graphs], bool)


def _by_rdkit(graphs: np.ndarray, field: Field) -> np.ndarray:
    texts = writing.written(tf.constant(graphs), field).numpy()
    return np.array([chemistry.molecule(text.decode()) is not None for text in texts], bool)
