"""Wrappers: what changes the play of any round."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom, off_block
from trainer.catalogue.sources.source import held_by

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Unroll(Component):
    """The generator plays against the discriminator as it will be (Metz et al. 2017)."""

    target: ClassVar[str] = "trainer.game.wrappers.unroll:Unroll"
    name: Literal["unroll"] = "unroll"
    # Updates of the discriminator that the generator looks ahead.
    steps: int = Field(5, ge=0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Fakes that are made outside of the discriminator's turn, and players without one."""
        if experiment.round.name == "simultaneous":
            yield (
                "round.name: received 'simultaneous' with the wrapper 'unroll', whose generator "
                "looks ahead from the discriminator's own turn; set round=ordinary"
            )
        if not getattr(experiment.round, "fresh_latents", True):
            yield (
                "round.fresh_latents: received false with the wrapper 'unroll', which needs fakes "
                "of the discriminator's own turn; set it to true"
            )


class Extragradient(Component):
    """Both players move by the gradient of where they are about to be (Gidel et al. 2019)."""

    target: ClassVar[str] = "trainer.game.wrappers.extragradient:Extragradient"
    name: Literal["extragradient"] = "extragradient"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Rounds whose players move one after the other."""
        round_ = experiment.round
        if round_.name != "simultaneous" and not isinstance(round_, Custom):
            yield (
                f"round.name: received {round_.name!r} with the wrapper 'extragradient', which "
                "looks ahead where both players move at once; set round=simultaneous"
            )


class Pack(Component):
    """The discriminator judges several samples at once (PacGAN, Lin et al. 2018)."""

    target: ClassVar[str] = "trainer.game.wrappers.pack:Pack"
    name: Literal["pack"] = "pack"
    # Samples that are judged together.
    samples: int = Field(2, ge=2)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A batch that packs do not divide; rounds and terms that ask about single samples."""
        if experiment.round.name == "pairs":
            yield (
                "wrappers: received 'pack' with the round 'pairs', whose discriminator is asked "
                "about single samples for `anomaly_score`; leave one of them out"
            )
        batch, replicas = experiment.train.batch_size, experiment.devices.replicas or 1
        if batch % (self.samples * replicas):
            yield (
                f"train.batch_size: received {batch}, which packs of {self.samples} on {replicas} "
                f"replica(s) do not divide; take a multiple of {self.samples * replicas}"
            )
        for term in experiment.terms:
            if term.name in ("classification", "mutual_information", "supervised"):
                yield (
                    f"wrappers: received 'pack' with the term {term.name!r}, which asks about "
                    "single samples what the discriminator says of packs; leave one of them out"
                )


class Augment(Component):
    """The discriminator sees augmented pictures only (Zhao et al. 2020, Karras et al. 2020)."""

    target: ClassVar[str] = "trainer.game.wrappers.augment:Augment"
    name: Literal["augment"] = "augment"
    # What is done to pictures, in order.
    policy: Annotated[
        tuple[Literal["colour", "translation", "cutout"], ...], Field(strict=False, min_length=1)
    ] = ("colour", "translation", "cutout")
    # Probability of each of them; where it adapts, null starts at 0.
    probability: float | None = Field(None, ge=0.0, le=1.0)
    # Whether the probability follows how much the discriminator overfits.
    adaptive: bool = False
    # Mean sign of the discriminator's logits on real examples that it is steered to.
    target_sign: float = Field(0.6, gt=-1.0, lt=1.0)
    # Thousands of real examples in which the probability can rise from 0 to 1.
    speed: float = Field(500.0, gt=0.0)
    # Steps between two changes of the probability.
    every: int = Field(4, ge=1)

    @property
    def start(self) -> float:
        """The probability at the start."""
        if self.probability is not None:
            return self.probability
        return 0.0 if self.adaptive else 1.0

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """What is no picture, packs as one picture, and logits whose sign means nothing."""
        if held := held_by(experiment.data.source):
            yield (
                f"wrappers: received 'augment' with data.source={experiment.data.source}, which "
                f"holds {held}; give data of pictures, or leave it out"
            )
        names = [wrapper.name for wrapper in experiment.wrappers]
        if "pack" in names[: names.index(self.name)]:
            yield (
                "wrappers: received 'pack' before 'augment', which would augment a whole pack as "
                "one picture; put augment first"
            )
        if self.adaptive and not experiment.objective.sign_tells:
            yield (
                "wrappers.augment.adaptive: received true with "
                f"objective={experiment.objective.name}, whose logits do not change their sign "
                "between real and fake; set it to false, or set objective=non_saturating, minimax "
                "or hinge"
            )


