"""Label maps as pictures: the colour of every class, there and back."""

from collections.abc import Sequence

import numpy as np

# Unknown colours that a message names.
_SHOWN = 5


def classes_of(pixels: np.ndarray, palette: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Returns the class of every pixel by its colour; of equal colours the first.

    Args:
        pixels: uint8 [h, w, 3].
        palette: a colour a class, such as "#80c0ff".
        names: of the classes, for sentences.

    Returns:
        uint8 [h, w, 1].

    Raises:
        ValueError: naming the colours that stand for no class, the most frequent ones first.
    """
    known = np.array([int(colour[1:], 16) for colour in palette], np.int64)
    colours, first = np.unique(known, return_index=True)
    codes = pixels.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1], np.int64)
    places = np.searchsorted(colours, codes).clip(max=len(colours) - 1)
    unknown = colours[places] != codes
    if unknown.any():
        raise ValueError(_unknown(codes[unknown], palette, names))
    return first[places].astype(np.uint8)[..., np.newaxis]


def coloured(maps: np.ndarray, palette: Sequence[str]) -> np.ndarray:
    """Returns classes [..., 1] of any integer type as colours, uint8 [..., 3]."""
    table = np.array([list(bytes.fromhex(colour[1:])) for colour in palette], np.uint8)
    return table[maps[..., 0]]


def _unknown(codes: np.ndarray, palette: Sequence[str], names: Sequence[str]) -> str:
    colours, counts = np.unique(codes, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shown = ", ".join(f"#{colours[i]:06x} ({counts[i]} pixels)" for i in order[:_SHOWN])
    more = f" and {len(colours) - _SHOWN} more" if len(colours) > _SHOWN else ""
    classes = ", ".join(
        colour if colour == name else f"{colour} {name}"
        for colour, name in zip(palette, names, strict=True)
    )
    return f"the colours {shown}{more} stand for no class; the classes are {classes}"
