"""What a report shows of codes."""

from types import SimpleNamespace

import numpy as np

from serving.description import Description
from trainer.evaluation import gallery
from trainer.evaluation.generators import Generator
from trainer.fields import Field

LAYOUT = [
    {"name": "noise", "kind": "noise", "start": 0, "size": 1},
    {"name": "category", "kind": "one_hot", "start": 1, "size": 3},
]
IMAGE = Field((2, 2, 1), "uint8", "image", (0, 255))


class Coded:
    """An export whose pictures are as bright as their category."""

    def __init__(self, layout=LAYOUT, condition=None):
        label = {"label": {"shape": [], "dtype": "int64", "kind": "label", "range": [0, 9]}}
        image = {"shape": [2, 2, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
        latent = {"shape": [4], "dtype": "float32", "kind": "latent"}
        told = label if condition else {}
        fields = {"decode": {"inputs": {"latent": latent, **told}, "outputs": {"image": image}}}
        self.description = Description(
            {
                "format": 1,
                "sample": {"output": "image"},
                "latent": {"prior": "uniform", "layout": layout},
                "condition": condition,
                "signatures": {"decode": {}, "latents": {}},
                "fields": fields,
            }
        )

    def run(self, signature, inputs):
        if signature == "latents":
            return {"latent": np.tile(np.float32([0.5, 0, 0, 1]), (len(inputs["seed"]), 1))}
        shades = 100 * inputs["latent"][:, 1:].argmax(axis=1)
        shape = (len(shades), 1, 1, 1)
        return {
            "image": np.broadcast_to(shades.reshape(shape), (len(shades), 2, 2, 1)).astype("u1")
        }


def shown(model):
    target = SimpleNamespace(generator=model and Generator(model))
    spec = SimpleNamespace(sample=IMAGE)
    return gallery._moved_codes(SimpleNamespace(target=target, spec=spec))


def test_a_report_shows_what_codes_do():
    (picture,) = shown(Coded())
    row = picture.pixels[0, ::58, 0][:10]
    np.testing.assert_array_equal(row, [0, 100, 200, 0, 100, 200, 0, 100, 200, 0])


def test_where_there_are_no_codes_none_are_shown():
    labels = {"kind": "label", "num_classes": 10, "names": list("0123456789")}
    assert shown(None) == shown(Coded(LAYOUT[:1])) == shown(Coded(condition=labels)) == []
