"""What a command line asks of a model."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.call.outputs import CSV, NPY, NPZ, SUFFIXES, suffix
from serving.description import Description, Signature
from serving.errors import UsageError

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
        if self.out is not None and suffix(self.out) not in ("", *SUFFIXES):
            raise UsageError(
                f"--out: {suffix(self.out)!r} is none of {', '.join(SUFFIXES)}; pass one of "
                "them, or a folder (with a / at the end, if it shall be called so)."
            )


def named(option: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Returns the pairs of an option such as "image=image.npy".

    Raises:
        UsageError: one has another form, or an attribute or code is there twice.
    """
    pairs = [text.partition("=") for text in texts]
    form = "NAME=VALUE" if option == "--input" else "NAME=NUMBER"
    for name, sign, value in pairs:
        if not (name and sign and value):
            raise UsageError(f"{option}: received {name + sign + value!r}; expected {form}.")
    if option != "--input" and len(dict((name, v) for name, _, v in pairs)) < len(pairs):
        raise UsageError(f"{option}: received {' '.join(texts)}; pass each name once.")
    return [(name, value) for name, _, value in pairs]


def choose_signature(description: Description, request: Request) -> Signature:
    """Returns the signature that a request names or means; the model makes PNG files itself."""
    if request.signature is not None:
        return description.signature(request.signature)
    if request.codes:
        return description.signature("decode")
    labels = request.labels or request.label_indices
    condition = labels or request.texts or request.attributes or request.inputs
    signature = description.signature("generate_conditional" if condition else "generate")
    wants_png = request.out is not None and suffix(request.out) not in (NPY, NPZ, CSV)
    png = f"{signature.name}_png"
    return description.signature(png) if wants_png and description.has_signature(png) else signature
