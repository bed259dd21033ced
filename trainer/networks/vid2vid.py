"""A generator of clips that makes each frame of the one before it (vid2vid, Wang et al. 2018)."""

from dataclasses import replace
from typing import Any

import keras

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.layers.warp import Warp
from trainer.networks.ports import Ports

# What the network of a frame is given, and what it answers.
_CONDITIONING, _BEFORE, _FRAME = "conditioning", "before", "frame"
_FLOW = 2


class Vid2Vid:
    """x_t = (1 - m_t) · warp(x_{t-1}, w_t) + m_t · h_t: what moved, and what is new.

    One network of pictures makes the flow w_t, the mask m_t and the new picture h_t of frame t of
    what is given, of the given frame before it and of x_{t-1}; all that is drawn, such as a latent,
    is the same for all frames: a clip has one style. Before the first frame everything is black.
    Gradients stop at x_{t-1}: a frame is not blamed for what came of it later.

    The paper's generator looks further back (two frames made, three given), and makes a foreground
    of its own where one is marked.

    Reference: Wang et al. 2018, "Video-to-video synthesis", equations 4 and 5.
    """

    def __init__(self, options: catalogue.Vid2Vid) -> None:
        self.options = options
        self.family = catalogue.resolve(options.of)(options.of)

    def generator(self, ports: Ports) -> keras.Model:
        """A clip and the conditioning → {"sample": a clip in [-1, 1], "flow": w in pixels}.

        Flows are float32 [b, t, h, w, 2], pixels down and to the right at most `reach` long; that
        of the first frame is zero.

        Raises:
            ConfigError: when no clip of as many frames is given, or none is to be made.
        """
        given, made = _clips(ports)
        step = self._step(ports, given, made)
        used = {given, *step.input}
        inputs = {name: x for name, x in ports.keras_inputs(key=True).items() if name in used}
        drawn = {name: x for name, x in inputs.items() if name != given}
        conditioning = inputs[given]
        black = keras.ops.full_like(conditioning[:, 0, :, :, :1], -1.0)
        before = keras.ops.repeat(black, made.fixed_shape[-1], axis=-1)
        past = keras.ops.full_like(conditioning[:, 0], -1.0)
        frames, flows = [], []
        for t in range(made.fixed_shape[0]):
            both = keras.ops.concatenate([conditioning[:, t], past], axis=-1)
            answer = step({**drawn, _CONDITIONING: both, _BEFORE: before})[_FRAME]
            frame, flow = self._composed(answer, before, first=t == 0)
            frames.append(frame)
            flows.append(flow)
            past = conditioning[:, t]
            if self.options.history:
                before = keras.ops.stop_gradient(frame)
        return keras.Model(
            inputs,
            {"sample": _stacked(frames, "sample"), "flow": _stacked(flows, "flow")},
            name="generator",
        )

    def _step(self, ports: Ports, given: str, made: Field) -> keras.Model:
        """The network of a frame: pictures and what is drawn → h, m, w as one picture."""
        _, height, width, channels = made.fixed_shape
        size = ports.inputs[given].fixed_shape[-1]
        others = {name: field for name, field in ports.inputs.items() if field.kind != "clip"}
        pictures = {
            _CONDITIONING: _picture(height, width, 2 * size),
            _BEFORE: _picture(height, width, channels),
        }
        answer = {_FRAME: _picture(height, width, channels + 1 + _FLOW)}
        step: keras.Model = self.family.generator(
            replace(ports, inputs={**pictures, **others}, outputs=answer)
        )
        return step

    def _composed(self, answer: Any, before: Any, *, first: bool) -> tuple[Any, Any]:
        """The frame and its flow; nothing has moved into the first one."""
        new = answer[..., : -1 - _FLOW]
        flow = self.options.reach * answer[..., -_FLOW:]
        if first or not self.options.history:
            return new, keras.ops.zeros_like(flow)
        mask = 0.5 + 0.5 * answer[..., -1 - _FLOW : -_FLOW]
        return (1.0 - mask) * Warp()((before, flow)) + mask * new, flow


def _clips(ports: Ports) -> tuple[str, Field]:
    """The name of the clip that is given, and the clip that is to be made of it."""
    given, made = ports.of_kind("clip"), ports.outputs.get("sample")
    if made is None or made.kind != "clip" or len(given) != 1:
        raise ConfigError(
            "network.name: received 'vid2vid', which makes clips of clips, but the game gives "
            f"{', '.join(ports.inputs)} and wants {', '.join(ports.outputs)}; set condition=clip "
            "on data of clips."
        )
    if ports.inputs[given[0]].fixed_shape[:3] != made.fixed_shape[:3]:
        raise ConfigError(
            f"network.name: received 'vid2vid' with a given clip of {ports.inputs[given[0]].shape} "
            f"and a sample of {made.shape}, but it makes a frame of each; give both as many frames "
            "of one size."
        )
    return given[0], made


def _picture(height: int, width: int, channels: int) -> Field:
    return Field((height, width, channels), kind="image", range=(-1.0, 1.0))


def _stacked(frames: list[Any], name: str) -> Any:
    return keras.layers.Activation("linear", dtype="float32", name=name)(
        keras.ops.stack(frames, axis=1)
    )
