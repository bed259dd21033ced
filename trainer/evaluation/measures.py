"""From context to numbers: what each metric of the catalogue takes, and which keys it gives.

The mathematics is in `trainer.metrics`; keys are those of `trainer.evaluation.vocabulary`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from trainer.data.examples import Examples
from trainer.errors import ConfigError, MetricError
from trainer.evaluation import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.reference import extract
from trainer.evaluation.samples import SampleSet
from trainer.metrics import birthday as birthdays
from trainer.metrics import classification, kernel, laplacian_pyramid, manifold, neighbours
from trainer.metrics import columns as tables
from trainer.metrics import disentanglement as disentangling
from trainer.metrics import frechet as gaussians
from trainer.metrics import inception as scores
from trainer.metrics import memorisation as copying
from trainer.metrics import modes as mode_counts
from trainer.metrics import parzen as windows
from trainer.metrics import path_length as paths
from trainer.metrics import sliced_wasserstein as slices
from trainer.metrics import structural_similarity as similarity
from trainer.metrics import wasserstein as transport
from trainer.metrics.estimate import Estimate


class MetricResult(NamedTuple):
    """A number, and what goes with it.

    Attributes:
        estimate: the number.
        note: what a reader must know of this very one.
        warning: what it warns of.
        variant: what else its name must say, such as "within" for pairs within a class.
    """

    estimate: Estimate
    note: str = ""
    warning: str = ""
    variant: str = ""


MetricResults = dict[str, MetricResult]

# Numbers of one side that a metric may hold at once: a GiB in float32.
_MOST_NUMBERS = 2**28
# A distance is named by what its features are.
_FRECHET = {"inception": "fid", "classifier": "fcd", "other": "fd"}
_KERNEL = {"inception": "kid", "classifier": "kcd", "other": "kd"}
_SCORE = {"inception": "is", "classifier": "cs"}


# ---- Distances between features ------------------------------------------------------------------


def frechet(options: catalogue.Frechet, context: EvaluationContext) -> MetricResults:
    """Fréchet distance of the features."""
    real, fake = context.real_features.features, context.fake_features.features
    return {_FRECHET[context.extractor.kind]: MetricResult(gaussians.frechet_distance(real, fake))}


def kernel_distance(options: catalogue.KernelDistance, context: EvaluationContext) -> MetricResults:
    """Kernel distance of the features."""
    real, fake = context.real_features.features, context.fake_features.features
    return {_KERNEL[context.extractor.kind]: MetricResult(kernel.kernel_distance(real, fake))}


def inception_score(options: catalogue.InceptionScore, context: EvaluationContext) -> MetricResults:
    """Inception score, or its like under another classifier."""
    logits = context.fake_features.logits
    if logits is None:
        raise MetricError(
            f"the extractor {context.extractor.name} has no classes; take one that classifies."
        )
    estimate = scores.inception_score(logits, splits=options.splits)
    return {_SCORE[context.extractor.kind]: MetricResult(estimate)}


def prdc(options: catalogue.Prdc, context: EvaluationContext) -> MetricResults:
    """Precision, recall, density and coverage of the features."""
    real, fake = context.real_features.features, context.fake_features.features
    found = manifold.prdc(real, fake, k=options.k)
    results = {key: MetricResult(estimate) for key, estimate in found._asdict().items()}
    note = "errors of these four are given the neighbourhoods; new real samples add as much again"
    return results | {"precision": MetricResult(found.precision, note)}


# ---- Distances between raw samples ---------------------------------------------------------------


def sliced_wasserstein(
    options: catalogue.SlicedWasserstein, context: EvaluationContext
) -> MetricResults:
    """Sliced Wasserstein distance of images on the scale of [0, 1], or of points as they are."""
    size = context.spec.sample.size
    directions = slices.directions(size, options.directions, context.seed)
    real, fake = (
        slices.project_blocks((_scaled(block, context) for block in side.blocks()), directions)
        for side in (context.real, context.fake)
    )
    value, _ = slices.of_projections(real, fake)
    error = transport.error_by_parts(slices.mean_distance, real, fake, context.seed)
    return {"swd": MetricResult(Estimate(value, None if error is None else float(error)))}


def laplacian_swd(options: catalogue.LaplacianSwd, context: EvaluationContext) -> MetricResults:
    """Sliced Wasserstein distance of patches, averaged over the levels of a pyramid."""
    count = max(context.real.count, context.fake.count)
    found = laplacian_pyramid.pyramid_distance(
        context.real.blocks(),
        context.fake.blocks(),
        laplacian_pyramid.patches_per_image(count),
        context.seed,
    )
    levels = ", ".join(f"{side}: {level.value:.3g}" for side, level in found.by_side.items())
    # Its own error is over directions, which both generators of a comparison share: no error.
    return {
        "lap_swd": MetricResult(Estimate(found.average.value), f"by side of the level {levels}")
    }


def wasserstein(options: catalogue.Wasserstein, context: EvaluationContext) -> MetricResults:
    """Exact Wasserstein-1 distance between subsets of the points."""
    real, fake = _points(context.real), _points(context.fake)
    return {
        "w1": MetricResult(transport.wasserstein_distance(real, fake, options.points, context.seed))
    }


def mmd(options: catalogue.Mmd, context: EvaluationContext) -> MetricResults:
    """Squared maximum mean discrepancy of the points under a Gaussian kernel."""
    real, fake = _points(context.real), _points(context.fake)
    return {"mmd": MetricResult(kernel.maximum_mean_discrepancy(real, fake))}


def columns(options: catalogue.Columns, context: EvaluationContext) -> MetricResults:
    """Statistics of the columns of points or tables; real columns that never vary are left out."""
    real, fake = _points(context.real), _points(context.fake)
    kept = tables.varying(real)
    if not kept.any():
        raise MetricError("no column of the real samples varies.")
    found = tables.compare_columns(real[:, kept], fake[:, kept], context.seed)
    left_out = "" if kept.all() else f"; {(~kept).sum()} constant columns left out"
    note = (
        f"worst column: KS {found.worst_kolmogorov_smirnov.value:.3g}, mean off by "
        f"{found.worst_mean.value:.3g} and deviation by {found.worst_std.value:.3g} real "
        f"deviations{left_out}"
    )
    return {
        "ks": MetricResult(found.mean_kolmogorov_smirnov, note),
        "correlations": MetricResult(found.worst_correlation),
    }


# ---- Variety -------------------------------------------------------------------------------------


def ms_ssim(options: catalogue.MsSsim, context: EvaluationContext) -> MetricResults:
    """MS-SSIM of random pairs of generated images, and of real ones beside it.

    Pairs are of one class where both sides are labelled, and the names then say "within".
    """
    within = context.fake.labels is not None and context.real.labels is not None
    sides = {"ms_ssim": context.fake, "ms_ssim_real": context.real}
    return {
        key: MetricResult(
            _similarity(side, options.pairs, within, context), variant="within" if within else ""
        )
        for key, side in sides.items()
    }


def _similarity(side: SampleSet, pairs: int, within: bool, context: EvaluationContext) -> Estimate:
    """Mean similarity of disjoint pairs."""
    labels = side.labels if within and side.labels is not None else np.zeros(side.count, int)
    order = np.random.RandomState(context.seed).permutation(side.count)
    by_class = order[np.argsort(labels[order], kind="stable")]
    first, second = by_class[:-1:2], by_class[1::2]
    same = np.flatnonzero(labels[first] == labels[second])
    chosen = np.random.RandomState(context.seed).permutation(same)[:pairs]
    values = similarity.ms_ssim(
        side.take(first[chosen]), side.take(second[chosen]), context.spec.sample.limits
    )
    return similarity.diversity(values)


def birthday(options: catalogue.Birthday, context: EvaluationContext) -> MetricResults:
    """Support size from coincidences among the features."""
    real, fake = context.real_features.features, context.fake_features.features
    found = birthdays.birthday_test(real, fake)
    note = f"real samples seem to have {found.real.size.value:.0f} different ones"
    if found.fake.is_lower_bound:
        note = f"no two coincide: as likely more as less; {note}"
    return {"support": MetricResult(found.fake.size, note)}


def modes(options: catalogue.Modes, context: EvaluationContext) -> MetricResults:
    """Classes found, and the divergence of their shares from the data's.

    Images are read by the classifier. A point belongs to the nearest class centre of the training
    data, within three of its standard deviations.
    """
    marginal = np.array(context.spec.marginal)
    if context.spec.sample.kind == "image":
        found = context.predicted_labels()
        return _mode_findings(found, marginal)
    found = _nearest_centres(context)
    on_modes = MetricResult(mode_counts.high_quality(found))
    if (found == mode_counts.NO_MODE).all():
        raise MetricError("no generated point lies within three deviations of a mode's centre.")
    return _mode_findings(found, marginal) | {"on_modes": on_modes}


def _mode_findings(found: np.ndarray, marginal: np.ndarray) -> MetricResults:
    count = len(marginal)
    return {
        "modes": MetricResult(mode_counts.modes_found(found, count), f"of {count}"),
        "mode_kl": MetricResult(mode_counts.mode_divergence(found, count, marginal)),
    }


def _nearest_centres(context: EvaluationContext) -> np.ndarray:
    train = context.reference.dataset.train
    if train.labels is None:
        raise MetricError(f"the points of {context.reference.source} have no labels.")
    groups = [train["sample"][train.labels == c] for c in range(context.spec.num_classes)]
    centres = np.stack([group.mean(axis=0, dtype=np.float64) for group in groups])
    stds = np.array([np.sqrt(g.var(axis=0, dtype=np.float64).mean()) for g in groups])
    return mode_counts.assign_to_centres(_points(context.fake), centres, stds)


# ---- Copies of the training data -----------------------------------------------------------------


def memorisation(options: catalogue.Memorisation, context: EvaluationContext) -> MetricResults:
    """Whether samples lie nearer to the training set than held-out examples do.

    How far the first number rises above one half depends on how many examples are held out; so
    the warning is of the second one and of copies, against what held-out examples score.
    """
    reference, fake = context.reference, context.fake_features.features
    train, held_out = reference.train_features.features, reference.held_out_features.features
    rows = copying.equal_rows(len(train), min(len(held_out), len(train)), context.seed)
    to_train = neighbours.nearest(fake, train[rows]).distances
    to_held_out = neighbours.nearest(fake, held_out[: len(rows)]).distances
    own = _authenticity(train, *context.nearest_training)
    standard = _authenticity(train, *neighbours.nearest(held_out, train))
    note = f"held-out examples score {standard[0].value:.3f}; {own[1].value:.1%} are copies"
    return {
        "memorisation": MetricResult(copying.nearer_to_training(to_train, to_held_out)),
        "authenticity": MetricResult(own[0], note, _warning(own, standard)),
    }


def _authenticity(
    train: np.ndarray, distances: np.ndarray, nearest: np.ndarray
) -> tuple[Estimate, Estimate]:
    """Authenticity and share of copies of samples whose nearest training examples are known."""
    own, inverse = np.unique(nearest, return_inverse=True)
    to_others = neighbours.nearest_in_blocks(train[own], [train], own_rows=own).distances
    return (
        copying.authenticity(distances, to_others[inverse]),
        copying.copies(distances, to_others),
    )


def _warning(own: tuple[Estimate, Estimate], standard: tuple[Estimate, Estimate]) -> str:
    """Says so where samples are copies, or next to them, oftener than held-out examples are."""

    def apart(more: Estimate, less: Estimate) -> bool:
        return more.value - less.value > 3.0 * np.hypot(more.error or 0.0, less.error or 0.0)

    if not apart(standard[0], own[0]) and not apart(own[1], standard[1]):
        return ""
    return (
        f"{own[0].value:.0%} of the samples are authentic where held-out examples score "
        f"{standard[0].value:.0%}, and {own[1].value:.1%} are copies: the generator memorises."
    )


# ---- Labels --------------------------------------------------------------------------------------


def gan_test(options: catalogue.GanTest, context: EvaluationContext) -> MetricResults:
    """Accuracy of a classifier of real examples on generated ones."""
    asked, read = context.requested_labels(), context.predicted_labels()
    return {"gan_test": _accuracy(read, asked, context)}


def gan_train(options: catalogue.GanTrain, context: EvaluationContext) -> MetricResults:
    """Accuracy on real examples of a classifier of generated ones; beside it, of as many real."""
    from trainer.evaluation.extractors.classifier import train_classifier

    asked = context.requested_labels()
    train = context.reference.train
    if context.real.labels is None or train.labels is None:
        raise MetricError(f"the examples of {context.reference.source} have no labels.")
    rows = np.random.RandomState(context.seed).permutation(train.count)[: context.fake.count]
    real_labels = context.real.labels
    found: MetricResults = {}
    for key, samples, labels in (
        ("gan_train", _all(context.fake), asked),
        ("gan_train_real", train.take(rows), train.labels[rows]),
    ):
        examples = Examples.of(sample=samples, label=labels)
        try:
            classifier = train_classifier(examples, context.spec, seed=context.seed)
        except ConfigError as error:  # A class may have no sample.
            raise MetricError(str(error)) from error
        read = np.concatenate([classifier.predict(block) for block in context.real.blocks()])
        found[key] = _accuracy(read, real_labels, context)
    return found


def _accuracy(read: np.ndarray, labels: np.ndarray, context: EvaluationContext) -> MetricResult:
    names = context.spec.label_names
    found = classification.accuracy(read, labels, len(names))
    worst = min(found.by_class, key=lambda label: found.by_class[label].value)
    note = f"worst class {names[worst]}: {found.by_class[worst].value:.1%}"
    return MetricResult(found.overall, note)


# ---- What only a generator or a game can tell ----------------------------------------------------


def path_length(options: catalogue.PathLength, context: EvaluationContext) -> MetricResults:
    """Perceptual path length: along great arcs of Gaussian latents, straight lines of others."""
    generator = context.target.generator
    if generator is None:
        raise MetricError("samples in files have no latents; give a run or an export.")
    seeds = context.target.experiment.evaluate.seed + np.arange(2 * options.paths)
    ends = generator.latents(seeds)
    labels = generator.labels(seeds[: options.paths])
    along = paths.slerp if generator.prior == "gaussian" else paths.lerp
    t = np.random.RandomState(context.seed).uniform(0.0, 1.0 - options.epsilon, options.paths)
    here, next_ = (
        _features_along(context, along(ends[: options.paths], ends[options.paths :], at), labels)
        for at in (t, t + options.epsilon)
    )
    return {"ppl": MetricResult(paths.perceptual_path_length(here, next_, options.epsilon))}


def _features_along(
    context: EvaluationContext, latents: np.ndarray, labels: np.ndarray | None
) -> np.ndarray:
    """Features of unrounded samples: in whole grey levels a small step would be rounding alone."""
    generator = context.target.generator
    assert generator is not None

    def make(positions: np.ndarray) -> np.ndarray:
        condition = None if labels is None else labels[positions]
        return generator.decode_unrounded(latents[positions].astype(np.float32), condition)

    return extract(context.extractor, SampleSet(len(latents), make), "interpolated").features


def disentanglement(
    options: catalogue.Disentanglement, context: EvaluationContext
) -> MetricResults:
    """Mutual information gap between the parts of a latent and the classes read in its samples."""
    generator = context.target.generator
    if generator is None:
        raise MetricError("samples in files have no latents; give a run or an export.")
    if len(generator.layout) < 2:
        raise MetricError("the latents have no codes beside the noise; give a model that has.")
    seeds = context.target.experiment.evaluate.seed + np.arange(context.fake.count)
    latents = generator.latents(seeds)
    codes = codes_of(latents, generator.layout)
    factors = context.predicted_labels()[:, np.newaxis]
    gap = disentangling.mutual_information_gap(codes, factors, context.seed)
    return {"mig": MetricResult(gap.gap)}


def codes_of(latents: np.ndarray, layout: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """The codes of latents as columns: places of one-hot ones, numbers of continuous ones.

    Integers where all are one-hot, so that they are taken for categories however many.
    """
    columns = []
    for part in layout:
        values = latents[:, part["start"] : part["start"] + part["size"]]
        if part["name"] != "noise":
            columns.append(values.argmax(axis=1) if part["size"] > 1 else values[:, 0])
    return np.stack(columns, axis=1)


def duality_gap(options: catalogue.DualityGap, context: EvaluationContext) -> MetricResults:
    """What each player would gain by playing on against the frozen other."""
    from trainer.evaluation import adversaries

    target = context.target
    if target.game is None:
        raise MetricError("it needs both players: give a run, not an export or samples.")
    found = adversaries.duality_gap(
        target.experiment,
        target.game,
        context.reference.dataset,
        steps=options.steps,
        seed=context.seed,
    )
    objective = target.experiment.objective.name
    return {
        "duality_gap": MetricResult(found, f"after {options.steps} steps of each", "", objective)
    }


def parzen(options: catalogue.Parzen, context: EvaluationContext) -> MetricResults:
    """Parzen-window log-likelihood of real samples; training examples choose the width."""
    validation = context.reference.train
    rows = np.random.RandomState(context.seed).permutation(validation.count)[:1000]
    real, fake = (_scaled(_all(side), context) for side in (context.real, context.fake))
    found = windows.parzen_log_likelihood(real, fake, _scaled(validation.take(rows), context))
    return {"parzen": MetricResult(found.log_likelihood, f"width {found.sigma:.3g}")}


# ---- Shared --------------------------------------------------------------------------------------


def _points(side: SampleSet) -> np.ndarray:
    """All samples as rows [n, d]."""
    return _all(side).reshape(side.count, -1)


def _all(side: SampleSet) -> np.ndarray:
    """All samples at once, for metrics that cannot go through them block by block.

    Raises:
        MetricError: where they would not fit into memory with what is made of them.
    """
    one = side.make(np.arange(1))
    if one.size * side.count > _MOST_NUMBERS:
        raise MetricError(
            f"{side.count} samples of {one.size} numbers are too many to hold at once; set "
            f"evaluate.num_samples={_MOST_NUMBERS // one.size} or less."
        )
    return side.take(np.arange(side.count))


def _scaled(samples: np.ndarray, context: EvaluationContext) -> np.ndarray:
    """Rows [n, d]: images on the scale of [0, 1], which makes depths comparable; points as is."""
    rows = samples.reshape(len(samples), -1)
    if context.spec.sample.kind != "image":
        return rows
    low, high = context.spec.sample.limits
    return (rows.astype(np.float32) - low) / (high - low)
