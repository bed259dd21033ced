"""Searches: what an export looks for among its latents when it is asked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom
from trainer.catalogue.optimizers import Adam, PlayerOptimizer

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Search(Component):
    """What every search has: how often, from where and how far it goes.

    What is minimised is a sum over the numbers of a picture on the scale of [-1, 1], so weights are
    against such sums.
    """

    # Steps of each search, fixed when it is exported.
    steps: int = Field(200, ge=0)
    # Searches of each row, side by side; the best is answered.
    restarts: int = Field(1, ge=1)
    # Where they begin: at latents drawn by seed (the first is the one that `generate` takes), at
    # the best of a pool (Lahiri et al. 2019), or the first at what the encoder says (Zhu et al.
    # 2016) and the others drawn.
    start: Literal["random", "nearest", "encoder"] = "random"
    # Latents in the pool, of which every seed sees half.
    pool: int = Field(256, ge=2, le=65_536)
    # How latents move; with constant steps, such as Adam's or those of SGD with momentum.
    optimizer: PlayerOptimizer = Adam(learning_rate=0.1, beta_1=0.9)
    # Weight of the discriminator's word: the loss that the generator had in training. Nothing where
    # the game offers no `score`.
    judge: float = Field(0.0, ge=0.0)
    # Weight of ½‖z‖², which is minus the log density of a Gaussian latent; uniform latents are
    # kept within their range anyway.
    latent: float = Field(0.0, ge=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Games without latents, translations, a missing encoder; clipping across rows."""
        field = f"export.searches: received {self.name!r}"
        if experiment.prior.name == "none":
            yield f"{field} with prior=none, but it searches latents; leave it out"
        condition = experiment.condition
        if condition.shows_pictures and not isinstance(condition, Custom):
            yield (
                f"{field} with condition={condition.name}, but it searches among the pictures that "
                "a latent can make by itself; leave it out"
            )
        roles = experiment.round.roles
        if self.start == "encoder" and roles and "encoder" not in roles:
            yield (
                f"{field} with start 'encoder', but the round {experiment.round.name!r} has none; "
                "set start to random or nearest, or take the round predictor, pairs or autoencoder"
            )
        if self.optimizer.clip_norm is not None or self.optimizer.clip_weights is not None:
            yield (
                f"{field} with an optimizer that clips, but every search goes by itself; set its "
                "clip_norm and clip_weights to null"
            )


class Likeness(Search):
    """What searches have in common that look for a given sample."""

    # Weight of the squared differences of pixels.
    pixels: float = Field(1.0, ge=0.0)
    # Weight of the squared differences of features that tell who or what it is.
    identity: float = Field(0.0, ge=0.0)
    # Whose features: the game's own encoder's, or those of a classifier (of persons, say) in a
    # folder that an evaluation kept it in.
    features: str = Field("encoder", min_length=1)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Nothing to look for; features of an encoder that is not there."""
        yield from super().impossible(experiment)
        field = f"export.searches: received {self.name!r}"
        if not self.pixels and not self.identity:
            yield f"{field} with pixels 0 and identity 0, which looks for nothing; set one of them"
        roles = experiment.round.roles
        if self.identity and self.features == "encoder" and roles and "encoder" not in roles:
            yield (
                f"{field} with features 'encoder', but the round {experiment.round.name!r} has "
                "none; set features to the folder of a classifier, or take the round "
                "latent_regressor, predictor or pairs"
            )


class Project(Likeness):
    """`project`: the latent whose sample comes nearest to a given one, in squares (Zhu 2016)."""

    target: ClassVar[str] = "trainer.game.signatures.projection:projection"
    name: Literal["project"] = "project"
    # Searches of each row, side by side; the best is answered.
    restarts: int = Field(4, ge=1)


class Translate(Likeness):
    """`translate`: a sample under another condition, such as an age (Antipov et al. 2017)."""

    target: ClassVar[str] = "trainer.game.signatures.changing:changing"
    name: Literal["translate"] = "translate"
    # Where it begins, as in `project`.
    start: Literal["random", "nearest", "encoder"] = "encoder"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without a condition."""
        yield from super().impossible(experiment)
        if experiment.condition.name == "none":
            yield (
                "export.searches: received 'translate' with condition=none, so there is nothing to "
                "change; leave it out, or set condition=label or attributes"
            )


