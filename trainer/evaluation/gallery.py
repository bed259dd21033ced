"""What a report shows beside the numbers: grids, nearest training examples, rows of classes."""

import numpy as np

from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.report import ClassPictures, Neighbour, Picture
from trainer.evaluation.samples import SampleSet
from trainer.run import pictures

_GRID = (8, 10)
_NEIGHBOURS = 12
_OF_A_CLASS = 10
_CLASSES = 50
_POINTS = 10_000


def grids(context: EvaluationContext) -> list[Picture]:
    """Generated and real samples side by side: as grids, strips or density maps of points.

    Where each sample was made of a picture, or should be one, that lies in the same place.
    """
    titles = _sides(context)
    spec = context.spec
    if spec.sample.shape == (2,):
        return [
            Picture(title, pictures.plane(_first(side, _POINTS), spec.sample.limits))
            for title, side in titles.items()
        ]
    if context.kind == "clip":
        return [Picture(title, _strips(context, _chosen(side))) for title, side in titles.items()]
    if context.kind != "image":
        return []
    return [Picture(title, _grid(context, _chosen(side))) for title, side in titles.items()]


def _sides(context: EvaluationContext) -> dict[str, SampleSet]:
    """What is shown, by title."""
    known = {"test": "Real, held out of training", "train": "Real, trained on"}
    fake, real = context.fake, known.get(context.reference.split, "Real")
    given = {} if fake.given is None else {"Given": fake.given}
    if fake.truth is not None:
        return {**given, "Generated": fake, "What it should be": fake.truth}
    return {**given, "Generated": fake, real: context.real}


def neighbours(context: EvaluationContext) -> list[Neighbour]:
    """The generated images that lie nearest to a training example, the nearest first."""
    if context.kind != "image":
        return []
    try:
        distances, nearest = context.nearest_training
    except MetricError:
        return []
    rows = np.argsort(distances, kind="stable")[:_NEIGHBOURS]
    train = context.reference.train
    fakes, reals = context.fake.take(rows), train.take(nearest[rows])
    return [
        Neighbour(
            _shown(context, fakes[i]),
            _shown(context, reals[i]),
            float(distances[row]),
            _label_name(context, train, int(nearest[row])),
        )
        for i, row in enumerate(rows)
    ]


def classes(context: EvaluationContext) -> list[ClassPictures]:
    """A row of real and a row of generated images of each class, as asked for or as read."""
    real_labels, fake_labels = context.real.labels, _labels_of_fakes(context)
    if context.kind != "image" or real_labels is None or fake_labels is None:
        return []
    rows = []
    for label, name in enumerate(context.spec.label_names[:_CLASSES]):
        real = np.flatnonzero(real_labels == label)[:_OF_A_CLASS]
        fake = np.flatnonzero(fake_labels == label)[:_OF_A_CLASS]
        if len(real) and len(fake):
            rows.append(
                ClassPictures(
                    name,
                    _row(context, context.real.take(real)),
                    _row(context, context.fake.take(fake)),
                )
            )
    return rows


def _labels_of_fakes(context: EvaluationContext) -> np.ndarray | None:
    if context.fake.labels is not None:
        return context.fake.labels
    try:
        return context.predicted_labels()
    except MetricError:
        return None


def _chosen(side: SampleSet) -> np.ndarray:
    """Samples of a grid: a fixed random choice, as files are often sorted by class."""
    count = min(side.count, _GRID[0] * _GRID[1])
    return side.take(np.random.RandomState(0).permutation(side.count)[:count])


def _first(side: SampleSet, count: int) -> np.ndarray:
    return side.take(np.arange(min(side.count, count)))


def _grid(context: EvaluationContext, images: np.ndarray) -> np.ndarray:
    rows = -(-len(images) // _GRID[1])
    return pictures.grid(pictures.as_bytes(images, context.spec.sample.limits), rows, _GRID[1])


def _strips(context: EvaluationContext, clips: np.ndarray) -> np.ndarray:
    """Some clips, a row of frames each."""
    shown = pictures.as_bytes(clips[: _GRID[0]], context.spec.sample.limits)
    return pictures.strips(shown, _GRID[1])


def _row(context: EvaluationContext, images: np.ndarray) -> np.ndarray:
    return pictures.grid(pictures.as_bytes(images, context.spec.sample.limits), 1, _OF_A_CLASS)


def _shown(context: EvaluationContext, image: np.ndarray) -> np.ndarray:
    return pictures.grid(pictures.as_bytes(image[np.newaxis], context.spec.sample.limits), 1, 1)


def _label_name(context: EvaluationContext, train: SampleSet, position: int) -> str:
    return "" if train.labels is None else context.spec.label_names[train.labels[position]]
