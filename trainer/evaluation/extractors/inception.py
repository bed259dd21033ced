"""Inception-v3 as a feature extractor: the frozen graph of 2015, or Keras' weights.

Only distances on the weights of 2015 are called FID, KID and IS (kind "inception"); Keras' weights
were trained anew and give other numbers (kind "classifier").
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from trainer import catalogue
from trainer.data import modalities
from trainer.data.examples import Dataset, DataSpec
from trainer.errors import ConfigError
from trainer.evaluation.extractors import Extractor, Features
from trainer.evaluation.extractors.blocks import check_samples, in_blocks
from trainer.evaluation.extractors.inception_network import (
    SIZE,
    Network,
    from_frozen_graph,
    from_keras,
)

_BLOCK = 32
_KERAS_ENDINGS = (".h5", ".hdf5", ".keras")
_REMEDIES = (
    "set evaluate.extractor.path to classify_image_graph_def.pb (unpacked from "
    "inception-2015-12-05.tgz, for the FID) or to Keras' InceptionV3 weights, or set "
    "evaluate.extractor.download=true to let Keras fetch its weights"
)


def make(
    options: catalogue.InceptionExtractor, dataset: Dataset, source: str, cache: Path
) -> Extractor:
    """Inception-v3 for grey or RGB images of any size.

    Raises:
        ConfigError: for samples that are not such images, and for weights that are missing or not
            Inception's.
    """
    spec = dataset.spec
    _check_images(spec)
    network = _network(options)
    resize = _RESIZED[options.resize]
    block = tf.TensorSpec([_BLOCK, SIZE, SIZE, 3], tf.float32)
    forward = tf.function(network.forward, input_signature=[block], autograph=False)

    def run(samples: np.ndarray) -> tuple[tf.Tensor, tf.Tensor | None]:
        found = forward(resize(_in_bytes(samples, spec)))
        return found["features"], found.get("logits")

    def extract(samples: np.ndarray) -> Features:
        check_samples(samples, spec)
        return in_blocks(run, samples, _BLOCK)

    form = f"{options.resize} {spec.sample.shape} {spec.sample.dtype} {spec.sample.limits}"
    digest = hashlib.sha256(f"{network.digest} {form}".encode()).hexdigest()
    name = f"inception{network.form}" + ("" if options.resize == "tfgan" else options.resize)
    return Extractor(
        name=f"{name}-{digest[:4]}",
        hash=digest,
        kind="classifier" if network.form else "inception",
        dimension=network.dimension,
        num_classes=network.num_classes,
        knows_labels=False,
        accuracy=None,
        extract=extract,
        origin=options.path or "keras.applications",
    )


def _network(options: catalogue.InceptionExtractor) -> Network:
    if options.path is None:
        if not options.download:
            raise ConfigError(f"evaluate.extractor.path: Inception needs weights; {_REMEDIES}.")
        return from_keras(None)
    path = Path(options.path).expanduser()
    if not path.is_file():
        raise ConfigError(f"evaluate.extractor.path: {path} is not a file; {_REMEDIES}.")
    if path.suffix == ".pb":
        return from_frozen_graph(path)
    if path.suffix in _KERAS_ENDINGS:
        return from_keras(path)
    raise ConfigError(
        f"evaluate.extractor.path: received {path}, and the accepted endings are .pb, "
        f"{', '.join(_KERAS_ENDINGS)}; {_REMEDIES}."
    )


# ---- Images --------------------------------------------------------------------------------------


def _check_images(spec: DataSpec) -> None:
    if spec.sample.kind != "image":
        raise ConfigError(
            "evaluate.extractor: inception is for images, and the data has points; take raw or "
            "classifier."
        )
    channels = spec.sample.shape[-1]
    if channels not in (1, 3):
        raise ConfigError(
            f"evaluate.extractor: inception is for grey or RGB images, and the data has "
            f"{channels} channels; set data.channels=3 when training, or take another one."
        )


def _in_bytes(samples: np.ndarray, spec: DataSpec) -> np.ndarray:
    """float32 RGB [n, h, w, 3] on [0, 255]; other types than bytes are scaled and clipped to it."""
    x = samples.astype(np.float32)
    if spec.sample.dtype != "uint8":
        x = np.clip((np.asarray(modalities.seen(samples, spec.sample)) + 1.0) * 127.5, 0.0, 255.0)
    return np.repeat(x, 3, axis=-1) if spec.sample.shape[-1] == 1 else x


def _resized_as_in_2015(images: np.ndarray) -> tf.Tensor:
    """Bilinear without antialiasing and with corners, not pixel centres, laid on each other.

    That is TensorFlow 1's `resize_bilinear`, a part of the graph of 2015 and of TF-GAN's
    `preprocess_image`. Keras and today's `tf.image.resize` lay pixel centres on each other.
    """
    return tf.raw_ops.ResizeBilinear(
        images=images, size=[SIZE, SIZE], align_corners=False, half_pixel_centers=False
    )


def _resized_cleanly(images: np.ndarray) -> np.ndarray:
    """Pillow's antialiased bicubic on float channels, neither rounded nor clipped.

    Reference: Parmar et al. 2022, "On aliased resizing and surprising subtleties in GAN
    evaluation" (clean-fid).
    """
    resized = np.empty((len(images), SIZE, SIZE, images.shape[-1]), np.float32)
    for image, result in zip(images, resized, strict=True):
        for channel in range(images.shape[-1]):
            picture = Image.fromarray(np.ascontiguousarray(image[..., channel]))
            larger = picture.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
            result[..., channel] = np.asarray(larger)
    return resized


_RESIZED: dict[str, Callable[[np.ndarray], tf.Tensor]] = {
    "tfgan": _resized_as_in_2015,
    "clean": _resized_cleanly,
}
