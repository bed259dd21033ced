"""What becomes of the outputs: files that `--out` names."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving.bulk.endings import file_ending
from serving.clips import encode_clips, is_animation
from serving.description import Signature
from serving.errors import ServingError, UsageError
from serving.fields import CLIP, IMAGE, LABEL, SEED, STRING, Field, as_values
from serving.pictures import encode_png, is_png

PNG, NPY, NPZ, CSV = ".png", ".npy", ".npz", ".csv"
SUFFIXES = (PNG, NPY, NPZ, CSV)


def check_out(out: str | None, signature: Signature, num_rows: int) -> None:
    """Refuses before the request what could not be written after it."""
    if out is None:
        return
    ending = suffix(out)
    main = signature.outputs[signature.main_output]
    if ending == PNG and not _is_png(main):
        raise UsageError(
            f"--out: {signature.name} of this model gives no PNG images; pass a .npz or .npy file."
        )
    num_pictures = num_rows * len(_pictures_of(signature))
    if ending == PNG and num_pictures > 1:
        raise UsageError(f"--out: {out!r} is one picture and {num_pictures} come; pass a folder.")
    if ending == CSV and not any(field.is_single for field in signature.outputs.values()):
        raise UsageError(f"--out: {signature.name} gives arrays; pass a .npz or .npy file.")
    if ending not in SUFFIXES and Path(out).is_file():
        raise UsageError(f"--out: {out!r} is a file; pass a folder, or .png, .npy, .npz or .csv.")


def _pictures_of(signature: Signature) -> list[str]:
    """Outputs whose rows can be PNG files."""
    return [name for name, field in signature.outputs.items() if _is_png(field)]


def _is_png(field: Field) -> bool:
    """Whether a row can be a PNG file; a clip is an animated one."""
    if field.kind == CLIP:
        return is_animation(field.dtype, field.shape)
    return field.kind == IMAGE and (field.dtype == STRING or is_png(field.dtype, field.shape))


def write(
    out: str, signature: Signature, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> list[str]:
    """Writes the files, each whole or not at all, and returns their paths.

    Raises:
        ServingError: one cannot be written.
    """
    contents = files(out, signature, inputs, outputs)
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.temporary")
            temporary.write_bytes(content)
            temporary.replace(path)
    except OSError as error:
        raise ServingError(f"--out: {out!r} cannot be written ({error.strerror}).") from error
    return [str(path) for path in contents]


def files(
    out: str, signature: Signature, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> dict[Path, bytes]:
    """The content of every file by its path."""
    ending, main = suffix(out), signature.main_output
    if ending == NPZ:
        arrays = {n: np.asarray(v) for n, v in inputs.items()} | dict(outputs)
        return {Path(out): _npz(arrays | _label_names(signature, arrays))}
    if ending == NPY:
        return {Path(out): _npy(outputs[main])}
    if ending == CSV:
        return {Path(out): _table(signature, inputs, outputs)}
    if ending == PNG:
        return {Path(out): _pictures(outputs[main])[0]}
    return {Path(out, name): c for name, c in _folder(signature, inputs, outputs).items()}


def _folder(
    signature: Signature, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> dict[str, bytes]:
    """Every output by its kind: pictures and clips as PNG, arrays as .npy, others in a table."""
    contents: dict[str, bytes] = {}
    fields, pictures = signature.outputs, _pictures_of(signature)
    for name, array in outputs.items():
        if name in pictures:
            before = f"{name}-" if len(pictures) > 1 else ""
            names = (f"{before}{row}.png" for row in _row_names(inputs, outputs, len(array)))
            contents |= dict(zip(names, _pictures(array), strict=True))
        elif not fields[name].is_single:
            contents[f"{name}.npy"] = _npy(array)
    singles = [name for name, field in fields.items() if field.is_single]
    # A label is in the pictures' names.
    if not contents or any(fields[name].kind != LABEL for name in singles):
        contents["answers.csv"] = _table(signature, inputs, outputs)
    return contents


def _row_names(
    inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray], num_rows: int
) -> list[str]:
    seeds = inputs.get(SEED)
    names = [f"row-{i}" for i in range(num_rows)] if seeds is None else [f"seed-{s}" for s in seeds]
    labels = inputs.get(LABEL, outputs.get(LABEL))
    if labels is None:
        return names
    return [f"{name}-label-{label}" for name, label in zip(names, labels, strict=True)]


def _table(
    signature: Signature, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> bytes:
    """The inputs and outputs that are one number or text a row, as CSV; labels by name."""
    columns = {n: v for n, v in inputs.items() if signature.inputs[n].is_single}
    columns |= {n: v for n, v in outputs.items() if signature.outputs[n].is_single}
    fields = {**signature.inputs, **signature.outputs}
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows(zip(*(words(v, fields[n]) for n, v in columns.items()), strict=True))
    return text.getvalue().encode()


def _label_names(signature: Signature, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What labels are called, as an array beside those that number them."""
    field = {**signature.inputs, **signature.outputs}.get(LABEL)
    if LABEL not in arrays or field is None or not field.names:
        return {}
    return {"label_names": np.array(field.names)}


def words(values: Any, field: Field) -> list[Any]:
    """Rows of one number or text as a person reads them: labels by name."""
    rows = as_values(np.asarray(values, object if field.dtype == STRING else None))
    if field.kind == LABEL and field.names:
        return [field.names[row] for row in rows]
    return rows


def _pictures(array: np.ndarray) -> np.ndarray:
    if array.dtype == object:
        return array
    return encode_clips(array) if array.ndim == 5 else encode_png(array)


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    content = io.BytesIO()
    plain: dict[str, Any] = {name: _plain(array) for name, array in arrays.items()}
    np.savez(content, **plain)
    return content.getvalue()


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, _plain(array))
    return content.getvalue()


def suffix(out: str) -> str:
    """The ending of a file in lower case; none of a folder."""
    return file_ending(out) if not Path(out).is_dir() else ""


def _plain(array: np.ndarray) -> np.ndarray:
    """Texts and files as items of fixed length, which NumPy's files hold without pickling."""
    if array.dtype != object:
        return array
    return array.astype(str if all(isinstance(item, str) for item in array.flat) else bytes)
