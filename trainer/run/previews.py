"""What a run's pictures show of a model: the same seeds, and the same examples, every time."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.data.modalities import tokens
from trainer.fields import Field
from trainer.game.live import LiveModel
from trainer.run import pictures, traversals

# Samples of a density map.
_POINTS = 10_000


def drawer(live: LiveModel, shape: tuple[int, int]) -> Callable[[], np.ndarray] | None:
    """A function that draws the model's present state, uint8 [H, W, 3]; None if nothing shows it.

    Images come as a grid of seeds 0, 1, …; with a label condition each column is a class, whose
    name stands above; where latents have codes, each is moved along rows of its own
    (`traversals`). A clip is a row of its frames. Points in the plane come as a density map, time
    series as curves. A model that makes pictures from pictures, or clips from clips, shows
    examples, each with what is made of it below.
    """
    if "generate" in live.signatures:
        return _of_seeds(live, shape)
    names = [name for name in live.signatures if name.startswith("translate")]
    return _of_examples(live, names[0], shape) if names and live.bank else None


def writer(live: LiveModel, shape: tuple[int, int]) -> Callable[[], str] | None:
    """A function that writes the texts of seeds 0, 1, …, one a line; None where there are none.

    Texts are what is made, or what the pictures of the same seeds were made for. Captions are those
    of examples, each before the example's own. Rows of a table are lines of CSV.
    """
    if "caption" in live.signatures and live.bank:
        return lambda: _captions(live, shape[0] * shape[1])
    if "generate" not in live.signatures:
        return None
    outputs = live.signatures["generate"].outputs
    if live.spec.sample.kind == "table":
        return lambda: _csv(live, shape[0] * shape[1])
    output = next((name for name, field in outputs.items() if field.kind == "text"), None)
    if output is None:
        return None
    seeds = np.arange(shape[0] * shape[1], dtype=np.int64)

    def write() -> str:
        texts = live.run("generate", {"seed": seeds})[output]
        return "".join(f"{text.decode('utf-8')}\n" for text in texts)

    return write


def _captions(live: LiveModel, count: int) -> str:
    """What is written about examples, and what was."""
    inputs = {n: live.example_input("caption", n) for n in live.signatures["caption"].inputs}
    made = live.run("caption", {n: rows[:count] for n, rows in inputs.items()})["text"]
    own = tokens.text(tf.constant(live.bank["sample"][: len(made)]), live.spec.sample).numpy()
    pairs = zip(made, own, strict=True)
    return "".join(f"{new.decode('utf-8')}  ({old.decode('utf-8')})\n" for new, old in pairs)


def _csv(live: LiveModel, count: int) -> str:
    """Rows of a table under the names of their columns; what is missing is empty."""
    outputs = live.run("generate", {"seed": np.arange(count, dtype=np.int64)})
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(outputs)
    for row in zip(*(values.tolist() for values in outputs.values()), strict=True):
        lines.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return "" if value != value else f"{value:.6g}" if isinstance(value, float) else str(value)


def _of_seeds(live: LiveModel, shape: tuple[int, int]) -> Callable[[], np.ndarray] | None:
    signature = live.signatures["generate"]
    output, field = next(iter(signature.outputs.items()))
    joint = [name for name, made in signature.outputs.items() if made.kind == "image"]
    if len(joint) > 1:
        return _of_pairs(live, joint, shape)
    num_classes = live.description.num_classes or 0
    names = live.description.label_names or [str(i) for i in range(num_classes)]
    if field.is_series:
        return _of_series(live, output, field, shape)
    if field.kind == "image" and _has_codes_alone(live):
        return _of_codes(live, output, field, shape)
    if field.kind not in ("image", "clip") and field.shape != (2,):
        return None
    rows, columns = {"image": shape, "clip": (shape[0], 1)}.get(field.kind, (_POINTS // 100, 100))
    if field.kind == "image" and num_classes:
        columns = min(columns, num_classes)
    seeds = np.arange(rows * columns, dtype=np.int64)

    def draw() -> np.ndarray:
        name, inputs = "generate", {"seed": seeds}
        if num_classes:
            period = columns if field.kind == "image" else num_classes
            # Conditions beside the label are what each seed draws.
            drawn = live.run("condition", inputs)
            name, inputs = "generate_conditional", {**inputs, **drawn, "label": seeds % period}
        samples = live.run(name, inputs)[output]
        if field.kind == "clip":
            return pictures.strips(pictures.shown(samples, field), shape[1])
        return _picture(samples, field, rows, columns, names)

    return draw


def _has_codes_alone(live: LiveModel) -> bool:
    """Whether latents have codes, and make samples without a condition."""
    decode = live.signatures.get("decode")
    is_alone = decode is not None and set(decode.inputs) == {"latent"}
    return is_alone and bool(live.description.code_names)


def _of_codes(
    live: LiveModel, output: str, field: Field, shape: tuple[int, int]
) -> Callable[[], np.ndarray]:
    """A block of rows for each code, which is moved along them."""

    def latents_of(seeds: np.ndarray) -> np.ndarray:
        return live.run("latents", {"seed": seeds})["latent"]

    def draw() -> np.ndarray:
        layout = live.description.latent_layout
        latents = traversals.traversal(latents_of, layout, shape)
        return _picture(live.run("decode", {"latent": latents})[output], field, *shape, ())

    return draw


def _of_series(
    live: LiveModel, output: str, field: Field, shape: tuple[int, int]
) -> Callable[[], np.ndarray]:
    """A diagram for each seed, whatever is drawn for it."""
    seeds = np.arange(shape[0] * shape[1], dtype=np.int64)

    def draw() -> np.ndarray:
        series = live.run("generate", {"seed": seeds})[output]
        return pictures.curves(series, field.limits, shape[1])

    return draw


def _of_pairs(
    live: LiveModel, names: Sequence[str], shape: tuple[int, int]
) -> Callable[[], np.ndarray]:
    """Pictures of two domains, those of one seed below one another."""
    upper, lower = names[:2]
    fields = live.signatures["generate"].outputs
    rows, columns = max(1, shape[0] // 2), shape[1]
    seeds = np.arange(rows * columns, dtype=np.int64)

    def draw() -> np.ndarray:
        made = live.run("generate", {"seed": seeds})
        above, below = (pictures.shown(made[name], fields[name]) for name in (upper, lower))
        return pictures.grid(pictures.in_turns(above, below, columns), 2 * rows, columns)

    return draw


def _of_examples(
    live: LiveModel, name: str, shape: tuple[int, int]
) -> Callable[[], np.ndarray] | None:
    signature = live.signatures[name]
    (given, field), *_ = ((n, f) for n, f in signature.inputs.items() if f.has_pixels)
    output, made_field = next(iter(signature.outputs.items()))
    are_clips = field.kind == "clip"
    rows, columns = max(1, shape[0] // 2), 1 if are_clips else shape[1]
    count = min(rows * columns, len(next(iter(live.bank.values()))))

    def draw() -> np.ndarray:
        inputs = {n: live.example_input(name, n)[:count] for n in signature.inputs}
        made = pictures.shown(live.run(name, inputs)[output], made_field)
        shown = pictures.shown(inputs[given], field)
        if are_clips:
            return pictures.strips_in_turns(shown, made, shape[1])
        pairs = pictures.in_turns(shown, made, columns)
        return pictures.grid(pairs, 2 * rows, columns)

    return draw


def _picture(
    samples: np.ndarray, field: Field, rows: int, columns: int, classes: Sequence[str]
) -> np.ndarray:
    bounds = field.range or (float(samples.min()), float(samples.max()))
    if field.kind != "image":
        return pictures.plane(samples, bounds)
    return pictures.grid(pictures.as_bytes(samples, bounds), rows, columns, classes[:columns])
