"""What networks that make pictures of pictures have in common."""

from collections.abc import Mapping
from typing import Any

from trainer.errors import ConfigError
from trainer.networks.conditioning import resized, stacked
from trainer.networks.ports import Ports


def made_picture(ports: Ports, family: str) -> tuple[str, tuple[int, ...]]:
    """Name and shape of the picture that is to be made of another one.

    Raises:
        ConfigError: when the game gives no picture, or does not want one.
    """
    pictures = [name for name, field in ports.outputs.items() if field.kind == "image"]
    if len(pictures) != 1 or len(ports.outputs) != 1 or not ports.pictures:
        raise ConfigError(
            f"network.name: received {family!r}, which makes pictures of pictures, but the game "
            f"gives {_named(ports.inputs)} and wants {_named(ports.outputs)}; set "
            "condition=image, condition=label_map or condition=derived on data of pictures, or "
            "take another network."
        )
    (name,) = pictures
    return name, ports.outputs[name].fixed_shape


def stacked_pictures(
    inputs: Mapping[str, Any],
    ports: Ports,
    shape: tuple[int, ...],
    vectors: Mapping[str, Any] | None = None,
) -> Any:
    """The pictures that are told, and vectors, as channels of one of the size of `shape`."""
    pictures = {name: resized(inputs[name], shape[:2]) for name in ports.pictures}
    return stacked(pictures, vectors or {})


def _named(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} of kind {field.kind}" for name, field in fields.items())
