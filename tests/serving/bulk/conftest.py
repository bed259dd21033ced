"""What the tests of bulk generation share: small runs, and further tiny models."""

import json
from pathlib import Path

import pytest
import tensorflow as tf

from serving.batch import ExecutionOptions, generate
from serving.bulk import formats
from tests.serving.conftest import LATENT_SIZE, TinyGenerator, describe, latent_spec, seed_spec

# All but csv, which holds one number or text a sample, and those of sequences and molecules alone.
ARRAY_FORMATS = tuple(name for name in formats.NAMES if name not in ("csv", "fasta", "smi"))
HERE = ExecutionOptions(workers=0, progress=False)


def tree(folder):
    """Every file below a folder with its content."""
    folder = Path(folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def data(folder):
    """Every file but the manifest, which also says where it was written."""
    return {name: content for name, content in tree(folder).items() if name != "manifest.json"}


def run(base, out, **options):
    """A small run in this process."""
    options = {"rows_per_shard": 4, "execution": HERE, "format": "npz"} | options
    if not {"per_class", "rows", "captions", "interpolate"} & set(options):
        options.setdefault("count", 10)
    return generate(str(base), str(out), **options)


class Captioned(tf.Module):
    """A number for a seed and the length of its caption."""

    def save(self, path):
        text_spec = tf.TensorSpec([None], tf.string, name="text")
        functions = {
            "generate_conditional": tf.function(
                lambda seed, text: {"sample": tf.stack(
                    [tf.cast(seed, tf.float32), tf.cast(tf.strings.length(text), tf.float32)], 1)},
                [seed_spec, text_spec],
            ),
        }  # fmt: skip
        document = describe(functions, False, "uniform") | {"condition": {"kind": "text"}}
        text = json.dumps(document)
        functions["describe"] = tf.function(
            lambda row: {"description": tf.fill(tf.shape(row), tf.constant(text))},
            [tf.TensorSpec([None], tf.int64, name="row")],
        )
        tf.saved_model.save(self, str(path), signatures=functions)


class People(tf.Module):
    """Rows of a table: an age and a pet."""

    def save(self, path):
        functions = {
            "generate": tf.function(
                lambda seed: {"age": tf.cast(seed, tf.float32) / 10.0, "pet": seed % 2}, [seed_spec]
            ),
        }  # fmt: skip
        document = describe(functions, False, "uniform")
        pet = {"kind": "label", "names": ["cat", "dog"]}
        document["fields"]["generate"]["outputs"]["pet"] |= pet
        text = json.dumps(document)
        functions["describe"] = tf.function(
            lambda row: {"description": tf.fill(tf.shape(row), tf.constant(text))},
            [tf.TensorSpec([None], tf.int64, name="row")],
        )
        tf.saved_model.save(self, str(path), signatures=functions)


class Coded(TinyGenerator):
    """Points whose latent is two numbers of noise, a one-hot code of one and a further number."""

    layout = (
        {"name": "noise", "start": 0, "size": 1},
        {"name": "kind", "start": 1, "size": 2, "kind": "one_hot"},
        {"name": "tilt", "start": 3, "size": 1},
    )

    def decode(self, latent, label=None):
        return latent[:, :2] + latent[:, 2:]

    def save(self, path):
        functions = {
            "generate": tf.function(
                lambda seed: {"sample": self.decode(self.latents(seed))}, [seed_spec]
            ),
            "decode": tf.function(lambda latent: {"sample": self.decode(latent)}, [latent_spec]),
            "latents": tf.function(lambda seed: {"latent": self.latents(seed)}, [seed_spec]),
        }
        document = describe(functions, False, "uniform")
        document["latent"] = {
            "size": LATENT_SIZE, "prior": "uniform", "layout": list(self.layout),
        }  # fmt: skip
        text = json.dumps(document)
        functions["describe"] = tf.function(
            lambda row: {"description": tf.fill(tf.shape(row), tf.constant(text))},
            [tf.TensorSpec([None], tf.int64, name="row")],
        )
        tf.saved_model.save(self, str(path), signatures=functions)


class Classifier(tf.Module):
    """Ten logits from the mean of an image: class 0 is dark, class 5 is bright."""

    def save(self, path):
        image = tf.TensorSpec([None, 8, 8, 1], tf.float32, name="image")

        def classify(image):
            mean = tf.reduce_mean(image, [1, 2, 3]) / 64.0 - 2.0
            none = tf.fill(tf.shape(mean), -9.0)
            return {"logits": tf.stack([-mean, *[none] * 4, mean, *[none] * 4], 1)}

        signatures = {"serving_default": tf.function(classify, [image])}
        tf.saved_model.save(self, str(path), signatures=signatures)


@pytest.fixture(scope="session")
def captioned(tmp_path_factory):
    """The base path of a model with a text condition."""
    base = tmp_path_factory.mktemp("captioned")
    Captioned().save(base / "1")
    return base


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    """The base path of a model of a table."""
    base = tmp_path_factory.mktemp("people")
    People().save(base / "1")
    return base


@pytest.fixture(scope="session")
def coded(tmp_path_factory):
    """The base path of a model with codes."""
    base = tmp_path_factory.mktemp("coded")
    Coded(images=False).save(base / "1")
    return base


@pytest.fixture(scope="session")
def classifier(tmp_path_factory):
    """The folder of a classifier of the digits."""
    path = tmp_path_factory.mktemp("classifier") / "model"
    Classifier().save(path)
    return path
