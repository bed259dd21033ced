"""One request from a command line: which signature it means, and what becomes of the answer."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving.client import Client
from serving.errors import ServingError, UsageError

_PNG, _NPY, _NPZ = ".png", ".npy", ".npz"
_PICTURES, _LABEL = "image_bytes", "label"
_MAX_COUNT = 1_000_000


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        signature: its name; None for `generate`, or `generate_conditional` where there are labels.
        seeds: of the samples; with a count, the first of them.
        labels: numbers or names, one for all or one a seed.
        count: how many samples; None for one a seed.
        files: input name → .npy file, for signatures such as `decode` and `score`.
        out: a folder for PNG files, or a .png, .npy or .npz file; None to keep nothing.
    """

    signature: str | None = None
    seeds: Sequence[int] = ()
    labels: Sequence[str] = ()
    count: int | None = None
    files: Mapping[str, str] | None = None
    out: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came of it.

    Attributes:
        signature: the one that was asked.
        inputs: as they were sent.
        outputs: arrays by name.
        files: the paths that were written.
    """

    signature: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, np.ndarray]
    files: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints: the values, unless they are in files."""
        values = {name: _to_json(array) for name, array in self.outputs.items()}
        inputs = {name: _to_json(np.asarray(value)) for name, value in self.inputs.items()}
        kept = {"files": list(self.files)} if self.files else {"outputs": values}
        return {"signature": self.signature, "inputs": inputs, **kept}

    @property
    def text(self) -> str:
        """A sentence, and values where they are few enough to be read."""
        if "description" in self.outputs:
            document = json.loads(self.outputs["description"][0])
            return json.dumps(document, indent=1, ensure_ascii=False)
        if self.files:
            many = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
            return f"Wrote {self.files[0]}{many}."
        lines = [_line(name, array) for name, array in self.outputs.items()]
        hint = [] if all(_is_short(a) for a in self.outputs.values()) else ["  next  --out DIR"]
        return "\n".join([f"{self.signature} answered:", *lines, *hint])


def named_files(options: Sequence[str]) -> dict[str, str]:
    """Returns input name → path, from options such as "image=image.npy".

    Raises:
        UsageError: an option has another form.
    """
    pairs = [option.partition("=") for option in options]
    for name, _, path in pairs:
        if not (name and path):
            raise UsageError(f"--input: received {name!r}; expected NAME=FILE.")
    return {name: path for name, _, path in pairs}


def ask(client: Client, question: Question) -> Answer:
    """Sends a question and writes its files.

    Raises:
        UsageError: the question does not fit the model, or the answer does not fit `out`.
        RequestError: the server's refusal, or no answer.
        ServingError: a file cannot be written.
    """
    signature = choose_signature(client.describe(), question)
    inputs = _inputs(client.describe(), signature, question)
    _check_out(question.out, signature, _num_rows(inputs))
    outputs = client.call(signature, **inputs)
    files = _write(question.out, inputs, outputs) if question.out else []
    return Answer(signature, inputs, outputs, files)


def choose_signature(document: Mapping[str, Any], question: Question) -> str:
    """Returns the signature that a question names or means: PNG files come from the model."""
    if question.signature is not None:
        return question.signature
    signature = "generate_conditional" if question.labels else "generate"
    wants_png = question.out is not None and Path(question.out).suffix not in (_NPY, _NPZ)
    if not wants_png:
        return signature
    if f"{signature}_png" not in document["signatures"]:
        raise UsageError(
            "--out: the samples of this model are no PNG images; pass a .npz or .npy file."
        )
    return f"{signature}_png"


def _inputs(document: Mapping[str, Any], signature: str, question: Question) -> dict[str, Any]:
    """The inputs that the options give; what is missing or too much, the client refuses."""
    known = document["signatures"].get(signature, {"inputs": {}})["inputs"]
    inputs: dict[str, Any] = {name: _load(path) for name, path in (question.files or {}).items()}
    if "row" in known:
        inputs.setdefault("row", [0])
    if question.seeds or ("seed" in known and "seed" not in inputs):
        inputs["seed"] = _seeds(question)
    if question.labels:
        num_rows = _num_rows(inputs)
        labels = [_label(text) for text in question.labels]
        kinds = {type(label) for label in labels}
        if len(kinds) > 1:
            raise UsageError("--label: received numbers and names; pass one or the other.")
        inputs[_LABEL] = np.array(labels * num_rows if len(labels) == 1 else labels)
    return inputs


