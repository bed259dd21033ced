"""From a run to a SavedModel with named signatures, warm-up requests and a description.

The signatures are a contract with serving clients: names, dtypes and sets of outputs never change.
Every input and output has one row a sample, so that a server may batch requests.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from serving.versions import MARKER, is_version
from trainer.config.experiment import Experiment
from trainer.config.places import require_reachable
from trainer.config.recipe import to_yaml, with_overrides
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError, RunError
from trainer.evaluation import card, selection
from trainer.fields import Field
from trainer.files import file_system, is_remote, join, published_folder, reason_of
from trainer.game.assembly import assemble
from trainer.game.live import LiveModel
from trainer.game.signatures.signature import Signature
from trainer.run import mixing
from trainer.run.checkpoints import Checkpoints
from trainer.run.directory import RunDirectory

_WARMUP = "tf_serving_warmup_requests"


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


def export_run(
    run_dir: str | Path,
    to: str | Path,
    checkpoint: str = "last",
    overrides: Sequence[str] = (),
    *,
    mix: str | None = None,
) -> Export:
    """Writes `to/<next integer>/`, whole or not at all.

    Args:
        run_dir: of a run that has a checkpoint; local or remote.
        to: the model's base directory; local or remote, made when it does not exist.
        checkpoint: "last", the step of a checkpoint that the run still keeps, "best" or
            "best:NUMBER" (`trainer.evaluation.selection`).
        overrides: `KEY=VALUE` of `export.*`, such as "export.searches=[complete]".
        mix: "WHERE=SHARE": weights of which a share is another checkpoint's
            (`trainer.run.mixing`).

    Raises:
        ConfigError: when there is no run, no such checkpoint or no such place, or the overrides do
            not fit the run.
        RunError: when the place cannot be written (a full disk, say).
    """
    run = RunDirectory(run_dir)
    experiment, spec = _overridden(run, overrides), run.read_spec()
    game = assemble(experiment, spec)
    checkpoints = Checkpoints(game, run.checkpoints)
    which, reason = selection.choose(run, experiment, checkpoint, checkpoints.kept())
    step = checkpoints.restore(which)
    if step is None:
        raise ConfigError(f"RUN_DIR: {run.path!r} has no checkpoint yet; train it first.")
    if mix is not None:
        reason += f", with {mixing.mix(game, checkpoints, mix)}"
    module = ExportedModel(game.live)
    documents = _documents(run, experiment, spec, step, reason, sorted(module.functions))
    path = _publish(module, documents, os.path.expanduser(to))
    return Export(path, step, reason)


def _overridden(run: RunDirectory, overrides: Sequence[str]) -> Experiment:
    """The run's experiment with other exports.

    Raises:
        ConfigError: when the overrides touch anything else.
    """
    recorded = run.read_experiment()
    experiment = with_overrides(recorded, overrides)
    if experiment.model_copy(update={"export": recorded.export}) != recorded:
        raise ConfigError(
            f"--set: received {', '.join(overrides)} for the run {run.path!r}; of what is exported "
            "only export.* can be set."
        )
    return experiment


class ExportedModel(tf.Module):
    """The signatures of a game as TensorFlow functions over its variables.

    It holds variables and functions only, no Keras objects: what is loaded needs TensorFlow alone.
    """

    def __init__(self, live: LiveModel) -> None:
        super().__init__(name="saddlepoint")
        self.weights = [v.value for n in live.networks.values() for v in n.model.variables]
        text = json.dumps(live.description.document)  # the order of inputs says something

        def describe(row: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"description": tf.fill(tf.shape(row), text)}

        row = Signature({"row": Field(dtype="int64", kind="scalar")}, {}, describe)
        offered = {name: s for name, s in live.signatures.items() if s.exported}
        self.functions = {name: _traced(s) for name, s in {**offered, "describe": row}.items()}

    def save(self, folder: str, documents: Mapping[str, str]) -> None:
        """Writes the SavedModel with its warm-up requests, and texts by their names beside them."""
        signatures = dict(self.functions)
        default = "generate" if "generate" in signatures else next(iter(signatures))
        signatures["serving_default"] = signatures[default]
        tf.saved_model.save(self, folder, signatures=signatures)
        extra = os.path.join(folder, "assets.extra")
        os.makedirs(extra)
        _write_warmup(os.path.join(extra, _WARMUP), self.functions)
        for name, text in documents.items():
            Path(extra, name).write_text(text, encoding="utf-8")


def _traced(signature: Signature) -> Any:
    """A tf.function of exactly these named inputs."""
    named = {
        name: tf.TensorSpec([None, *field.shape], field.dtype, name=name)
        for name, field in signature.inputs.items()
    }
    compiled = tf.function(lambda **tensors: dict(signature.function(**tensors)), autograph=False)
    return compiled.get_concrete_function(**named)


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
                request.inputs[tensor.name].CopyFrom(_zero_row(tensor))
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())


def _zero_row(spec: tf.TensorSpec) -> Any:
    """One row of zeros, or of empty strings; open sides have length one."""
    shape = [1, *(side or 1 for side in spec.shape[1:])]
    empty = b"" if spec.dtype == tf.string else 0
    return tf.make_tensor_proto(np.full(shape, empty, spec.dtype.as_numpy_dtype), dtype=spec.dtype)


def _publish(module: ExportedModel, documents: Mapping[str, str], base: str) -> str:
    """Saves the module as the base directory's next version and returns its path."""
    require_reachable("--to", base)
    try:
        file_system(base).make_folder(base)
    except OSError as error:
        raise ConfigError(
            f"--to: {base!r} cannot be written ({reason_of(error)}); give a directory that can."
        ) from error
    while True:
        target = join(base, str(_next_version(base)))
        try:
            with published_folder(target, marker=MARKER) as folder:
                module.save(folder, documents)
            return target
        except FileExistsError:  # Another export took the number; take the next.
            continue
        except (OSError, tf.errors.OpError) as error:
            if os.path.isdir(target):
                continue
            raise RunError(
                f"--to: {base!r} cannot be written ({reason_of(error)}); nothing was left there."
            ) from error


def is_version_whole(base: str, number: int) -> bool:
    """Whether a base directory holds this version, complete."""
    return is_version(join(base, str(number)))


def _next_version(base: str) -> int:
    """One more than the newest version; on an object store, uploads cut short do not count."""
    numbers = [int(name) for name in file_system(base).names(base) if name.isdecimal()]
    if is_remote(base):
        numbers = [number for number in numbers if is_version_whole(base, number)]
    return max(numbers, default=0) + 1
