"""Paths and sums in the space of latents, for every prior."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving.errors import UsageError

GAUSSIAN = "gaussian"
UNIFORM = "uniform"
_NOISE = "noise"
_ONE_HOT = "one_hot"

# Numbers by the names of codes, or by their places among the continuous ones.
Codes = Mapping[str, Any] | Mapping[int, Any]


def slerp(a: np.ndarray, b: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """The great arc from a to b: the path that stays where a Gaussian prior has its mass.

    Where lengths differ they change along the way; unit vectors stay unit vectors. Parallel and
    opposite vectors have no one arc; between these it is the straight line.

    Args:
        a: [d], or [n, d].
        b: as a.
        t: how far along, one number or [n], from 0 to 1.

    Returns:
        float64 [n, d].

    Raises:
        UsageError: a and b are not of one shape.

    Reference: Shoemake 1985; White 2016, "Sampling generative networks".
    """
    a, b, t = _as_path(a, b, t)
    lengths = np.linalg.norm(a, axis=1, keepdims=True) * np.linalg.norm(b, axis=1, keepdims=True)
    cosine = np.sum(a * b, axis=1, keepdims=True) / np.where(lengths == 0.0, 1.0, lengths)
    angle = np.where(lengths == 0.0, 0.0, np.arccos(np.clip(cosine, -1.0, 1.0)))
    sine = np.sin(angle)
    straight = sine < 1e-7
    arc = (np.sin((1.0 - t) * angle) * a + np.sin(t * angle) * b) / np.where(straight, 1.0, sine)
    return np.where(straight, (1.0 - t) * a + t * b, arc)


def lerp(a: np.ndarray, b: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """The straight line from a to b, as `slerp`: the path for uniform priors, codes and styles."""
    a, b, t = _as_path(a, b, t)
    return (1.0 - t) * a + t * b


def _as_path(
    a: np.ndarray, b: np.ndarray, t: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All in float64: a and b as [n or 1, d], t as [n or 1, 1]."""
    if np.shape(a) != np.shape(b):
        raise UsageError(
            f"latents: received the shapes {np.shape(a)} and {np.shape(b)}; a path is between two "
            "of one shape."
        )
    a, b = np.atleast_2d(np.asarray(a, np.float64)), np.atleast_2d(np.asarray(b, np.float64))
    return a, b, np.reshape(np.asarray(t, np.float64), (-1, 1))


