"""Two tiny models and the endpoints that serve them; no Keras anywhere."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pytest
import tensorflow as tf

from serving import AsyncClient, Client
from serving.server import Server

LATENT_SIZE = 4
NUM_CLASSES = 10
IMAGE_SHAPE = [8, 8, 1]

seed_spec = tf.TensorSpec([None], tf.int64, name="seed")
label_spec = tf.TensorSpec([None], tf.int64, name="label")
latent_spec = tf.TensorSpec([None, LATENT_SIZE], tf.float32, name="latent")
row_spec = tf.TensorSpec([None], tf.int64, name="row")
image_spec = tf.TensorSpec([None, *IMAGE_SHAPE], tf.uint8, name="image")
any_image_spec = tf.TensorSpec([None, None, None, 1], tf.uint8, name="image")
mask_spec = tf.TensorSpec([None, 8, 8, 1], tf.uint8, name="mask")
clip_spec = tf.TensorSpec([None, 2, *IMAGE_SHAPE], tf.uint8, name="clip")
clip_mask_spec = tf.TensorSpec([None, 2, 8, 8, 1], tf.uint8, name="mask")
strokes_spec = tf.TensorSpec([None, 8, 8, 4], tf.uint8, name="strokes")
text_spec = tf.TensorSpec([None], tf.string, name="text")
truncation_spec = tf.TensorSpec([None], tf.float32, name="truncation")


class HalfPlus(tf.Module):
    """y = 0.5 x + 2, z = 0.5 x + 3, the sum of four inputs, and strings unchanged."""

    def __init__(self, offset=2.0):
        super().__init__()
        self.slope = tf.Variable(0.5)
        self.offset = tf.Variable(offset)

    def save(self, path):
        """Writes the model with its signatures to `path`."""
        x = tf.TensorSpec(None, tf.float32, name="x")
        four = [tf.TensorSpec([None], tf.float32, name=name) for name in "abcd"]
        text = tf.TensorSpec([None], tf.string, name="s")
        count = tf.TensorSpec([None], tf.int64, name="n")
        make = tf.function
        signatures = {
            "serving_default": make(lambda x: {"y": self.slope * x + self.offset}, [x]),
            "plus_three": make(lambda x: {"z": self.slope * x + self.offset + 1.0}, [x]),
            "four": make(lambda a, b, c, d: {"sum": a + b + c + d, "a": tf.identity(a)}, four),
            "echo": make(lambda s: {"text": tf.identity(s), "raw_bytes": tf.identity(s)}, [text]),
            "slow": make(self.slow, [count]),
        }
        tf.saved_model.save(self, str(path), signatures=signatures)

    def slow(self, n):
        """Multiplies matrices `n` times, which takes about 10 µs each."""
        step = lambda i, x: (i + 1, tf.tanh(x @ x))  # noqa: E731
        start = (tf.constant(0, tf.int64), tf.ones([64, 64]))
        _, x = tf.while_loop(lambda i, x: i < n[0], step, start)
        return {"x": tf.reshape(x[0, 0], [1]) + tf.zeros_like(n, tf.float32)}


class TinyGenerator(tf.Module):
    """Ten classes of 8×8 images, or points in the plane, from a seed by plain arithmetic."""

    def __init__(self, images=True, prior="uniform"):
        super().__init__()
        self.images = images
        self.prior = prior
        self.size = 64 if images else 2
        weights = tf.sin(tf.range(LATENT_SIZE * self.size, dtype=tf.float32))
        self.weights = tf.Variable(tf.reshape(weights, [LATENT_SIZE, self.size]))

    def latents(self, seed):
        """Returns numbers in [-1, 1) that are exact in float32."""
        factors = tf.constant([2654435761, 2246822519, 3266489917, 668265263], tf.int64)
        mixed = (seed[:, None] * factors) % 65_521
        return tf.cast(mixed, tf.float32) / 32_768.0 - 1.0

    def decode(self, latent, label=None):
        """Returns images uint8 or points float32."""
        x = tf.linalg.matmul(latent, self.weights)
        if not self.images:
            return x
        x = tf.sigmoid(x + tf.cast(label, tf.float32)[:, None] - 5.0)
        return tf.cast(tf.reshape(255.0 * x, [-1, *IMAGE_SHAPE]), tf.uint8)

    def checked(self, label):
        """Fails for a label that is none."""
        limit = tf.constant(NUM_CLASSES, tf.int64)
        with tf.control_dependencies(
            [
                tf.debugging.assert_non_negative(label, "label out of range"),
                tf.debugging.assert_less(label, limit, "label out of range"),
            ]
        ):
            return tf.identity(label)

    def save(self, path):
        """Writes the model with the signatures of an export."""
        functions = self._image_signatures() if self.images else self._point_signatures()
        functions["latents"] = tf.function(lambda seed: {"latent": self.latents(seed)}, [seed_spec])
        text = json.dumps(describe(functions, self.images, self.prior))
        functions["describe"] = tf.function(
            lambda row: {"description": tf.fill(tf.shape(row), tf.constant(text))}, [row_spec]
        )
        functions["serving_default"] = functions["generate"]
        tf.saved_model.save(self, str(path), signatures=functions)

    def _image_signatures(self):
        def image(seed, label):
            return self.decode(self.latents(seed), self.checked(label))

        def png(images):
            return tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.string)

        def mean(image, label):
            x = tf.reduce_mean(tf.cast(image, tf.float32), [1, 2, 3])
            return {"realism": x + tf.cast(self.checked(label), tf.float32)}

        both = [seed_spec, label_spec]
        make = tf.function
        return {
            "generate": make(
                lambda seed: {"image": image(seed, seed % 10), "label": seed % 10}, [seed_spec]
            ),
            "generate_png": make(
                lambda seed: {"image_bytes": png(image(seed, seed % 10)), "label": seed % 10},
                [seed_spec],
            ),
            "generate_conditional": make(lambda seed, label: {"image": image(seed, label)}, both),
            "generate_conditional_png": make(
                lambda seed, label: {"image_bytes": png(image(seed, label))}, both
            ),
            "decode": make(
                lambda latent, label: {"image": self.decode(latent, self.checked(label))},
                [latent_spec, label_spec],
            ),
            "score": make(mean, [image_spec, label_spec]),
        }

    def _point_signatures(self):
        point = tf.TensorSpec([None, 2], tf.float32, name="sample")
        return {
            "generate": tf.function(
                lambda seed: {"sample": self.decode(self.latents(seed))}, [seed_spec]
            ),
            "decode": tf.function(lambda latent: {"sample": self.decode(latent)}, [latent_spec]),
            "score": tf.function(lambda sample: {"realism": tf.norm(sample, axis=1)}, [point]),
        }


DIGITS = [str(digit) for digit in range(NUM_CLASSES)]
# What is under a name, beyond shape and type.
FIELDS = {
    "seed": {"kind": "seed"},
    "label": {"kind": "label", "range": [0, 9], "names": DIGITS, "marginal": [0.1] * 10},
    "latent": {"kind": "latent"},
    "image": {"kind": "image", "range": [0, 255]},
    "clip": {"kind": "clip", "range": [0, 255]},
    "image_bytes": {"kind": "image"},
    "mask": {"kind": "mask", "range": [0, 1]},
    "strokes": {"kind": "strokes", "range": [0, 255]},
    "sample": {"kind": "vector"},
    "logits": {"kind": "vector"},
    "text": {"kind": "text", "about": {"vocabulary": ["a", "bright", "dark", "digit"]}},
    "truncation": {"kind": "scalar", "range": [0, 1]},
}


def fields(functions):
    """Returns what a description says of the inputs and outputs of signatures."""

    def field(name, tensor):
        about = FIELDS.get(name, {"kind": "scalar"})
        return {"shape": list(tensor.shape[1:]), "dtype": tensor.dtype.name} | about

    found = {}
    for name, function in functions.items():
        outputs = function.get_concrete_function().structured_outputs
        found[name] = {
            "inputs": {spec.name: field(spec.name, spec) for spec in function.input_signature},
            "outputs": {key: field(key, tensor) for key, tensor in outputs.items()},
        }
    return found


def describe(functions, images, prior):
    """Returns the description of a tiny generator, format 1."""
    known = fields(functions)
    signatures = {"describe": {"inputs": {"row": "int64"}, "outputs": {"description": "string"}}}
    for name, sides in known.items():
        signatures[name] = {
            side: {key: field["dtype"] for key, field in sides[side].items()} for side in sides
        }
    label = {
        "kind": "label",
        "num_classes": NUM_CLASSES,
        "names": DIGITS,
        "marginal": [0.1] * NUM_CLASSES,
    }
    image = {"output": "image", "shape": IMAGE_SHAPE, "dtype": "uint8", "range": [0, 255]}
    point = {"output": "sample", "shape": [2], "dtype": "float32", "range": None}
    return {
        "format": 1,
        "name": "tiny",
        "sample": image if images else point,
        "latent": {
            "size": LATENT_SIZE,
            "prior": prior,
            "layout": [{"name": "noise", "start": 0, "size": LATENT_SIZE}],
        },
        "condition": label if images else None,
        "objective": "non_saturating",
        "logits_are_probabilities": True,
        "signatures": signatures,
        "fields": known,
        "step": 1,
        "config_hash": "",
        "data_fingerprint": "",
        "versions": {},
    }


class Workshop(tf.Module):
    """Everything that takes a picture: 8×8 images with a negative, a caption, a class, a latent."""

    def save(self, path):
        """Writes the model with the signatures of games that have an encoder or an input."""
        functions = {
            name: tf.function(getattr(self, name), specs)
            for name, specs in {
                "translate_to_a": [any_image_spec],
                "translate_to_b": [image_spec, seed_spec],
                "reconstruct": [image_spec],
                "encode": [image_spec],
                "classify": [image_spec],
                "anomaly_score": [image_spec],
                "caption": [image_spec, seed_spec],
                "complete": [image_spec, mask_spec, seed_spec],
                "complete_clip": [clip_spec, clip_mask_spec, seed_spec],
                "edit": [image_spec, strokes_spec, seed_spec],
                "project": [image_spec, seed_spec],
                "generate_conditional": [seed_spec, label_spec, text_spec, image_spec],
                "generate_conditional_truncated": [seed_spec, label_spec, truncation_spec],
            }.items()
        }
        text = json.dumps(describe(functions, True, "uniform") | {"name": "workshop"})
        functions["describe"] = tf.function(
            lambda row: {"description": tf.fill(tf.shape(row), tf.constant(text))}, [row_spec]
        )
        tf.saved_model.save(self, str(path), signatures=functions)

    def translate_to_a(self, image):
        """Negatives of any size."""
        return {"image": 255 - image}

    def translate_to_b(self, image, seed):
        """Images of twice the height, moved by the seed."""
        twice = tf.repeat(image, 2, axis=1)
        return {"image": twice + tf.cast(seed % 256, tf.uint8)[:, None, None, None]}

    def reconstruct(self, image):
        """The images themselves."""
        return {"image": tf.identity(image)}

    def encode(self, image):
        """Four means."""
        rows = tf.reshape(tf.cast(image, tf.float32), [-1, LATENT_SIZE, 16])
        return {"latent": tf.reduce_mean(rows, 2)}

    def classify(self, image):
        """Ten logits; the mean decides."""
        logits = -tf.abs(mean_of(image)[:, None] / 25.6 - tf.range(10.0) - 0.5)
        return {"logits": logits, "label": tf.argmax(logits, 1)}

    def anomaly_score(self, image):
        """The mean."""
        return {"anomaly": mean_of(image)}

    def caption(self, image, seed):
        """Words for the mean."""
        words = tf.where(mean_of(image) < 128.0, "a dark digit é", "a bright digit")
        return {"text": tf.strings.join([words, tf.strings.as_string(seed)], " ")}

    def complete(self, image, mask, seed):
        """Unknown pixels become the seed."""
        fill = tf.cast(seed % 256, tf.uint8)[:, None, None, None] * (1 - mask)
        return {"image": image * mask + fill, "loss": mean_of(image * mask)}

    def complete_clip(self, clip, mask, seed):
        """As `complete`, of clips of two frames."""
        fill = tf.cast(seed % 256, tf.uint8)[:, None, None, None, None] * (1 - mask)
        return {"clip": clip * mask + fill, "loss": tf.cast(seed, tf.float32)}

    def edit(self, image, strokes, seed):
        """Painted pixels have the red of what was painted; the loss is the seed."""
        made = tf.where(strokes[..., 3:] > 127, strokes[..., :1], image)
        return {"image": made, "loss": tf.cast(seed, tf.float32)}

    def project(self, image, seed):
        """Latent, image and loss."""
        return self.encode(image) | {"image": image, "loss": tf.cast(seed, tf.float32)}

    def generate_conditional(self, seed, label, text, image):
        """Four inputs in one number."""
        parts = [seed, label, tf.strings.length(text), tf.cast(image[:, 0, 0, 0], tf.int64)]
        return {"sample": tf.stack([tf.cast(part, tf.float32) for part in parts], 1)}

    def generate_conditional_truncated(self, seed, label, truncation):
        """Three inputs."""
        parts = [tf.cast(seed, tf.float32), tf.cast(label, tf.float32), truncation]
        return {"sample": tf.stack(parts, 1)}


def mean_of(image):
    """The mean of every image, float32 [n]."""
    return tf.reduce_mean(tf.cast(image, tf.float32), [1, 2, 3])


@pytest.fixture(scope="session")
def half_plus_two(tmp_path_factory):
    """The base path of H: version 123."""
    base = tmp_path_factory.mktemp("half_plus_two")
    HalfPlus().save(base / "123")
    return base


@pytest.fixture(scope="session")
def half_plus_five(tmp_path_factory):
    """An export folder of a model that answers differently from H."""
    path = tmp_path_factory.mktemp("half_plus_five") / "export"
    HalfPlus(5.0).save(path)
    return path


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """The base path of the conditional generator: version 1."""
    base = tmp_path_factory.mktemp("digits")
    TinyGenerator().save(base / "1")
    return base


@pytest.fixture(scope="session")
def points(tmp_path_factory):
    """The base path of the unconditional generator of points: version 1."""
    base = tmp_path_factory.mktemp("points")
    TinyGenerator(images=False).save(base / "1")
    return base


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """The base path of the model of pictures from pictures: version 1."""
    base = tmp_path_factory.mktemp("workshop")
    Workshop().save(base / "1")
    return base


@pytest.fixture
def start_server():
    """Starts servers on ports of the system's choice and stops them after the test."""
    with contextlib.ExitStack() as stack:

        def start(base, **options):
            server = Server(str(base), port=0, rest_api_port=0, **options)
            return stack.enter_context(server)

        yield start


