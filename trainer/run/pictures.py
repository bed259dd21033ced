"""Pictures of samples: grids of images, strips of clips, densities of points, curves of series."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from serving.palettes import coloured
from trainer.data.images import to_channels
from trainer.fields import Field

# Grids show small images enlarged to at least this many pixels a side.
_SMALLEST_SIDE = 56
_PLANE_PIXELS = 400
# Of the lines of a diagram, in turns.
_COLOURS = ((31, 90, 180), (200, 80, 30), (40, 140, 70), (130, 70, 160))
# Pixels between two images, of a letter, and of the line in which captions stand.
_GAP = 2
_LETTERS = 12
_LINE = 18


def grid(images: np.ndarray, rows: int, columns: int, captions: Sequence[str] = ()) -> np.ndarray:
    """Images [rows * columns, h, w, c] of uint8 as one picture [H, W, 3], row by row.

    Whole-number enlargement keeps the pixels of small images visible; two pixels part the images.
    `captions` stand over the columns, cut where they are wider.
    """
    images = _as_rgb(images)
    scale = max(1, -(-_SMALLEST_SIDE // min(images.shape[1:3])))
    images = images.repeat(scale, axis=1).repeat(scale, axis=2)
    _, height, width, _ = images.shape
    top = _LINE if captions else 0
    down, across = height + _GAP, width + _GAP
    sheet = np.full((top + rows * down - _GAP, columns * across - _GAP, 3), 255, np.uint8)
    for i, image in enumerate(images[: rows * columns]):
        y, x = top + (i // columns) * down, (i % columns) * across
        sheet[y : y + height, x : x + width] = image
    return _captioned(sheet, captions, across) if captions else sheet


def strips(clips: np.ndarray, most: int | None = None) -> np.ndarray:
    """Clips [n, t, h, w, c] of uint8 as one picture [H, W, 3]: a row each, its frames side by side.

    Of clips with more frames than `most` so many are shown, the first and the last among them.
    """
    chosen = clips[:, frames_shown(clips.shape[1], most)]
    return grid(chosen.reshape(-1, *chosen.shape[2:]), *chosen.shape[:2])


def strips_in_turns(upper: np.ndarray, lower: np.ndarray, most: int | None = None) -> np.ndarray:
    """A strip of each clip of `upper` with that of `lower` below it; the shorter ones end white."""
    sides = [_as_rgb(clips[:, frames_shown(clips.shape[1], most)]) for clips in (upper, lower)]
    longest = max(clips.shape[1] for clips in sides)
    filled = [
        np.pad(clips, [(0, 0), (0, longest - clips.shape[1]), *[(0, 0)] * 3], constant_values=255)
        for clips in sides
    ]
    return strips(np.stack(filled, axis=1).reshape(-1, *filled[0].shape[1:]))


def frames_shown(count: int, most: int | None) -> np.ndarray:
    """Which of so many frames are shown: at most `most`, the first and the last among them."""
    return np.linspace(0, count - 1, min(count, most or count)).round().astype(int)


def _captioned(sheet: np.ndarray, captions: Sequence[str], across: int) -> np.ndarray:
    """The sheet with a line of text, each caption over the middle of its column."""
    picture = Image.fromarray(sheet)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(_LETTERS)
    for i, caption in enumerate(captions):
        text = " ".join(caption.split())
        shown = text
        while shown and draw.textlength(shown, font=font) > across - _GAP:
            text = text[:-1]
            shown = f"{text}…" if text else ""
        middle = i * across + (across - _GAP) / 2
        draw.text((middle, _LINE / 2), shown, fill=(0, 0, 0), font=font, anchor="mm")
    return np.asarray(picture)


def plane(points: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """Points [n, 2] as a picture [400, 400, 3] of their density, darker where there are more."""
    low, high = value_range
    margin = 0.25 * (high - low)
    bounds = (low - margin, high + margin)
    counts, _, _ = np.histogram2d(
        points[:, 1], points[:, 0], bins=_PLANE_PIXELS // 4, range=(bounds, bounds)
    )
    shade = 1.0 - np.sqrt(counts / max(counts.max(), 1.0))
    picture = (255 * shade[::-1]).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    return np.stack([picture] * 3, axis=-1)


def curves(series: np.ndarray, value_range: tuple[float, float], columns: int) -> np.ndarray:
    """Time series [n, T, d] as one picture [H, W, 3]: a small diagram each, a line for each number.

    All have one scale, which is a little wider than the range; the middle is a grey line.
    """
    low, high = value_range
    side, margin = _SMALLEST_SIDE, 0.1 * (high - low)
    x = np.linspace(0, 2 * side - 1, series.shape[1])
    y = (high + margin - series) / (high - low + 2 * margin) * (side - 1)
    diagrams = np.empty((len(series), side, 2 * side, 3), np.uint8)
    for place, lines in enumerate(np.clip(y, 0, side - 1)):
        picture = Image.new("RGB", (2 * side, side), (245, 245, 245))
        draw = ImageDraw.Draw(picture)
        draw.line([(0, side // 2), (2 * side, side // 2)], fill=(200, 200, 200))
        for number, line in enumerate(lines.T):
            colour = _COLOURS[number % len(_COLOURS)]
            draw.line(list(zip(x, line, strict=True)), fill=colour)
        diagrams[place] = np.asarray(picture)
    return grid(diagrams, -(-len(series) // columns), columns)


def shown(values: np.ndarray, field: Field) -> np.ndarray:
    """Rows of a field of pictures or label maps as uint8, for looking at; maps in their colours."""
    if field.kind == "label_map":
        return coloured(values, field.about["palette"])
    return as_bytes(values, field.range or (0.0, 1.0))


def as_bytes(samples: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """Samples in their own units as uint8, for looking at."""
    if samples.dtype == np.uint8:
        return samples
    low, high = value_range
    share = (samples.astype(np.float32) - low) / (high - low)
    return np.round(255 * np.clip(share, 0.0, 1.0)).astype(np.uint8)


def png(picture: np.ndarray) -> bytes:
    """A picture [h, w, 3] of uint8 as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def _as_rgb(images: np.ndarray) -> np.ndarray:
    """Any image as RGB, what is transparent over white; of more channels the first three."""
    return images[..., :3] if images.shape[-1] > 4 else to_channels(images, 3)


def in_turns(upper: np.ndarray, lower: np.ndarray, columns: int) -> np.ndarray:
    """Rows of `upper` and of `lower` in turns, for a grid; the smaller pictures are enlarged."""
    height, width = (max(a, b) for a, b in zip(upper.shape[1:3], lower.shape[1:3], strict=True))
    both = [_enlarged(_as_rgb(images), height, width) for images in (upper, lower)]
    starts = range(0, len(both[0]), columns)
    return np.concatenate([side[start : start + columns] for start in starts for side in both])


def _enlarged(images: np.ndarray, height: int, width: int) -> np.ndarray:
    down, across = height // images.shape[1], width // images.shape[2]
    return images.repeat(down, axis=1).repeat(across, axis=2)
