"""Latents of which one code is moved while all else stays: what each code means, as pictures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from serving.latents import code_names, with_codes

# How far continuous codes are moved to either side: as far as the prior draws them.
_FARTHEST = 1.0


def traversal(
    latents_of: Callable[[np.ndarray], np.ndarray],
    layout: Sequence[Mapping[str, Any]],
    shape: tuple[int, int],
) -> np.ndarray:
    """Latents of a grid, float32 [rows * columns, z], row by row; a block of rows for each code.

    A row is the latent of one seed with one code moved: through its categories, or from -1 to 1.
    Every block begins with seed 0. Where rows are fewer than codes, the first codes are shown.

    Args:
        latents_of: seeds int64 [n] → latents float32 [n, z].
        layout: the parts of a latent, as `describe` shows them; one of them at least is a code.
        shape: rows and columns.

    Reference: Chen et al. 2016, "InfoGAN", figure 2.
    """
    rows, columns = shape
    codes = code_names(layout)[:rows]
    block = [row * len(codes) // rows for row in range(rows)]
    seeds = [row - block.index(block[row]) for row in range(rows)]
    latents = latents_of(np.array(seeds, np.int64))
    sizes = {part["name"]: part["size"] for part in layout if part.get("kind") == "one_hot"}
    lines = [
        with_codes(
            z[np.newaxis].repeat(columns, axis=0), layout, {code: _values(sizes.get(code), columns)}
        )
        for z, code in zip(latents, (codes[number] for number in block), strict=True)
    ]
    return np.concatenate(lines)


def _values(categories: int | None, columns: int) -> np.ndarray:
    """What a code is along a row, float64 [columns]; categories begin anew behind the last one."""
    if categories:
        return np.arange(columns) % categories
    return np.linspace(-_FARTHEST, _FARTHEST, columns)
