"""What came of a request, in JSON and in words."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.call.outputs import words
from serving.description import Signature
from serving.fields import STRING, TEXT, Field


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
    values = words(array.ravel(), field)
    return f"  {name}  {' '.join(v if isinstance(v, str) else f'{v:.6g}' for v in values)}"
