"""The inputs of a request, from what a command line says."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving import latents
from serving.call.outputs import NPY
from serving.call.request import Request
from serving.client import Client
from serving.clips import read_clip, read_frames
from serving.description import Description, Signature
from serving.errors import UsageError
from serving.fields import ALL, ATTRIBUTES, LABEL, LATENT, SEED, TEXT, Field
from serving.pictures import ENDINGS, is_called_picture, read_picture

_INDEX = "_index"  # after a label's name: the number, whatever the labels are called


def inputs_of(signature: Signature, request: Request) -> dict[str, Any]:
    """The inputs that the options give; what is missing, the client refuses."""
    inputs = values_of(signature, request.inputs)
    if "row" in signature.inputs:
        inputs.setdefault("row", [0])
    for option, kind, rows in (
        ("--label", LABEL, request.labels),
        ("--label-index", LABEL, request.label_indices),
        ("--text", TEXT, request.texts),
    ):
        if rows:
            name = signature.input_of(kind, option)
            field = signature.inputs[name]
            inputs[name] = (
                _labels(field, name, [*map(str, rows)]) if option == "--label" else list(rows)
            )
    if request.attributes:
        name = signature.input_of(ATTRIBUTES, "--attribute")
        inputs[name] = signature.inputs[name].read(name, dict(request.attributes))[np.newaxis]
    seed = signature.first(SEED) or (SEED if request.codes or request.seeds else None)
    if seed is not None and seed not in inputs:
        inputs[seed] = _seeds(request, count_rows(inputs))
    num_rows = count_rows(inputs)
    return {name: _spread(rows, num_rows) for name, rows in inputs.items()}


def _labels(field: Field, name: str, texts: Sequence[str]) -> list[Any]:
    """The labels of texts; "all", unless a class is called so, is every class."""
    if texts == [ALL] and ALL not in field.names and field.num_classes:
        return list(range(field.num_classes))
    return [field.read(name, text) for text in texts]


def values_of(signature: Signature, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The rows of inputs that are given by name, in the order in which they are given.

    Raises:
        UsageError: there is no such input, or a value or file of it cannot be read.
    """
    rows: dict[str, list[Any]] = {}
    for given, text in pairs:
        name = given.removesuffix(_INDEX)
        field = signature.inputs.get(name) or signature.inputs.get(given)
        if field is None:
            raise UsageError(
                f"--input: {signature.name} of this model takes no {given!r}; it takes "
                f"{', '.join(signature.inputs)}."
            )
        if field.is_file or field.shape:
            rows.setdefault(name, []).extend(_load(name, text, field))
        elif given != name and field.kind == LABEL:
            rows.setdefault(name, []).append(field.read_number(name, text))
        else:
            rows.setdefault(name, []).append(field.read(name, text))
    return {name: np.stack(v) if signature.inputs[name].shape else v for name, v in rows.items()}


def _load(name: str, text: str, field: Field) -> np.ndarray:
    """The rows in a file: a picture, or an array of one or of several; or a list as JSON."""
    if text.startswith("["):
        return np.asarray(field.read(name, text))[None]
    if field.moves and Path(text).is_dir():
        return read_frames(f"{name}: {text!r}", _frames(text), field)[None]
    try:
        content = Path(text).read_bytes()
    except OSError as error:
        raise UsageError(f"--input: {text!r} cannot be read ({error.strerror}).") from error
    if Path(text).suffix != NPY:
        if not field.is_file:
            raise UsageError(f"--input: {text!r} is no .npy file, which {name} needs.")
        read = read_clip if field.moves else read_picture
        return read(f"{name}: {text!r}", content, field)[None]
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UsageError(f"--input: {text!r} is no .npy file ({error}).") from error
    return array if array.ndim > len(field.shape) else array[None]


def _frames(folder: str) -> list[bytes]:
    """The pictures in a folder, in the order of their names."""
    files = sorted(path for path in Path(folder).iterdir() if is_called_picture(path.name))
    if not files:
        raise UsageError(f"--input: {folder!r} holds no pictures ({', '.join(sorted(ENDINGS))}).")
    return [path.read_bytes() for path in files]


def _seeds(request: Request, num_rows: int) -> list[int]:
    seeds = list(request.seeds) or [0]
    count = request.count
    if count is None:
        return seeds if len(seeds) > 1 else [seeds[0] + index for index in range(num_rows)]
    return [seeds[0] + index for index in range(count)]


def with_codes(
    client: Client,
    description: Description,
    signature: Signature,
    codes: Sequence[tuple[str, str]],
    inputs: dict[str, Any],
) -> dict[str, Any]:
    """Latents of the seeds with codes put into them, in the seeds' place."""
    seeds = inputs.pop(SEED)
    try:
        numbers = {code: float(text) for code, text in codes}
    except ValueError as error:
        raise UsageError(f"--code: {error}; expected a number.") from error
    drawn = latents.with_codes(client.latents(seeds), description.latent_layout, numbers)
    return inputs | {signature.input_of(LATENT, "--code"): drawn}


def count_rows(inputs: Mapping[str, Any]) -> int:
    """The most rows that an input has; 1 without inputs."""
    return max((len(rows) for rows in inputs.values()), default=1)


def _spread(rows: Any, num_rows: int) -> Any:
    """One row for all of them."""
    if len(rows) != 1 or num_rows == 1:
        return rows
    return np.repeat(rows, num_rows, axis=0) if isinstance(rows, np.ndarray) else rows * num_rows
