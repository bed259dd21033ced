"""The network of Inception-v3, from a frozen graph or from Keras.

The frozen graph of 2015 circulates in two forms, which share the weights and these names:

| tensor | inception-2015-12-05.tgz | frozen_inception_v1_2015_12_05 (TF-GAN) |
| --- | --- | --- |
| images on [-1, 1], 299×299 | `Mul:0`, after decoding and resizing | `Mul:0`, perhaps no node |
| features [n, 1, 1, 2048] | `pool_3:0` | `pool_3:0` |
| logits [n, 1008] | `pool_3` times the input of `softmax/logits/MatMul` | `logits:0` |

In the first form everything after `pool_3` is made for one image, so the logits are computed from
its matrix. As in the original Inception score they have no bias, which the softmax would have.

Reference: Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision".
"""

import contextlib
import hashlib
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from trainer.errors import ConfigError

# Height and width of the images that the network takes.
SIZE = 299

_INPUT, _POOL, _LOGITS, _MATRIX = "Mul", "pool_3", "logits", "softmax/logits/MatMul"
_NUM_FEATURES = 2048
# Of Inception-v3 between the images and pool_3: a graph with another number is another network.
_NUM_CONVOLUTIONS = 94
# The type of a serialised graph, which TensorFlow's public names do not include.
_GraphDef: Any = type(tf.Graph().as_graph_def())


class Network(NamedTuple):
    """A function from images on [0, 255] to features and logits.

    Attributes:
        forward: float32 [n, 299, 299, 3] → {"features": [n, 2048]}, and "logits" [n, k] where
            there are some; to be called in a tf.function.
        num_classes: k, or 0.
        digest: hexadecimal SHA-256 of what it was read from.
        form: "" for the graph that FID is defined with, "graph" for another frozen graph, "keras".
    """

    forward: Callable[[tf.Tensor], dict[str, tf.Tensor]]
    num_classes: int
    digest: str
    form: str
    dimension: int = _NUM_FEATURES


# ---- The frozen graph of 2015 --------------------------------------------------------------------


def from_frozen_graph(path: Path) -> Network:
    """Reads classify_image_graph_def.pb or TF-GAN's form of it.

    Raises:
        ConfigError: when the file is no graph, or lacks the tensors above.
    """
    content = path.read_bytes()
    graph = _parsed(content, path)
    outputs = _found_outputs(graph, path)
    graph = _without_removed_ops(_part(graph, outputs))
    convolutions = sum(node.op == "Conv2D" for node in graph.node)
    form = "" if convolutions == _NUM_CONVOLUTIONS else "graph"
    serialised = graph.SerializeToString()

    def forward(images: tf.Tensor) -> dict[str, tf.Tensor]:
        tensors = tf.graph_util.import_graph_def(
            _GraphDef.FromString(serialised),
            input_map={f"{_INPUT}:0": (images - 128.0) / 128.0},
            return_elements=list(outputs.values()),
            name="inception",
        )
        found = dict(zip(outputs, tensors, strict=True))
        features = tf.reshape(found["features"], [tf.shape(images)[0], -1])
        if "matrix" in found:
            return {"features": features, "logits": features @ found["matrix"]}
        if "logits" in found:
            return {"features": features, "logits": found["logits"]}
        return {"features": features}

    columns = _columns(forward, path)
    return Network(forward, columns.get("logits", 0), hashlib.sha256(content).hexdigest(), form)


def _parsed(content: bytes, path: Path) -> Any:
    try:
        graph = _GraphDef.FromString(content)
    except Exception as error:  # protobuf's DecodeError has no public name that lasts.
        raise ConfigError(
            f"evaluate.extractor.path: {path} is not a frozen TensorFlow graph; give "
            "classify_image_graph_def.pb, unpacked."
        ) from error
    return graph


