"""Metrics of captions beside the true ones of the same pictures."""

import numpy as np

from trainer import catalogue
from trainer.data.symbols import lengths
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics import retrieval
from trainer.metrics.classification import share
from trainer.metrics.estimate import mean


def captioned(options: catalogue.Captioned, context: EvaluationContext) -> MetricResults:
    """How many captions are the true ones, and how many find their picture."""
    assert context.fake.truth is not None
    made, true = context.fake.all(), context.fake.truth.all()
    results = {"exact_captions": MetricResult(share((made == true).all(axis=1)))}
    found = retrieval.recall(_counts(context, made), _counts(context, true))
    for k, values in found.items():
        results[f"retrieval_{k}"] = MetricResult(mean(values))
    return results


def _counts(context: EvaluationContext, ids: np.ndarray) -> np.ndarray:
    """How often each word stands in front of the end of each text, int64 [n, V]."""
    field = context.spec.sample
    inside = np.arange(ids.shape[1]) < lengths(ids, field)[:, np.newaxis]
    counts = np.zeros((len(ids), len(field.names)), np.int64)
    rows = np.repeat(np.arange(len(ids)), ids.shape[1]).reshape(ids.shape)
    np.add.at(counts, (rows[inside], ids[inside]), 1)
    return counts