class Plan(Likeness):
    """`plan`: pictures from a start to a goal, along a path of latents (Kurutach et al. 2018).

    `steps`, `restarts` and `start` are of the search for the latents of both ends.
    """

    target: ClassVar[str] = "trainer.game.signatures.planning:planning"
    name: Literal["plan"] = "plan"
    # Where that begins, as in `project`.
    start: Literal["random", "nearest", "encoder"] = "encoder"
    # Steps of it; zero takes what the encoder says, or the nearest of the pool.
    steps: int = Field(0, ge=0)
    # Pictures of a plan, start and goal among them.
    frames: int = Field(16, ge=3, le=1024)
    # Steps by which a path is searched, from the straight line, that the game's transitions find
    # likeliest; zero keeps the line.
    path_steps: int = Field(0, ge=0)
    # Paths of other noise that are tried, of which the game's judge of pairs picks one.
    candidates: int = Field(1, ge=1, le=1024)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A condition; transitions and judges of pairs that no round has."""
        yield from super().impossible(experiment)
        if experiment.condition.name != "none":
            yield (
                f"export.searches: received 'plan' with condition={experiment.condition.name}, but "
                "a path leads among latents alone; set condition=none"
            )
        game = experiment.round
        if self.path_steps and game.name != "causal" and not isinstance(game, Custom):
            yield (
                f"export.searches: received 'plan' with path_steps={self.path_steps} and the round "
                f"{game.name!r}, which learns no transitions; set path_steps to 0, which takes "
                "straight lines, or round=causal"
            )
        is_causal = game.name == "causal" and self.start == "encoder"
        if self.candidates > 1 and not is_causal and not isinstance(game, Custom):
            yield (
                f"export.searches: received 'plan' with candidates={self.candidates}, start="
                f"{self.start!r} and the round {game.name!r}, but paths are told apart by the "
                "judge of pairs of round=causal, and differ where start=encoder leaves their noise "
                "open; set candidates to 1"
            )


class Filling(Search):
    """What searches have in common that fill what is missing."""

    # Where they begin, as in `project`; to models with a condition a pool is dear, for it is made
    # anew for every row.
    start: Literal["random", "nearest", "encoder"] = "nearest"
    # Weight of the discriminator's word: λ, of the size that the paper's released code has.
    judge: float = Field(0.2, ge=0.0)
    # How much a known pixel counts: the share of missing ones in the window around it, as the paper
    # has it; of known ones, as its released code has it; or all alike.
    weights: Literal["missing", "known", "alike"] = "missing"
    # Side of that window.
    window: int = Field(7, ge=1)
    # Weight of what neighbouring known pixels differ by (the structure of Lahiri et al. 2019).
    structure: float = Field(0.0, ge=0.0)
    # Steps of Poisson blending, which moves the filling to the colours around it (Pérez et al.
    # 2003): about as many as the picture's height and width together; zero pastes as it is.
    blending: int = Field(0, ge=0)


class Complete(Filling):
    """`complete`: what is missing of a picture, filled (Yeh et al. 2017, Lahiri et al. 2019)."""

    target: ClassVar[str] = "trainer.game.signatures.completion:completion"
    name: Literal["complete"] = "complete"


class CompleteClip(Filling):
    """`complete_clip`: what is missing of a clip, filled by a generator of pictures (Lahiri 2019).

    `steps` and `restarts` are of the first frame.
    """

    target: ClassVar[str] = "trainer.game.signatures.clip_completion:clip_completion"
    name: Literal["complete_clip"] = "complete_clip"
    # Frames of a clip, fixed when it is exported.
    frames: int = Field(8, ge=2)
    # Neighbouring frames that are searched together; the last group may have fewer.
    group: int = Field(4, ge=1)
    # Steps of each group, which begins at the last latent of the one before it.
    group_steps: int = Field(50, ge=0)
    # Weight of the distances (L1) between all frames of a group.
    consistency: float = Field(0.1, ge=0.0)
    # What these are measured between: latents, or what fills the pixels that both frames miss.
    consistent: Literal["latents", "fillings"] = "latents"


class Edit(Search):
    """`edit`: the picture that a generator can make, with what was painted (Zhu et al. 2016)."""

    target: ClassVar[str] = "trainer.game.signatures.editing:editing"
    name: Literal["edit"] = "edit"
    # Searches of each row, side by side; the best is answered.
    restarts: int = Field(4, ge=1)
    # Weight of the discriminator's word, as in `complete`.
    judge: float = Field(0.2, ge=0.0)
    # Weight of what was not painted, which is to stay as it was, against 1 of what was.
    keep: float = Field(0.2, ge=0.0)
    # Weight of the colours of what was painted; zero takes strokes for a sketch of edges alone.
    colours: float = Field(1.0, ge=0.0)
    # Weight of the edges that strokes make: what neighbouring pixels differ by.
    edges: float = Field(0.0, ge=0.0)


class Design(Search):
    """`design`: a sample of which a predictor promises most (Killoran et al. 2017)."""

    target: ClassVar[str] = "trainer.game.signatures.design:design"
    name: Literal["design"] = "design"
    # Searches of each row, side by side; the best is answered.
    restarts: int = Field(4, ge=1)
    # Where they begin, as in `project`.
    start: Literal["random", "nearest"] = "random"
    # Who predicts: the game's own network (the wrapper `predict`), or the .keras file of a model
    # that answers a number for samples as the players see them (symbols one-hot).
    predictor: str = Field("game", min_length=1)
    # Which of the properties that the game predicts; null takes the first.
    property: str | None = None
    # Whether there is to be much of it, or little.
    highest: bool = True
    # What is searched: latents of the generator (the paper's joint method), or symbols at every
    # place by themselves (activation maximisation), which nothing keeps near the data.
    through: Literal["generator", "symbols"] = "generator"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A predictor that the game does not have."""
        yield from super().impossible(experiment)
        wrappers = [wrapper.name for wrapper in experiment.wrappers]
        own = any(isinstance(wrapper, Custom) for wrapper in experiment.wrappers)
        if self.predictor == "game" and "predict" not in wrappers and not own:
            yield (
                "export.searches: received 'design' with predictor 'game', which has none; set "
                "wrappers=[predict], or predictor to the .keras file of a model"
            )


AnySearch = Annotated[
    Project | Translate | Plan | Complete | CompleteClip | Edit | Design | Custom, BY_NAME
]
