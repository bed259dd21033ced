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
from serving.description import DESCRIBE, DESCRIBE_OUTPUTS, Description, Signature
from serving.errors import ServingError, UsageError
from serving.fields import CATEGORY, IMAGE, LABEL, LATENT, SEED, STRING, TEXT, as_texts
from serving.messages import Call, Reply
from serving.pictures import encode_png
from serving.tiles import Mosaic, Tiling

MAX_CHUNK_ROWS = 1024

_CHUNK_BYTES = 2 * 2**20  # half of what a gRPC client takes by default; REST text is longer
_FRESH_SECONDS = 60.0

Rows = Sequence[int] | np.ndarray
Labels = int | str | Sequence[int] | Sequence[str] | np.ndarray
Point = int | Sequence[int] | Sequence[float] | np.ndarray
Outputs = dict[str, np.ndarray]
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
Plan = Generator[list[Call], list[Reply], Result]


def _retry_with_fresh_metadata(
    make: "Callable[Concatenate[RequestBuilder, Arguments], Plan[Result]]",
) -> "Callable[Concatenate[RequestBuilder, Arguments], Plan[Result]]":
    """Holds what a remembered description rules out against a new one, once."""

    @wraps(make)
    def plan(
        builder: "RequestBuilder", *args: Arguments.args, **options: Arguments.kwargs
    ) -> Plan[Result]:
        known = builder._description
        try:
            return (yield from make(builder, *args, **options))
        except UsageError:
            if builder._is_pinned or known is None or builder._description is not known:
                raise
        yield from builder._read_description()
        return (yield from make(builder, *args, **options))

    return plan


