"""How far clips are from what they should be, frame by frame, and what standing still would be."""

from collections.abc import Callable, Iterator

import numpy as np

from trainer import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics import frames
from trainer.metrics import structural_similarity as similarity
from trainer.metrics.estimate import Estimate, mean

_Pairs = Iterator[tuple[np.ndarray, np.ndarray]]
# What nothing but the given frames predicts, by the end of its key.
_TRIVIAL = {"last": frames.last_frame, "mean": frames.mean_frame, "black": frames.black_frame}


def frame_errors(options: catalogue.FrameErrors, context: EvaluationContext) -> MetricResults:
    """Errors of frames and of motion, likeness, sharpness; of standing still beside them.

    A note has the errors of single frames in their order.
    """
    errors = _of_pairs(frames.squared_error, _made(context))
    likeness = _of_pairs(_likeness, _made(context))
    results = {
        "frame_error": MetricResult(mean(errors.mean(axis=1)), _by_frame(errors)),
        "frame_ssim": MetricResult(mean(likeness.mean(axis=1)), _by_frame(likeness)),
        "motion_error": MetricResult(
            mean(_of_pairs(frames.motion_error, _made(context)).mean(axis=1))
        ),
        "frame_sharpness": MetricResult(_sharpness(context)),
    }
    for key, predict in _TRIVIAL.items():
        if (still := _still(context, predict)) is not None:
            found = _of_pairs(frames.squared_error, still)
            results[f"frame_error_{key}"] = MetricResult(mean(found.mean(axis=1)), _by_frame(found))
    return results


def _of_pairs(measure: Callable[[np.ndarray, np.ndarray], np.ndarray], pairs: _Pairs) -> np.ndarray:
    """A measure of all frames of all clips, float64 [n, t]."""
    return np.concatenate([measure(made, truth) for made, truth in pairs])


def _made(context: EvaluationContext) -> _Pairs:
    """Clips and what they should be, on [0, 1], block by block."""
    for made, truth in zip(context.fake.blocks(), context.truth.blocks(), strict=True):
        yield _scaled(made, context), _scaled(truth, context)


def _still(
    context: EvaluationContext, predict: Callable[[np.ndarray, int], np.ndarray]
) -> _Pairs | None:
    """What standing still predicts of the given clips; None where they are of another form."""
    given, shape = context.fake.given, context.spec.sample.fixed_shape
    if given is None or given.take(np.arange(1)).shape[2:] != shape[1:]:
        return None
    blocks = zip(given.blocks(), context.truth.blocks(), strict=True)
    return (
        (predict(_scaled(past, context), shape[0]), _scaled(truth, context))
        for past, truth in blocks
    )


def _likeness(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Structural similarity of every frame, [n, t]."""
    first, second = (clips.reshape(-1, *clips.shape[2:]) for clips in (made, truth))
    return similarity.ssim(first, second, (0.0, 1.0)).reshape(made.shape[:2])


def _sharpness(context: EvaluationContext) -> Estimate:
    """Gradients of what is made over those of what it should be."""
    sums = np.array(
        [[frames.gradients(clips).sum() for clips in pair] for pair in _made(context)]
    ).sum(axis=0)
    return Estimate(float(sums[0] / sums[1]))


def _by_frame(values: np.ndarray) -> str:
    return "by frame " + ", ".join(f"{value:.3g}" for value in values.mean(axis=0))


def _scaled(clips: np.ndarray, context: EvaluationContext) -> np.ndarray:
    return context.scaled_rows(clips).reshape(clips.shape)
