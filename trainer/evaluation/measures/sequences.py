"""Metrics of sequences of symbols."""

from collections.abc import Iterator, Mapping

import numpy as np

from trainer import catalogue
from trainer.data.symbols import ids_of, lengths
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.evaluation.samples import SampleSet
from trainer.metrics import motifs
from trainer.metrics import ngrams as words
from trainer.metrics.classification import share
from trainer.metrics.estimate import Estimate
from trainer.metrics.ngrams import MarkovChain

# Random sequences beside which a motif's share stands.
_RANDOM = 10_000


def ngrams(options: catalogue.NGrams, context: EvaluationContext) -> MetricResults:
    """Divergence of words from the real ones; beside it a Markov chain's and training words'."""
    field, train = context.spec.sample, context.reference.train.all()
    chain = MarkovChain(train, options.order).sample(context.fake.count, context.seed)
    sides = {"": context.fake.all(), "_markov": chain, "_real": train[: context.fake.count]}

    def words_of(ids: np.ndarray) -> np.ndarray:
        return words.words(ids, lengths(ids, field), options.n)

    real = words_of(context.real.all())
    note = f"words of {options.n} symbols, a chain of order {options.order}"
    return {
        f"ngram_js{side}": MetricResult(Estimate(words.divergence(words_of(ids), real)), note)
        for side, ids in sides.items()
    }


def motif(options: catalogue.Motif, context: EvaluationContext) -> MetricResults:
    """How many sequences have the motif exactly once, and how even its places are."""
    field = context.spec.sample
    word = _ids(str(field.about["motif"]), field.names)
    letters = np.unique(context.reference.train.all())
    random = np.random.RandomState(context.seed)
    drawn = letters[random.randint(len(letters), size=(_RANDOM, field.fixed_shape[0]))]
    note = f"random letters have it once in {(motifs.occurrences(drawn, word) == 1).mean():.1%}"
    results: MetricResults = {}
    for side, samples in {"": context.fake, "_real": context.real}.items():
        ids = samples.all()
        begins = motifs.starts(ids, word)
        once = begins.sum(axis=1) == 1
        results[f"motif_once{side}"] = MetricResult(share(once), "" if side else note)
        if once.any():
            even = Estimate(motifs.evenness(begins[once]))
            results[f"motif_evenness{side}"] = MetricResult(even)
    return results


def position_matrix(options: catalogue.PositionMatrix, context: EvaluationContext) -> MetricResults:
    """Correlation of position matrices: the mean of the classes, of those with sites if some have.

    A class in which no place differs from others has a matrix of noise, which nothing resembles.
    """
    symbols = len(context.spec.sample.names)
    placed = context.spec.sample.about.get("sites", ())
    found: dict[str, dict[str, float]] = {"": {}, "_markov": {}, "_real": {}}
    for name, real, fake, train in _classes(context):
        if placed and name not in placed:
            continue
        chain = MarkovChain(train, options.order).sample(len(fake), context.seed)
        truth = motifs.position_matrix(real, symbols)
        for side, ids in {"": fake, "_markov": chain, "_real": train}.items():
            matrix = motifs.position_matrix(ids, symbols)
            found[side][name] = motifs.correlation(matrix, truth)
    if not found[""]:
        raise MetricError("no class has samples on both sides.")
    return {f"position_matrix{side}": _of_classes(values) for side, values in found.items()}


def _of_classes(values: Mapping[str, float]) -> MetricResult:
    note = ", ".join(f"{name} {value:.3f}" for name, value in values.items() if name)
    return MetricResult(Estimate(float(np.mean(list(values.values())))), note)


def sites(options: catalogue.Sites, context: EvaluationContext) -> MetricResults:
    """How many sequences of a class have its word at its place."""
    field = context.spec.sample
    asked = {name: (int(place), str(word)) for name, (place, word) in field.about["sites"].items()}
    hits: dict[str, dict[str, np.ndarray]] = {"": {}, "_real": {}}
    for name, real, fake, _ in _classes(context):
        if name in asked:
            place, word = asked[name]
            wanted = _ids(word, field.names)
            for side, ids in {"": fake, "_real": real}.items():
                there = ids[:, place : place + len(wanted)]
                hits[side][name] = (there == wanted).all(axis=1)
    if not hits[""]:
        raise MetricError("no class with a site has samples on both sides.")
    return {f"sites{side}": _mean_of_classes(of_side) for side, of_side in hits.items()}


def _mean_of_classes(hits: dict[str, np.ndarray]) -> MetricResult:
    shares = {name: share(values) for name, values in hits.items()}
    errors = np.array([estimate.error or 0.0 for estimate in shares.values()])
    mean = float(np.mean([estimate.value for estimate in shares.values()]))
    note = ", ".join(f"{name} {estimate.value:.3f}" for name, estimate in shares.items())
    return MetricResult(Estimate(mean, float(np.sqrt(np.sum(errors**2)) / len(errors))), note)


def coupling(options: catalogue.Coupling, context: EvaluationContext) -> MetricResults:
    """Mutual information of the two places that are most coupled in the training sequences."""
    symbols = len(context.spec.sample.names)
    found = motifs.strongest(context.reference.train.all(), symbols)
    note = f"places {found.first} and {found.second}"

    def bits(samples: SampleSet) -> MetricResult:
        ids = samples.all()
        pair = ids[:, found.first], ids[:, found.second]
        return MetricResult(Estimate(motifs.mutual_information(*pair, symbols)), note)

    return {"coupling": bits(context.fake), "coupling_real": bits(context.real)}


def _classes(
    context: EvaluationContext,
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Name, real, generated and training sequences of each class; all of them where there are none.

    Classes that one of them lacks are left out.
    """
    sides = (context.real, context.fake, context.reference.train)
    ids = [side.all() for side in sides]
    labels = [side.labels for side in sides]
    if any(of_side is None for of_side in labels):
        yield "", ids[0], ids[1], ids[2]
        return
    for number, name in enumerate(context.spec.label_names):
        own = [x[np.asarray(y) == number] for x, y in zip(ids, labels, strict=True)]
        if all(map(len, own)):
            yield name, own[0], own[1], own[2]


def _ids(word: str, names: tuple[str, ...]) -> np.ndarray:
    ids: np.ndarray = ids_of([word], names, len(word))[0]
    return ids
