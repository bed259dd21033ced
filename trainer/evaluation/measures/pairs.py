"""How far samples are from what they should be, one by one, and their inputs beside them."""

from collections.abc import Callable, Iterator

import numpy as np

from trainer import catalogue
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.reference import extract
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.evaluation.samples import SampleSet
from trainer.fields import Field
from trainer.metrics import bicubic, fidelity
from trainer.metrics import structural_similarity as similarity
from trainer.metrics.estimate import mean

_Range = tuple[float, float]


def absolute_error(options: catalogue.AbsoluteError, context: EvaluationContext) -> MetricResults:
    """Mean absolute and squared error; the absolute one of the inputs beside them."""
    limits = context.spec.sample.limits
    results: MetricResults = {}
    for suffix, samples in _sides(context).items():
        pairs = _blocks(samples, context)
        found = [fidelity.errors(a, b, limits, options.crop) for a, b in pairs]
        absolute, squared = (np.concatenate(part) for part in zip(*found, strict=True))
        results[f"l1{suffix}"] = MetricResult(mean(absolute))
        if not suffix:
            results["mse"] = MetricResult(mean(squared))
    return results


def psnr(options: catalogue.Psnr, context: EvaluationContext) -> MetricResults:
    """Of all channels, and of the luminance of colours; the inputs' beside them."""

    def squared(first: np.ndarray, second: np.ndarray, limits: _Range) -> np.ndarray:
        return fidelity.errors(first, second, limits, options.crop).squared

    results: MetricResults = {}
    for key, values in _of_channels_and_luminance("psnr", squared, context):
        try:
            estimate, equal = fidelity.psnr(values)
        except MetricError:
            if key.endswith("_input"):
                continue  # What was given is what it should be: there is nothing to compare.
            raise
        note = f"{equal} of {len(values)} equal what they should be and are left out"
        results[key] = MetricResult(estimate, note if equal else "")
    return results


def ssim(options: catalogue.Ssim, context: EvaluationContext) -> MetricResults:
    """Of all channels, and of the luminance of colours; the inputs' beside them."""

    def likeness(first: np.ndarray, second: np.ndarray, limits: _Range) -> np.ndarray:
        a, b = (fidelity.cropped(images, options.crop) for images in (first, second))
        return similarity.ssim(a, b, limits)

    return {
        key: MetricResult(mean(values))
        for key, values in _of_channels_and_luminance("ssim", likeness, context)
    }


def distance_of_features(
    options: catalogue.PairedDistance, context: EvaluationContext
) -> MetricResults:
    """Mean distance of paired features over that of features that lie one place apart."""
    wanted = extract(context.extractor, context.truth, "true").features
    order = np.random.RandomState(context.seed).permutation(len(wanted))
    unit = _distances(wanted[order], wanted[np.roll(order, 1)]).mean()
    results: MetricResults = {}
    for suffix, samples in _sides(context).items():
        is_input = samples is not context.fake
        found = extract(context.extractor, samples, "given") if is_input else context.fake_features
        estimate = mean(_distances(found.features, wanted) / unit)
        results[f"paired_distance{suffix}"] = MetricResult(estimate)
    return results


def _of_channels_and_luminance(
    key: str,
    measure: Callable[[np.ndarray, np.ndarray, _Range], np.ndarray],
    context: EvaluationContext,
) -> Iterator[tuple[str, np.ndarray]]:
    """Names and values [n] of a measure of pictures, with their pixels' range.

    Where some pictures are grey and others are not, the luminance of the grey ones is their own.
    """
    limits = context.spec.sample.limits
    for suffix, samples in _sides(context).items():
        pairs = _blocks(samples, context)
        yield f"{key}{suffix}", np.concatenate([measure(a, b, limits) for a, b in pairs])
        if context.spec.sample.shape[-1] not in (3, None):
            continue
        lights = (
            (fidelity.luminance(a, limits), fidelity.luminance(b, limits))
            for a, b in _blocks(samples, context)
        )
        light = [measure(a, b, fidelity.LUMINANCE_RANGE) for a, b in lights]
        yield f"{key}_y{suffix}", np.concatenate(light)


def _blocks(
    samples: SampleSet, context: EvaluationContext
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Samples and what they should be, block by block."""
    return zip(samples.blocks(), context.truth.blocks(), strict=True)


def _sides(context: EvaluationContext) -> dict[str, SampleSet]:
    """The generated samples and, where they have their form, the inputs, by suffixes of keys."""
    given, field = context.fake.given, context.spec.sample
    if given is None or context.kind != "image":
        return {"": context.fake}
    first = given.take(np.arange(1))
    (height, width, channels), shape = first.shape[1:], field.fixed_shape
    fits = height * shape[1] == width * shape[0] and height <= shape[0]
    if first.dtype != field.dtype or not fits or channels not in (1, shape[2]):
        return {"": context.fake}
    enlarged = SampleSet(given.count, lambda places: _enlarged(given.make(places), field))
    return {"": context.fake, "_input": enlarged}


def _enlarged(given: np.ndarray, field: Field) -> np.ndarray:
    """Pictures in the form of another field: grey in all channels, small ones bicubically."""
    height, width, channels = field.fixed_shape
    if given.shape[1:3] != (height, width):
        levels = bicubic.resized(given, (height, width)).clip(*field.limits)
        given = (np.round(levels) if field.dtype != "float32" else levels).astype(field.dtype)
    return np.repeat(given, channels, axis=3) if given.shape[3] < channels else given


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances of rows [n, d], float64 [n]."""
    return np.linalg.norm(first.astype(np.float64) - second, axis=1)
