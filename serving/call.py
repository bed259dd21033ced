"""One request from a command line: which signature it means, and what becomes of the answer."""

import ast
import base64
import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving import address, latents
from serving.bulk.endings import file_ending
from serving.client import Client
from serving.clips import encode_clips, is_animation, read_clip, read_frames
from serving.description import Description, Signature
from serving.errors import NotFound, ServingError, UsageError
from serving.fields import ALL, ATTRIBUTES, CLIP, IMAGE, LABEL, LATENT, SEED, STRING, TEXT, Field
from serving.messages import DEFAULT_MODEL
from serving.pictures import ENDINGS, encode_png, is_png, read_picture

_PNG, _NPY, _NPZ, _CSV = ".png", ".npy", ".npz", ".csv"
_SUFFIXES = (_PNG, _NPY, _NPZ, _CSV)
_INDEX = "_index"  # after a label's name: the number, whatever the labels are called
_MAX_COUNT = 1_000_000


@dataclass(frozen=True)
class Request:
    """What is asked.

    Attributes:
        signature: its name; None for `generate`, `generate_conditional` where there is a
            condition, or `decode` where there are codes.
        seeds: of the samples; with a count, the first of them.
        labels: names or numbers, one for all or one a row.
        label_indices: numbers alone, in the place of `labels`.
        texts: one for all or one a row.
        count: how many samples; None for one a seed.
        inputs: pairs of an input's name and its value: a picture or .npy file, a folder of a clip's
            frames, a name, a number or a text; an input that is there several times has several
            rows.
        codes: parts of the latents of the seeds and their numbers.
        attributes: names and numbers, for all; the others are the data's means.
        out: a folder, or a .png, .npy, .npz or .csv file; None to keep nothing.
    """

    signature: str | None = None
    seeds: Sequence[int] = ()
    labels: Sequence[str] = ()
    label_indices: Sequence[int] = ()
    texts: Sequence[str] = ()
    count: int | None = None
    inputs: Sequence[tuple[str, str]] = ()
    codes: Sequence[tuple[str, str]] = ()
    attributes: Sequence[tuple[str, str]] = ()
    out: str | None = None

    def __post_init__(self) -> None:
        """Refuses what no model could answer, before one is asked.

        Raises:
            UsageError: naming the option.
        """
        if self.count is not None and not 1 <= self.count <= _MAX_COUNT:
            raise UsageError(f"--count: received {self.count}; expected 1 to {_MAX_COUNT}.")
        if self.count is not None and len(self.seeds) > 1:
            raise UsageError(
                "--count: it goes with one --seed, the first; pass one or leave it out."
            )
        if self.out is not None and _suffix(self.out) not in ("", *_SUFFIXES):
            raise UsageError(
                f"--out: {_suffix(self.out)!r} is none of {', '.join(_SUFFIXES)}; pass one of "
                "them, or a folder (with a / at the end, if it shall be called so)."
            )


@dataclass(frozen=True)
class Response:
    """What came of it.

    Attributes:
        signature: the one that was asked.
        inputs: as they were sent.
        outputs: arrays by name.
        files: the paths that were written.
    """

    signature: Signature
    inputs: Mapping[str, Any]
    outputs: Mapping[str, np.ndarray]
    files: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints: the values, unless they are in files."""
        values = {name: _to_json(array) for name, array in self.outputs.items()}
        inputs = {name: _to_json(np.asarray(value)) for name, value in self.inputs.items()}
        kept = {"files": list(self.files)} if self.files else {"outputs": values}
        return {"signature": self.signature.name, "inputs": inputs, **kept}

    @property
    def text(self) -> str:
        """A sentence, and values where they are few enough to be read."""
        if "description" in self.outputs:
            document = json.loads(self.outputs["description"][0])
            return json.dumps(document, indent=1, ensure_ascii=False)
        if self.files:
            many = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
            return f"Wrote {self.files[0]}{many}."
        fields = self.signature.outputs
        lines = [_line(name, array, fields[name]) for name, array in self.outputs.items()]
        hint = [] if all(map(_is_short, fields.values())) else ["  next  --out DIR"]
        return "\n".join([f"{self.signature.name} answered:", *lines, *hint])


def named(option: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Returns the pairs of an option such as "image=image.npy".

    Raises:
        UsageError: one has another form, or an attribute is there twice.
    """
    pairs = [text.partition("=") for text in texts]
    form = "NAME=VALUE" if option == "--input" else "NAME=NUMBER"
    for name, sign, value in pairs:
        if not (name and sign and value):
            raise UsageError(f"{option}: received {name + sign + value!r}; expected {form}.")
    if option == "--attribute" and len(dict((name, v) for name, _, v in pairs)) < len(pairs):
        raise UsageError(f"{option}: received {' '.join(texts)}; pass each name once.")
    return [(name, value) for name, _, value in pairs]


