"""Clips as pictures whose channels are frames, for families that know pictures."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.networks.ports import NetworkFamily, Ports


class Frames:
    """A network of another family, around which clips become pictures and pictures clips.

    A clip [t, h, w, c] is to it a picture [h, w, t·c], the frames one after the other: its first
    layer sees all times at once, at every place. So Mathieu et al. predict frames, and so vid2vid's
    discriminator looks at neighbouring frames.

    Reference: Mathieu et al. 2016, "Deep multi-scale video prediction beyond mean square error",
    section 3; Wang et al. 2018, "Video-to-video synthesis", section 3.2.

    Raises:
        ConfigError: when the game has no clips.
    """

    def __init__(self, options: catalogue.Frames) -> None:
        of = options.of
        make = catalogue.resolve(of)
        self.family: NetworkFamily = (
            make(**of.options) if isinstance(of, catalogue.Custom) else make(of)
        )

    def __getattr__(self, kind: str) -> Any:
        """What builds a role of this kind, where the family can."""
        build = getattr(self.family, kind)

        def built(ports: Ports) -> keras.Model:
            return _around(build(_pictured(ports)), ports)

        return built


def _pictured(ports: Ports) -> Ports:
    """The same ports with pictures in the place of clips."""
    sides = (ports.inputs, ports.outputs)
    if not any(field.kind == "clip" for side in sides for field in side.values()):
        raise ConfigError(
            "network.name: received 'frames', but the game's fields are "
            f"{', '.join({**ports.inputs, **ports.outputs})}, none of which is a clip; take the "
            "family itself, or data of clips."
        )
    inputs, outputs = ({n: _picture(field) for n, field in side.items()} for side in sides)
    return replace(ports, inputs=inputs, outputs=outputs)


def _picture(field: Field) -> Field:
    if field.kind != "clip":
        return field
    t, height, width, channels = field.fixed_shape
    return replace(field, kind="image", shape=(height, width, t * channels))


def _around(model: keras.Model, ports: Ports) -> keras.Model:
    """The model with clips for pictures, going in and coming out."""
    inputs = {n: x for n, x in ports.keras_inputs(key=True).items() if n in model.input}
    flat = {name: folded(x) if _is_clip(ports.inputs, name) else x for name, x in inputs.items()}
    answers = {
        name: unfolded(x, ports.outputs[name], name) if _is_clip(ports.outputs, name) else x
        for name, x in model(flat).items()
    }
    return keras.Model(inputs, answers, name=model.name)


def _is_clip(fields: Mapping[str, Field], name: str) -> bool:
    return name in fields and fields[name].kind == "clip"


def folded(clip: Any) -> Any:
    """[b, t, h, w, c] → [b, h, w, t·c]."""
    t, height, width, channels = clip.shape[1:]
    moved = keras.layers.Permute((2, 3, 1, 4))(clip)
    return keras.layers.Reshape((height, width, t * channels))(moved)


def unfolded(picture: Any, field: Field, name: str) -> Any:
    """[b, h, w, t·c] → [b, t, h, w, c], float32."""
    t, height, width, channels = field.fixed_shape
    parted = keras.layers.Reshape((height, width, t, channels))(picture)
    return keras.layers.Permute((3, 1, 2, 4), dtype="float32", name=name)(parted)