def path(
    a: np.ndarray, b: np.ndarray, steps: int, prior: str, layout: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """Returns `steps` latents from a to b, both included, at equal distances.

    Args:
        a: [z].
        b: [z].
        steps: 2 or more.
        prior: of the noise; a Gaussian one is followed along the arc, any other straight.
        layout: the parts of a latent, as `describe` shows them; codes change along the line.

    Returns:
        float32 [steps, z]; the first row is a and the last is b, to the bit.
    """
    t = np.linspace(0.0, 1.0, steps)
    latents = lerp(a, b, t)
    for part in layout:
        if prior == GAUSSIAN and part["name"] == _NOISE:
            columns = slice(part["start"], part["start"] + part["size"])
            latents[:, columns] = slerp(a[columns], b[columns], t)
    latents[0], latents[-1] = a, b
    return latents.astype(np.float32)


def direction(latents: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Returns the way to an attribute: the mean of latents with it minus that of those without.

    Args:
        latents: [n, z], of samples that are labelled: encoded, projected, or drawn and looked at.
        has: [n], whether each has the attribute.

    Returns:
        float32 [z].

    Raises:
        UsageError: all have it, or none has.

    Reference: Radford et al. 2015, section 6.3.2; White 2016, "Sampling generative networks",
    section 3.
    """
    latents, has = np.asarray(latents, np.float64), np.asarray(has, bool)
    if has.all() or not has.any():
        raise UsageError(
            f"has: {int(has.sum())} of {len(has)} latents have the attribute; a direction needs "
            "some with it and some without."
        )
    way: np.ndarray = latents[has].mean(axis=0) - latents[~has].mean(axis=0)
    return way.astype(np.float32)


def moved(
    latents: np.ndarray, way: np.ndarray, strength: float | np.ndarray, prior: str
) -> np.ndarray:
    """Returns latents some way along a direction, brought back to where the prior has its mass.

    Args:
        latents: [n, z].
        way: [z], as `direction` gives it.
        strength: one, or one a row [n]; 1 is the whole way, negative ones lead away.
        prior: "gaussian" keeps each latent's length, "uniform" stays within [-1, 1]; of any other
            the sum is left as it is.

    Returns:
        float32 [n, z].
    """
    before = np.asarray(latents, np.float64)
    after = before + np.multiply.outer(np.broadcast_to(strength, len(before)), way)
    rows = [_back(row, old, prior) for row, old in zip(after, before, strict=True)]
    return np.stack(rows).astype(np.float32)


def arithmetic(a: np.ndarray, minus: np.ndarray, plus: np.ndarray, prior: str) -> np.ndarray:
    """Returns a - minus + plus, brought back to where the prior has its mass.

    A Gaussian latent in many dimensions has nearly always the same length, and the sum of three
    is √3 times as long, where the generator has never been: it is scaled to the length of a. One
    of a uniform prior is clipped to [-1, 1].

    Args:
        a: [z].
        minus: [z].
        plus: [z].
        prior: "gaussian" or "uniform"; the sum for any other is left as it is.

    Returns:
        float32 [z].

    Reference: Radford et al. 2015, section 6.3.2.
    """
    a = np.asarray(a, np.float64)
    latent = a - np.asarray(minus, np.float64) + np.asarray(plus, np.float64)
    return _back(latent, a, prior).astype(np.float32)


def _back(latent: np.ndarray, like: np.ndarray, prior: str) -> np.ndarray:
    """A latent [z] brought to where the prior has its mass: another's length, or the range."""
    if prior == GAUSSIAN:
        length = np.linalg.norm(latent)
        return latent * (np.linalg.norm(like) / length if length else 0.0)
    return np.clip(latent, -1.0, 1.0) if prior == UNIFORM else latent


def code_names(layout: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the codes of a latent are called, as `set_code` takes them; numbers have one each."""
    parts = (part for part in layout if part["name"] != _NOISE)
    return [name for part in parts for name in _names_in(part)]


def _names_in(part: Mapping[str, Any]) -> list[str]:
    name, size = part["name"], part["size"]
    if part.get("kind") == _ONE_HOT or size == 1:
        return [name]
    return [f"{name}.{number}" for number in range(size)]


def by_name(layout: Sequence[Mapping[str, Any]], codes: Codes) -> dict[str, Any]:
    """Codes by their names, where some are given by number.

    A number alone is that of a continuous code, counted from 0 over all of them in the order of the
    layout: of one category and four continuous codes, "0" is "codes.0".

    Args:
        layout: the parts of a latent, as `describe` shows them.
        codes: anything, by name or number.

    Raises:
        UsageError: there is no such continuous code, or one is given twice.
    """
    named: dict[str, Any] = {}
    for given, value in codes.items():
        name = _name_of(str(given), layout)
        if name in named:
            raise UsageError(f"code: {name!r} is there twice, by number too; give it once.")
        named[name] = value
    return named


def _name_of(code: str, layout: Sequence[Mapping[str, Any]]) -> str:
    parts = _codes_in(layout, code)
    if not code.isdecimal() or code in parts:
        return code
    continuous = [part for part in parts.values() if part.get("kind") != _ONE_HOT]
    names = [name for part in continuous for name in _names_in(part)]
    if int(code) < len(names):
        return names[int(code)]
    raise UsageError(
        f"code: received {code!r}, a number of a continuous code, counted from 0; the model has "
        f"{len(names) or 'none'} of these, and its codes are {', '.join(parts)}."
    )


def _codes_in(layout: Sequence[Mapping[str, Any]], code: str) -> dict[str, Mapping[str, Any]]:
    """The parts of a latent that are codes, by name, for one that is asked for."""
    parts = {part["name"]: part for part in layout if part["name"] != _NOISE}
    if not parts:
        raise UsageError(
            f"code: received {code!r}, and the latents of this model hold noise alone; "
            "train one with codes, or go between seeds."
        )
    return parts


def with_codes(
    latents: np.ndarray, layout: Sequence[Mapping[str, Any]], codes: Codes
) -> np.ndarray:
    """Latents [n, z] with numbers put into their codes, one for all rows or one each.

    Args:
        latents: float32 [n, z]; they stay as they are.
        layout: the parts of a latent, as `describe` shows them.
        codes: numbers by name, see `set_code`, or by number, see `by_name`.

    Raises:
        UsageError: as these, and when values are no finite numbers, or not as many as rows.
    """
    changed = latents.copy()
    for code, given in by_name(layout, codes).items():
        values = np.asarray(given)
        if values.dtype.kind not in "biuf" or values.shape not in ((), (len(latents),)):
            raise UsageError(
                f"code: {code!r} is {given!r}; expected a number, or one for each of the "
                f"{len(latents)} rows."
            )
        if not np.isfinite(values).all():
            raise UsageError(f"code: {code!r} is {given}; expected finite numbers.")
        set_code(changed, layout, code, np.broadcast_to(values.astype(np.float64), len(latents)))
    return changed


def set_code(
    latents: np.ndarray, layout: Sequence[Mapping[str, Any]], code: str, values: np.ndarray
) -> None:
    """Puts the values [n] of a code into latents [n, z].

    A one-hot code takes the place of its one, any other code the number itself; `NAME.i` is
    number i of a code of several.

    Raises:
        UsageError: the layout has no such code, or the code has no such value.
    """
    name, _, index = code.partition(".")
    parts = _codes_in(layout, code)
    if name not in parts:
        raise UsageError(f"code: the model has no {name!r}; it has {', '.join(parts)}.")
    part = parts[name]
    start, size = part["start"], part["size"]
    if part.get("kind") == _ONE_HOT:
        places = values.astype(np.int64)
        if (places != values).any() or (places < 0).any() or (places >= size).any():
            raise UsageError(f"code: {name!r} takes the whole numbers 0 to {size - 1}.")
        latents[:, start : start + size] = np.eye(size, dtype=np.float32)[places]
        return
    place = int(index) if index.isdecimal() else 0
    if place >= size or (size > 1 and not index.isdecimal()):
        raise UsageError(f"code: {name!r} has {size} numbers; write {name}.0 to {name}.{size - 1}.")
    latents[:, start + place] = values
