"""What a served model says of itself, and the checks that this makes possible beforehand."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving.errors import UsageError

FORMAT = 1
DESCRIBE_OUTPUTS = {"description": "string"}


class Description:
    """The parsed reply of a model's `describe` signature.

    Attributes:
        document: the JSON document, format 1.
        sample_output: the name of the sample among inputs and outputs, "image" or "sample".
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Wraps `document`.

        Raises:
            UsageError: it is of another format.
        """
        if document.get("format") != FORMAT:
            raise UsageError(
                f"description: the model uses format {document.get('format')!r}, this version "
                f"reads format {FORMAT}; install the version that exported the model."
            )
        self.document = dict(document)
        self.sample_output: str = document["sample"]["output"]

    @classmethod
    def parse(cls, text: bytes) -> "Description":
        """Reads the JSON text that `describe` returns."""
        return cls(json.loads(text))

    @property
    def num_classes(self) -> int | None:
        """How many labels the model knows; None where its condition is no label."""
        condition = self.document["condition"]
        return condition["num_classes"] if condition and condition["kind"] == "label" else None

    @property
    def label_names(self) -> list[str]:
        """What the labels are called, in order; empty where they have no names."""
        return list(self.document["condition"].get("names") or []) if self.num_classes else []

    @property
    def prior(self) -> str:
        """What latents are drawn from, such as "gaussian"."""
        return self._latent()["prior"]

    @property
    def latent_layout(self) -> list[dict[str, Any]]:
        """The parts of a latent, each with `name`, `start` and `size`."""
        return self._latent()["layout"]

    def outputs(self, signature: str) -> dict[str, str]:
        """Returns the types of a signature's outputs.

        Raises:
            UsageError: the model has no such signature.
        """
        return self._signature(signature)["outputs"]

    def inputs(self, signature: str) -> dict[str, str]:
        """Returns the types of a signature's inputs.

        Raises:
            UsageError: the model has no such signature.
        """
        return self._signature(signature)["inputs"]

    def has_signature(self, signature: str) -> bool:
        """Returns whether the model was exported with `signature`."""
        return signature in self.document["signatures"]

    def bytes_per_row(self) -> int:
        """Returns the size of a sample and its latent, the two large things in a message."""
        sample = self.document["sample"]
        latent = self.document["latent"]
        size = int(np.prod(sample["shape"])) * np.dtype(sample["dtype"]).itemsize
        return size + (4 * latent["size"] if latent else 0)

    def check_inputs(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns `inputs` as arrays of the signature's types, all with equally many rows.

        Raises:
            UsageError: a name, a type, a shape, a range or the number of rows is wrong.
        """
        dtypes = self.inputs(signature)
        if set(inputs) != set(dtypes):
            raise UsageError(
                f"{signature}: received the inputs {sorted(inputs)}; "
                f"the model takes {sorted(dtypes)}."
            )
        if "label" in dtypes:
            inputs = {**inputs, "label": self._numbered(inputs["label"])}
        arrays = {name: _as_dtype(name, inputs[name], dtype) for name, dtype in dtypes.items()}
        _check_rows(arrays)
        for name, array in arrays.items():
            self._check_shape(name, array)
            check_finite(name, array)
        if "label" in arrays:
            self.check_labels(arrays["label"])
        return arrays

    def check_labels(self, labels: np.ndarray) -> None:
        """Refuses labels that the model does not know.

        Raises:
            UsageError: the model has no labels, or one is out of range.
        """
        if self.num_classes is None:
            raise UsageError("label: the model is not conditional on a label; pass none.")
        outside = labels[(labels < 0) | (labels >= self.num_classes)]
        if outside.size:
            raise UsageError(
                f"label: {outside.flat[0]} is out of range; "
                f"this model accepts 0 to {self.num_classes - 1}."
            )

    def check_latents(self, name: str, latents: Any) -> np.ndarray:
        """Returns `latents` as float32 [n, z]; a sentence about them calls them `name`.

        Raises:
            UsageError: they are no latents of this model.
        """
        array = _as_dtype(name, latents, "float32")
        _check_rows({name: array})
        size = self._latent()["size"]
        if array.ndim != 2 or array.shape[1] != size:
            received = list(array.shape)
            raise UsageError(f"{name}: received shape {received}; expected [n, {size}].")
        check_finite(name, array)
        return array

    def _latent(self) -> dict[str, Any]:
        if not self.document["latent"]:
            raise UsageError("latent: this model draws its samples from no latents.")
        return self.document["latent"]

    def _numbered(self, labels: Any) -> Any:
        """Puts the number of a label in the place of its name."""
        array = np.asarray(labels)
        if array.dtype.kind != "U" or self.num_classes is None:
            return labels
        names = self.label_names
        for name in array.flat:
            if name not in names:
                known = ", ".join(map(repr, names)) if names else "none; pass numbers"
                raise UsageError(f"label: {str(name)!r} is no name of a label; there are {known}.")
        return np.array([names.index(name) for name in array.flat], np.int64).reshape(array.shape)

    def _signature(self, name: str) -> dict[str, dict[str, str]]:
        signatures = self.document["signatures"]
        if name not in signatures:
            raise UsageError(
                f"signature: the model has no {name!r}; it has {', '.join(sorted(signatures))}."
            )
        return signatures[name]

    def _check_shape(self, name: str, array: np.ndarray) -> None:
        latent = self.document["latent"]
        shapes = {
            "seed": [],
            "label": [],
            "latent": [latent["size"]] if latent else None,
            self.sample_output: self.document["sample"]["shape"],
        }
        expected = shapes.get(name)
        if expected is not None and not _fits(array.shape[1:], expected):
            wanted = ", ".join(["n", *map(str, expected)])
            raise UsageError(f"{name}: received shape {list(array.shape)}; expected [{wanted}].")


