"""From a run to a SavedModel with named signatures, warm-up requests and a description.

The signatures are a contract with serving clients: names, dtypes and sets of outputs never change.
Every input and output has one row a sample, so that a server may batch requests.
"""

import json
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from trainer.config.experiment import Experiment
from trainer.config.recipe import to_yaml
from trainer.data import modalities
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError, RunError
from trainer.evaluation import card, selection
from trainer.files import is_remote, join, published_folder
from trainer.game import averaging
from trainer.game.assembly import assemble, float32_discriminator
from trainer.game.sampling import Sampler
from trainer.run.checkpoints import Checkpoints
from trainer.run.directory import RunDirectory

_WARMUP = "tf_serving_warmup_requests"
Signature = Callable[..., dict[str, tf.Tensor]]


class Export(NamedTuple):
    """An export.

    Attributes:
        path: of the version's folder.
        step: of the checkpoint that was exported.
        reason: why this one, such as "the last one".
    """

    path: str
    step: int
    reason: str


def export_run(run_dir: str | Path, to: str | Path, checkpoint: str = "last") -> Export:
    """Writes `to/<next integer>/`, whole or not at all.

    Args:
        run_dir: of a run that has a checkpoint; local or remote.
        to: the model's base directory; local or remote, made when it does not exist.
        checkpoint: "last", the step of a checkpoint that the run still keeps, "best" or
            "best:NUMBER" (`trainer.evaluation.selection`).

    Raises:
        ConfigError: when there is no run, no such checkpoint, or no such place.
        RunError: when the place cannot be written (a full disk, say).
    """
    run = RunDirectory(run_dir)
    experiment, spec = run.read_experiment(), run.read_spec()
    game = assemble(experiment, spec)
    checkpoints = Checkpoints(game, run.checkpoints)
    which, reason = selection.choose(run, experiment, checkpoint, checkpoints.kept())
    step = checkpoints.restore(which)
    if step is None:
        raise ConfigError(f"RUN_DIR: {run.path!r} has no checkpoint yet; train it first.")
    game.sampler.refresh_statistics()
    judge = float32_discriminator(experiment, game.sampler)
    averaging.copy_weights(game.gan.discriminator, judge)
    module = ExportedModel(game.sampler, judge, experiment, step)
    documents = _documents(run, experiment, spec, step, reason, sorted(module.functions))
    path = _publish(module, documents, os.fspath(to))
    return Export(path, step, reason)


class ExportedModel(tf.Module):
    """The signatures of one generator as TensorFlow functions over its variables.

    It holds variables and functions only, no Keras objects: what is loaded needs TensorFlow alone.
    """

    def __init__(
        self, sampler: Sampler, judge: keras.Model, experiment: Experiment, step: int
    ) -> None:
        super().__init__(name="saddlepoint")
        models = (sampler.generator, judge)
        self.weights = [v.value for model in models for v in model.variables]
        functions = _signatures(sampler, judge)
        document = _description(experiment, sampler, step, functions)
        text = json.dumps(document, sort_keys=True)

        def describe(row: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"description": tf.fill(tf.shape(row), text)}

        row = {"row": tf.TensorSpec([None], tf.int64)}
        self.functions = {**functions, "describe": _traced(describe, row)}

    def save(self, folder: str, documents: Mapping[str, str]) -> None:
        """Writes the SavedModel with its warm-up requests, and texts by their names beside them."""
        signatures = dict(self.functions)
        signatures["serving_default"] = signatures["generate"]
        tf.saved_model.save(self, folder, signatures=signatures)
        extra = os.path.join(folder, "assets.extra")
        os.makedirs(extra)
        _write_warmup(os.path.join(extra, _WARMUP), self.functions)
        for name, text in documents.items():
            Path(extra, name).write_text(text, encoding="utf-8")


# ---- The signatures ------------------------------------------------------------------------------