def _seeds(question: Question) -> list[int]:
    seeds = list(question.seeds) or [0]
    if question.count is None:
        return seeds
    if not 1 <= question.count <= _MAX_COUNT:
        raise UsageError(f"--count: received {question.count}; expected 1 to {_MAX_COUNT}.")
    if len(seeds) > 1:
        raise UsageError("--count: it goes with one --seed, the first; pass one or leave it out.")
    return [seeds[0] + index for index in range(question.count)]


def _label(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def _num_rows(inputs: Mapping[str, Any]) -> int:
    return max((len(np.atleast_1d(value)) for value in inputs.values()), default=1)


def _load(path: str) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"--input: {path!r} is no .npy file ({error}).") from error


def _check_out(out: str | None, signature: str, num_rows: int) -> None:
    """Refuses before the request what could not be written after it."""
    if out is None:
        return
    suffix = Path(out).suffix
    if suffix == _PNG and num_rows > 1:
        raise UsageError(f"--out: {out!r} is one picture and {num_rows} come; pass a folder.")
    if suffix not in (_NPY, _NPZ) and not signature.endswith("_png"):
        raise UsageError(
            f"--out: {signature} gives arrays, no PNG files; pass a .npz or .npy file."
        )
    if suffix not in (_PNG, _NPY, _NPZ) and Path(out).is_file():
        raise UsageError(f"--out: {out!r} is a file; pass a folder, or .png, .npy or .npz.")


def _write(out: str, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]) -> list[str]:
    contents = _files(out, inputs, outputs)
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f".{path.name}.aside")
            aside.write_bytes(content)
            aside.replace(path)
    except OSError as error:
        raise ServingError(f"--out: {out!r} cannot be written ({error.strerror}).") from error
    return [str(path) for path in contents]


def _files(
    out: str, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> dict[Path, bytes]:
    """Path → content."""
    suffix, content = Path(out).suffix, io.BytesIO()
    if suffix == _NPZ:
        arrays = {**{n: np.asarray(v) for n, v in inputs.items()}, **outputs}
        plain: dict[str, Any] = {name: _plain(array) for name, array in arrays.items()}
        np.savez(content, **plain)
        return {Path(out): content.getvalue()}
    if suffix == _NPY:
        main = next(name for name in outputs if name != _LABEL or len(outputs) == 1)
        np.save(content, _plain(outputs[main]))
        return {Path(out): content.getvalue()}
    pictures = outputs[_PICTURES]
    if suffix == _PNG:
        return {Path(out): pictures[0]}
    labels = np.asarray(inputs.get(_LABEL, outputs.get(_LABEL, [""] * len(pictures))))
    names = [
        f"seed-{seed}" + (f"-label-{label}" if str(label) else "")
        for seed, label in zip(inputs["seed"], labels, strict=True)
    ]
    return {Path(out, f"{name}.png"): file for name, file in zip(names, pictures, strict=True)}


def _plain(array: np.ndarray) -> np.ndarray:
    """Text and files as fixed-length bytes, which NumPy's files hold without pickling."""
    return array.astype(bytes) if array.dtype == object else array


def _to_json(array: np.ndarray) -> Any:
    if array.dtype != object:
        return array.tolist()
    return [_as_text(value) for value in array.flat]


def _as_text(value: str | bytes) -> Any:
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def _is_short(array: np.ndarray) -> bool:
    return array.dtype != object and array[0].size <= 1


def _line(name: str, array: np.ndarray) -> str:
    if _is_short(array):
        return f"  {name}  {' '.join(f'{value:.6g}' for value in array.ravel().tolist())}"
    return f"  {name}  {array.dtype if array.dtype != object else 'bytes'} {list(array.shape)}"
