"""What a served model says of itself: its signatures, and the fields that they take and give."""

import json
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from serving import latents
from serving.errors import UsageError
from serving.fields import (
    ATTRIBUTES,
    CATEGORY,
    IMAGE,
    KEY,
    LABEL,
    LATENT,
    MASK,
    SCALAR,
    SEED,
    STRING,
    STROKES,
    Field,
)

FORMAT = 1
DESCRIBE = "describe"
DESCRIBE_OUTPUTS = {"description": STRING}

# What steers a signature, or is said beside its answer; the rest is what it is about.
_STEERING = frozenset({SEED, LABEL, ATTRIBUTES, SCALAR, KEY, MASK, STROKES})
_ASIDE = frozenset({LATENT, LABEL, ATTRIBUTES, SCALAR, SEED, KEY})
# Recipes whose models have what others lack: searches that an export names, and what takes an
# encoder.
_SEARCHES = {
    "project": "inpainting-digits",
    "complete": "inpainting-digits",
    "complete_clip": "clip-inpainting-digits",
    "edit": "inpainting-digits",
    "design": "killoran-affinities",
    "plan": "causal-infogan-rooms",
}
_ENCODERS = {
    "encode": "bigan-digits",
    "reconstruct": "vae-digits",
    "anomaly_score": "egbad-digits",
}
_TEXT_BYTES = 256  # of a text whose length nobody knows yet