def _found_outputs(graph: Any, path: Path) -> dict[str, str]:
    """What is wanted → the tensor that holds it."""
    nodes = {node.name: node for node in graph.node}
    used = {_node_name(name) for node in graph.node for name in node.input}
    if _POOL not in nodes or _INPUT not in nodes.keys() | used:
        names = list(nodes)
        shown = ", ".join([*names[:3], "…", *names[-3:]] if len(names) > 6 else names) or "none"
        raise ConfigError(
            f"evaluate.extractor.path: {path} has no tensors {_INPUT}:0 and {_POOL}:0, so it is "
            f"not the Inception graph of 2015 (its nodes: {shown}); give "
            "classify_image_graph_def.pb, or use another SavedModel with the extractor saved_model."
        )
    outputs = {"features": f"{_POOL}:0"}
    if _LOGITS in nodes:
        outputs["logits"] = f"{_LOGITS}:0"
    elif _MATRIX in nodes:
        outputs["matrix"] = f"{_node_name(nodes[_MATRIX].input[1])}:0"
    return outputs


def _node_name(name: str) -> str:
    """The node of a tensor or a control input: "^a", "a" and "a:1" are of node "a"."""
    return name.lstrip("^").partition(":")[0]


def _part(graph: Any, outputs: dict[str, str]) -> Any:
    """The nodes between the input, which becomes a placeholder, and the outputs."""
    nodes = {node.name: node for node in graph.node}
    part = _GraphDef()
    part.versions.CopyFrom(graph.versions)
    placeholder = part.node.add(name=_INPUT, op="Placeholder")
    placeholder.attr["dtype"].type = tf.float32.as_datatype_enum
    waiting, seen = [_node_name(name) for name in outputs.values()], {_INPUT}
    while waiting:
        name = waiting.pop()
        if name not in seen and name in nodes:
            seen.add(name)
            part.node.add().CopyFrom(nodes[name])
            waiting += [_node_name(x) for x in nodes[name].input]
    return part


def _without_removed_ops(graph: Any) -> Any:
    """Replaces the batch normalisation of 2015, which TensorFlow's functions refuse to run.

    BatchNormWithGlobalNormalization(t, m, v, β, γ) is (t - m)·(v + ε)^-½ (·γ) + β.
    """
    result = _GraphDef()
    result.versions.CopyFrom(graph.versions)
    for node in graph.node:
        if node.op != "BatchNormWithGlobalNormalization":
            result.node.add().CopyFrom(node)
            continue
        t, mean, variance, beta, gamma = node.input
        epsilon = np.float32(node.attr["variance_epsilon"].f)
        constant = result.node.add(name=f"{node.name}/epsilon", op="Const")
        constant.attr["dtype"].type = tf.float32.as_datatype_enum
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(epsilon))
        _add(result, f"{node.name}/shifted_variance", "AddV2", variance, constant.name)
        _add(result, f"{node.name}/scale", "Rsqrt", f"{node.name}/shifted_variance")
        _add(result, f"{node.name}/centred", "Sub", t, mean)
        scaled = _add(
            result, f"{node.name}/scaled", "Mul", f"{node.name}/centred", f"{node.name}/scale"
        )
        if node.attr["scale_after_normalization"].b:
            scaled = _add(result, f"{node.name}/gamma", "Mul", scaled, gamma)
        _add(result, node.name, "AddV2", scaled, beta)
    return result


def _add(graph: Any, name: str, op: str, *inputs: str) -> str:
    node = graph.node.add(name=name, op=op, input=inputs)
    node.attr["T"].type = tf.float32.as_datatype_enum
    return name


