"""Rounds: the rules of play."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom, off_block
from trainer.catalogue.optimizers import SGD, PlayerOptimizer

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class AnyRound(Component):
    """What every round has.

    Attributes:
        roles: the networks of the game, and the kind of each: what a family must be able to build.
        translates: whether its generators are given pictures, whatever the condition is.
    """

    roles: ClassVar[dict[str, str]] = {}
    translates: ClassVar[bool] = False

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return 1


class InTurns(AnyRound):
    """k discriminator turns, then one generator turn."""

    # k of the algorithm: discriminator turns in a step, each on a batch of its own.
    discriminator_turns: int = Field(1, ge=1)
    # Whether the generator's turn draws new latents. With false (k = 1 only) it plays the fakes
    # that the discriminator has just seen, which saves one pass through the generator.
    fresh_latents: bool = True

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return self.discriminator_turns

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Fakes shared among several turns."""
        if self.discriminator_turns > 1 and not self.fresh_latents:
            yield (
                "round.fresh_latents: received false with discriminator_turns="
                f"{self.discriminator_turns}, but fakes can be shared between one turn of each "
                "player only; set it to true"
            )


class OrdinaryRound(InTurns):
    """k discriminator turns, then one generator turn (Goodfellow et al. 2014, algorithm 1)."""

    target: ClassVar[str] = "trainer.game.rounds.ordinary:Ordinary"
    roles: ClassVar[dict[str, str]] = {"generator": "generator", "discriminator": "discriminator"}
    name: Literal["ordinary"] = "ordinary"