class Grow(Component):
    """The networks grow from the lowest resolution up (Karras et al. 2018)."""

    target: ClassVar[str] = "trainer.game.wrappers.grow:Grow"
    name: Literal["grow"] = "grow"
    # Steps of a level on which nothing fades.
    steady: int = Field(10_000, ge=1)
    # Steps in which a further level is faded in, before those.
    fade: int = Field(10_000, ge=0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Networks that cannot grow, wrappers around it, and levels that end within a block."""
        for role in experiment.round.roles:
            name = experiment.network_of(role).name
            if name != "progressive":
                yield (
                    f"networks.{role}: received {name!r} with the wrapper 'grow', which only "
                    "'progressive' can follow; set network=progressive"
                )
        if experiment.wrappers[-1] is not self:
            yield (
                f"wrappers: received {experiment.wrappers[-1].name!r} around 'grow', which lets "
                "the very networks grow; name 'grow' last"
            )
        for side in ("generator", "discriminator"):
            schedule = getattr(experiment.optimizers, side).schedule.name
            if schedule != "constant":
                yield (
                    f"optimizers.{side}.schedule: received {schedule!r} with the wrapper 'grow', "
                    "with every level of which the optimizers begin anew; set it to constant"
                )
        yield from off_block("wrappers.grow.steady", self.steady, experiment)
        yield from off_block("wrappers.grow.fade", self.fade, experiment)


class Pretrain(Component):
    """The generator first learns to be near the examples, alone (Ledig et al. 2017)."""

    target: ClassVar[str] = "trainer.game.wrappers.pretrain:Pretrain"
    name: Literal["pretrain"] = "pretrain"
    # Steps in which it does; the optimizers begin anew after them.
    steps: int = Field(5000, ge=1)
    # Of differences of pixels on [-1, 1].
    norm: Literal["absolute", "squared"] = "squared"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Rounds without guesses, other stages, and a game that begins within a block."""
        if experiment.round.name != "ordinary" and not isinstance(experiment.round, Custom):
            yield (
                f"wrappers: received 'pretrain' with the round {experiment.round.name!r}; set "
                "round=ordinary, or leave it out"
            )
        elif not experiment.condition.shows_pictures:
            yield (
                f"wrappers: received 'pretrain' with condition={experiment.condition.name}, from "
                "which no example has; set condition=image or condition=derived"
            )
        names = [wrapper.name for wrapper in experiment.wrappers]
        if names[0] != self.name or "grow" in names:
            yield (
                f"wrappers: received {', '.join(names)}; 'pretrain' stands next to the round and "
                "with no other stages: name it first, and leave 'grow' out"
            )
        yield from off_block("wrappers.pretrain.steps", self.steps, experiment)


class InstanceNoise(Component):
    """The discriminator sees everything through noise that fades (Sønderby et al. 2017)."""

    target: ClassVar[str] = "trainer.game.wrappers.instance_noise:InstanceNoise"
    name: Literal["instance_noise"] = "instance_noise"
    # Standard deviation at the start, where what is judged lies on [-1, 1].
    sigma: float = Field(0.1, gt=0.0)
    # Steps in which it falls to zero in a straight line: its own length, whatever train.steps is.
    steps: int = Field(5000, ge=1)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Symbols, and packs that would be noised as one."""
        if held_by(experiment.data.source) == "symbols":
            yield (
                "wrappers: received 'instance_noise' with data.source="
                f"{experiment.data.source}, which holds symbols, between which nothing lies; leave "
                "it out"
            )
        names = [wrapper.name for wrapper in experiment.wrappers]
        if "pack" in names[: names.index(self.name)]:
            yield (
                "wrappers: received 'pack' before 'instance_noise', whose noise is a sample's own; "
                "put instance_noise first"
            )


class HistoricalAverage(Component):
    """Players are drawn to where they have been on average (Salimans et al. 2016)."""

    target: ClassVar[str] = "trainer.game.wrappers.historical_average:HistoricalAverage"
    name: Literal["historical_average"] = "historical_average"
    # Of the squared distance, on both sides.
    weight: float = Field(1e-3, gt=0.0)


class Predict(Component):
    """A network beside the game that learns properties of real examples (Killoran et al. 2017)."""

    target: ClassVar[str] = "trainer.game.wrappers.predict:Predict"
    # What it adds to the game; `networks.predictor` chooses its family.
    roles: ClassVar[dict[str, str]] = {"predictor": "encoder"}
    name: Literal["predict"] = "predict"
    # The field of the properties.
    field: str = Field("attributes", min_length=1)


Wrapper = Annotated[
    Unroll
    | Extragradient
    | Pack
    | Augment
    | Grow
    | Pretrain
    | InstanceNoise
    | HistoricalAverage
    | Predict
    | Custom,
    BY_NAME,
]
