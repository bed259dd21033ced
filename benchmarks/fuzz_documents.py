"""Hostile bodies for the REST interface, from a grammar of JSON that breaks its own rules."""

import json
import random
from collections.abc import Callable

SIGNATURES = {
    "digits": {
        "": ("seed",),
        "generate": ("seed",),
        "generate_png": ("seed",),
        "generate_conditional": ("seed", "label"),
        "decode": ("latent", "label"),
        "latents": ("seed",),
        "score": ("image", "label"),
        "describe": ("row",),
    },
    "types": {
        "": ("float32",),
        "wholes": ("uint8", "int32", "int64"),
        "numbers": ("float32", "float64"),
        "others": ("bool", "uint64"),
        "cannot_travel": ("uint16", "float16"),
        "text": ("text",),
    },
}
NAMES = (
    "", "no", "__saved_model_init_op", "serving_default", "x" * 100_000, "ü☃", "../../etc/passwd",
    "a\nb", "%00", "'; --", "{}", "\u202e",
)  # fmt: skip

_NUMBERS = (
    "0", "-0", "-1", "1", "3", "9", "10", "255", "256", "16777216", "2147483647", "2147483648",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "1e308", "1e309", "-1e400", "1e-400", "0.1",
    "3.4028236e38", "NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x10", "1e", "--1",
    "9" * 400, "9" * 5000, "0." + "1" * 400, "1e" + "9" * 400,
)  # fmt: skip
_STRINGS = (
    '""', '"cat"', '"1"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"ü"',
    '"\\x"', '"\n"', '"' + "x" * 10_000 + '"', '"\ufeff"', '"unfinished',
)  # fmt: skip
_BASE64 = (
    '"aGVsbG8="', '"!"', '"a"', '"===="', '"aGVsbG8"', '"\\ud800"', '"ü"', '""', "5", "null",
    '["aGVsbG8="]', '{"b64":"aGVsbG8="}', '"' + "A" * 40_000 + '"', '"aGVs\\nbG8="', '"_-8="',
)  # fmt: skip
_DEPTHS = (2, 5, 33, 65, 255, 300, 900, 950, 970, 980, 985, 990, 995, 1000, 5000, 100_000)
_NESTS = (("[", "]", "1"), ('{"a":', "}", "1"), ('[{"b64":', "}]", '"aGVsbG8="'), ("[", "", ""))
_NUM_ROWS = (*[1, 2, 3, 8] * 4, 0, 64, 65, 500)
_SPACE = (*[""] * 16, " ", "\n", "\t", "\ufeff", "\x00", "/**/")


