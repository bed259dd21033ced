"""Metrics of texts: sequences of symbols that a reader could read."""

from collections.abc import Mapping, Sequence

import numpy as np

from trainer import catalogue
from trainer.data.oracle import Oracle
from trainer.data.sources import grammar
from trainer.data.symbols import UNKNOWN, lengths
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics import bleu_scores, ngrams
from trainer.metrics.classification import share
from trainer.metrics.estimate import Estimate, mean

_Sentences = Sequence[Sequence[int]]


def bleu(options: catalogue.Bleu, context: EvaluationContext) -> MetricResults:
    """BLEU of generated texts against real ones, beside that of as many training texts.

    What stands for unknown symbols matches nothing: nobody knows whether they are the same.
    """
    names = context.spec.sample.names
    unknown = names.index(UNKNOWN) if UNKNOWN in names else None
    references = _sentences(context, context.real.all())

    def scores(ids: np.ndarray) -> Mapping[int, np.ndarray]:
        texts = _sentences(context, ids)
        known = [[-1 if symbol == unknown else symbol for symbol in text] for text in texts]
        return bleu_scores.bleu(known, references)

    own, trained = (scores(ids) for ids in _sides(context))
    return {
        f"bleu_{order}": MetricResult(mean(values), _beside(trained[order].mean()))
        for order, values in own.items()
    }


def self_bleu(options: catalogue.SelfBleu, context: EvaluationContext) -> MetricResults:
    """BLEU of generated texts against one another, beside that of as many training texts."""
    own, trained = (bleu_scores.self_bleu(_sentences(context, ids)) for ids in _sides(context))
    # The texts are one another's references: their scores are no independent draws.
    return {
        f"self_bleu_{order}": MetricResult(
            Estimate(float(values.mean())), _beside(trained[order].mean())
        )
        for order, values in own.items()
    }


def distinct(options: catalogue.Distinct, context: EvaluationContext) -> MetricResults:
    """Different words of generated texts, beside those of as many training texts."""
    field = context.spec.sample
    results: MetricResults = {}
    for size in (1, 2, 3):
        own, trained = (
            ngrams.distinct(ngrams.words(ids, lengths(ids, field), size)) for ids in _sides(context)
        )
        results[f"distinct_{size}"] = MetricResult(Estimate(own), _beside(trained))
    return results


def novelty(options: catalogue.Novelty, context: EvaluationContext) -> MetricResults:
    """How many texts are different, and how many are training texts."""
    fake, real, trained, held_out = (
        [tuple(text) for text in _sentences(context, side.all())] if side.count else []
        for side in (
            *(context.fake, context.real),
            *(context.reference.train, context.reference.held_out),
        )
    )
    known = set(trained)
    copied = share(np.array([text in known for text in fake]))
    note = ""
    if held_out:
        note = f"of held-out texts {np.mean([text in known for text in held_out]):.2%}"
    unique, of_real = (len(set(side)) / len(side) for side in (fake, real))
    return {
        "unique_texts": MetricResult(Estimate(unique), f"of real texts {of_real:.2%}"),
        "copied_texts": MetricResult(copied, note),
    }


def grammatical(options: catalogue.Grammatical, context: EvaluationContext) -> MetricResults:
    """Share of sentences of the grammar."""
    # Texts from elsewhere may have words that are none of the data's.
    names = dict(enumerate(context.spec.sample.names))
    texts = _sentences(context, context.fake.all())
    words = ([names.get(symbol, UNKNOWN) for symbol in text] for text in texts)
    return {"grammatical": MetricResult(share(np.array([*map(grammar.is_grammatical, words)])))}


def oracle_likelihood(
    options: catalogue.OracleLikelihood, context: EvaluationContext
) -> MetricResults:
    """Nats a symbol of generated, real and random sequences under the oracle of the data."""
    oracle = Oracle.of(context.spec.sample.about["oracle"])
    fake, real = context.fake.all(), context.real.all()
    if fake.max() >= oracle.symbols:
        raise MetricError("some samples have symbols that the oracle does not know.")
    random = np.random.RandomState(context.seed).randint(oracle.symbols, size=fake.shape)
    return {
        f"oracle_nll{side}": MetricResult(mean(-oracle.log_probabilities(ids).mean(axis=1)))
        for side, ids in {"": fake, "_real": real, "_random": random}.items()
    }


def text_likelihood(options: catalogue.TextLikelihood, context: EvaluationContext) -> MetricResults:
    """Nats a symbol of real sequences under the writer, each sequence as long as it is."""
    blocks = context.real.blocks()
    log_p = np.concatenate([context.generator.log_probabilities(block) for block in blocks])
    ends = lengths(context.real.all(), context.spec.sample)
    # The end is a symbol, too, where there is room for one.
    counts = np.minimum(ends + 1, log_p.shape[1])
    inside = np.arange(log_p.shape[1]) < counts[:, np.newaxis]
    estimate = _ratio(-(log_p * inside).sum(axis=1), counts)
    return {"text_nll": MetricResult(estimate, f"perplexity {np.exp(estimate.value):.4g}")}


def _sides(context: EvaluationContext) -> tuple[np.ndarray, np.ndarray]:
    """Generated texts, and as many training texts or all there are, int [n, T]."""
    trained = context.reference.train
    order = np.random.RandomState(context.seed).permutation(trained.count)
    return context.fake.all(), trained.take(np.sort(order[: context.fake.count]))


def _sentences(context: EvaluationContext, ids: np.ndarray) -> list[list[int]]:
    """The symbols of each text in front of its end."""
    ends = lengths(ids, context.spec.sample)
    return [row[:end] for row, end in zip(ids.tolist(), ends, strict=True)]


def _beside(value: float) -> str:
    return f"of training texts {value:.3f}"


def _ratio(totals: np.ndarray, counts: np.ndarray) -> Estimate:
    """Σ totals / Σ counts over independent rows, with its error to first order."""
    value = float(totals.sum() / counts.sum())
    spread = (totals - value * counts).std(ddof=1) if len(counts) > 1 else 0.0
    return Estimate(value, float(spread / counts.mean() / np.sqrt(len(counts))))