class RewardedRound(InTurns):
    """The same, with a network that learns a reward and lets the generator raise it (MolGAN)."""

    target: ClassVar[str] = "trainer.game.rounds.rewarded:Rewarded"
    roles: ClassVar[dict[str, str]] = {
        "generator": "generator",
        "discriminator": "discriminator",
        "reward": "discriminator",
    }
    name: Literal["rewarded"] = "rewarded"
    # What a molecule is worth: whether it is valid and of one part, RDKit's estimate of its
    # drug-likeness, or a function of your own as `module:function`, of stored graphs and the field.
    reward: Literal["valid", "drug_likeness"] | Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] = (
        "valid"
    )
    # Lambda of the paper: the share of the game in the generator's loss; the reward has the rest.
    adversarial_share: float = Field(0.5, ge=0.0, le=1.0)
    # The step from which the reward counts; before it is only learned.
    begin: int = Field(0, ge=0)
    # Whether the reward is scaled to the size of the game's loss.
    balanced: bool = True

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A reward that is told by a package which is not there."""
        yield from super().impossible(experiment)
        if self.reward == "drug_likeness" and find_spec("rdkit") is None:
            yield (
                "round.reward: received 'drug_likeness', which the package 'rdkit' tells, and it "
                "is not installed; pip install 'saddlepoint[chem]', or set round.reward=valid"
            )


class LatentRegressorRound(InTurns):
    """A GAN whose encoder learns which latent a sample was made of (Donahue et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.latent_regressor:LatentRegressor"
    roles: ClassVar[dict[str, str]] = {
        "generator": "generator",
        "discriminator": "discriminator",
        "encoder": "encoder",
    }
    name: Literal["latent_regressor"] = "latent_regressor"
    # Whether the generator, too, is to make samples from which its latents can be read.
    joint: bool = False
    # Weight of the squared distance of latents, beside the generator's loss.
    weight: float = Field(1.0, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without a latent."""
        yield from super().impossible(experiment)
        yield from _without_latent(self.name, experiment)


class PredictorRound(InTurns):
    """A GAN, and after it an encoder through its frozen generator (iGAN, Zhu et al. 2016)."""

    target: ClassVar[str] = "trainer.game.rounds.predictor:Predictor"
    roles: ClassVar[dict[str, str]] = {
        "generator": "generator",
        "discriminator": "discriminator",
        "encoder": "encoder",
    }
    name: Literal["predictor"] = "predictor"
    # Steps of the game; in those that are left the encoder alone learns.
    game_steps: int = Field(5000, ge=1)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """No latent, no step left for the encoder, and weights that decay when they are frozen."""
        yield from super().impossible(experiment)
        yield from _without_latent(self.name, experiment)
        yield from off_block("round.game_steps", self.game_steps, experiment)
        if experiment.train.epochs is None and experiment.train.steps <= self.game_steps:
            yield (
                f"train.steps: received {experiment.train.steps} with round.game_steps="
                f"{self.game_steps}, which leaves the encoder no step to learn in; raise the one, "
                "or lower the other"
            )
        decay = getattr(experiment.optimizers.generator, "weight_decay", None)
        if decay is not None:
            yield (
                f"optimizers.generator.weight_decay: received {decay} with the round 'predictor', "
                "whose generator is to stand still while the encoder learns; set it to null"
            )


class CausalRound(InTurns):
    """Pairs one step apart, of codes with local transitions (Causal InfoGAN, Kurutach 2018)."""

    target: ClassVar[str] = "trainer.game.rounds.causal:Causal"
    roles: ClassVar[dict[str, str]] = {
        "generator": "generator",
        "discriminator": "discriminator",
        "encoder": "encoder",
        "transition": "encoder",
    }
    name: Literal["causal"] = "causal"
    # Weight of the information that an observation holds of its code.
    information: float = Field(1.0, gt=0.0)
    # Weight of the squared length of a step, which keeps transitions local.
    locality: float = Field(0.1, ge=0.0)
    # Standard deviation of a step before anything is learned, where codes lie on [-1, 1].
    step: float = Field(0.2, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Other latents, conditions, wrappers of single samples, searches that ask the judge."""
        yield from super().impossible(experiment)
        prior = experiment.prior
        continuous, others = (getattr(prior, n, None) for n in ("continuous", "categorical"))
        if not continuous or others:
            yield (
                f"prior: received {prior} with the round 'causal', whose steps are of continuous "
                "codes; set prior.continuous=2 and no categorical ones"
            )
        if experiment.condition.name != "none":
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round 'causal', "
                "whose pairs follow from their codes; set condition=none"
            )
        if experiment.wrappers:
            yield (
                f"wrappers: received {experiment.wrappers[0].name!r} with the round 'causal', "
                "whose discriminator judges two observations as one; leave the wrappers out"
            )
        for search in experiment.export.searches:
            if weight := getattr(search, "judge", 0.0):
                yield (
                    f"export.searches: received {search.name!r} with judge={weight:g} and "
                    "the round 'causal', whose discriminator judges pairs; set judge to 0"
                )


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


class StyleBasedRound(InTurns):
    """The same, with a style between a latent and its picture (StyleGAN2, Karras et al. 2020)."""

    target: ClassVar[str] = "trainer.game.rounds.style_based:StyleBased"
    roles: ClassVar[dict[str, str]] = {
        "mapping": "mapping",
        "generator": "generator",
        "discriminator": "discriminator",
    }
    name: Literal["style_based"] = "style_based"
    # Share of training samples whose layers follow two styles, from a random layer on the second.
    mixing: float = Field(0.9, ge=0.0, le=1.0)
    # Weight of the path lengths, whose squared distance to their mean is minimised; 0 has none.
    path_length: float = Field(2.0, ge=0.0)
    # Played every so many steps, with as many times the weight.
    path_length_every: int = Field(4, ge=1)
    # How fast the mean length follows.
    path_length_decay: float = Field(0.01, gt=0.0, le=1.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """No latent, other networks, pictures as conditions, terms that make further samples."""
        yield from super().impossible(experiment)
        yield from _without_latent(self.name, experiment)
        for role in ("mapping", "generator"):
            name = experiment.network_of(role).name
            if name != "stylegan2":
                yield (
                    f"networks.{role}: received {name!r} with the round 'style_based', whose "
                    "generator takes a style a layer; set it to stylegan2"
                )
        if experiment.condition.shows_pictures:
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round "
                "'style_based', whose generator is told by styles; set none, label or attributes"
            )
        for term in experiment.terms:
            if term.name in ("mode_seeking", "interpolation"):
                yield (
                    f"terms: received {term.name!r} with the round 'style_based', and that term "
                    "asks the generator by latents, not by styles; leave it out"
                )


class JointRound(InTurns):
    """The same in two domains at once, a picture of each from one latent (Liu & Tuzel 2016)."""

    target: ClassVar[str] = "trainer.game.rounds.joint:Joint"
    roles: ClassVar[dict[str, str]] = {
        "generator": "joint_generator",
        "discriminator": "joint_discriminator",
    }
    name: Literal["joint"] = "joint"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without a latent, and whatever else the discriminator would be asked about."""
        yield from super().impossible(experiment)
        yield from _without_latent(self.name, experiment)
        if experiment.condition.name != "none":
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round 'joint', "
                "whose domains have no examples in common; set condition=none"
            )
        for kind in ("penalties", "terms", "wrappers"):
            if any(part.name != "adaptation" for part in getattr(experiment, kind)):
                yield (
                    f"{kind}: received some with the round 'joint', whose discriminator answers "
                    "for each of two pictures; leave out all but the term 'adaptation'"
                )


class EnergyRound(InTurns):
    """The same, against an autoencoder that first learns alone (EBGAN, Zhao et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.energy:EnergyBased"
    roles: ClassVar[dict[str, str]] = {"generator": "generator", "discriminator": "autoencoder"}
    name: Literal["energy"] = "energy"
    # Steps in which the autoencoder learns real examples alone.
    pretrain: int = Field(500, ge=1)
    # The margin, in multiples of the mean energy of real examples at their end.
    margin: float = Field(3.0, gt=1.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Another objective, and a game that begins within a block of steps."""
        yield from super().impossible(experiment)
        objective = experiment.objective
        if objective.name != "energy" and not isinstance(objective, Custom):
            yield (
                f"objective: received {objective.name!r} with the round 'energy', whose "
                "discriminator answers energies; set objective=energy"
            )
        yield from off_block("round.pretrain", self.pretrain, experiment)


class SimultaneousRound(AnyRound):
    """Both players move at once, by one pass of each (Mescheder et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.simultaneous:Simultaneous"
    roles: ClassVar[dict[str, str]] = {"generator": "generator", "discriminator": "discriminator"}
    name: Literal["simultaneous"] = "simultaneous"


class PairsRound(AnyRound):
    """A sample with its latent against its inverse (Donahue et al. 2017, Dumoulin et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.pairs:Pairs"
    roles: ClassVar[dict[str, str]] = {
        "generator": "generator",
        "encoder": "encoder",
        "discriminator": "discriminator",
    }
    name: Literal["pairs"] = "pairs"
    # Whether the encoder gives a Gaussian, of which a latent is drawn (ALI), or a latent (BiGAN).
    stochastic: bool = False
    # Share of the discriminator's word in `anomaly_score`; the rest is the reconstruction's error.
    anomaly_weight: float = Field(0.1, ge=0.0, le=1.0)
    # What that word is: -log D(x, E(x)), or how far its last hidden layer lies from that of
    # (G(E(x)), E(x)) (Zenati et al. 2018).
    anomaly_distance: Literal["cross_entropy", "features"] = "cross_entropy"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without a latent; latents of which no Gaussian can be the inverse."""
        yield from _without_latent(self.name, experiment)
        prior = experiment.prior
        coded = getattr(prior, "categorical", ()) or getattr(prior, "continuous", 0)
        if self.stochastic and (prior.name == "uniform" or coded):
            yield (
                f"round.stochastic: received true with prior={prior}, but what a stochastic "
                "encoder gives is a Gaussian; set prior=gaussian without codes, or set it to false"
            )


class AutoencoderRound(AnyRound):
    """An encoder and a decoder, no discriminator: a VAE (Kingma & Welling 2014) or a plain one."""

    target: ClassVar[str] = "trainer.game.rounds.autoencoder:Autoencoder"
    roles: ClassVar[dict[str, str]] = {"generator": "generator", "encoder": "encoder"}
    name: Literal["autoencoder"] = "autoencoder"
    # Whether a latent is drawn around what the encoder says, at the price of the divergence; false
    # makes a plain autoencoder, which only reconstructs.
    variational: bool = True
    # Weight of the divergence; one is the evidence lower bound.
    beta: float = Field(1.0, ge=0.0)
    # Distribution of an example around what was decoded.
    likelihood: Literal["gaussian", "bernoulli"] = "gaussian"
    # Standard deviation of the Gaussian, where examples lie on [-1, 1].
    deviation: float = Field(0.1, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A prior that the divergence is not of, statistics of the prior, and terms of no use."""
        prior = experiment.prior
        if prior.name != "gaussian" or getattr(prior, "categorical", None):
            yield (
                f"prior.name: received {prior.name!r} with the round 'autoencoder', whose "
                "divergence is from a Gaussian without codes; set prior=gaussian"
            )
        if not self.variational and experiment.network_of("generator").mixing("generator"):
            yield (
                "round.variational: received false with batch normalisation, whose statistics are "
                "those of drawn latents, which a plain autoencoder never sees; set "
                "network.generator_normalization to layer or none"
            )
        for kind in ("penalties", "terms", "wrappers"):
            if getattr(experiment, kind):
                yield (
                    f"{kind}: received some with the round 'autoencoder', which has no "
                    "discriminator; leave them out"
                )


class LatentOptimizationRound(AnyRound):
    """A generator alone, and a learned latent for every example (GLO, Bojanowski et al. 2018)."""

    target: ClassVar[str] = "trainer.game.rounds.latent_optimization:LatentOptimization"
    roles: ClassVar[dict[str, str]] = {"generator": "generator", "codes": "codes"}
    name: Literal["latent_optimization"] = "latent_optimization"
    # Levels of the Laplacian pyramid in which pictures are compared; one compares pixels.
    levels: int = Field(3, ge=1)
    # Where latents begin: at the principal components of the examples, or at random.
    start: Literal["components", "random"] = "components"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Other latents, conditions, statistics of drawn latents, mirrored and further choices."""
        prior = experiment.prior
        coded = getattr(prior, "categorical", ()) or getattr(prior, "continuous", 0)
        if prior.name != "gaussian" or coded:
            yield (
                f"prior.name: received {prior} with the round {self.name!r}, whose latents are "
                "learned without codes; set prior=gaussian"
            )
        if experiment.condition.name != "none":
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round "
                f"{self.name!r}, whose generator is told a latent only; set condition=none"
            )
        if experiment.network_of("generator").mixing("generator"):
            yield (
                f"round: received {self.name!r} with batch normalisation, whose statistics are "
                "those of drawn latents; set network.generator_normalization to layer or none"
            )
        if self.start == "components" and isinstance(experiment.network_of("codes"), Custom):
            yield (
                "round.start: received 'components' with networks.codes="
                f"{experiment.network_of('codes').name}, in which codes cannot be set; set it to "
                "random"
            )
        for option in ("flip", "jitter"):
            if value := getattr(experiment.data, option):
                yield (
                    f"data.{option}: received {value} with the round {self.name!r}, which learns "
                    "one latent an example; leave it out"
                )
        for kind in ("penalties", "terms", "wrappers"):
            if getattr(experiment, kind):
                yield (
                    f"{kind}: received some with the round {self.name!r}, which has no "
                    "discriminator; leave them out"
                )


class NegativeSamplingRound(AnyRound):
    """A discriminator alone, against the examples that it takes for real (structured learning)."""

    target: ClassVar[str] = "trainer.game.rounds.negative_sampling:NegativeSampling"
    roles: ClassVar[dict[str, str]] = {"discriminator": "discriminator"}
    name: Literal["negative_sampling"] = "negative_sampling"
    # Steps of each search for what scores high, from noise; in training and for samples alike.
    steps: int = Field(20, ge=1)
    # How what is searched moves; a range is two wide. Plain steps are as long as the discriminator
    # is steep, so that one which knows nothing yet is searched nowhere.
    optimizer: PlayerOptimizer = SGD(learning_rate=1.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Latents, conditions, scores that depend on the batch, and losses that nobody plays."""
        for kind, chosen in (("prior", experiment.prior), ("condition", experiment.condition)):
            if chosen.name != "none":
                yield (
                    f"{kind}.name: received {chosen.name!r} with the round {self.name!r}, which "
                    f"searches for samples themselves; set {kind}=none"
                )
        option = experiment.network_of("discriminator").mixing("discriminator")
        if option is not None:
            yield (
                f"network.{option}: received what looks at the whole batch with the round "
                f"{self.name!r}, whose searches go by themselves; set it to "
                f"{'layer or none' if option.endswith('normalization') else 'none'}"
            )
        if experiment.objective.name.startswith("relativistic"):
            yield (
                f"objective: received {experiment.objective.name!r} with the round {self.name!r}, "
                "which searches for what scores high by itself; set objective=non_saturating"
            )
        if self.optimizer.clip_norm is not None or self.optimizer.clip_weights is not None:
            yield (
                "round.optimizer: received one that clips, but every search goes by itself; set "
                "its clip_norm and clip_weights to null"
            )
        for kind in ("terms", "wrappers"):
            if getattr(experiment, kind):
                yield (
                    f"{kind}: received some with the round {self.name!r}, which has no generator; "
                    "leave them out"
                )


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
        for kind in ("penalties", "terms", "wrappers"):
            if getattr(experiment, kind):
                yield (
                    f"{kind}: received some with the round {self.name!r}, whose judges see frames "
                    "and clips in turn; leave them out"
                )
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


class AnyWriterRound(AnyRound):
    """A generator that chooses symbols or strokes in turn; but for captions it is told nothing."""

    # Conditions that the writer can be told; where there are any, latents are possible, too.
    told: ClassVar[tuple[str, ...]] = ()
    # Terms that somebody plays.
    accepts: ClassVar[tuple[str, ...]] = ()

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Latents and conditions, and losses that nobody would play."""
        for kind in () if self.told else ("prior", "condition"):
            name = getattr(experiment, kind).name
            if name != "none":
                yield (
                    f"{kind}.name: received {name!r} with the round {self.name!r}, whose generator "
                    f"is told nothing; set {kind}=none"
                )
        idle = [term for term in experiment.terms if term.name not in self.accepts]
        for kind, unused in (("terms", idle), ("wrappers", experiment.wrappers)):
            if unused:
                yield (
                    f"{kind}: received some with the round {self.name!r}, whose generator "
                    "chooses one thing after another; leave them out"
                )


class LikelihoodRound(AnyWriterRound):
    """A writer of symbols alone, by maximum likelihood: what GANs of texts are measured against."""

    target: ClassVar[str] = "trainer.game.rounds.writer:Likelihood"
    roles: ClassVar[dict[str, str]] = {"generator": "cell"}
    name: Literal["likelihood"] = "likelihood"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also penalties of a discriminator."""
        yield from super().impossible(experiment)
        if experiment.penalties:
            yield (
                "penalties: received some with the round 'likelihood', which has no "
                "discriminator; leave them out"
            )


class PretrainedWriterRound(AnyWriterRound):
    """A writer that learns from the data, a judge that learns from both, and then their game."""

    roles: ClassVar[dict[str, str]] = {"generator": "cell", "discriminator": "discriminator"}
    # Steps in which the writer learns to continue the data's own sequences.
    pretrain_generator: int = Field(4000, ge=0)
    # Steps after those in which the discriminator alone plays.
    pretrain_discriminator: int = Field(1000, ge=0)
    # Discriminator turns in a step, each on a batch of its own.
    discriminator_turns: int = Field(1, ge=1)

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return self.discriminator_turns

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also stages that end within a block."""
        yield from super().impossible(experiment)
        yield from off_block("round.pretrain_generator", self.pretrain_generator, experiment)
        yield from off_block(
            "round.pretrain_discriminator", self.pretrain_discriminator, experiment
        )


class AnyPolicyRound(PretrainedWriterRound):
    """A writer of symbols that is moved by rewards."""

    # Ways in which each beginning of a sequence is completed, to see what it is worth.
    rollouts: int = Field(16, ge=1)
    # What is taken off a reward: nothing, as in the paper, or the mean of the batch's other
    # sequences at the same place, which leaves the expected gradient as it is and calms it.
    baseline: Literal["none", "mean"] = "none"


class PolicyRound(AnyPolicyRound):
    """A writer of symbols, rewarded by the discriminator (SeqGAN, Yu et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.policy:Policy"
    name: Literal["policy"] = "policy"


class CaptioningRound(AnyPolicyRound):
    """A writer that is told a picture, and a judge of whether the two fit (Dai et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.captioning:Captioning"
    roles: ClassVar[dict[str, str]] = {
        "generator": "cell",
        "discriminator": "discriminator",
        "picture_encoder": "encoder",
    }
    told: ClassVar[tuple[str, ...]] = ("image",)
    accepts: ClassVar[tuple[str, ...]] = ("matching_aware",)
    name: Literal["captioning"] = "captioning"
    # Numbers that stand for a picture, which the writer sees beside every symbol.
    picture: int = Field(64, ge=1)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also a game without pictures."""
        yield from super().impossible(experiment)
        if experiment.condition.name not in self.told:
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round "
                "'captioning', which writes about pictures; set condition=image and a source of "
                "captions, such as data.source=described"
            )


class GumbelRound(PretrainedWriterRound):
    """A writer whose symbols are Gumbel-softmax ones, through which gradients flow (Jang 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.gumbel:Gumbel"
    name: Literal["gumbel"] = "gumbel"
    # Where the temperature begins; low ones are nearly one-hot, and their gradients noisy.
    temperature: float = Field(1.0, gt=0.0)
    # Where it ends.
    final_temperature: float = Field(0.5, gt=0.0)
    # Steps of the game in which it gets there, by the same factor each.
    annealing: int = Field(1000, ge=1)
    # Whether the discriminator sees one-hot symbols, and gradients are those of the soft ones.
    straight_through: bool = True

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also a temperature that rises."""
        yield from super().impossible(experiment)
        if self.final_temperature > self.temperature:
            yield (
                f"round.final_temperature: received {self.final_temperature} above "
                f"temperature={self.temperature}, but it is annealed; take a lower one"
            )


class ProgramsRound(AnyWriterRound):
    """A painter of strokes, rewarded for the picture they make (SPIRAL, Ganin et al. 2018)."""

    target: ClassVar[str] = "trainer.game.rounds.programs:Programs"
    roles: ClassVar[dict[str, str]] = {"generator": "cell", "discriminator": "discriminator"}
    name: Literal["programs"] = "programs"
    # Strokes of a program.
    strokes: int = Field(3, ge=1, le=64)
    # Places along either side that a stroke may start from, bend towards and end at.
    lattice: int = Field(8, ge=2, le=64)
    # Of a stroke, in pixels.
    width: float = Field(1.5, gt=0.0)
    # Weight of the entropy of each choice, which keeps the painter trying.
    entropy: float = Field(0.01, ge=0.0)
    # Discriminator turns in a step, each on a batch of its own.
    discriminator_turns: int = Field(1, ge=1)

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return self.discriminator_turns

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also strokes of another width."""
        yield from super().impossible(experiment)
        source = experiment.data.source
        if source.name == "stroke_digits" and getattr(source, "width", None) != self.width:
            yield (
                f"round.width: received {self.width:g} with data.source.width="
                f"{getattr(source, 'width', None)}, by which a discriminator tells them apart; "
                "make them equal"
            )


class PyramidRound(Component):
    """A game a level, each about what a coarser picture lacks (LAPGAN, Denton et al. 2015)."""

    target: ClassVar[str] = "trainer.game.rounds.pyramid:Pyramid"
    translates: ClassVar[bool] = True
    turns: ClassVar[int] = 1
    name: Literal["pyramid"] = "pyramid"
    # Sizes of pictures, each twice the one before; the largest is the data's.
    levels: int = Field(2, ge=2, le=8)

    @property
    def roles(self) -> dict[str, str]:
        """A generator and a discriminator of each level."""
        kinds = ("generator", "discriminator")
        return {f"{kind}_{level}": kind for level in range(self.levels) for kind in kinds}

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without latents, conditions of other kinds, wrappers, and level 0 by pictures."""
        yield from _without_latent(self.name, experiment)
        if experiment.condition.name not in ("none", "label", "attributes"):
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round 'pyramid', "
                "whose levels are given a smaller picture anyway; set none, label or attributes"
            )
        if experiment.wrappers:
            yield (
                f"wrappers: received {experiment.wrappers[0].name!r} with the round 'pyramid', "
                "which has a discriminator a level; leave the wrappers out"
            )
        for term in experiment.terms:
            if term.name in ("reconstruction", "content"):
                yield (
                    f"terms: received {term.name!r} with the round 'pyramid', whose first level "
                    "guesses at no example; leave it out"
                )


def _without_latent(name: str, experiment: "Experiment") -> Iterator[str]:
    if experiment.prior.name == "none":
        yield f"prior.name: received 'none' with the round {name!r}; set gaussian or uniform"


Round = Annotated[
    OrdinaryRound
    | RewardedRound
    | LatentRegressorRound
    | PredictorRound
    | CausalRound
    | StyleRound
    | StyleBasedRound
    | JointRound
    | EnergyRound
    | SimultaneousRound
    | PairsRound
    | AutoencoderRound
    | LatentOptimizationRound
    | NegativeSamplingRound
    | CoupledRound
    | ClipsRound
    | PyramidRound
    | PolicyRound
    | ProgramsRound
    | CaptioningRound
    | LikelihoodRound
    | GumbelRound
    | Custom,
    BY_NAME,
]