class RequestBuilder:
    """Builds what one client asks for, with what it knows of the model.

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

    @_retry_with_fresh_metadata
    def call(self, name: str, inputs: Mapping[str, Any]) -> Plan[Outputs]:
        """The outputs of any signature; long inputs become several calls."""
        description = yield from self.described()
        signature = description.signature(name)
        arrays = signature.check(inputs)
        step = self._rows_per_call(description, signature, arrays)
        num_rows = len(next(iter(arrays.values())))
        calls = [
            Call(
                name,
                {name: array[start : start + step] for name, array in arrays.items()},
                signature.output_types,
            )
            for start in range(0, num_rows, step)
        ]
        replies = yield from self._of_one_version(calls)
        return {name: _joined(signature, name, replies) for name in signature.outputs}

    @_retry_with_fresh_metadata
    def ask(
        self,
        name: str,
        subject: Any = None,
        /,
        *,
        seeds: Rows | None = None,
        labels: Labels | None = None,
        **others: Any,
    ) -> Plan[Outputs]:
        """The outputs of a signature whose inputs are known by what they are for.

        Args:
            name: of the signature.
            subject: what it is about, such as the image to translate.
            seeds: for its input of that kind.
            labels: for its input of that kind.
            **others: inputs by their own names.
        """
        signature = (yield from self.described()).signature(name)
        inputs = dict(others)
        if subject is not None:
            inputs[signature.subject] = subject
        if seeds is not None:
            inputs[signature.input_of(SEED, "seeds")] = seeds
        if labels is not None:
            inputs[signature.input_of(LABEL, "labels")] = labels
        return (yield from self.call(name, inputs))

    @_retry_with_fresh_metadata
    def generate(
        self,
        name: str,
        seeds: Rows,
        labels: Labels | None = None,
        png: bool = False,
        codes: latents.Codes | None = None,
        **condition: Any,
    ) -> Plan[Outputs]:
        """A sample for every seed, by a signature; with codes, of their latents with these in."""
        if not codes:
            asked = self.ask(png_of(name, png), seeds=seeds, labels=labels, **condition)
            return (yield from asked)
        layout = (yield from self.described()).latent_layout
        drawn = (yield from self.ask("latents", seeds=seeds))["latent"]
        points = latents.with_codes(drawn, layout, codes)
        return (yield from self.decode(points, labels, png, **condition))

    @_retry_with_fresh_metadata
    def translate(
        self,
        name: str,
        images: np.ndarray,
        /,
        *,
        tile: int | None = None,
        overlap: int | None = None,
        **others: Any,
    ) -> Plan[Outputs]:
        """What a signature makes of pictures, in tiles where they are larger than `tile`."""
        signature = (yield from self.described()).signature(name)
        if tile is None:
            if overlap is not None:
                raise UsageError("overlap: it goes together with tile; pass both.")
            return (yield from self.ask(name, images, **others))
        subject, output = signature.subject, signature.main_output
        tiling = Tiling.of(subject, signature.inputs[subject], tile, overlap)
        images = signature.inputs[subject].check(subject, images)
        mosaic = Mosaic(tiling, tiling.cut_inputs(signature.inputs, {subject: images, **others}))
        version = self._version
        for parts in mosaic:
            mosaic.add((yield from self.ask(name, **{**others, **parts}))[output])
        if self._description is None or self._version != version:
            raise ServingError(
                "The model changed its version between two tiles; ask again, or for one version."
            )
        return {output: mosaic.made}

    @_retry_with_fresh_metadata
    def generate_truncated(
        self,
        seeds: Rows,
        truncation: float | np.ndarray,
        labels: Labels | None = None,
        **condition: Any,
    ) -> Plan[Outputs]:
        """A sample for every seed, closer to the middle of what the model knows."""
        is_conditional = labels is not None or condition
        name = f"generate{'_conditional' if is_conditional else ''}_truncated"
        condition["truncation"] = truncation
        return (yield from self.ask(name, seeds=seeds, labels=labels, **condition))

    @_retry_with_fresh_metadata
    def decode(
        self,
        points: np.ndarray,
        labels: Labels | None = None,
        png: bool = False,
        **condition: Any,
    ) -> Plan[Outputs]:
        """The samples of latents, under a condition where the model takes one."""
        decode = (yield from self.described()).signature("decode")
        condition[decode.input_of(LATENT, "latents")] = points
        outputs = yield from self.ask(decode.name, labels=labels, **condition)
        if not png:
            return outputs
        if decode.outputs[decode.main_output].kind != IMAGE:
            raise UsageError("png: the samples of this model are no images; ask for arrays.")
        return {"image_bytes": encode_png(outputs[decode.main_output])}

    @_retry_with_fresh_metadata
    def interpolate(
        self,
        a: Point,
        b: Point,
        steps: int,
        labels: Labels | None = None,
        png: bool = False,
        **condition: Any,
    ) -> Plan[Outputs]:
        """The samples on the way from one point to another, and their latents."""
        if steps < 2:
            raise UsageError(f"steps: received {steps}; expected 2 (the two ends) or more.")
        description = yield from self.described()
        ends = yield from self._resolved(description, {"a": a, "b": b})
        path = latents.path(
            ends["a"], ends["b"], steps, description.prior, description.latent_layout
        )
        outputs = yield from self.decode(path, labels, png, **condition)
        return outputs | {"latent": path}

    @_retry_with_fresh_metadata
    def arithmetic(
        self,
        a: Point,
        minus: Point,
        plus: Point,
        labels: Labels | None = None,
        png: bool = False,
        **condition: Any,
    ) -> Plan[Outputs]:
        """The sample of a - minus + plus, and its latent."""
        description = yield from self.described()
        points = yield from self._resolved(description, {"a": a, "minus": minus, "plus": plus})
        latent = latents.arithmetic(**points, prior=description.prior)[None]
        outputs = yield from self.decode(latent, labels, png, **condition)
        return outputs | {"latent": latent}

    def described(self) -> Plan[Description]:
        """What the model says of itself, from memory while that holds."""
        age = self._clock() - self._read_at
        if self._description is None or (not self._is_pinned and age > _FRESH_SECONDS):
            return (yield from self._read_description())
        return self._description

    def _read_description(self) -> Plan[Description]:
        call = Call(DESCRIBE, {"row": np.zeros(1, np.int64)}, DESCRIBE_OUTPUTS)
        (reply,) = yield [call]
        self._description = Description.parse(reply.outputs["description"][0])
        self._version, self._read_at = reply.version, self._clock()
        return self._description

    def _resolved(
        self, description: Description, points: Mapping[str, Point]
    ) -> Plan[dict[str, np.ndarray]]:
        """A latent [z] for every point; several seeds or latents count as their mean."""
        rows = {name: _as_rows(description, name, point) for name, point in points.items()}
        seeds = [array for array in rows.values() if array.ndim == 1]
        if seeds:
            drawn = (yield from self.ask("latents", seeds=np.concatenate(seeds)))["latent"]
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

    def _rows_per_call(
        self, description: Description, signature: Signature, arrays: Mapping[str, np.ndarray]
    ) -> int:
        fitting = _CHUNK_BYTES // description.bytes_per_row(signature, arrays)
        return self._chunk_rows or max(1, min(MAX_CHUNK_ROWS, fitting))


def png_of(signature: str, png: bool) -> str:
    """Returns the signature of the same name that gives PNG files, where they are asked for."""
    return f"{signature}_png" if png else signature


def _joined(signature: Signature, name: str, replies: Sequence[Reply]) -> np.ndarray:
    """One output of all replies; texts as str, files as bytes."""
    parts = [reply.outputs[name] for reply in replies]
    array = np.concatenate(parts) if len(parts) > 1 else parts[0]
    field = signature.outputs[name]
    is_text = field.dtype == STRING and field.kind in (TEXT, CATEGORY)
    return as_texts(array) if is_text else array


def _as_rows(description: Description, name: str, point: Point) -> np.ndarray:
    """Seeds as int64 [n], latents as float32 [n, z]."""
    array = np.asarray(point)
    if array.dtype.kind in "iu" and array.ndim <= 1:
        latents_of = description.signature("latents")
        field = latents_of.inputs[latents_of.input_of(SEED, "seeds")]
        return field.check("seed", np.atleast_1d(array))
    return description.latent.check(name, array[None] if array.ndim == 1 else array)
