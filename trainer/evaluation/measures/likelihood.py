"""How likely an autoencoder finds what it was not trained on."""

import numpy as np
from tqdm import tqdm

from trainer import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics.importance import WeightSums, estimates


def log_likelihood(options: catalogue.Likelihood, context: EvaluationContext) -> MetricResults:
    """Both bounds on real examples; the first can be no higher than the second."""
    sums = []
    with tqdm(total=context.real.count, delay=1, disable=None, leave=False) as progress:
        for block in context.real.blocks():
            sums.append(_sums(block, progress.n, options.samples, context))
            progress.update(len(block))
    elbo, likelihood = estimates(WeightSums.joined(sums), options.samples)
    note = f"{options.samples} latents an example"
    return {"elbo": MetricResult(elbo, note), "log_likelihood": MetricResult(likelihood, note)}


def _sums(block: np.ndarray, first: int, samples: int, context: EvaluationContext) -> WeightSums:
    """What the weights of a block add up to; every latent of every example has its own seed."""
    sums = WeightSums.none(len(block))
    places = (first + np.arange(len(block), dtype=np.int64)) * samples
    for number in range(samples):
        seeds = context.first_seed + places + number
        sums = sums.plus(context.generator.log_weights(block, seeds))
    return sums