def _signatures(sampler: Sampler, judge: keras.Model) -> dict[str, Any]:
    """Name → TensorFlow function; the conditional ones only where the model has a condition."""
    seed = {"seed": tf.TensorSpec([None], tf.int64)}
    label = {"label": tf.TensorSpec([None], tf.int64)} if sampler.condition.size else {}
    latent = {"latent": tf.TensorSpec([None, sampler.prior.size], tf.float32)}
    output, dtype = sample_output(sampler)
    sample = {output: tf.TensorSpec([None, *sampler.spec.sample.shape], dtype)}

    def generate(seed: tf.Tensor) -> dict[str, tf.Tensor]:
        drawn = sampler.labels(seed)
        labelled = {} if drawn is None else {"label": drawn}
        return {output: sampler.generate(seed, drawn), **labelled}

    def generate_conditional(seed: tf.Tensor, label: tf.Tensor) -> dict[str, tf.Tensor]:
        return {output: sampler.generate(seed, label)}

    def decode(latent: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        return {output: sampler.decode(latent, label)}

    def score(*, label: tf.Tensor | None = None, **sample: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = {"sample": modalities.seen(sample[output], sampler.spec.sample)}
        condition = sampler.condition.encode(label)
        if condition is not None:
            inputs["condition"] = condition
        return {"realism": judge(inputs, training=False)["logits"]}

    functions: dict[str, tuple[Signature, dict[str, tf.TensorSpec]]] = {
        "generate": (generate, seed),
        "latents": (lambda seed: {"latent": sampler.latents(seed)}, seed),
        "decode": (decode, latent | label),
        "score": (score, sample | label),
    }
    if label:
        functions["generate_conditional"] = (generate_conditional, seed | label)
    if (
        sampler.spec.sample.kind == "image"
        and sampler.spec.sample.fixed_shape[-1] <= 4
        and output == "image"
    ):
        for name in [n for n in functions if n.startswith("generate")]:
            function, inputs = functions[name]
            functions[f"{name}_png"] = (_as_png(function), inputs)
    return {name: _traced(function, inputs) for name, (function, inputs) in functions.items()}


def sample_output(sampler: Sampler) -> tuple[str, tf.DType]:
    """What a sample is called and made of: integer images are `image`, all else is `sample`."""
    dtype = tf.as_dtype(sampler.spec.sample.dtype)
    is_picture = sampler.spec.sample.kind == "image" and dtype.is_integer
    return ("image", dtype) if is_picture else ("sample", tf.float32)


def _as_png(generate: Signature) -> Signature:
    def generate_png(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = dict(generate(**inputs))
        images = outputs.pop("image")
        encoded = tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.string)
        return {"image_bytes": encoded, **outputs}

    return generate_png


def _traced(function: Signature, inputs: dict[str, tf.TensorSpec]) -> Any:
    """A tf.function of exactly these named inputs."""
    named = {
        name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in inputs.items()
    }
    compiled = tf.function(lambda **tensors: function(**tensors))
    return compiled.get_concrete_function(**named)


# ---- What a remote client may know ---------------------------------------------------------------


def _description(
    experiment: Experiment, sampler: Sampler, step: int, signatures: dict[str, Any]
) -> dict[str, Any]:
    output, dtype = sample_output(sampler)
    objective = experiment.objective.name
    return {
        "format": 1,
        "name": experiment.name,
        "sample": {
            "output": output,
            "shape": list(sampler.spec.sample.shape),
            "dtype": dtype.name,
            "range": list(sampler.spec.sample.limits),
        },
        "latent": {
            "size": sampler.prior.size,
            "prior": sampler.prior.name,
            "layout": sampler.prior.layout,
        },
        "condition": sampler.condition.describe(),
        "objective": objective,
        "logits_are_probabilities": objective in ("minimax", "non_saturating"),
        "signatures": {name: _types(function) for name, function in signatures.items()}
        | {"describe": {"inputs": {"row": "int64"}, "outputs": {"description": "string"}}},
        "step": step,
        "config_hash": experiment.hash,
        "data_fingerprint": sampler.spec.fingerprint,
        "versions": {
            "saddlepoint": version("saddlepoint"),
            "tensorflow": version("tensorflow"),
            "keras": version("keras"),
        },
    }


def _types(function: Any) -> dict[str, dict[str, str]]:
    inputs = function.structured_input_signature[1]
    return {
        "inputs": {name: spec.dtype.name for name, spec in inputs.items()},
        "outputs": {n: t.dtype.name for n, t in function.structured_outputs.items()},
    }


# ---- What a person may know ----------------------------------------------------------------------


def _documents(
    run: RunDirectory,
    experiment: Experiment,
    spec: DataSpec,
    step: int,
    reason: str,
    signatures: list[str],
) -> dict[str, str]:
    """The experiment, from which `gan evaluate` knows the data, and the model card."""
    evaluations = [e for e in selection.history(run.rows(selection.FILE)) if e.step == step]
    # The one that decided, else the fullest; of equal ones the newest.
    evaluations.sort(key=lambda e: (any(n.name in reason for n in e.numbers), len(e.numbers)))
    model_card = card.model_card(
        experiment,
        spec,
        step=step,
        reason=reason,
        signatures=signatures,
        evaluation=evaluations[-1] if evaluations else None,
        training_seconds=card.training_seconds(experiment, run.rows("metrics.jsonl"), step),
    )
    return {
        "config.yaml": to_yaml(experiment),
        "model_card.json": json.dumps(model_card, indent=1, ensure_ascii=False),
        "model_card.md": card.markdown(model_card),
    }


# ---- Writing -------------------------------------------------------------------------------------


def _write_warmup(path: str, signatures: dict[str, Any]) -> None:
    """One request of one row a signature, in the form that TF Serving replays at loading."""
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    with tf.io.TFRecordWriter(path) as writer:
        for name, function in signatures.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.signature_name = name
            for tensor in function.structured_input_signature[1].values():
                zeros = np.zeros([1, *tensor.shape[1:]], tensor.dtype.as_numpy_dtype)
                request.inputs[tensor.name].CopyFrom(tf.make_tensor_proto(zeros))
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())


def _publish(module: ExportedModel, documents: Mapping[str, str], base: str) -> str:
    """Saves the module as the base directory's next version and returns its path."""
    try:
        tf.io.gfile.makedirs(base)
    except tf.errors.OpError as error:
        raise ConfigError(
            f"--to: {base!r} cannot be written ({error.message}); give a directory that can."
        ) from error
    while True:
        target = join(base, str(_next_version(base)))
        try:
            with published_folder(target, marker="saved_model.pb") as folder:
                module.save(folder, documents)
            return target
        except FileExistsError:  # Another export took the number; take the next.
            continue
        except (OSError, tf.errors.OpError) as error:
            if os.path.isdir(target):
                continue
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
            raise RunError(
                f"--to: {base!r} cannot be written ({reason}); nothing was left there."
            ) from error


def is_version_whole(base: str, number: int) -> bool:
    """Whether a base directory holds this version, complete."""
    return bool(tf.io.gfile.exists(join(base, str(number), "saved_model.pb")))


def _next_version(base: str) -> int:
    """One more than the newest version; on an object store, uploads cut short do not count."""
    names = [name.rstrip("/") for name in tf.io.gfile.listdir(base)]
    numbers = [int(name) for name in names if name.isdecimal()]
    if is_remote(base):
        numbers = [number for number in numbers if is_version_whole(base, number)]
    return max(numbers, default=0) + 1