def body(chance: random.Random, model: str) -> bytes:
    """A request body for `model`: nearly right, or nothing of the kind."""
    text = chance.choice(_SHAPES)(chance, model)
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        return mutated(chance, data)
    if chance.random() < 0.05:
        return text.encode(chance.choice(["utf-16", "utf-32", "utf-8-sig"]), "replace")
    return data


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Bytes with a few flipped, cut, repeated or spliced."""
    content = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(9):
            case 0 | 6 | 7 | 8 if content:
                content[place % len(content)] ^= 1 << chance.randrange(8)
            case 1:
                del content[place:]
            case 2:
                del content[place : place + chance.randrange(1, 20)]
            case 3:
                content[place:place] = chance.randbytes(chance.randrange(1, 20))
            case 4:
                start = chance.randrange(len(content) + 1)
                content[place:place] = content[start : start + chance.randrange(1, 50)]
            case _:
                content[place : place + 1] = chance.choice([b"\xff", b"\x00", b"\x80", b"\x7f"])
    return bytes(content)


def _request(chance: random.Random, model: str) -> str:
    """Both forms, sometimes at once, with members that repeat or do not belong."""
    name = chance.choice(list(SIGNATURES[model]))
    members = []
    if name or chance.random() < 0.2:
        given = name if chance.random() < 0.85 else chance.choice(NAMES)
        members.append(f'"signature_name":{json.dumps(given)}')
    for _ in range(chance.choice([1, 1, 1, 1, 2])):
        form = chance.choice([_rows, _columns])
        members.append(form(chance, SIGNATURES[model][name]))
    while chance.random() < 0.15:
        key = chance.choice(["signature_name", "instances", "inputs", "other", "\\ud800", ""])
        members.append(f'"{key}":{_value(chance, 3)}')
    chance.shuffle(members)
    space = chance.choice(_SPACE)
    return f"{space}{{{space}{','.join(members)}{space}}}{chance.choice(_SPACE)}"


def _rows(chance: random.Random, inputs: tuple[str, ...]) -> str:
    rows = [_row(chance, inputs) for _ in range(chance.choice(_NUM_ROWS))]
    return f'"instances":[{",".join(rows)}]'


def _row(chance: random.Random, inputs: tuple[str, ...]) -> str:
    if len(inputs) == 1 and chance.random() < 0.7:
        return _input(chance, inputs[0])
    return _object(chance, inputs, lambda name: _input(chance, name))


def _columns(chance: random.Random, inputs: tuple[str, ...]) -> str:
    size = chance.choice(_NUM_ROWS)

    def column(name: str) -> str:
        number = size if chance.random() < 0.9 else chance.randrange(5)
        return "[" + ",".join(_input(chance, name) for _ in range(number)) + "]"

    if len(inputs) == 1 and chance.random() < 0.5:
        return f'"inputs":{column(inputs[0])}'
    return f'"inputs":{_object(chance, inputs, column)}'


def _object(chance: random.Random, names: tuple[str, ...], value: Callable[[str], str]) -> str:
    given = list(names)
    if chance.random() < 0.1:
        given.append(chance.choice([*names, "extra", "", "\\u0000"]))
    if chance.random() < 0.1:
        given.pop(0)
    return "{" + ",".join(f'"{name}":{value(name)}' for name in given) + "}"


def _input(chance: random.Random, name: str) -> str:
    """Something for the input `name`: most often what it takes."""
    if chance.random() < 0.05:
        return _value(chance, 2)
    if name == "latent":
        return "[" + ",".join(chance.choice(["0.5", "-1", "NaN", "1e30"]) for _ in range(100)) + "]"
    if name == "image":
        return json.dumps([[[chance.randrange(256)]] * 28] * 28)
    if name == "text":
        return chance.choice(['"cat"', f'{{"b64":{chance.choice(_BASE64)}}}', *_STRINGS])
    if name == "bool":
        return chance.choice(["true", "false"])
    if name in ("seed", "int64", "uint64"):
        return str(chance.choice([chance.getrandbits(63), -chance.getrandbits(63), 0, 2**63 - 1]))
    return str(chance.randrange(10))


def _value(chance: random.Random, depth: int) -> str:
    """Any JSON value, or what is nearly one."""
    kind = chance.randrange(8 if depth else 6)
    if kind < 2:
        return chance.choice(_NUMBERS)
    if kind == 2:
        return chance.choice(_STRINGS)
    if kind == 3:
        return chance.choice(["null", "true", "false", "nul", "True", "undefined", "{}", "[]", ""])
    if kind == 4:
        return f'{{"b64":{chance.choice(_BASE64)}}}'
    if kind == 5:
        return _nest(chance, "")
    values = [_value(chance, depth - 1) for _ in range(chance.randrange(5))]
    if kind == 6:
        return f"[{','.join(values)}{chance.choice(['', '', '', ','])}]"
    keys = [chance.choice(["a", "a", "b64", "", "\\ud800"]) for _ in values]
    return "{" + ",".join(f'"{key}":{value}' for key, value in zip(keys, values, strict=True)) + "}"


def _nest(chance: random.Random, _: str) -> str:
    depth = chance.choice(_DEPTHS)
    left, right, heart = chance.choice(_NESTS)
    return left * depth + heart + right * depth


def _nested_request(chance: random.Random, model: str) -> str:
    name = chance.choice(list(SIGNATURES[model]))
    key = chance.choice(["instances", "inputs", "signature_name", "other"])
    rest = chance.choice(['"instances":[1]', '"inputs":1', '"other":0'])
    return f'{{"signature_name":"{name}","{key}":{_nest(chance, "")},{rest}}}'


def _ragged(chance: random.Random, model: str) -> str:
    name = chance.choice(list(SIGNATURES[model]))
    lists = [[chance.randrange(5)] * chance.randrange(4) for _ in range(chance.randrange(1, 6))]
    form = chance.choice(["instances", "inputs"])
    return json.dumps({"signature_name": name, form: chance.choice([lists, [lists, 1]])})


def _anything(chance: random.Random, _: str) -> str:
    return _value(chance, 6)


_SHAPES = (*[_request] * 10, _nested_request, _nested_request, _nest, _ragged, _anything)
