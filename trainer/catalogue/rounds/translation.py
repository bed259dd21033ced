"""Games about pictures and clips that are made of other ones, or side by side."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import Custom
from trainer.catalogue.rounds.round import AnyRound, InTurns, unplayed, without_latent

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class StyleRound(InTurns):
    """The same, with latents that an encoder reads off the example itself (Park et al. 2019)."""

    target: ClassVar[str] = "trainer.game.rounds.style:Style"
    roles: ClassVar[dict[str, str]] = {
        "generator": "generator",
        "encoder": "encoder",
        "discriminator": "discriminator",
    }
    name: Literal["style"] = "style"
    # Weight of the divergence of an example's latents from the prior.
    divergence: float = Field(0.05, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Another prior than the divergence is from, no condition, and shared fakes."""
        yield from super().impossible(experiment)
        prior = experiment.prior
        coded = getattr(prior, "categorical", ()) or getattr(prior, "continuous", 0)
        if prior.name != "gaussian" or coded:
            yield (
                f"prior.name: received {prior} with the round 'style', whose divergence is from a "
                "Gaussian without codes; set prior=gaussian"
            )
        if not (experiment.condition.shows_pictures or isinstance(experiment.condition, Custom)):
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round 'style', "
                "whose latents say how a given picture is to look; set condition=label_map or "
                "condition=image"
            )
        if not self.fresh_latents:
            yield (
                "round.fresh_latents: received false with the round 'style', whose encoder moves "
                "in the generator's turn alone; set it to true"
            )


class JointRound(InTurns):
    """The same in two domains at once, a picture of each from one latent (Liu & Tuzel 2016)."""

    target: ClassVar[str] = "trainer.game.rounds.joint:Joint"
    roles: ClassVar[dict[str, str]] = {
        "generator": "joint_generator",
        "discriminator": "joint_discriminator",
    }
    needs_fields: ClassVar[tuple[str, ...]] = ("a", "b")
    name: Literal["joint"] = "joint"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without a latent, and whatever else the discriminator would be asked about."""
        yield from super().impossible(experiment)
        yield from without_latent(self.name, experiment)
        if experiment.condition.name != "none":
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round 'joint', "
                "whose domains have no examples in common; set condition=none"
            )
        why = "whose discriminator answers for each of two pictures"
        kinds = ("penalties", "terms", "wrappers")
        yield from unplayed(experiment, *kinds, why=why, played=("adaptation",))


class CoupledRound(AnyRound):
    """Two translators against two discriminators, there and back (CycleGAN, Zhu et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.coupled:Coupled"
    roles: ClassVar[dict[str, str]] = {
        "to_a": "generator",
        "to_b": "generator",
        "discriminator_a": "discriminator",
        "discriminator_b": "discriminator",
    }
    translates: ClassVar[bool] = True
    needs_fields: ClassVar[tuple[str, ...]] = ("a", "b")
    name: Literal["coupled"] = "coupled"
    # Weight of what is lost on the way there and back: the mean absolute difference.
    cycle: float = Field(10.0, ge=0.0)
    # Weight, as a share of the cycle's, of what a translator changes in a picture that is already
    # of its domain.
    identity: float = Field(0.5, ge=0.0)
    # Earlier translations of each direction that the discriminators are shown, too (Shrivastava et
    # al. 2017); every place in the batch has its share of them, one at least. Zero keeps none.
    pool: int = Field(50, ge=0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Latents, conditions and wrappers, for which it has no place."""
        for kind, chosen in (("prior", experiment.prior), ("condition", experiment.condition)):
            if chosen.name != "none":
                yield (
                    f"{kind}.name: received {chosen.name!r} with the round 'coupled', whose "
                    f"translators are given a picture only; set {kind}=none"
                )
        if experiment.wrappers:
            yield (
                f"wrappers: received {experiment.wrappers[0].name!r} with the round 'coupled', "
                "which has two discriminators and earlier fakes; leave the wrappers out"
            )


class ClipsRound(AnyRound):
    """Clips made of clips, against judges of frames and of clips (vid2vid, Wang et al. 2018)."""

    target: ClassVar[str] = "trainer.game.rounds.clips:Clips"
    roles: ClassVar[dict[str, str]] = {
        "generator": "generator",
        "discriminator": "discriminator",
        "frame_discriminator": "discriminator",
    }
    name: Literal["clips"] = "clips"
    # Weight of what the judge of clips says, beside that of frames; zero leaves frames alone.
    temporal: float = Field(1.0, ge=0.0)
    # Weight of how far a frame is from the one before it, moved by the true flow.
    warp: float = Field(10.0, ge=0.0)
    # Weight of how far the generator's flow is from the true one, and of what it moves.
    flow: float = Field(10.0, ge=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Penalties, terms and wrappers, which would meet frames and clips; data without flow."""
        why = "whose judges see frames and clips in turn"
        yield from unplayed(experiment, "penalties", "terms", "wrappers", why=why)
        source = experiment.data.source
        if not (isinstance(source, Custom) or getattr(source, "boxes", False)):
            yield (
                f"round.name: received {self.name!r} with data.source={source}, which has no true "
                "flow; set data.source={name: moving_digits, boxes: true}"
            )
        family = experiment.network_of("generator")
        if family.name != "vid2vid" and not isinstance(family, Custom):
            yield (
                f"networks.generator: received {family.name!r} with the round {self.name!r}, whose "
                "generator also answers its flow; set networks.generator=vid2vid"
            )