def client_for(host: str, model: str | None, **options: Any) -> Client:
    """Returns a client of a model: the one named, the address's, "default", or the only one there.

    Raises:
        UsageError: the address or an option cannot be.
        RequestError: the server's refusal, or no answer.
    """
    client = Client(host, model or DEFAULT_MODEL, **options)
    if model is not None or address.read(host).model is not None:
        return client
    try:
        client.describe()
    except NotFound as error:
        client.close()
        only = re.search(r"This server has the model (['\"].*['\"])\.$", error.text)
        if only is None:
            raise
        return Client(host, ast.literal_eval(only[1]), **options)
    return client


def ask(client: Client, request: Request) -> Response:
    """Sends a request and writes its files.

    Raises:
        UsageError: the request does not fit the model, or the answer does not fit `out`.
        RequestError: the server's refusal, or no answer.
        ServingError: a file cannot be written.
    """
    description = Description(client.describe())
    signature = choose_signature(description, request)
    inputs = _inputs(signature, request)
    _check_out(request.out, signature, _num_rows(inputs))
    if request.codes:
        inputs = _coded(client, description, signature, request.codes, inputs)
    outputs = client.call(signature.name, **inputs)
    files = _write(request.out, signature, inputs, outputs) if request.out else []
    return Response(signature, inputs, outputs, files)


def choose_signature(description: Description, request: Request) -> Signature:
    """Returns the signature that a request names or means; the model makes PNG files itself."""
    if request.signature is not None:
        return description.signature(request.signature)
    if request.codes:
        return description.signature("decode")
    labels = request.labels or request.label_indices
    condition = labels or request.texts or request.attributes or request.inputs
    signature = description.signature("generate_conditional" if condition else "generate")
    wants_png = request.out is not None and _suffix(request.out) not in (_NPY, _NPZ, _CSV)
    png = f"{signature.name}_png"
    return description.signature(png) if wants_png and description.has_signature(png) else signature


# ---- Inputs --------------------------------------------------------------------------------------


def _inputs(signature: Signature, request: Request) -> dict[str, Any]:
    """The inputs that the options give; what is missing, the client refuses."""
    inputs = _values(signature, request.inputs)
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
        inputs[seed] = _seeds(request, _num_rows(inputs))
    num_rows = _num_rows(inputs)
    return {name: _spread(rows, num_rows) for name, rows in inputs.items()}


def _labels(field: Field, name: str, texts: Sequence[str]) -> list[Any]:
    """The labels of texts; "all", unless a class is called so, is every class."""
    if texts == [ALL] and ALL not in field.names and field.num_classes:
        return list(range(field.num_classes))
    return [field.read(name, text) for text in texts]


def _values(signature: Signature, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
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
    if Path(text).suffix != _NPY:
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
    files = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in ENDINGS)
    if not files:
        raise UsageError(f"--input: {folder!r} holds no pictures ({', '.join(sorted(ENDINGS))}).")
    return [path.read_bytes() for path in files]


def _seeds(request: Request, num_rows: int) -> list[int]:
    seeds = list(request.seeds) or [0]
    count = request.count
    if count is None:
        return seeds if len(seeds) > 1 else [seeds[0] + index for index in range(num_rows)]
    return [seeds[0] + index for index in range(count)]