def check_finite(name: str, array: np.ndarray) -> None:
    """Refuses NaN and infinities: a model turns them into samples that look like any other.

    Raises:
        UsageError: naming the first row that holds one.
    """
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    row = int(np.argwhere(~np.isfinite(array))[0][0])
    value = array[row][~np.isfinite(array[row])].flat[0]
    raise UsageError(f"{name}: row {row} holds {value}; expected finite numbers.")


def _fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    """Returns whether a shape meets one in which None stands for any size."""
    pairs = zip(shape, expected, strict=False)
    return len(shape) == len(expected) and all(size in (None, got) for got, size in pairs)


def _check_rows(arrays: Mapping[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        if array.ndim == 0 or len(array) == 0:
            raise UsageError(f"{name}: received shape {list(array.shape)}; expected rows, [n, …].")
    rows = {name: len(array) for name, array in arrays.items()}
    if len(set(rows.values())) > 1:
        raise UsageError(f"rows: every input needs equally many, received {rows}.")


def _as_dtype(name: str, value: Any, dtype: str) -> np.ndarray:
    if dtype == "string":
        return _as_bytes(name, value)
    try:
        array, target = np.asarray(value), np.dtype(dtype)
    except ValueError as error:
        raise UsageError(f"{name}: rows of unequal shapes; expected one {dtype} array.") from error
    if array.dtype == target:
        return array
    kinds = {"f": "iuf", "b": "b"}.get(target.kind, "iu")
    if array.dtype.kind not in kinds and array.size:
        raise UsageError(f"{name}: received {array.dtype} values; expected {dtype}.")
    if target.kind in "iu" and array.size:
        bounds = np.iinfo(target)
        for extreme in (array.min(), array.max()):
            if not bounds.min <= int(extreme) <= bounds.max:
                raise UsageError(f"{name}: {extreme} does not fit {dtype}.")
    return array.astype(target)


def _as_bytes(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value, object)
    for item in array.flat:
        if not isinstance(item, str | bytes):
            raise UsageError(f"{name}: received {type(item).__name__}; expected text or bytes.")
    encode = np.frompyfunc(lambda item: item.encode() if isinstance(item, str) else item, 1, 1)
    return np.asarray(encode(array), object)