@dataclass(frozen=True)
class Signature:
    """A function of the model: every input and output has one row for each of n.

    Attributes:
        name: by which it is asked for.
        inputs: fields by name; the first that steers nothing is what the signature is about.
        outputs: fields by name.
    """

    name: str
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]

    @property
    def subject(self) -> str:
        """The input that the signature is about, such as the image to translate."""
        about = (name for name, field in self.inputs.items() if field.kind not in _STEERING)
        return next(about, next(iter(self.inputs)))

    @property
    def main_output(self) -> str:
        """The output that it is asked for, such as the image beside its label and loss."""
        main = (name for name, field in self.outputs.items() if field.kind not in _ASIDE)
        return next(main, next(iter(self.outputs)))

    @property
    def is_table(self) -> bool:
        """Whether its outputs are the columns of a table: single values, and several of them."""
        fields = self.outputs.values()
        are_columns = all(field.is_single and field.kind in (CATEGORY, SCALAR) for field in fields)
        return are_columns and len(fields) > 1

    @property
    def output_types(self) -> dict[str, str]:
        """The type of every output, "string" for texts and files."""
        return {name: field.dtype for name, field in self.outputs.items()}

    def first(self, kind: str) -> str | None:
        """The first input of a kind."""
        return next((name for name, field in self.inputs.items() if field.kind == kind), None)

    def input_of(self, kind: str, argument: str) -> str:
        """The first input of a kind, where the caller's `argument` goes.

        Raises:
            UsageError: the signature takes none.
        """
        name = self.first(kind)
        if name is None:
            raise UsageError(
                f"{argument}: {self.name} of this model takes no {argument}; leave them out."
            )
        return name

    def check(self, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns `values` as arrays of the inputs' types, all with equally many rows.

        A number, a name, a text or one vector of attributes alone stands for all rows; attributes
        may be given by their names.

        Raises:
            UsageError: a name, a type, a shape, a range or the number of rows is wrong.
        """
        self._check_names(values)
        spread = self._spread({n: self.inputs[n].by_name(n, v) for n, v in values.items()})
        arrays = {name: field.check(name, spread[name]) for name, field in self.inputs.items()}
        rows = {name: len(array) for name, array in arrays.items()}
        if len(set(rows.values())) > 1:
            raise UsageError(f"rows: every input needs equally many, received {rows}.")
        return arrays

    def _check_names(self, values: Mapping[str, Any]) -> None:
        for name in values:
            if name not in self.inputs:
                raise UsageError(
                    f"{name}: {self.name} of this model takes no {name!r}; it takes "
                    f"{', '.join(self.inputs)}."
                )
        for name, field in self.inputs.items():
            if name not in values:
                classes = field.num_classes if field.kind == LABEL else None
                known = f" from 0 to {classes - 1}" if classes else ""
                raise UsageError(
                    f"{name}: {self.name} of this model takes {field.words}{known}; received the "
                    f"inputs {sorted(values)}."
                )

    def _spread(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        alone = {name for name, v in values.items() if _stands_for_all(self.inputs[name], v)}
        rows = [len(v) for name, v in values.items() if name not in alone and hasattr(v, "__len__")]
        if not rows:
            return values
        return {name: [v] * max(rows) if name in alone else v for name, v in values.items()}


class Description:
    """The parsed reply of a model's `describe` signature.

    Attributes:
        document: the JSON document, format 1.
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

    @classmethod
    def parse(cls, text: bytes) -> "Description":
        """Reads the JSON text that `describe` returns."""
        return cls(json.loads(text))

    @cached_property
    def signatures(self) -> Mapping[str, Signature]:
        """All that the model can be asked, by name.

        Raises:
            UsageError: the model says nothing of their fields.
        """
        if "fields" not in self.document:
            raise UsageError(
                "description: the model does not say what its signatures take; export its run "
                "again with this version."
            )
        found = {name: _signature(name, fields) for name, fields in self.document["fields"].items()}
        row, text = Field((), "int64", SCALAR), Field((), STRING, "text")
        return {DESCRIBE: Signature(DESCRIBE, {"row": row}, {"description": text})} | found

    def signature(self, name: str) -> Signature:
        """Returns a signature.

        Raises:
            UsageError: the model has none of that name.
        """
        if name not in self.signatures:
            known = ", ".join(sorted(self.signatures))
            raise UsageError(f"signature: the model has no {name!r}; it has {known}.{_hint(name)}")
        return self.signatures[name]

    def has_signature(self, name: str) -> bool:
        """Returns whether the model was exported with a signature."""
        return name in self.signatures

    @property
    def sample_output(self) -> str:
        """The name of a sample among inputs and outputs, such as "image"."""
        name: str = self.document["sample"]["output"]
        return name

    @property
    def label(self) -> Field | None:
        """The label that the model generates under; None where its condition is no label."""
        for name in ("generate_conditional", "decode"):
            if name in self.signatures:
                labels = [f for f in self.signatures[name].inputs.values() if f.kind == LABEL]
                if labels:
                    return labels[0]
        return None

    @property
    def num_classes(self) -> int | None:
        """How many labels the model generates under; None where its condition is no label."""
        return self.label.num_classes if self.label else None

    @property
    def label_names(self) -> list[str]:
        """What the labels are called, in order; empty where they have no names."""
        return list(self.label.names) if self.label else []

    @property
    def latent(self) -> Field:
        """The latents that `decode` takes.

        Raises:
            UsageError: the model draws its samples from none.
        """
        decode = self.signature("decode")
        return decode.inputs[decode.input_of(LATENT, "latents")]

    @property
    def latent_layout(self) -> list[dict[str, Any]]:
        """The parts of a latent, each with `name`, `start` and `size`, and a code's `kind`."""
        layout: list[dict[str, Any]] = self._drawn()["layout"]
        return layout

    @property
    def code_names(self) -> list[str]:
        """What the codes of its latents are called; empty where there are none."""
        drawn = self.document.get("latent") or {}
        return latents.code_names(drawn.get("layout", ()))

    @property
    def prior(self) -> str:
        """What latents are drawn from, such as "gaussian"."""
        name: str = self._drawn()["prior"]
        return name

    def bytes_per_row(self, signature: Signature, arrays: Mapping[str, np.ndarray]) -> int:
        """Returns how much a row of a request and its answer weighs, about.

        A file of a picture counts as much as the model's largest picture, an output of open size as
        much as all inputs.
        """
        sent = sum(_weight(array) for array in arrays.values())
        answered = sum(self._weight_of(field, sent) for field in signature.outputs.values())
        return max(1, sent + answered)

    def _drawn(self) -> Mapping[str, Any]:
        drawn: Mapping[str, Any] | None = self.document["latent"]
        if not drawn:
            raise UsageError("latent: this model draws its samples from no latents.")
        return drawn

    def _weight_of(self, field: Field, sent: int) -> int:
        if field.bytes_per_row is not None:
            return field.bytes_per_row
        if field.dtype != STRING:
            return sent
        return self._largest_picture if field.kind == IMAGE else _TEXT_BYTES

    @cached_property
    def _largest_picture(self) -> int:
        fields = [f for s in self.signatures.values() for f in s.outputs.values()]
        return max((f.bytes_per_row or 0 for f in fields if f.kind == IMAGE), default=0)


def _signature(name: str, fields: Mapping[str, Any]) -> Signature:
    sides = ({n: Field.of(f) for n, f in fields[side].items()} for side in ("inputs", "outputs"))
    return Signature(name, *sides)


def _stands_for_all(field: Field, value: Any) -> bool:
    if field.kind == ATTRIBUTES:
        return isinstance(value, np.ndarray | list | tuple) and np.ndim(value) == 1
    return not field.shape and _is_one(value)


def _is_one(value: Any) -> bool:
    return isinstance(value, str | bytes | numbers.Number | np.generic) or (
        isinstance(value, np.ndarray) and value.ndim == 0
    )


def _weight(array: np.ndarray) -> int:
    if array.dtype != object:
        return array.nbytes // len(array)
    return sum(map(len, array.flat)) // len(array)


def _hint(name: str) -> str:
    """How a model comes by a signature, as a further sentence."""
    if name in _SEARCHES:
        return (
            f" Export its run with --set export.searches=[{name}], as the recipe "
            f"{_SEARCHES[name]} does."
        )
    if name in _ENCODERS:
        return f" It takes a game with an encoder, such as the recipe {_ENCODERS[name]}."
    return ""