def _coded(
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


def _num_rows(inputs: Mapping[str, Any]) -> int:
    return max((len(rows) for rows in inputs.values()), default=1)


def _spread(rows: Any, num_rows: int) -> Any:
    """One row for all of them."""
    if len(rows) != 1 or num_rows == 1:
        return rows
    return np.repeat(rows, num_rows, axis=0) if isinstance(rows, np.ndarray) else rows * num_rows


# ---- Outputs -------------------------------------------------------------------------------------


def _check_out(out: str | None, signature: Signature, num_rows: int) -> None:
    """Refuses before the request what could not be written after it."""
    if out is None:
        return
    suffix = _suffix(out)
    main = signature.outputs[signature.main_output]
    if suffix == _PNG and not _is_png(main):
        raise UsageError(
            f"--out: {signature.name} of this model gives no PNG images; pass a .npz or .npy file."
        )
    if suffix == _PNG and num_rows > 1:
        raise UsageError(f"--out: {out!r} is one picture and {num_rows} come; pass a folder.")
    if suffix == _CSV and not any(field.is_single for field in signature.outputs.values()):
        raise UsageError(f"--out: {signature.name} gives arrays; pass a .npz or .npy file.")
    if suffix not in _SUFFIXES and Path(out).is_file():
        raise UsageError(f"--out: {out!r} is a file; pass a folder, or .png, .npy, .npz or .csv.")


def _is_png(field: Field) -> bool:
    """Whether a row can be a PNG file; a clip is an animated one."""
    if field.kind == CLIP:
        return is_animation(field.dtype, field.shape)
    return field.kind == IMAGE and (field.dtype == STRING or is_png(field.dtype, field.shape))


def _write(
    out: str, signature: Signature, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> list[str]:
    contents = _files(out, signature, inputs, outputs)
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.temporary")
            temporary.write_bytes(content)
            temporary.replace(path)
    except OSError as error:
        raise ServingError(f"--out: {out!r} cannot be written ({error.strerror}).") from error
    return [str(path) for path in contents]


def _files(
    out: str, signature: Signature, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> dict[Path, bytes]:
    """Path → content."""
    suffix, main = _suffix(out), signature.main_output
    if suffix == _NPZ:
        arrays = {n: np.asarray(v) for n, v in inputs.items()} | dict(outputs)
        return {Path(out): _npz(arrays | _label_names(signature, arrays))}
    if suffix == _NPY:
        return {Path(out): _npy(outputs[main])}
    if suffix == _CSV:
        return {Path(out): _table(signature, inputs, outputs)}
    if suffix == _PNG:
        return {Path(out): _pictures(outputs[main])[0]}
    return {Path(out, name): c for name, c in _folder(signature, inputs, outputs).items()}


def _folder(
    signature: Signature, inputs: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> dict[str, bytes]:
    """Every output by its kind: pictures and clips as PNG, arrays as .npy, others in a table."""
    contents: dict[str, bytes] = {}
    fields = signature.outputs
    for name, array in outputs.items():
        if _is_png(fields[name]):
            before = "" if name == signature.main_output else f"{name}-"
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
    lines.writerows(zip(*(_words(v, fields[n]) for n, v in columns.items()), strict=True))
    return text.getvalue().encode()


def _label_names(signature: Signature, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What labels are called, as an array beside those that number them."""
    field = {**signature.inputs, **signature.outputs}.get(LABEL)
    if LABEL not in arrays or field is None or not field.names:
        return {}
    return {"label_names": np.array(field.names)}


def _words(values: Any, field: Field) -> list[Any]:
    rows = np.asarray(values, object if field.dtype == STRING else None).tolist()
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


def _suffix(out: str) -> str:
    """The ending of a file in lower case; none of a folder."""
    return file_ending(out) if not Path(out).is_dir() else ""


def _plain(array: np.ndarray) -> np.ndarray:
    """Texts and files as items of fixed length, which NumPy's files hold without pickling."""
    if array.dtype != object:
        return array
    return array.astype(str if all(isinstance(item, str) for item in array.flat) else bytes)


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


def _is_short(field: Field) -> bool:
    return field.is_single or field.shape == (1,)


def _line(name: str, array: np.ndarray, field: Field) -> str:
    if field.kind == TEXT and field.dtype == STRING:
        return "\n".join(f"  {name}  {text}" for text in array)
    if not _is_short(field):
        return f"  {name}  {array.dtype if array.dtype != object else 'bytes'} {list(array.shape)}"
    if field.kind == LABEL and field.names:
        return f"  {name}  {' '.join(_words(array, field))}"
    return f"  {name}  {' '.join(f'{value:.6g}' for value in array.ravel().tolist())}"
