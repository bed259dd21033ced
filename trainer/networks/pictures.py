"""What networks that make pictures of pictures have in common."""

from collections.abc import Mapping
from typing import Any

import keras

from trainer.errors import ConfigError
from trainer.layers.open_sizes import Cropped, Fitted
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
    """Conditioning pictures, and vectors, as channels of one of the size of `shape`."""
    pictures = {name: inputs[name] for name in ports.pictures}
    if not ports.open_sizes:
        pictures = {name: resized(x, shape[:2]) for name, x in pictures.items()}
    return stacked(pictures, vectors or {})


def all_of_one_size(ports: Ports) -> bool:
    """Whether the pictures that are given are as large as the one that is made of them."""
    _, shape = made_picture(ports, "a translator")
    return all(ports.inputs[n].shape[:2] == shape[:2] for n in ports.pictures)


def fitted(
    inputs: Mapping[str, Any], ports: Ports, stride: int, least: int = 1
) -> Mapping[str, Any]:
    """The inputs, pictures of open sizes among them continued to what strides fit."""
    if not ports.open_sizes:
        return inputs
    grown = {}
    for name in ports.pictures:
        height, width, _ = ports.inputs[name].fixed_shape
        grown[name] = Fitted(stride, (height, width), least)(inputs[name])
    return {**inputs, **grown}


def as_large_as_given(x: Any, inputs: Mapping[str, Any], ports: Ports) -> Any:
    """What was made of inputs that `fitted` has continued, without what that added."""
    return Cropped()([x, inputs[ports.pictures[0]]]) if ports.open_sizes else x


def trimmed(x: Any, before: tuple[int, int], size: tuple[int, int]) -> Any:
    """A picture of twice the size `before`, in training, without what is beyond `size`.

    What is cut depends on the sizes of training alone, so it is the same for pictures of open sizes
    that are `fitted`.
    """
    extra = [2 * m - n for m, n in zip(before, size, strict=True)]
    return keras.layers.Cropping2D(tuple((0, n) for n in extra))(x) if any(extra) else x


def _named(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} of kind {field.kind}" for name, field in fields.items())
