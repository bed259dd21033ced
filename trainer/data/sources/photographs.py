"""Crops of the two photographs that come with scikit-learn: colours and texture, no download."""

import numpy as np

from trainer.catalogue import Photographs
from trainer.config.experiment import Data
from trainer.data.reading import Source, Table, labelled, rows_of

NAMES = ("china", "flower")
# Share of a photograph's width, from the left, of which the training crops are made.
_TRAINED_ON = 0.8


def open_source(data: Data) -> Source:
    """Squares of `side` pixels: of the left four fifths for training, of the rest held out.

    Training crops overlap by `overlap`; held-out ones do not, and share no pixel with them. The
    labels say which photograph a crop is of.
    """
    options = data.source
    assert isinstance(options, Photographs)
    left, right = read()
    side = options.side
    step = max(1, round(side * (1.0 - options.overlap)))
    parts = {}
    for name, halves, stride in (("train", left, step), ("held out", right, side)):
        squares = [crops(image, side, stride) for image in halves]
        labels = np.repeat(np.arange(len(squares)), [len(of) for of in squares])
        parts[name] = rows_of(np.concatenate(squares), labels, f"photographs {name}", data)
    return Source(
        tables=(Table(parts["train"], parts["held out"]),),
        fields=labelled(NAMES),
        identity={"source": "photographs", "side": side, "overlap": options.overlap},
    )


def read() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The photographs' left parts and their right parts, uint8 [h, w, 3] each.

    A Chinese temple and a dahlia, 427x640 each (CC BY, in scikit-learn's sample images).
    """
    from sklearn.datasets import load_sample_image

    images = [load_sample_image(f"{name}.jpg") for name in NAMES]
    middle = round(images[0].shape[1] * _TRAINED_ON)
    return [image[:, :middle] for image in images], [image[:, middle:] for image in images]


def crops(image: np.ndarray, side: int, stride: int) -> np.ndarray:
    """All squares of a picture [h, w, c] at multiples of a stride: [n, side, side, c]."""
    rows = range(0, image.shape[0] - side + 1, stride)
    columns = range(0, image.shape[1] - side + 1, stride)
    return np.stack([image[y : y + side, x : x + side] for y in rows for x in columns])
