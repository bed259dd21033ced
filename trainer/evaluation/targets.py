"""What is evaluated: a run's checkpoint, an export, or samples from anywhere."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from serving.exported import ExportedModel
from serving.versions import MARKER, complete_versions, version_path
from trainer.catalogue import Pairs
from trainer.config.experiment import Experiment
from trainer.config.places import no_target
from trainer.config.recipe import make_experiment, parse_yaml, with_overrides
from trainer.data.sources.pairs import files_of
from trainer.errors import ConfigError
from trainer.evaluation import sample_files, table_files
from trainer.evaluation.file_pairs import FilePairs, have_own_sizes
from trainer.evaluation.generators import Generator, samples_of, translations_of
from trainer.evaluation.reference import Reference
from trainer.evaluation.sample_files import SampleFiles
from trainer.evaluation.samples import SampleSet
from trainer.files import join, read_text
from trainer.game.assembly import Game, assemble, make_round
from trainer.run.checkpoints import Checkpoints
from trainer.run.directory import RunDirectory

EXPORTED_CONFIG = os.path.join("assets.extra", "config.yaml")


@dataclass(frozen=True)
class Target:
    """Something to be evaluated.

    Attributes:
        name: as the person named it.
        experiment: what is resolved of data and evaluation; the run's own where there is a run.
        recipe: the name of the run's recipe; empty for samples from elsewhere.
        step: of the checkpoint; None for samples from elsewhere.
        generator: None for samples from elsewhere.
        config_hash: of the run's experiment; empty for samples from elsewhere.
        trained_on: fingerprint of the training examples; empty where it is not known.
        has_reference: whether it is measured against data that the person named.
        game: of a run: its players, for metrics that play on; else None.
        files: samples from elsewhere, else None; those that lie beside their truths are data.
        pairs: samples from elsewhere beside their truths, of several sizes; else None.
    """

    name: str
    experiment: Experiment
    recipe: str = ""
    step: int | None = None
    config_hash: str = ""
    trained_on: str = ""
    has_reference: bool = False
    generator: Generator | None = None
    game: Game | None = None
    files: SampleFiles | None = None
    pairs: FilePairs | None = None

    def samples(self, reference: Reference) -> SampleSet:
        """The samples to be judged, beside real ones of this data.

        Raises:
            ConfigError: when files hold samples of another kind, or the model cannot be asked what
                `evaluate.signature` says.
        """
        options, spec = self.experiment.evaluate, reference.dataset.spec
        if self.generator is None:
            return self._samples_of_files(reference)
        signature = self.generator.asked_for(options.signature)
        if signature is None:
            return samples_of(self.generator, options.num_samples, options.seed, spec.sample)
        given = make_round(self.experiment, spec).example_input
        return translations_of(
            *(self.generator, signature, options.num_samples, options.seed),
            *(reference.examples, given, spec.sample),
        )

    def _samples_of_files(self, reference: Reference) -> SampleSet:
        options = self.experiment.evaluate
        if options.signature is not None:
            raise ConfigError(
                f"evaluate.signature: received {options.signature!r} with samples in files, which "
                "can be asked nothing; leave it out."
            )
        if self.pairs is not None:
            return self.pairs.made
        if self.files is None:
            return sample_files.beside_truths(reference.dataset, options.num_samples)
        spec, count = reference.dataset.spec, options.num_samples
        if self.files.lines:
            return sample_files.numbered(self.files, spec, count)
        if self.files.texts is not None:
            rows = table_files.rows_of(self.files.texts, spec.sample)
            return SampleSet.of_array(rows, count)
        return SampleSet.of_examples(sample_files.like(self.files, spec), count)


def of_game(name: str, experiment: Experiment, game: Game, step: int) -> Target:
    """The present state of a game."""
    generator = Generator(game.live)
    return Target(
        name,
        experiment,
        recipe=experiment.name,
        step=step,
        config_hash=experiment.hash,
        trained_on=game.live.spec.fingerprint,
        generator=generator,
        game=game,
    )


def open_target(
    target: str,
    overrides: Sequence[str] = (),
    *,
    reference: str | None = None,
    truths: str | None = None,
) -> Target:
    """Finds out what a path is, and opens it; of a run, the checkpoints are still to be restored.

    Args:
        target: a run directory, an export's base or version directory, or samples.
        overrides: `KEY=VALUE` of `evaluate.*`, and of `data.*` where the data is not a run's own.
        reference: the real samples, such as "tfds:mnist:test"; needed for samples from elsewhere.
        truths: instead of it, a folder that holds what each picture of the folder `target` should
            be, under the same name.

    Raises:
        ConfigError: when it is none of these, or the overrides do not fit it.
    """
    if truths is not None:
        return _beside_truths(target, truths, overrides)
    if tf.io.gfile.exists(join(target, "config.yaml")):
        _refuse_reference(reference, target)
        return _run(target, overrides)
    if complete_versions(target) or tf.io.gfile.exists(join(target, MARKER)):
        return _export(target, overrides, reference)
    if not sample_files.exists(target):
        raise no_target(target)
    if reference is None:
        raise ConfigError(
            f"--reference: {target!r} is a file or folder of samples; say what real ones are, such "
            "as --reference tfds:mnist:test or --reference folder:photos."
        )
    experiment = _experiment({}, reference, overrides)
    samples = sample_files.read(target, experiment.data)
    return Target(target, experiment, has_reference=True, files=samples)


def checkpoints_of(target: Target) -> Checkpoints:
    """The checkpoints of a run that was opened."""
    assert target.game is not None
    return Checkpoints(target.game, RunDirectory(target.name).checkpoints)


def at_step(target: Target, checkpoints: Checkpoints, which: str) -> Target:
    """A run's target with a checkpoint restored.

    Raises:
        ConfigError: when there is none.
    """
    step = checkpoints.restore(which)
    if step is None:
        raise ConfigError(f"TARGET: {target.name!r} has no checkpoint yet; train it first.")
    return replace(target, step=step)


# ---- Runs ----------------------------------------------------------------------------------------


def _run(path: str, overrides: Sequence[str]) -> Target:
    run = RunDirectory(path)
    recorded = run.read_experiment()
    experiment = with_overrides(recorded, overrides)
    if experiment.hash != recorded.hash:
        raise ConfigError(
            f"--set: received {', '.join(overrides)} for the run {path!r}; of a run only "
            "evaluate.* and where its data lies (--data, --data-dir) can be set."
        )
    return of_game(path, experiment, assemble(experiment, run.read_spec()), 0)


def _refuse_reference(reference: str | None, target: str) -> None:
    if reference is not None:
        raise ConfigError(
            f"--reference: received {reference!r} for the run {target!r}, which is measured "
            "against its own data; leave it out, or set evaluate.split=train."
        )


# ---- Exports -------------------------------------------------------------------------------------


def _export(path: str, overrides: Sequence[str], reference: str | None) -> Target:
    base, version = _base_and_version(path)
    model = ExportedModel(base, version)
    values = _exported_config(version_path(base, model.version), reference)
    experiment = _experiment(values, reference, overrides)
    description = model.description.document
    return Target(
        path,
        experiment,
        recipe=str(description["name"]),
        step=int(description["step"]),
        config_hash=str(description["config_hash"]),
        trained_on=str(description["data_fingerprint"]),
        has_reference=reference is not None,
        generator=Generator(model),
    )


def _base_and_version(path: str) -> tuple[str, int | None]:
    """The model directory, and the version where the path is that of one."""
    if not tf.io.gfile.exists(join(path, MARKER)):
        return path, None
    folder = path.rstrip("/") if "://" in path else os.path.abspath(path)
    base, number = os.path.split(folder)
    if not number.isdecimal():
        raise ConfigError(
            f"TARGET: {path!r} is a SavedModel outside a model directory; give MODEL_DIR or "
            "MODEL_DIR/VERSION, as `gan export` writes them."
        )
    return base, int(number)


def _exported_config(folder: str, reference: str | None) -> dict[str, Any]:
    """The experiment that was exported with the model, unless another reference is asked for."""
    try:
        return parse_yaml(read_text(join(folder, EXPORTED_CONFIG)), origin="config.yaml")
    except OSError as error:
        if reference is not None:
            return {}
        raise ConfigError(
            f"--reference: {folder!r} does not say what data it was trained on; say what real "
            "samples are, such as --reference tfds:mnist:test."
        ) from error


def _experiment(
    values: dict[str, Any], reference: str | None, overrides: Sequence[str]
) -> Experiment:
    """The experiment with the data and the split of a reference; without a split it takes all."""
    if reference is None:
        return with_overrides(make_experiment(values), overrides)
    source, _, split = reference.rpartition(":")
    # folder:test is a folder.
    if split not in ("test", "train", "all") or source in (
        "folder",
        "npz",
        "tfds",
        "generated",
        "text",
    ):
        source, split = reference, "null"
    # A mapping is read as YAML, a short spelling is one string.
    written = source if source.startswith("{") else json.dumps(source)
    data = [f"data.source={written}", f"evaluate.split={split}"]
    # Of what was exported only the way of judging stays: the data is another one.
    judged = make_experiment({"evaluate": values.get("evaluate", {})})
    return with_overrides(judged, [*data, *overrides])


# ---- Pictures beside what they should be ---------------------------------------------------------


def _beside_truths(path: str, truths: str, overrides: Sequence[str]) -> Target:
    parts = {n: {"name": "folder", "path": f} for n, f in (("inputs", path), ("targets", truths))}
    data = {"source": {"name": "pairs", **parts}, "holdout_share": 0.0, "max_corrupt_share": 0.0}
    paired = make_experiment({"data": data, "evaluate": {"split": "all"}})
    experiment, pairs = with_overrides(paired, overrides), None
    if experiment.data.size is None and isinstance(experiment.data.source, Pairs):
        files = files_of(experiment.data.source)
        pairs = FilePairs(experiment, files) if have_own_sizes(files) else None
    return Target(path, experiment, has_reference=True, pairs=pairs)
