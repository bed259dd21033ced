"""The digits that come with scikit-learn: 1 797 grey 8x8 images, no download."""

import numpy as np

from trainer.config.experiment import Data
from trainer.data.reading import Source, Table, labelled, rows_of


def open_source(data: Data) -> Source:
    """Reads the digits as images with their classes."""
    levels, labels = read()
    return Source(
        tables=(Table(rows_of(levels, labels, "digits", data)),),
        fields=labelled(tuple(str(digit) for digit in range(10))),
        identity={"source": "digits"},
    )


def read() -> tuple[np.ndarray, np.ndarray]:
    """The digits, uint8 [1797, 8, 8, 1], and their classes, int64 [1797].

    Their 17 grey levels are spread over uint8, so that an export shows them.

    Reference: Alpaydin & Kaynak 1998, optical recognition of handwritten digits (UCI).
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    levels = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    return levels, digits.target
