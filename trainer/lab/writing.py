"""From a figure's name to its files: NAME.png, NAME.svg, and the numbers behind it in NAME.json."""

import importlib
import io
import json
import os
import time
from dataclasses import asdict, dataclass
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

from trainer.files import expanded, is_remote, join, write_atomically
from trainer.lab.drawing import SETTINGS
from trainer.lab.figures import FIGURES

_DOTS_PER_INCH = 120
# Flat colours and a map or two of densities: a palette shows them all in half of the bytes.
_COLOURS = 192


@dataclass(frozen=True)
class Made:
    """What was written of a figure, and in how many seconds."""

    name: str
    png: str
    svg: str
    json: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return asdict(self)

    @property
    def text(self) -> str:
        """A line for a person."""
        return f"{self.png}  and .svg, .json  ({self.seconds:.0f} s)"


def make(name: str, folder: str) -> Made:
    """Measures and draws the figure `name` of `FIGURES`, and writes its files into a folder.

    The same figure gives the same files on one kind of CPU.

    Raises:
        OSError: when the folder cannot be written.
    """
    begun = time.perf_counter()
    entry, folder = FIGURES[name], expanded(folder)
    if not is_remote(folder):
        os.makedirs(folder, exist_ok=True)
    module = importlib.import_module(entry.module)
    numbers = module.measure(**entry.options)
    document = {"figure": name, "shows": entry.shows, "command": f"gan lab {name}", **numbers}
    paths = {kind: join(folder, f"{name}.{kind}") for kind in ("png", "svg", "json")}
    with matplotlib.rc_context(SETTINGS):
        figure = module.draw(numbers)
        write_atomically(paths["png"], _png(figure))
        write_atomically(paths["svg"], _svg(figure))
    write_atomically(paths["json"], json.dumps(document, ensure_ascii=False).encode())
    return Made(name, **paths, seconds=time.perf_counter() - begun)


def _png(figure: Figure) -> bytes:
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    with Image.open(drawn) as picture:
        flat = picture.convert("RGB").quantize(
            _COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    flat.save(small, "png", optimize=True)
    return small.getvalue()


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
