"""From evidence to numbers: what each metric of the catalogue takes, and which keys it gives.

The mathematics is in `trainer.metrics`; keys are those of `trainer.evaluation.vocabulary`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from trainer.data.examples import Examples
from trainer.errors import ConfigError, MetricError
from trainer.evaluation import catalogue
from trainer.evaluation.evidence import Evidence
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


class Finding(NamedTuple):
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


Findings = dict[str, Finding]

# Numbers of one side that a metric may hold at once: a GiB in float32.
_MOST_NUMBERS = 2**28
# A distance is named by what its features are.
_FRECHET = {"inception": "fid", "classifier": "fcd", "other": "fd"}
_KERNEL = {"inception": "kid", "classifier": "kcd", "other": "kd"}
_SCORE = {"inception": "is", "classifier": "cs"}


# ---- Distances between features ------------------------------------------------------------------


def frechet(options: catalogue.Frechet, evidence: Evidence) -> Findings:
    """Fréchet distance of the features."""
    real, fake = evidence.real_features.features, evidence.fake_features.features
    return {_FRECHET[evidence.extractor.kind]: Finding(gaussians.frechet_distance(real, fake))}


def kernel_distance(options: catalogue.KernelDistance, evidence: Evidence) -> Findings:
    """Kernel distance of the features."""
    real, fake = evidence.real_features.features, evidence.fake_features.features
    return {_KERNEL[evidence.extractor.kind]: Finding(kernel.kernel_distance(real, fake))}


def inception_score(options: catalogue.InceptionScore, evidence: Evidence) -> Findings:
    """Inception score, or its like under another classifier."""
    logits = evidence.fake_features.logits
    if logits is None:
        raise MetricError(
            f"the extractor {evidence.extractor.name} has no classes; take one that classifies."
        )
    estimate = scores.inception_score(logits, splits=options.splits)
    return {_SCORE[evidence.extractor.kind]: Finding(estimate)}


def prdc(options: catalogue.Prdc, evidence: Evidence) -> Findings:
    """Precision, recall, density and coverage of the features."""
    real, fake = evidence.real_features.features, evidence.fake_features.features
    found = manifold.prdc(real, fake, k=options.k)
    findings = {key: Finding(estimate) for key, estimate in found._asdict().items()}
    note = "errors of these four are given the neighbourhoods; new real samples add as much again"
    return findings | {"precision": Finding(found.precision, note)}


# ---- Distances between raw samples ---------------------------------------------------------------


def sliced_wasserstein(options: catalogue.SlicedWasserstein, evidence: Evidence) -> Findings:
    """Sliced Wasserstein distance of images on the scale of [0, 1], or of points as they are."""
    size = evidence.spec.sample.size
    directions = slices.directions(size, options.directions, evidence.seed)
    real, fake = (
        slices.project_blocks((_scaled(block, evidence) for block in side.blocks()), directions)
        for side in (evidence.real, evidence.fake)
    )
    value, _ = slices.of_projections(real, fake)
    error = transport.error_by_parts(slices.mean_distance, real, fake, evidence.seed)
    return {"swd": Finding(Estimate(value, None if error is None else float(error)))}


def laplacian_swd(options: catalogue.LaplacianSwd, evidence: Evidence) -> Findings:
    """Sliced Wasserstein distance of patches, averaged over the levels of a pyramid."""
    count = max(evidence.real.count, evidence.fake.count)
    found = laplacian_pyramid.pyramid_distance(
        evidence.real.blocks(),
        evidence.fake.blocks(),
        laplacian_pyramid.patches_per_image(count),
        evidence.seed,
    )
    levels = ", ".join(f"{side}: {level.value:.3g}" for side, level in found.by_side.items())
    # Its own error is over directions, which both generators of a comparison share: no error.
    return {"lap_swd": Finding(Estimate(found.average.value), f"by side of the level {levels}")}


def wasserstein(options: catalogue.Wasserstein, evidence: Evidence) -> Findings:
    """Exact Wasserstein-1 distance between subsets of the points."""
    real, fake = _points(evidence.real), _points(evidence.fake)
    return {
        "w1": Finding(transport.wasserstein_distance(real, fake, options.points, evidence.seed))
    }


def mmd(options: catalogue.Mmd, evidence: Evidence) -> Findings:
    """Squared maximum mean discrepancy of the points under a Gaussian kernel."""
    real, fake = _points(evidence.real), _points(evidence.fake)
    return {"mmd": Finding(kernel.maximum_mean_discrepancy(real, fake))}


def columns(options: catalogue.Columns, evidence: Evidence) -> Findings:
    """Statistics of the columns of points or tables; real columns that never vary are left out."""
    real, fake = _points(evidence.real), _points(evidence.fake)
    kept = tables.varying(real)
    if not kept.any():
        raise MetricError("no column of the real samples varies.")
    found = tables.compare_columns(real[:, kept], fake[:, kept], evidence.seed)
    left_out = "" if kept.all() else f"; {(~kept).sum()} constant columns left out"
    note = (
        f"worst column: KS {found.worst_kolmogorov_smirnov.value:.3g}, mean off by "
        f"{found.worst_mean.value:.3g} and deviation by {found.worst_std.value:.3g} real "
        f"deviations{left_out}"
    )
    return {
        "ks": Finding(found.mean_kolmogorov_smirnov, note),
        "correlations": Finding(found.worst_correlation),
    }


# ---- Variety -------------------------------------------------------------------------------------


def ms_ssim(options: catalogue.MsSsim, evidence: Evidence) -> Findings:
    """MS-SSIM of random pairs of generated images, and of real ones beside it.

    Pairs are of one class where both sides are labelled, and the names then say "within".
    """
    within = evidence.fake.labels is not None and evidence.real.labels is not None
    sides = {"ms_ssim": evidence.fake, "ms_ssim_real": evidence.real}
    return {
        key: Finding(
            _similarity(side, options.pairs, within, evidence), variant="within" if within else ""
        )
        for key, side in sides.items()
    }


def _similarity(side: SampleSet, pairs: int, within: bool, evidence: Evidence) -> Estimate:
    """Mean similarity of disjoint pairs."""
    labels = side.labels if within and side.labels is not None else np.zeros(side.count, int)
    order = np.random.RandomState(evidence.seed).permutation(side.count)
    by_class = order[np.argsort(labels[order], kind="stable")]
    first, second = by_class[:-1:2], by_class[1::2]
    same = np.flatnonzero(labels[first] == labels[second])
    chosen = np.random.RandomState(evidence.seed).permutation(same)[:pairs]
    values = similarity.ms_ssim(
        side.take(first[chosen]), side.take(second[chosen]), evidence.spec.sample.limits
    )
    return similarity.diversity(values)


def birthday(options: catalogue.Birthday, evidence: Evidence) -> Findings:
    """Support size from coincidences among the features."""
    real, fake = evidence.real_features.features, evidence.fake_features.features
    found = birthdays.birthday_test(real, fake)
    note = f"real samples seem to have {found.real.size.value:.0f} different ones"
    if found.fake.is_lower_bound:
        note = f"no two coincide: as likely more as less; {note}"
    return {"support": Finding(found.fake.size, note)}


def modes(options: catalogue.Modes, evidence: Evidence) -> Findings:
    """Classes found, and the divergence of their shares from the data's.

    Images are read by the classifier. A point belongs to the nearest class centre of the training
    data, within three of its standard deviations.
    """
    marginal = np.array(evidence.spec.marginal)
    if evidence.spec.sample.kind == "image":
        found = evidence.labels_read()
        return _mode_findings(found, marginal)
    found = _nearest_centres(evidence)
    on_modes = Finding(mode_counts.high_quality(found))
    if (found == mode_counts.NO_MODE).all():
        raise MetricError("no generated point lies within three deviations of a mode's centre.")
    return _mode_findings(found, marginal) | {"on_modes": on_modes}


def _mode_findings(found: np.ndarray, marginal: np.ndarray) -> Findings:
    count = len(marginal)
    return {
        "modes": Finding(mode_counts.modes_found(found, count), f"of {count}"),
        "mode_kl": Finding(mode_counts.mode_divergence(found, count, marginal)),
    }


def _nearest_centres(evidence: Evidence) -> np.ndarray:
    train = evidence.reference.dataset.train
    if train.labels is None:
        raise MetricError(f"the points of {evidence.reference.source} have no labels.")
    groups = [train["sample"][train.labels == c] for c in range(evidence.spec.num_classes)]
    centres = np.stack([group.mean(axis=0, dtype=np.float64) for group in groups])
    stds = np.array([np.sqrt(g.var(axis=0, dtype=np.float64).mean()) for g in groups])
    return mode_counts.assign_to_centres(_points(evidence.fake), centres, stds)


# ---- Copies of the training data -----------------------------------------------------------------


def memorisation(options: catalogue.Memorisation, evidence: Evidence) -> Findings:
    """Whether samples lie nearer to the training set than held-out examples do.

    How far the first number rises above one half depends on how many examples are held out; so
    the warning is of the second one and of copies, against what held-out examples score.
    """
    reference, fake = evidence.reference, evidence.fake_features.features
    train, held_out = reference.train_features.features, reference.held_out_features.features
    rows = copying.equal_rows(len(train), min(len(held_out), len(train)), evidence.seed)
    to_train = neighbours.nearest(fake, train[rows]).distances
    to_held_out = neighbours.nearest(fake, held_out[: len(rows)]).distances
    own = _authenticity(train, *evidence.nearest_training)
    standard = _authenticity(train, *neighbours.nearest(held_out, train))
    note = f"held-out examples score {standard[0].value:.3f}; {own[1].value:.1%} are copies"
    return {
        "memorisation": Finding(copying.nearer_to_training(to_train, to_held_out)),
        "authenticity": Finding(own[0], note, _warning(own, standard)),
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


def gan_test(options: catalogue.GanTest, evidence: Evidence) -> Findings:
    """Accuracy of a classifier of real examples on generated ones."""
    asked, read = evidence.labels_asked(), evidence.labels_read()
    return {"gan_test": _accuracy(read, asked, evidence)}


def gan_train(options: catalogue.GanTrain, evidence: Evidence) -> Findings:
    """Accuracy on real examples of a classifier of generated ones; beside it, of as many real."""
    from trainer.evaluation.extractors.classifier import train_classifier

    asked = evidence.labels_asked()
    train = evidence.reference.train
    if evidence.real.labels is None or train.labels is None:
        raise MetricError(f"the examples of {evidence.reference.source} have no labels.")
    rows = np.random.RandomState(evidence.seed).permutation(train.count)[: evidence.fake.count]
    real_labels = evidence.real.labels
    found: Findings = {}
    for key, samples, labels in (
        ("gan_train", _all(evidence.fake), asked),
        ("gan_train_real", train.take(rows), train.labels[rows]),
    ):
        examples = Examples.of(sample=samples, label=labels)
        try:
            classifier = train_classifier(examples, evidence.spec, seed=evidence.seed)
        except ConfigError as error:  # A class may have no sample.
            raise MetricError(str(error)) from error
        read = np.concatenate([classifier.predict(block) for block in evidence.real.blocks()])
        found[key] = _accuracy(read, real_labels, evidence)
    return found


def _accuracy(read: np.ndarray, labels: np.ndarray, evidence: Evidence) -> Finding:
    names = evidence.spec.label_names
    found = classification.accuracy(read, labels, len(names))
    worst = min(found.by_class, key=lambda label: found.by_class[label].value)
    note = f"worst class {names[worst]}: {found.by_class[worst].value:.1%}"
    return Finding(found.overall, note)


# ---- What only a generator or a game can tell ----------------------------------------------------


def path_length(options: catalogue.PathLength, evidence: Evidence) -> Findings:
    """Perceptual path length: along great arcs of Gaussian latents, straight lines of others."""
    generator = evidence.target.generator
    if generator is None:
        raise MetricError("samples in files have no latents; give a run or an export.")
    seeds = evidence.target.experiment.evaluate.seed + np.arange(2 * options.paths)
    ends = generator.latents(seeds)
    labels = generator.labels(seeds[: options.paths])
    along = paths.slerp if generator.prior == "gaussian" else paths.lerp
    t = np.random.RandomState(evidence.seed).uniform(0.0, 1.0 - options.epsilon, options.paths)
    here, next_ = (
        _features_along(evidence, along(ends[: options.paths], ends[options.paths :], at), labels)
        for at in (t, t + options.epsilon)
    )
    return {"ppl": Finding(paths.perceptual_path_length(here, next_, options.epsilon))}


def _features_along(
    evidence: Evidence, latents: np.ndarray, labels: np.ndarray | None
) -> np.ndarray:
    """Features of unrounded samples: in whole grey levels a small step would be rounding alone."""
    generator = evidence.target.generator
    assert generator is not None

    def make(positions: np.ndarray) -> np.ndarray:
        condition = None if labels is None else labels[positions]
        return generator.decode_unrounded(latents[positions].astype(np.float32), condition)

    return extract(evidence.extractor, SampleSet(len(latents), make), "interpolated").features


def disentanglement(options: catalogue.Disentanglement, evidence: Evidence) -> Findings:
    """Mutual information gap between the parts of a latent and the classes read in its samples."""
    generator = evidence.target.generator
    if generator is None:
        raise MetricError("samples in files have no latents; give a run or an export.")
    if len(generator.layout) < 2:
        raise MetricError("the latents have no codes beside the noise; give a model that has.")
    seeds = evidence.target.experiment.evaluate.seed + np.arange(evidence.fake.count)
    latents = generator.latents(seeds)
    codes = codes_of(latents, generator.layout)
    factors = evidence.labels_read()[:, np.newaxis]
    gap = disentangling.mutual_information_gap(codes, factors, evidence.seed)
    return {"mig": Finding(gap.gap)}


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


def duality_gap(options: catalogue.DualityGap, evidence: Evidence) -> Findings:
    """What each player would gain by playing on against the frozen other."""
    from trainer.evaluation import adversaries

    target = evidence.target
    if target.game is None:
        raise MetricError("it needs both players: give a run, not an export or samples.")
    found = adversaries.duality_gap(
        target.experiment,
        target.game,
        evidence.reference.dataset,
        steps=options.steps,
        seed=evidence.seed,
    )
    objective = target.experiment.objective.name
    return {"duality_gap": Finding(found, f"after {options.steps} steps of each", "", objective)}


def parzen(options: catalogue.Parzen, evidence: Evidence) -> Findings:
    """Parzen-window log-likelihood of real samples; training examples choose the width."""
    validation = evidence.reference.train
    rows = np.random.RandomState(evidence.seed).permutation(validation.count)[:1000]
    real, fake = (_scaled(_all(side), evidence) for side in (evidence.real, evidence.fake))
    found = windows.parzen_log_likelihood(real, fake, _scaled(validation.take(rows), evidence))
    return {"parzen": Finding(found.log_likelihood, f"width {found.sigma:.3g}")}


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


def _scaled(samples: np.ndarray, evidence: Evidence) -> np.ndarray:
    """Rows [n, d]: images on the scale of [0, 1], which makes depths comparable; points as is."""
    rows = samples.reshape(len(samples), -1)
    if evidence.spec.sample.kind != "image":
        return rows
    low, high = evidence.spec.sample.limits
    return (rows.astype(np.float32) - low) / (high - low)
