"""Pictures whose brightness is a height, given beside the surface that must not be passed through.

A given picture names its channels (`Field.names`): `opposing` is the lower side of what lies above,
and `region`, where there is one, is bright where a surface is to be made.
"""

from collections.abc import Mapping
from typing import NamedTuple

from trainer.fields import Field

OPPOSING, REGION = "opposing", "region"


class Surfaces(NamedTuple):
    """Where the surfaces are.

    Attributes:
        field: the name of the picture that is given.
        opposing: its channel of the surface above.
        region: its channel of what is to be made; None where that is the whole picture.
    """

    field: str
    opposing: int
    region: int | None


def surfaces_of(fields: Mapping[str, Field]) -> Surfaces | None:
    """The first picture that names an opposing surface; None without one."""
    for name, field in fields.items():
        if field.kind == "image" and OPPOSING in field.names:
            region = field.names.index(REGION) if REGION in field.names else None
            return Surfaces(name, field.names.index(OPPOSING), region)
    return None