def _columns(forward: Any, path: Path) -> dict[str, int]:
    """Columns of each output, from one grey image."""
    try:
        found = tf.function(forward, autograph=False)(tf.fill([1, SIZE, SIZE, 3], 128.0))
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise ConfigError(
            f"evaluate.extractor.path: {path} cannot be run "
            f"({' '.join(str(error).split())[:200]}); give classify_image_graph_def.pb as it was "
            "published."
        ) from error
    columns = {name: int(tensor.shape[-1]) for name, tensor in found.items()}
    if columns["features"] != _NUM_FEATURES:
        raise ConfigError(
            f"evaluate.extractor.path: pool_3 of {path} has {columns['features']} features, and "
            f"that of the Inception graph of 2015 has {_NUM_FEATURES}; give "
            "classify_image_graph_def.pb as it was published."
        )
    return columns


# ---- Keras ---------------------------------------------------------------------------------------


def from_keras(path: Path | None) -> Network:
    """Keras' InceptionV3 with the weights of a file, or with those that Keras downloads.

    The file holds weights (.weights.h5, or Keras' own .h5 files) or a whole model (.keras), with or
    without the classes on top.

    Raises:
        ConfigError: when the weights cannot be had, or are not InceptionV3's.
    """
    with _plain_keras():
        model = _downloaded() if path is None else _loaded(path)
    outputs = {"features": model.output}
    if _has_top(model):
        outputs = {"features": model.get_layer("avg_pool").output, "logits": model.output}
    both = keras.Model(model.input, outputs, name="inception")
    digest = hashlib.sha256()
    for array in both.get_weights():
        digest.update(array.tobytes())
    num_classes = outputs["logits"].shape[-1] if "logits" in outputs else 0

    def forward(images: tf.Tensor) -> dict[str, tf.Tensor]:
        result: dict[str, tf.Tensor] = both(images / 127.5 - 1.0, training=False)
        return result

    return Network(forward, num_classes, digest.hexdigest(), form="keras")


def _has_top(model: keras.Model) -> bool:
    return any(layer.name == "predictions" for layer in model.layers)


def _built(weights: str | None, has_top: bool) -> keras.Model:
    """InceptionV3 for 299×299 RGB: with logits as its output, or with pooled features."""
    return keras.applications.InceptionV3(
        weights=weights,
        include_top=has_top,
        input_shape=(SIZE, SIZE, 3),
        pooling=None if has_top else "avg",
        classifier_activation=None,
    )


def _downloaded() -> keras.Model:
    try:
        return _built("imagenet", has_top=True)
    except Exception as error:  # Keras wraps what went wrong in a bare Exception.
        raise ConfigError(
            f"evaluate.extractor.download: Keras could not fetch its weights "
            f"({' '.join(str(error).split())[:200]}); try again, or set evaluate.extractor.path to "
            "a file of them."
        ) from error


def _loaded(path: Path) -> keras.Model:
    """The network with the file's weights: with the top if it has one, else without."""
    reason = ""
    for has_top in (True, False):
        model = _built(None, has_top)
        try:
            _load_weights(model, path)
        except (ValueError, OSError, KeyError, TypeError, AttributeError) as error:
            reason = reason or " ".join(str(error).split())[:200]
        else:
            return model
    raise ConfigError(
        f"evaluate.extractor.path: {path} does not hold weights of Keras' InceptionV3 ({reason}); "
        "give inception_v3_weights_tf_dim_ordering_tf_kernels.h5, or a file that Keras saved."
    )


def _load_weights(model: keras.Model, path: Path) -> None:
    with warnings.catch_warnings():
        # Keras warns of every part that a file lacks, and then raises or finds it elsewhere.
        warnings.simplefilter("ignore")
        if path.suffix == ".keras":
            model.set_weights(keras.saving.load_model(path, compile=False).get_weights())
        else:
            model.load_weights(path)


@contextlib.contextmanager
def _plain_keras() -> Iterator[None]:
    """Float32 and no trace in random states, whatever the caller's settings are.

    Keras' applications read the global dtype policy, and their initialisers (whose values are
    overwritten) take seeds from Python's global stream.
    """
    policy, state = keras.config.dtype_policy(), random.getstate()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        random.setstate(state)