@pytest.fixture(scope="session")
def half_plus_two_server(half_plus_two):
    """H under the name "default", with the label "stable" for its version."""
    with Server(str(half_plus_two), port=0, rest_api_port=0, version_labels={"stable": 123}) as up:
        yield up


@pytest.fixture(scope="session")
def digits_server(digits):
    """The conditional generator under the name "digits"."""
    with Server(str(digits), "digits", port=0, rest_api_port=0) as up:
        yield up


@pytest.fixture(scope="session")
def points_server(points):
    """The generator of points under the name "points"."""
    with Server(str(points), "points", port=0, rest_api_port=0) as up:
        yield up


@pytest.fixture(scope="session")
def workshop_server(workshop):
    """The model of pictures from pictures under the name "workshop"."""
    with Server(str(workshop), "workshop", port=0, rest_api_port=0) as up:
        yield up


@pytest.fixture(params=["grpc", "rest"])
def target_of(request):
    """The address of a server for each of the two transports."""

    def target(server):
        rest = f"http://127.0.0.1:{server.rest_api_port}"
        return rest if request.param == "rest" else f"127.0.0.1:{server.port}"

    return target


class Blocking:
    """An AsyncClient whose methods wait, so that one test module serves both clients."""

    def __init__(self, *arguments, **options):
        self._runner = asyncio.Runner()
        self.client = AsyncClient(*arguments, **options)

    def __getattr__(self, name):
        method = getattr(self.client, name)
        return lambda *arguments, **options: self._runner.run(method(*arguments, **options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._runner.run(self.client.close())
        self._runner.close()


@pytest.fixture(scope="session", params=[Client, Blocking], ids=["sync", "async"])
def client_class(request):
    """Both clients, behind one interface."""
    return request.param


# "host:8500" or "host:8500,http://host:8501"; the model is named by SADDLEPOINT_TFSERVING_MODEL.
TF_SERVING = [target for target in os.environ.get("SADDLEPOINT_TFSERVING", "").split(",") if target]


@pytest.fixture(scope="session", params=["grpc", "rest", *TF_SERVING])
def endpoint(request):
    """The address and the model's name of a conditional image model: ours, and TF Serving's."""
    if request.param in TF_SERVING:
        return request.param, os.environ.get("SADDLEPOINT_TFSERVING_MODEL", "digits")
    server = request.getfixturevalue("digits_server")
    rest = f"http://127.0.0.1:{server.rest_api_port}"
    return (rest if request.param == "rest" else f"127.0.0.1:{server.port}"), "digits"


@pytest.fixture
def publish():
    """Copies an export to a version of a base path, as a whole: copied beside it, then renamed."""

    def copy(export, base, version):
        base.mkdir(exist_ok=True)
        temporary = base / f".{version}"
        shutil.copytree(export, temporary)
        temporary.rename(base / str(version))

    return copy
