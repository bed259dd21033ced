"""JSON as TF Serving's parser reads it and its errors print it, without arrays.

The parser differs from Python's in what it takes: it stops after the first value, the first of
several equal keys counts, bytes that are no UTF-8 pass through strings, and a list may be nested
as deep as it likes.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from serving.server.status import invalid_argument

_WHITESPACE = " \t\n\r"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Possessive, and a string that does not end matches up to the end: a pattern that went back, or
# that looked for each quote's partner anew, would take hours and gigabytes for a broken document.
_STRING = r'"(?:[^"\\]++|\\.)*+"?'
_TOKENS = re.compile(_STRING + r"|[\[\]{}]", re.DOTALL)
_OTHER_SPELLINGS = re.compile(_STRING + r"|-NaN|Inf(?:inity)?", re.DOTALL)
_MAX_DEPTH = 100  # more than any array that is taken has dimensions
_MAX_DEEP_TEXT = 2**21  # characters of a document that is gone through bracket by bracket
_MAX_QUOTED = 256  # characters of a value that an error message repeats
_INDENT = " " * 4


def parse_object(body: bytes) -> dict[str, Any]:
    """Returns the JSON object that `body` begins with; NaN and Infinity are accepted.

    Raises:
        StatusError: INVALID_ARGUMENT when it is no JSON, or no object.
    """
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    text = body.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "surrogateescape")
    start = len(text) - len(text.lstrip(_WHITESPACE))
    if start == len(text):
        raise invalid_argument(f"JSON Parse error: The document is empty. at offset: {start}")
    try:
        document = _parse(text, start)
    except json.JSONDecodeError as error:
        text = f"JSON Parse error: Invalid value. at offset: {error.pos}"
        raise invalid_argument(text) from error
    except (ValueError, RecursionError) as error:  # a huge number, nested too deeply
        raise invalid_argument(f"JSON Parse error: Invalid value. {error}") from error
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {quote(document)} Is not object")
    return document


def quote(value: Any) -> str:
    """Returns a value as error messages repeat it: indented, lists on one line, the rest cut."""
    text = ""
    for token in _printed(value):
        if len(text) >= _MAX_QUOTED:
            break
        text += token[:_MAX_QUOTED]
    return text


def _parse(text: str, start: int) -> Any:
    try:
        return _DECODER.raw_decode(text, start)[0]
    except json.JSONDecodeError:
        respelled = _OTHER_SPELLINGS.sub(_respell, text)
        if respelled == text:
            raise
        return _DECODER.raw_decode(respelled, start)[0]
    except RecursionError:
        return _DECODER.raw_decode(_without_depths(text), start)[0]


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else dict(reversed(pairs))


_DECODER = json.JSONDecoder(object_pairs_hook=_first_wins)


def _respell(token: re.Match[str]) -> str:
    return {"Inf": "Infinity", "-NaN": "NaN"}.get(token[0], token[0])


def _without_depths(text: str) -> str:
    """Returns `text` with everything that is nested deeper than a tensor can be left out.

    Raises:
        RecursionError: it is too long for that.
    """
    if len(text) > _MAX_DEEP_TEXT:
        raise RecursionError("The document is nested too deeply.")
    kept, depth, start = [], 0, 0
    for token in _TOKENS.finditer(text):
        if token[0] in ("[", "{"):
            if depth == _MAX_DEPTH:
                kept.append(text[start : token.end()])
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
            if depth == _MAX_DEPTH:
                start = token.start()
    return "".join(kept) + (text[start:] if depth <= _MAX_DEPTH else "")


def _printed(value: Any, depth: int = 0, before: str = "") -> Iterator[str]:
    """Yields the tokens of a value, each with the separator that stands before it."""
    if isinstance(value, dict):
        yield before + "{"
        for position, (name, member) in enumerate(value.items()):
            line = ("," if position else "") + "\n" + _INDENT * (depth + 1)
            yield line + json.dumps(name, ensure_ascii=False)
            yield from _printed(member, depth + 1, ": ")
        yield ("\n" + _INDENT * depth if value else "") + "}"
    elif isinstance(value, list):
        yield before + "["
        for position, element in enumerate(value):
            yield from _printed(element, depth + 1, ", " if position else "")
        yield "]"
    else:
        text = json.dumps(value, ensure_ascii=False)
        yield before + (text.replace("e+", "e") if isinstance(value, float) else text)
