"""The experiment: every field, its default and its meaning, in one place.

A recipe is a short difference from these defaults (`trainer.config.recipe` reads it). Everything is
checked here, before TensorFlow is imported. The components that a recipe chooses by name (networks,
objectives, …) keep their own options in `trainer.catalogue`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from trainer import catalogue
from trainer.catalogue import Section
from trainer.config.sentences import together

_Side = Annotated[int, Field(ge=1)]


def _both_sides(value: Any) -> Any:
    """One number is both sides of a square."""
    return (value, value) if type(value) is int else value


def _in_list(value: Any) -> Any:
    """A single component, by its name or as a mapping, is a list of one."""
    return (value,) if isinstance(value, str | Mapping) else value


_Sides = Annotated[tuple[_Side, _Side], Field(strict=False)]
_BOTH_SIDES = BeforeValidator(_both_sides)
_IN_LIST = BeforeValidator(_in_list)


class Data(Section):
    """Which examples the discriminator is shown as real."""

    # Where the examples come from, such as digits, folder:PATH or {name: folder, path: PATH}; see
    # `trainer.catalogue.sources` for all and their options.
    source: catalogue.DataSource = catalogue.Digits()
    # Where prepared tensorflow-datasets lie; null is the library's own default.
    data_dir: str | None = None
    # A tensorflow-datasets split expression, such as "train" or "train[:80%]".
    split: str = "train"
    # The split of a tfds: source that is held out of training; null takes "test" or "validation"
    # where `split` is a train expression and there is one, and else sets `holdout_share` aside.
    holdout_split: str | None = None
    # Share of the examples held out where a source has one split only.
    holdout_share: float = Field(0.1, ge=0.0, lt=1.0)
    # Whether tensorflow-datasets may download what is not prepared.
    download: bool = False
    # Height and width of the examples, or one number for both; null keeps those of the data, which
    # must then all agree.
    size: Annotated[_Sides | None, _BOTH_SIDES] = None
    # How another aspect is met: crop the centre, pad with the darkest value, or stretch.
    resize: Literal["crop", "pad", "stretch"] = "crop"
    # Channels of the examples (1 grey, 2 grey with opacity, 3 RGB, 4 RGBA); null keeps those of
    # the data, which may be more.
    channels: int | None = Field(None, ge=1, le=4)
    # Bits of a channel, 8 or 16; null keeps those of the data, which must then all agree.
    depth: Literal[8, 16] | None = None
    # Whether training examples are mirrored left to right with probability one half.
    flip: bool = False
    # Pixels by which training pictures are enlarged before a part of their own size is taken at
    # random, at each draw anew; 30 in Isola et al. (2017), of pictures of 256.
    jitter: int = Field(0, ge=0)
    # Whether pictures are made black and white: every number is the highest with the probability
    # that its level says, else the lowest. Training examples at each draw anew, held-out ones once.
    binarise: bool = False
    # Lowest and highest value of float data; null measures it.
    value_range: Annotated[tuple[float, float] | None, Field(strict=False)] = None
    # Share of unreadable files that is tolerated (each is named and skipped).
    max_corrupt_share: float = Field(0.01, ge=0.0, le=1.0)
    # Examples are kept in memory up to this size, beyond it in a file under `cache_dir`.
    cache_gib: float = Field(4.0, ge=0.0)
    # Where that file lies; null is ~/.cache/saddlepoint.
    cache_dir: str | None = None


class Optimizers(Section):
    """How each player takes its steps."""

    # The generator's; see `trainer.catalogue` for the closed list and its options.
    generator: catalogue.PlayerOptimizer = catalogue.Adam()
    # The discriminator's.
    discriminator: catalogue.PlayerOptimizer = catalogue.Adam()


class Train(Section):
    """How long the game is played and on how much at once."""

    # Steps in all: a step is one round, and the number may be raised later.
    steps: int = Field(5000, ge=1)
    # Instead of steps: passes over the training examples. The run records the steps that they are.
    epochs: float | None = Field(None, gt=0.0, allow_inf_nan=False)
    # Examples of one turn, over all replicas together.
    batch_size: int = Field(64, ge=1)
    # What the players compute in; weights, losses and exports are float32 always.
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    # Decay of the averaged generator, ramped as min(decay, (1 + t) / (10 + t)).
    ema_decay: float = Field(0.999, ge=0.0, lt=1.0)
    # A run directory whose players' weights this run starts from; null starts from nothing.
    warm_start: str | None = None


class Devices(Section):
    """What the run is carried out on; nothing here changes its mathematics."""

    # auto takes every GPU that is there, else the CPU.
    kind: Literal["auto", "cpu", "gpu"] = "auto"
    # Replicas: null is all GPUs, or one CPU; a number on the CPU splits it into logical ones.
    replicas: int | None = Field(None, ge=1)
    # XLA compilation of a step: auto compiles on a single GPU only. What draws random words is
    # compiled on any single device, unless it is off.
    xla: Literal["auto", "on", "off"] = "auto"
    # Steps played per call into TensorFlow: more hide its cost where a step takes microseconds.
    steps_per_execution: int = Field(1, ge=1)
    # Who says which workers train together: TF_CONFIG (or Vertex AI's CLUSTER_SPEC), Slurm's job
    # step, nobody (none), or whichever of them is there. Then `replicas` are those of each worker.
    cluster: Literal["auto", "tf_config", "slurm", "none"] = "auto"
    # Seconds in which all workers must come up.
    cluster_timeout: float = Field(600.0, gt=0.0, allow_inf_nan=False)


class Run(Section):
    """What is written down, how often, and when to stop early."""

    # Steps between two rows of metrics.jsonl.
    log_every: int = Field(100, ge=1)
    # Steps between two readings of the instruments (accuracies, norms, diversity, held-out
    # examples), each of a step of its own; null reads none.
    instruments_every: int | None = Field(100, ge=1)
    # Steps between two sample grids.
    sample_every: int = Field(1000, ge=1)
    # Rows and columns of a sample grid, or one number for both; for a label condition columns are
    # classes.
    grid: Annotated[_Sides, _BOTH_SIDES] = (8, 10)
    # Steps between two checkpoints.
    checkpoint_every: int = Field(1000, ge=1)
    # Checkpoints kept.
    keep: int = Field(3, ge=1)
    # Minutes, evaluations included, after which the run checkpoints and ends; null has no limit.
    time_budget_minutes: float | None = Field(None, gt=0.0)
    # The experiment of MLflow in which the run is followed too; null follows it nowhere.
    mlflow: str | None = Field(None, min_length=1)


class Evaluate(Section):
    """How samples are judged, by `gan evaluate` and while training; nothing here changes a run."""

    # Steps between two evaluations while training, each with a checkpoint; null has none.
    every: int | None = Field(None, ge=1)
    # Metrics to measure: names, or names with options ({name: prdc, k: 3}); null takes those that
    # suit the data.
    metrics: Annotated[
        tuple[catalogue.AnyMetric, ...] | None, Field(strict=False, min_length=1), _IN_LIST
    ] = None
    # Whether null above includes the metrics that take minutes.
    expensive: bool = False
    # What turns samples into features.
    extractor: catalogue.AnyExtractor = catalogue.AutoExtractor()
    # Generated samples, and as many real ones where there are so many.
    num_samples: int = Field(10_000, ge=2, le=10_000_000)
    # Real samples: those held out of training (test), the training examples, or all; null takes
    # test of the data that was trained on, and all of any other.
    split: Literal["test", "train", "all"] | None = None
    # The signature that makes the samples, such as translate_to_b; null takes generate, or else the
    # first that translates.
    signature: str | None = None
    # The field of the data that they are compared with; null is what the model was made to make.
    field: str | None = None
    # Sample i has this seed + i; random choices of metrics follow it too.
    seed: int = Field(0, ge=0, lt=2**62)
    # The number that decides which checkpoint is best, such as recall; null takes the first one.
    best: str | None = None
    # A local folder where classifiers and reference features are kept; null is
    # ~/.cache/saddlepoint.
    cache_dir: str | None = None

    @property
    def cache(self) -> Path:
        """The folder of what is kept between evaluations."""
        return Path(self.cache_dir or "~/.cache/saddlepoint").expanduser() / "evaluation"


class Export(Section):
    """What `gan export` adds to a model; nothing here changes a run."""

    # Searches that the model offers: project, translate, complete, edit, or names with options
    # ({name: complete, steps: 500}). Each answer takes as long as hundreds of samples, so a model
    # directory of their own keeps them out of the way of others.
    searches: Annotated[tuple[catalogue.AnySearch, ...], Field(strict=False), _IN_LIST] = ()


class Experiment(Section):
    """A whole run: networks + prior + condition + objective + penalties, in a round, on data."""

    # Name of the recipe.
    name: str = "experiment"
    # One line that `gan recipes` shows.
    description: str = ""
    # The base of every random number of the run.
    seed: int = Field(0, ge=0, lt=2**63)
    data: Data = Data()
    # The family that builds every network of the game.
    network: catalogue.Network = catalogue.DCGAN()
    # Families of single networks, by role, where they differ: {encoder: {name: mlp}}.
    networks: dict[str, catalogue.Network] = Field(default_factory=dict)
    # Folder in which the modules of classes of one's own are found; null is the recipe's own or the
    # current one, and a run remembers which.
    modules: str | None = None
    prior: catalogue.Prior = catalogue.GaussianPrior()
    condition: catalogue.Condition = catalogue.NoCondition()
    objective: catalogue.Objective = catalogue.NonSaturating()
    # What constrains the discriminator.
    penalties: Annotated[tuple[catalogue.Penalty, ...], Field(strict=False), _IN_LIST] = ()
    # Further losses of either side.
    terms: Annotated[tuple[catalogue.AnyTerm, ...], Field(strict=False), _IN_LIST] = ()
    # The rules of play.
    round: catalogue.Round = catalogue.OrdinaryRound()
    # What changes the round's play, from the inside out.
    wrappers: Annotated[tuple[catalogue.Wrapper, ...], Field(strict=False), _IN_LIST] = ()
    optimizers: Optimizers = Optimizers()
    train: Train = Train()
    devices: Devices = Devices()
    run: Run = Run()
    evaluate: Evaluate = Evaluate()
    export: Export = Export()

    @model_validator(mode="after")
    def _refuse_impossible_combinations(self) -> "Experiment":
        messages = [*_impossible_games(self)]
        messages += [message for impossible, message in _impossible_runs(self) if impossible]
        if messages:
            raise ValueError(together(messages))
        return self

    def components(self) -> Iterator[catalogue.Component]:
        """Everything that was chosen by name."""
        values = [getattr(self, name) for name in type(self).model_fields]
        values += [self.data.source, self.optimizers.generator, self.optimizers.discriminator]
        values += [self.export.searches]
        for value in values:
            several = value if isinstance(value, tuple) else (value,)
            yield from (c for c in several if isinstance(c, catalogue.Component))
        yield from self.networks.values()

    @property
    def conditions(self) -> tuple[catalogue.Component, ...]:
        """The conditions of both sides, one by one."""
        if isinstance(self.condition, catalogue.TogetherCondition):
            return self.condition.of
        return (self.condition,)

    @property
    def conditioned_on(self) -> tuple[str, ...]:
        """The names of `conditions`."""
        return tuple(condition.name for condition in self.conditions)

    def network_of(self, role: str) -> catalogue.Network:
        """The family that builds a role."""
        own: catalogue.Network = self.condition.families.get(role, self.network)
        return self.networks.get(role, own)

    def as_dict(self) -> dict[str, Any]:
        """The resolved experiment as plain JSON values, every field present."""
        return self.model_dump(mode="json")

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits over every field that a resumed run may not change."""
        text = json.dumps(self.fixed_fields(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def fixed_fields(self) -> dict[str, Any]:
        """Dotted names to values of the fields that a resumed run may not change."""
        flat = _flat(self.as_dict())
        return {name: value for name, value in flat.items() if not name.startswith(_FREE_FIELDS)}

    def shared_fields(self) -> dict[str, Any]:
        """Dotted names to values of the fields that all workers of a cluster must have alike."""
        flat = _flat(self.as_dict())
        return {name: value for name, value in flat.items() if not name.startswith(_OWN_FIELDS)}

    def first_difference(self, other: "Experiment") -> tuple[str, Any, Any]:
        """A fixed field that differs from another experiment's, its value here and there.

        Of a component of another name that name is said, not the options that came or went with it.

        Raises:
            StopIteration: where none differs.
        """
        mine, others = self.fixed_fields(), other.fixed_fields()
        names = sorted({*mine, *others}, key=lambda name: (not name.endswith(".name"), name))
        name = next(name for name in names if mine.get(name) != others.get(name))
        return name, mine.get(name), others.get(name)


# What may differ when a run is resumed: names, length, logging, evaluation, exports, paths and
# devices, and where the data comes from, for a run knows its data by the fingerprint.
_FREE_FIELDS = (
    *("name", "description", "modules", "devices.", "run.", "evaluate.", "export."),
    *("train.steps", "train.epochs"),
    *("data.source", "data.data_dir", "data.cache_dir", "data.cache_gib", "data.download"),
)

# What may differ between workers: names and places.
_OWN_FIELDS = (
    *("name", "description", "modules", "export.", "evaluate.cache_dir", "train.warm_start"),
    *("data.source", "data.data_dir", "data.cache_dir", "data.cache_gib", "data.download"),
)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, Mapping) and value
        flat |= _flat(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat


def _impossible_games(e: Experiment) -> Iterator[str]:
    """What the chosen components say that they cannot go with."""
    several = {"penalties": e.penalties, "terms": e.terms, "export.searches": e.export.searches}
    for kind, chosen in several.items():
        if len({component.name for component in chosen}) < len(chosen):
            yield (
                f"{kind}: received the same one twice; name it once, with the options it should "
                "have"
            )
    yield from _impossible_networks(e)
    yield from catalogue.unfit_data(e)
    for component in e.components():
        yield from component.impossible(e)


def _impossible_networks(e: Experiment) -> Iterator[str]:
    """Roles that the game lacks, and families without what a role needs."""
    added = {role: role for role in e.condition.families}
    for wrapper in e.wrappers:
        added |= getattr(wrapper, "roles", {})
    roles = e.round.roles and {**e.round.roles, **added}
    for name in e.networks:
        if roles and name not in roles:
            yield (
                f"networks.{name}: no such role; the round {e.round.name!r} has {', '.join(roles)}"
            )
    for name, kind in roles.items():
        family = e.network_of(name)
        if family.builds and kind not in family.builds:
            yield (
                f"networks.{name}: received {family.name!r}, which has no {kind}; set "
                f"networks.{name} to a family that has one"
            )


def _impossible_runs(e: Experiment) -> Sequence[tuple[bool, str]]:
    cache = e.evaluate.cache_dir or ""
    remote_cache = (
        "://" in cache,
        f"evaluate.cache_dir: received {cache!r}, which is on an object store; give a local folder",
    )
    return (
        remote_cache,
        *_impossible_replicas(e, e.devices.replicas or 1),
    )


def _impossible_replicas(e: Experiment, replicas: int) -> Sequence[tuple[bool, str]]:
    batch = e.train.batch_size
    return (
        (
            batch % replicas != 0,
            f"train.batch_size: received {batch}, which {replicas} replicas cannot share equally; "
            f"take a multiple of {replicas}",
        ),
        (
            e.devices.xla == "on" and replicas > 1,
            f"devices.xla: received 'on' with {replicas} replicas, but TensorFlow compiles "
            "single-device training only; set it to auto or off",
        ),
    )
