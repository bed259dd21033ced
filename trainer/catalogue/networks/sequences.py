"""Networks of symbols and series."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.networks.network import AnyNetwork


class Recurrent(AnyNetwork):
    """A recurrent writer of symbols, judged by convolutions over time (Yu et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.recurrent:Recurrent"
    builds: ClassVar[tuple[str, ...]] = ("cell", "encoder", "discriminator")
    name: Literal["recurrent"] = "recurrent"
    # Numbers that stand for a symbol, in both players.
    embedding: int = Field(32, ge=1)
    # Units of the writer's LSTM.
    hidden: int = Field(32, ge=1)
    # Symbols that the judge's convolutions look at; wider ones than the sequence are left out.
    widths: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = (1, 2, 3, 4, 5)
    # Convolutions of each width.
    filters: int = Field(64, ge=1)
    # Of the first convolution over a picture, if there is one; each one behind has twice as many.
    picture_filters: int = Field(16, ge=1)


class Lstm(AnyNetwork):
    """Recurrent players of time series and symbols (Mogren 2016; Esteban et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.lstm:Lstm"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["lstm"] = "lstm"
    # Units of each LSTM; the discriminator has as many in both directions of time.
    hidden: int = Field(64, ge=1)
    # LSTMs one upon the other, in each player.
    layers: int = Field(1, ge=1)


class SequenceResNet(AnyNetwork):
    """Residual convolutions along sequences, all symbols at once (Gulrajani et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.sequence_resnet:SequenceResNet"
    builds: ClassVar[tuple[str, ...]] = ("generator", "encoder", "discriminator")
    name: Literal["sequence_resnet"] = "sequence_resnet"
    # Of every convolution; Killoran et al. (2017) take 100.
    filters: int = Field(64, ge=1)
    # Residual blocks of each player; they take 5.
    blocks: int = Field(3, ge=1)
    # Places that a convolution looks at.
    kernel_size: int = Field(5, ge=1)
    # Share of what a block makes that is added to what it was given.
    residual: float = Field(0.3, gt=0.0)


class Words(AnyNetwork):
    """A reader of captions: a vector a word, and one of them all (after Reed et al. 2016)."""

    target: ClassVar[str] = "trainer.networks.words:Words"
    builds: ClassVar[tuple[str, ...]] = ("text_encoder",)
    name: Literal["words"] = "words"
    # Numbers that stand for a word.
    embedding: int = Field(32, ge=1)
    # How words come together: in their mean, which knows no order, or in the last state of a
    # recurrent network.
    reading: Literal["mean", "gru"] = "gru"
