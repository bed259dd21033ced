"""Conditions: what both players are conditioned on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from trainer.catalogue.choice import BY_NAME, Component, Custom
from trainer.catalogue.networks import Words
from trainer.catalogue.sources.tables import AnyTable

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class AnyCondition(Component):
    """What every condition has.

    Attributes:
        shows_pictures: whether the players are conditioned on a picture.
        families: networks of its own, by role, as they are unless `networks.ROLE` says otherwise;
            the kind of each is its name.
    """

    shows_pictures: ClassVar[bool] = False
    families: ClassVar[dict[str, Words]] = {}


class NoCondition(AnyCondition):
    """Neither player is conditioned."""

    target: ClassVar[str] = "trainer.game.conditions.none:Unconditional"
    name: Literal["none"] = "none"


class LabelCondition(AnyCondition):
    """Both players see the class as the same one-hot vector (Mirza & Osindero 2014)."""

    target: ClassVar[str] = "trainer.game.conditions.label:Label"
    name: Literal["label"] = "label"


class ImageCondition(AnyCondition):
    """Both players see a picture that lies beside the sample (Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.game.conditions.given:GivenField"
    kind: ClassVar[str] = "image"
    shows_pictures: ClassVar[bool] = True
    name: Literal["image"] = "image"
    # The data's field that holds the picture.
    field: str = "image"


class LabelMapCondition(AnyCondition):
    """Both players see which class every pixel is to be (Isola et al. 2017, Park et al. 2019)."""

    target: ClassVar[str] = "trainer.game.conditions.label_map:LabelMap"
    kind: ClassVar[str] = "label_map"
    shows_pictures: ClassVar[bool] = True
    name: Literal["label_map"] = "label_map"
    # The data's field that holds the map.
    field: str = "label_map"


class ClipCondition(AnyCondition):
    """Both players see a clip that lies beside the sample, such as the frames before it."""

    target: ClassVar[str] = "trainer.game.conditions.given:GivenField"
    kind: ClassVar[str] = "clip"
    shows_pictures: ClassVar[bool] = True
    name: Literal["clip"] = "clip"
    # The data's field that holds the clip.
    field: str = "clip"


class AttributesCondition(AnyCondition):
    """Both players see a vector of named attributes that lies beside the sample."""

    target: ClassVar[str] = "trainer.game.conditions.attributes:Attributes"
    kind: ClassVar[str] = "attributes"
    name: Literal["attributes"] = "attributes"
    # The data's field that holds them.
    field: str = "attributes"


class DerivedCondition(AnyCondition):
    """Both players see a degraded form of the sample, from which it is to be restored."""

    target: ClassVar[str] = "trainer.game.conditions.derived:Derived"
    shows_pictures: ClassVar[bool] = True
    name: Literal["derived"] = "derived"
    # How many times lower the resolution is.
    factor: int = Field(2, ge=1)
    # How it is lowered: means of squares, or bicubic interpolation with a widened kernel, as
    # super-resolution is published.
    kernel: Literal["mean", "bicubic"] = "mean"
    # Whether the colours are taken away.
    grey: bool = False


class TextCondition(AnyCondition):
    """Both players see one vector of a caption, read by a network of its own (Reed et al. 2016)."""

    target: ClassVar[str] = "trainer.game.conditions.text:Text"
    families: ClassVar[dict[str, Words]] = {"text_encoder": Words()}
    name: Literal["text"] = "text"
    # The data's field that holds the caption.
    field: str = "text"
    # Numbers of the vector.
    size: int = Field(32, ge=1)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Rounds that have no place for the network that reads, and data without captions."""
        if experiment.round.name != "ordinary" and not isinstance(experiment.round, Custom):
            yield (
                f"condition.name: received 'text' with the round {experiment.round.name!r}, which "
                "has no place for the network that reads captions; set round=ordinary"
            )
        source = experiment.data.source
        if not (isinstance(source, Custom) or getattr(source, "has_captions", False)):
            yield (
                f"condition.name: received 'text' with data.source={source}, which has no "
                "captions; set data.source=captioned_digits, or {name: captions, pictures: FOLDER, "
                "captions: FILE.jsonl}"
            )


class CategoryCondition(AnyCondition):
    """Both players see a category of a column by which the row was drawn (Xu et al. 2019)."""

    target: ClassVar[str] = "trainer.game.conditions.category:Category"
    name: Literal["category"] = "category"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Data without columns."""
        source = experiment.data.source
        if not isinstance(source, AnyTable | Custom):
            yield (
                f"condition.name: received 'category' with data.source={source}, which has no "
                "columns; set data.source=loans, or table:FILE"
            )


_Member = Annotated[
    LabelCondition
    | ImageCondition
    | LabelMapCondition
    | ClipCondition
    | AttributesCondition
    | DerivedCondition
    | TextCondition
    | CategoryCondition
    | Custom,
    BY_NAME,
]


class TogetherCondition(Component):
    """Several conditions at once; a list in a recipe means this."""

    target: ClassVar[str] = "trainer.game.conditions.together:together"
    name: Literal["together"] = "together"
    # The conditions, of different names.
    of: Annotated[tuple[_Member, ...], Field(strict=False, min_length=1)]

    @property
    def shows_pictures(self) -> bool:
        """Whether one of them does."""
        return any(condition.shows_pictures for condition in self.of)

    @property
    def families(self) -> dict[str, Words]:
        """Networks of their own, by role."""
        return {role: own for condition in self.of for role, own in condition.families.items()}

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """What each of them cannot go with."""
        for condition in self.of:
            yield from condition.impossible(experiment)


def _several(value: Any) -> Any:
    return {"name": "together", "of": value} if isinstance(value, list | tuple) else value


Condition = Annotated[
    NoCondition
    | LabelCondition
    | ImageCondition
    | LabelMapCondition
    | ClipCondition
    | AttributesCondition
    | DerivedCondition
    | TextCondition
    | CategoryCondition
    | TogetherCondition
    | Custom,
    BY_NAME,
    BeforeValidator(_several),
]
