"""What a client asks for, step by step, without sending anything.

A plan is a generator: it yields the calls that may travel side by side, receives their replies in
the same order, and returns the answer. `Client` and `AsyncClient` differ only in how they carry
calls; everything else is here, once.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from serving import latents
from serving.description import DESCRIBE_OUTPUTS, Description
from serving.errors import ServingError, UsageError
from serving.pictures import encode_png
from serving.transports import Call, Reply

MAX_CHUNK_ROWS = 1024

_CHUNK_BYTES = 2 * 2**20  # half of what a gRPC client takes by default; REST text is longer
_FRESH_SECONDS = 60.0
# Functions of their inputs alone: asking twice does no harm.
_REPEATABLE = frozenset(
    f"{name}{form}"
    for name in ("generate", "generate_conditional", "decode", "latents", "score", "encode",
                 "describe", "serving_default")
    for form in ("", "_png", "_truncated")
)  # fmt: skip

Rows = Sequence[int] | np.ndarray
Labels = int | str | Sequence[int] | Sequence[str] | np.ndarray
Point = int | Sequence[int] | Sequence[float] | np.ndarray
Outputs = dict[str, np.ndarray]
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
Plan = Generator[list[Call], list[Reply], Result]


def is_repeatable(call: Call) -> bool:
    """Returns whether a call may be sent again when it is unknown what became of it."""
    return call.signature in _REPEATABLE


def _second_look(
    make: "Callable[Concatenate[Plans, Arguments], Plan[Result]]",
) -> "Callable[Concatenate[Plans, Arguments], Plan[Result]]":
    """Holds what a remembered description rules out against a new one, once."""

    @wraps(make)
    def plan(plans: "Plans", *args: Arguments.args, **options: Arguments.kwargs) -> Plan[Result]:
        known = plans._description
        try:
            return (yield from make(plans, *args, **options))
        except UsageError:
            if plans._is_pinned or known is None or plans._description is not known:
                raise
        yield from plans._read_description()
        return (yield from make(plans, *args, **options))

    return plan


class Plans:
    """The plans of one client, and what it knows of the model.

    The description is read once a version. Where no version was asked for, a newer one may take
    over: then a reply names another version, a minute passes, or an input is refused that a newer
    version might take, and the description is read again.
    """

    def __init__(
        self,
        is_pinned: bool,
        chunk_rows: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Knows nothing yet.

        Args:
            is_pinned: whether every request asks for one certain version.
            chunk_rows: rows per call; None for as many as keep a message near 2 MiB.
            clock: the time in seconds.
        """
        self._is_pinned = is_pinned
        self._chunk_rows = chunk_rows
        self._clock = clock
        self._description: Description | None = None
        self._version: int | None = None
        self._read_at = 0.0

    def describe(self) -> Plan[dict[str, Any]]:
        """The model's description, a JSON document."""
        return (yield from self.described()).document

    def generate(self, seeds: Rows, png: bool = False) -> Plan[Outputs]:
        """A sample for every seed."""
        return self.predict(_png("generate", png), {"seed": seeds})

    @_second_look
    def generate_conditional(self, seeds: Rows, labels: Labels, png: bool = False) -> Plan[Outputs]:
        """A sample for every seed under the given labels."""
        return self._labelled(
            _png("generate_conditional", png), {"seed": seeds}, labels, np.size(seeds)
        )

    @_second_look
    def generate_truncated(
        self, seeds: Rows, truncation: float | np.ndarray, labels: Labels | None = None
    ) -> Plan[Outputs]:
        """A sample for every seed, closer to the middle of what the model knows."""
        signature = "generate" if labels is None else "generate_conditional"
        spread = np.broadcast_to(np.asarray(truncation), np.shape(seeds))
        inputs = {"seed": seeds, "truncation": spread}
        return self._labelled(f"{signature}_truncated", inputs, labels, np.size(seeds))

    @_second_look
    def decode(
        self, points: np.ndarray, labels: Labels | None = None, png: bool = False
    ) -> Plan[Outputs]:
        """The samples of latents, under labels where the model takes them."""
        description = yield from self.described()
        if labels is None and "label" in description.inputs("decode"):
            last = (description.num_classes or 1) - 1
            raise UsageError(f"label: this model decodes under a label; pass one of 0 to {last}.")
        num_rows = len(np.atleast_1d(points))
        outputs = yield from self._labelled("decode", {"latent": points}, labels, num_rows)
        if not png:
            return outputs
        if description.sample_output != "image":
            raise UsageError("png: the samples of this model are no images; ask for arrays.")
        return {"image_bytes": encode_png(outputs["image"])}

    def latents(self, seeds: Rows) -> Plan[np.ndarray]:
        """The latents that `generate` uses for seeds."""
        return (yield from self.predict("latents", {"seed": seeds}))["latent"]

    @_second_look
    def encode(self, samples: np.ndarray) -> Plan[np.ndarray]:
        """The latents from which samples may have come."""
        name = (yield from self.described()).sample_output
        return (yield from self.predict("encode", {name: samples}))["latent"]

    @_second_look
    def score(self, samples: np.ndarray, labels: Labels | None = None) -> Plan[np.ndarray]:
        """How real the discriminator finds samples."""
        name = (yield from self.described()).sample_output
        num_rows = len(np.atleast_1d(samples))
        outputs = yield from self._labelled("score", {name: samples}, labels, num_rows)
        return outputs["realism"]

    @_second_look
    def interpolate(
        self, a: Point, b: Point, steps: int, label: Labels | None = None, png: bool = False
    ) -> Plan[Outputs]:
        """The samples on the way from one point to another, and their latents."""
        if steps < 2:
            raise UsageError(f"steps: received {steps}; expected 2 (the two ends) or more.")
        description = yield from self.described()
        ends = yield from self._resolved(description, {"a": a, "b": b})
        path = latents.path(
            ends["a"], ends["b"], steps, description.prior, description.latent_layout
        )
        outputs = yield from self.decode(path, label, png)
        return outputs | {"latent": path}

    @_second_look
    def arithmetic(
        self,
        a: Point,
        minus: Point,
        plus: Point,
        label: Labels | None = None,
        png: bool = False,
    ) -> Plan[Outputs]:
        """The sample of a - minus + plus, and its latent."""
        description = yield from self.described()
        points = yield from self._resolved(description, {"a": a, "minus": minus, "plus": plus})
        latent = latents.arithmetic(**points, prior=description.prior)[None]
        outputs = yield from self.decode(latent, label, png)
        return outputs | {"latent": latent}

    @_second_look
    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Plan[Outputs]:
        """The outputs of any signature; long inputs become several calls."""
        description = yield from self.described()
        arrays = description.check_inputs(signature, inputs)
        outputs = description.outputs(signature)
        num_rows, step = len(next(iter(arrays.values()))), self._rows_per_call(description)
        calls = [
            Call(signature, {name: a[start : start + step] for name, a in arrays.items()}, outputs)
            for start in range(0, num_rows, step)
        ]
        replies = yield from self._of_one_version(calls)
        parts = {name: [reply.outputs[name] for reply in replies] for name in outputs}
        return {n: np.concatenate(p) if len(p) > 1 else p[0] for n, p in parts.items()}

    def described(self) -> Plan[Description]:
        """What the model says of itself, from memory while that holds."""
        age = self._clock() - self._read_at
        if self._description is None or (not self._is_pinned and age > _FRESH_SECONDS):
            return (yield from self._read_description())
        return self._description

    def _read_description(self) -> Plan[Description]:
        call = Call("describe", {"row": np.zeros(1, np.int64)}, DESCRIBE_OUTPUTS)
        (reply,) = yield [call]
        self._description = Description.parse(reply.outputs["description"][0])
        self._version, self._read_at = reply.version, self._clock()
        return self._description

    def _labelled(
        self, signature: str, inputs: Mapping[str, Any], labels: Labels | None, num_rows: int
    ) -> Plan[Outputs]:
        if labels is None:
            return (yield from self.predict(signature, inputs))
        if (yield from self.described()).num_classes is None:
            raise UsageError(f"labels: {signature} of this model takes no labels; leave them out.")
        spread = np.full(num_rows, labels) if np.ndim(labels) == 0 else np.asarray(labels)
        return (yield from self.predict(signature, {**inputs, "label": spread}))

    def _resolved(
        self, description: Description, points: Mapping[str, Point]
    ) -> Plan[dict[str, np.ndarray]]:
        """A latent [z] for every point; several seeds or latents count as their mean."""
        rows = {name: _as_rows(description, name, point) for name, point in points.items()}
        seeds = [array for array in rows.values() if array.ndim == 1]
        if seeds:
            drawn = yield from self.latents(np.concatenate(seeds))
            parts = iter(np.split(drawn, np.cumsum([len(array) for array in seeds])[:-1]))
            rows = {name: next(parts) if a.ndim == 1 else a for name, a in rows.items()}
        return {
            name: a[0] if len(a) == 1 else a.mean(axis=0, dtype=np.float64).astype(np.float32)
            for name, a in rows.items()
        }

    def _of_one_version(self, calls: list[Call]) -> Plan[list[Reply]]:
        """The replies, asked for again if a new version took over between them."""
        for _ in range(2):
            replies = yield calls
            versions = {reply.version for reply in replies}
            if versions != {self._version}:
                self._description = None
            if len(versions) == 1:
                return replies
        raise ServingError(
            f"The model changed its version while it answered ({sorted(map(str, versions))}); "
            "ask for one version, or ask again."
        )

    def _rows_per_call(self, description: Description) -> int:
        fitting = _CHUNK_BYTES // max(1, description.bytes_per_row())
        return self._chunk_rows or max(1, min(MAX_CHUNK_ROWS, fitting))


def _png(signature: str, png: bool) -> str:
    return f"{signature}_png" if png else signature


def _as_rows(description: Description, name: str, point: Point) -> np.ndarray:
    """Seeds as int64 [n], latents as float32 [n, z]."""
    array = np.asarray(point)
    if array.dtype.kind in "iu" and array.ndim <= 1:
        return description.check_inputs("latents", {"seed": np.atleast_1d(array)})["seed"]
    return description.check_latents(name, array[None] if array.ndim == 1 else array)
