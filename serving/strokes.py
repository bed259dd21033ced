"""Strokes for `edit`, made of a picture's own pixels."""

import numpy as np

from serving.errors import UsageError

# Top, left, bottom, right, of which the last two are no longer inside.
Box = tuple[int, int, int, int]


def dragged(image: np.ndarray, box: Box, to: Box) -> np.ndarray:
    """Returns strokes that hold a patch of a picture where it is dragged to.

    Where the boxes differ in size the patch is warped: each pixel takes the nearest one of the
    patch. What lands outside the picture is lost; where the patch was nothing is painted.

    Args:
        image: uint8 [h, w, c] of 1 to 4 channels, grey or colour, with or without opacity.
        box: of the patch.
        to: where it goes.

    Returns:
        uint8 [h, w, 4], opaque where the patch lands.

    Raises:
        UsageError: the image is no such picture, a box is empty, `box` leaves the picture, or
            nothing of `to` lies in it.

    Reference: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold",
    section 4.1 (warping brush).
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 2, 3, 4):
        raise UsageError(
            f"image: received {image.dtype} {list(image.shape)}; expected uint8 [h, w, c] of 1 to "
            "4 channels."
        )
    height, width = image.shape[:2]
    for name, (top, left, bottom, right) in (("box", box), ("to", to)):
        if bottom <= top or right <= left:
            raise UsageError(f"{name}: received {(top, left, bottom, right)}, which is empty.")
    if box[0] < 0 or box[1] < 0 or box[2] > height or box[3] > width:
        raise UsageError(f"box: received {box}, which leaves the picture of {height}x{width}.")
    rows, columns = np.arange(to[0], to[2]), np.arange(to[1], to[3])
    inside = np.ix_((rows >= 0) & (rows < height), (columns >= 0) & (columns < width))
    from_rows = _nearest(len(rows), box[0], box[2])
    from_columns = _nearest(len(columns), box[1], box[3])
    patch = _opaque(image)[np.ix_(from_rows, from_columns)][inside]
    if not patch.size:
        raise UsageError(f"to: received {to}, which lies outside the picture of {height}x{width}.")
    strokes = np.zeros((height, width, 4), np.uint8)
    strokes[max(to[0], 0) : to[2], max(to[1], 0) : to[3]] = patch
    return strokes


def _nearest(count: int, first: int, end: int) -> np.ndarray:
    """Which of the places [first, end) are nearest to `count` ones spread over them evenly."""
    middles = (np.arange(count) + 0.5) * (end - first) / count
    return first + middles.astype(np.int64)


def _opaque(image: np.ndarray) -> np.ndarray:
    """The colours of a picture, red, green, blue and fully opaque: uint8 [h, w, 4]."""
    channels = image.shape[2]
    colours = image[..., :1].repeat(3, axis=2) if channels < 3 else image[..., :3]
    return np.concatenate([colours, np.full_like(image[..., :1], 255)], axis=2)
