"""Games, and their rivals, in which latents are found again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import Custom, off_block
from trainer.catalogue.optimizers import SGD, PlayerOptimizer
from trainer.catalogue.rounds.round import AnyRound, InTurns, unplayed, without_latent

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


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
        """Terms, a game without a latent; latents of which no Gaussian can be the inverse."""
        yield from without_latent(self.name, experiment)
        for term in experiment.terms:
            if not isinstance(term, Custom):
                yield (
                    f"terms: received {term.name!r} with the round 'pairs', whose generator and "
                    "encoder play the discriminator's losses exchanged and no others; leave it "
                    "out, or set round=ordinary"
                )
        prior = experiment.prior
        coded = getattr(prior, "categorical", ()) or getattr(prior, "continuous", 0)
        if self.stochastic and (prior.name == "uniform" or coded):
            yield (
                f"round.stochastic: received true with prior={prior}, but what a stochastic "
                "encoder gives is a Gaussian; set prior=gaussian without codes, or set it to false"
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
        yield from without_latent(self.name, experiment)


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
        yield from without_latent(self.name, experiment)
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
    needs_fields: ClassVar[tuple[str, ...]] = ("sample", "next")
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
    # Distribution of an example around what was decoded; mixed is of rows of tables: numbers are
    # Gaussian, of deviations that are learned, the rest is a choice (TVAE, Xu et al. 2019).
    likelihood: Literal["gaussian", "bernoulli", "mixed"] = "gaussian"
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
        kinds = ("penalties", "terms", "wrappers")
        yield from unplayed(experiment, *kinds, why="which has no discriminator")


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
                f"{self.name!r}, whose generator sees a latent only; set condition=none"
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
        kinds = ("penalties", "terms", "wrappers")
        yield from unplayed(experiment, *kinds, why="which has no discriminator")


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
        yield from unplayed(experiment, "terms", "wrappers", why="which has no generator")
