"""What latents have to do with the samples that are made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving.latents import lerp, slerp
from trainer import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.reference import extract
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.evaluation.samples import SampleSet
from trainer.metrics.disentanglement import mutual_information_gap
from trainer.metrics.path_length import perceptual_path_length


def path_length(options: catalogue.PathLength, context: EvaluationContext) -> MetricResults:
    """Perceptual path length: along great arcs of Gaussian latents, straight lines of others."""
    generator = context.generator
    seeds = context.first_seed + np.arange(2 * options.paths)
    ends = generator.latents(seeds)
    labels = generator.labels(seeds[: options.paths])
    along = slerp if generator.prior == "gaussian" else lerp
    t = np.random.RandomState(context.seed).uniform(0.0, 1.0 - options.epsilon, options.paths)
    here, next_ = (
        _features_at(context, along(ends[: options.paths], ends[options.paths :], at), labels)
        for at in (t, t + options.epsilon)
    )
    return {"ppl": MetricResult(perceptual_path_length(here, next_, options.epsilon))}


def _features_at(
    context: EvaluationContext, latents: np.ndarray, labels: np.ndarray | None
) -> np.ndarray:
    """Features of unrounded samples: in whole grey levels a small step would be rounding alone."""
    generator = context.generator

    def make(positions: np.ndarray) -> np.ndarray:
        condition = None if labels is None else labels[positions]
        return generator.decode_unrounded(latents[positions].astype(np.float32), condition)

    return extract(context.extractor, SampleSet(len(latents), make), "interpolated").features


def disentanglement(
    options: catalogue.Disentanglement, context: EvaluationContext
) -> MetricResults:
    """Mutual information gap between the codes of a latent and the classes read in its samples."""
    generator = context.generator
    latents = generator.latents(context.first_seed + np.arange(context.fake.count))
    factors = context.predicted_labels()[:, np.newaxis]
    found = mutual_information_gap(codes_of(latents, generator.layout), factors, context.seed)
    return {"mig": MetricResult(found.gap)}


def codes_of(latents: np.ndarray, layout: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """The codes of latents [n, z] as columns: the place of a one-hot one, each number of others.

    Integers where all are one-hot, so that they are taken for categories however many.
    """
    columns = []
    for part in layout:
        kind = part["kind"]
        values = latents[:, part["start"] : part["start"] + part["size"]]
        if kind == "one_hot":
            columns.append(values.argmax(axis=1))
        elif kind != "noise":
            columns += list(values.T)
    return np.stack(columns, axis=1)
