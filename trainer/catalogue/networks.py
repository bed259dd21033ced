"""Networks: what the players are made of."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class AnyNetwork(Component):
    """What every family of networks has.

    Attributes:
        builds: the kinds of roles that it can build.
        judged_together: examples that its discriminator judges as a group of neighbours.
    """

    builds: ClassVar[tuple[str, ...]] = ()

    @property
    def judged_together(self) -> int:
        """See the class."""
        return 1

    def mixing(self, kind: str) -> str | None:
        """The option by which what a network of this kind says of one example depends on others."""
        return None


class TwoNormalizations(AnyNetwork):
    """A family that normalises its players differently."""

    def mixing(self, kind: str) -> str | None:
        """Batch normalisation."""
        option = f"{'discriminator' if kind == 'discriminator' else 'generator'}_normalization"
        return option if getattr(self, option) == "batch" else None


class Comparing(AnyNetwork):
    """A family whose discriminator may look at a sample's neighbours in the batch."""

    # What the discriminator's last layers are also told of a sample among its neighbours: minibatch
    # discrimination (Salimans et al. 2016), their Euclidean distances, or the standard deviation
    # of the whole group (Karras et al. 2018, who take groups of 4).
    discriminator_batch_features: Literal["none", "minibatch", "distances", "deviation"] = "none"
    # Neighbours that are compared with one another; a batch, on every replica, is groups of them.
    discriminator_group: int = Field(16, ge=2)

    @property
    def judged_together(self) -> int:
        """See `AnyNetwork`."""
        return 1 if self.discriminator_batch_features == "none" else self.discriminator_group

    def mixing(self, kind: str) -> str | None:
        """Features of the batch, and what else the family mixes by."""
        compares = kind == "discriminator" and self.judged_together > 1
        return super().mixing(kind) or ("discriminator_batch_features" if compares else None)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Batches that groups do not divide, and rounds that ask about single samples."""
        if self.judged_together == 1:
            return
        packs = math.prod(getattr(w, "samples", 1) for w in experiment.wrappers)
        least = self.judged_together * packs * (experiment.devices.replicas or 1)
        if experiment.train.batch_size % least:
            yield (
                f"network.discriminator_group: received {self.discriminator_group}, but a batch of "
                f"{experiment.train.batch_size} (on {experiment.devices.replicas or 1} replica(s), "
                f"in packs of {packs}) is not whole groups; make train.batch_size a multiple of "
                f"{least}, or the group smaller"
            )
        if experiment.round.name in ("pairs", "policy", "energy"):
            yield (
                f"network.discriminator_batch_features: received "
                f"{self.discriminator_batch_features!r} with the round {experiment.round.name!r}, "
                "which asks the discriminator about single samples; set it to none"
            )


class MLP(Comparing, TwoNormalizations):
    """Fully connected players, for points, tables and small images (Goodfellow et al. 2014)."""

    target: ClassVar[str] = "trainer.networks.mlp:MLP"
    builds: ClassVar[tuple[str, ...]] = ("generator", "encoder", "discriminator", "autoencoder")
    name: Literal["mlp"] = "mlp"
    # Units of each hidden layer, in both players.
    units: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = (128, 128)
    # Units of the discriminator's hidden layers, where they differ.
    discriminator_units: Annotated[tuple[int, ...] | None, Field(strict=False)] = None
    # Of the hidden layers: relu is leaky in what judges; tanh is Metz et al.'s (2017).
    activation: Literal["relu", "tanh"] = "relu"
    # Whether the generator's hidden layers hand on what they were given, beside what they make of
    # it (Xu et al. 2019).
    generator_skips: bool = False
    # Of the Gumbel-softmax by which a generator makes categories.
    temperature: float = Field(0.2, gt=0.0)
    # Normalisation behind every hidden layer of the generator.
    generator_normalization: Literal["none", "batch", "layer"] = "none"
    # Normalisation behind every hidden layer of the discriminator; spectral is of the kernels of
    # all its layers (Miyato et al. 2018).
    discriminator_normalization: Literal["none", "batch", "layer", "spectral"] = "none"


class DCGAN(Comparing, TwoNormalizations):
    """Strided convolutions that size themselves from the data (Radford et al. 2016)."""

    target: ClassVar[str] = "trainer.networks.dcgan:DCGAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "encoder", "discriminator", "autoencoder")
    name: Literal["dcgan"] = "dcgan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Side of the square kernels; even sizes meet stride 2 without a checkerboard.
    kernel_size: int = Field(4, ge=1)
    # Normalisation of the generator's hidden layers.
    generator_normalization: Literal["none", "batch", "layer"] = "batch"
    # Normalisation of the discriminator's hidden layers (never its first); spectral is of the
    # kernels of all its layers (Miyato et al. 2018).
    discriminator_normalization: Literal["none", "batch", "layer", "spectral"] = "batch"
    # How a condition's vectors reach the generator: beside the latent, or as scale and offset of
    # every normalisation (de Vries et al. 2017).
    generator_conditioning: Literal["concatenate", "normalization"] = "concatenate"
    # How they reach the discriminator: as constant channels, by projection on its last layer
    # (Miyato & Koyama 2018), or beside its features in a hidden layer more (Reed et al. 2016).
    discriminator_conditioning: Literal["concatenate", "projection", "hidden"] = "concatenate"
    # Units of a hidden layer between the discriminator's convolutions and its heads, as InfoGAN's;
    # 0 has none, but where something joins there it has as many as the last convolution filters.
    discriminator_units: int = Field(0, ge=0)


class CoGAN(TwoNormalizations):
    """DCGAN's layers, shared by two domains but for those near the pixels (Liu & Tuzel 2016)."""

    target: ClassVar[str] = "trainer.networks.cogan:CoGAN"
    builds: ClassVar[tuple[str, ...]] = ("joint_generator", "joint_discriminator")
    name: Literal["cogan"] = "cogan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Side of the square kernels; even sizes meet stride 2 without a checkerboard.
    kernel_size: int = Field(4, ge=1)
    # Normalisation of the generator's hidden layers.
    generator_normalization: Literal["none", "batch", "layer"] = "batch"
    # Normalisation of the discriminator's hidden layers (never its first); spectral is of the
    # kernels of all its layers (Miyato et al. 2018).
    discriminator_normalization: Literal["none", "batch", "layer", "spectral"] = "batch"


class SNGAN(TwoNormalizations):
    """Residual players, the discriminator of spectral norm one (Miyato et al. 2018)."""

    target: ClassVar[str] = "trainer.networks.sngan:SNGAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["sngan"] = "sngan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # The discriminator's residual blocks at the lowest resolution, behind those that halve.
    blocks: int = Field(1, ge=0)
    # Side of the feature maps over all of whose places both players attend (Zhang et al. 2019);
    # null has none.
    attention: int | None = Field(None, ge=1)
    # Normalisation in the generator's residual blocks.
    generator_normalization: Literal["none", "batch", "layer"] = "batch"
    # Of the discriminator's kernels.
    discriminator_normalization: Literal["none", "spectral"] = "spectral"
    # How a condition's vectors reach the generator: as scale and offset of every normalisation (de
    # Vries et al. 2017), or beside the latent.
    generator_conditioning: Literal["concatenate", "normalization"] = "normalization"
    # How they reach the discriminator: by projection on its last layer (Miyato & Koyama 2018), or
    # as constant channels.
    discriminator_conditioning: Literal["concatenate", "projection"] = "projection"


class R3GAN(AnyNetwork):
    """Plain residual players without normalisation: the modern baseline (Huang et al. 2024)."""

    target: ClassVar[str] = "trainer.networks.r3gan:R3GAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["r3gan"] = "r3gan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(768, ge=1)
    # Residual blocks at each resolution.
    blocks: int = Field(2, ge=1)
    # How many times as wide the blocks are inside.
    expansion: int = Field(2, ge=1)
    # Filters that the grouped convolutions let see one another.
    group_filters: int = Field(16, ge=1)


class Translating(AnyNetwork):
    """A family that makes pictures of pictures."""

    builds: ClassVar[tuple[str, ...]] = ("generator",)
    # Normalisation of hidden layers; by instance it is what the papers' batches of one are.
    normalization: Literal["none", "batch", "layer", "instance"] = "instance"

    def mixing(self, kind: str) -> str | None:
        """Batch normalisation."""
        return "normalization" if self.normalization == "batch" else None

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A generator that is told no picture."""
        roles = experiment.round.roles.items()
        used = any(kind == "generator" and experiment.network_of(n) is self for n, kind in roles)
        if used and not (experiment.round.translates or experiment.condition.shows_pictures):
            yield (
                f"network.name: received {self.name!r} with condition={experiment.condition.name}, "
                "but it makes pictures of pictures; set condition=image, "
                "condition=label_map or condition=derived"
            )


class UNet(Translating):
    """An encoder and a decoder with skips, and dropout for noise (Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.unet:UNet"
    name: Literal["unet"] = "unet"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Share of the features that dropout sets to zero in the decoder's first three layers, also in
    # what is exported; zero makes a network without noise.
    dropout: float = Field(0.5, ge=0.0, lt=1.0)


class ResNet(Translating):
    """Residual blocks at a lower resolution (Johnson et al. 2016, Zhu et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.resnet:ResNet"
    name: Literal["resnet"] = "resnet"
    # Filters at the highest resolution; they double with each of at most two halvings.
    base_filters: int = Field(64, ge=1)
    # Residual blocks: six for pictures of 128 pixels, nine from 256 on.
    blocks: int = Field(6, ge=1)


class SPADE(Translating):
    """Residual blocks whose normalisations are steered by a map, place by place (Park 2019)."""

    target: ClassVar[str] = "trainer.networks.spade:SPADE"
    name: Literal["spade"] = "spade"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(1024, ge=1)
    # Filters between the map and the scales and offsets that are made of it.
    hidden_filters: int = Field(128, ge=1)
    # What the scales and offsets follow, in the blocks.
    normalization: Literal["none", "batch", "layer", "instance"] = "batch"
    # How the map reaches the blocks: as scale and offset of every normalisation, or as further
    # channels in front of it.
    generator_conditioning: Literal["concatenate", "normalization"] = "normalization"


class SRResNet(Translating):
    """Blocks at the low resolution, then sub-pixel convolutions (Ledig et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.srresnet:SRResNet"
    name: Literal["srresnet"] = "srresnet"
    # Of every layer at the low resolution.
    base_filters: int = Field(64, ge=1)
    # Blocks: 16 in SRResNet, 23 dense ones in ESRGAN.
    blocks: int = Field(16, ge=1)
    # Two convolutions with a normalisation each, or dense ones without any (Wang et al. 2018).
    block: Literal["residual", "dense"] = "residual"
    # Filters that every layer of a dense block adds.
    growth: int = Field(32, ge=1)
    # Normalisation in residual blocks.
    normalization: Literal["none", "batch", "layer", "instance"] = "batch"
    # Whether the picture, bicubically enlarged, is added to what is made (Kim et al. 2016): then a
    # network learns what bicubic enlargement lacks, and small ones go far.
    enlarged_input: bool = False

    def mixing(self, kind: str) -> str | None:
        """Batch normalisation, which dense blocks do not have."""
        return None if self.block == "dense" else super().mixing(kind)


class Laplacian(AnyNetwork):
    """What a coarse picture lacks: convolutions at one resolution (LAPGAN, Denton et al. 2015)."""

    target: ClassVar[str] = "trainer.networks.laplacian:Laplacian"
    builds: ClassVar[tuple[str, ...]] = ("generator",)
    name: Literal["laplacian"] = "laplacian"
    # Of both hidden layers.
    filters: int = Field(64, ge=1)
    # Sides of the kernels of the hidden layers and of the last one.
    kernels: Annotated[tuple[int, ...], Field(strict=False, min_length=2)] = (7, 7, 5)


class Patch(AnyNetwork):
    """A discriminator that judges every patch by itself (PatchGAN, Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.patch:Patch"
    builds: ClassVar[tuple[str, ...]] = ("discriminator",)
    name: Literal["patch"] = "patch"
    # Filters of the first layer; they double with every further one.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Layers of stride two: patches are 7, 16, 34 and 70 pixels wide with 0 to 3 of them; null takes
    # as many as leave the patch within the picture, from one to three.
    layers: int | None = Field(None, ge=0, le=6)
    # Normalisation of hidden layers (never the first); spectral is of the kernels of all layers.
    normalization: Literal["none", "batch", "layer", "instance", "spectral"] = "instance"

    def mixing(self, kind: str) -> str | None:
        """Batch normalisation."""
        return "normalization" if self.normalization == "batch" else None


class Doubling(AnyNetwork):
    """A family whose players work at every resolution from the lowest up."""

    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(32, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # The data's height and width are halved while both are even and stay at or above this.
    smallest: int = Field(4, ge=1)

    def resolutions(self, height: int, width: int) -> list[tuple[int, int]]:
        """Heights and widths from the lowest up to the data's own."""
        sizes = [(height, width)]
        while all(side % 2 == 0 and side // 2 >= self.smallest for side in sizes[0]):
            sizes.insert(0, (sizes[0][0] // 2, sizes[0][1] // 2))
        return sizes


class Progressive(Comparing, Doubling):
    """Convolutions at every resolution, which can grow from the lowest up (Karras et al. 2018)."""

    target: ClassVar[str] = "trainer.networks.progressive:Progressive"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["progressive"] = "progressive"


class StyleGAN2(Comparing, Doubling):
    """Styles that modulate every convolution, and a residual discriminator (Karras et al. 2020)."""

    target: ClassVar[str] = "trainer.networks.stylegan2:StyleGAN2"
    builds: ClassVar[tuple[str, ...]] = ("mapping", "generator", "discriminator")
    name: Literal["stylegan2"] = "stylegan2"
    # Numbers of a style.
    style: int = Field(512, ge=1)
    # Dense layers from latent to style; the authors take 2 of small pictures.
    mapping_layers: int = Field(8, ge=1)
    # Whether every layer adds noise of the row's key.
    noise: bool = True


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
    # Of the first convolution over a picture, where one is told; each one behind has twice as many.
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


_Pictures = Annotated[DCGAN | SNGAN | R3GAN | UNet | ResNet | Patch | Progressive | Custom, BY_NAME]


class Frames(AnyNetwork):
    """A family for pictures, to which a clip is a picture with its frames for channels."""

    target: ClassVar[str] = "trainer.networks.frames:Frames"
    name: Literal["frames"] = "frames"
    # The family, which must be able to build what the round asks for.
    of: _Pictures = UNet()

    @property
    def judged_together(self) -> int:
        """That of the family."""
        return self.of.judged_together

    def mixing(self, kind: str) -> str | None:
        """That of the family."""
        option = self.of.mixing(kind)
        return f"of.{option}" if option else None

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A role that the family cannot build."""
        for role, kind in experiment.round.roles.items():
            if experiment.network_of(role) is self and kind not in (self.of.builds or (kind,)):
                yield (
                    f"network.of: received {self.of.name!r} for the role {role!r}, and it has no "
                    f"{kind}; take a family that has one, or set networks.{role}"
                )


class Vid2Vid(AnyNetwork):
    """A generator of clips that makes each frame of the one before it (Wang et al. 2018)."""

    target: ClassVar[str] = "trainer.networks.vid2vid:Vid2Vid"
    builds: ClassVar[tuple[str, ...]] = ("generator",)
    name: Literal["vid2vid"] = "vid2vid"
    # The family of the network of a frame.
    of: Annotated[UNet | ResNet, BY_NAME] = UNet()
    # Pixels that anything moves at most from a frame to the next.
    reach: float = Field(4.0, gt=0.0)
    # Whether frames are moved on; false makes every frame of what is given alone.
    history: bool = True

    def mixing(self, kind: str) -> str | None:
        """That of the family."""
        option = self.of.mixing(kind)
        return f"of.{option}" if option else None


class CodeTable(AnyNetwork):
    """A learned latent for every training example (GLO, Bojanowski et al. 2018)."""

    target: ClassVar[str] = "trainer.networks.code_table:CodeTable"
    builds: ClassVar[tuple[str, ...]] = ("codes",)
    name: Literal["code_table"] = "code_table"
    # How many times as fast as other weights codes move under Adam.
    rate: float = Field(10.0, gt=0.0)


class MolGAN(AnyNetwork):
    """Molecules made at once, judged by relational graph convolutions (De Cao & Kipf 2018)."""

    target: ClassVar[str] = "trainer.networks.molgan:MolGAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["molgan"] = "molgan"
    # Units of the generator's hidden layers.
    units: Annotated[tuple[int, ...], Field(strict=False)] = (128, 256, 512)
    # How types and bonds leave the generator: as probabilities; as probabilities with Gumbel noise,
    # of which the largest is a draw; or as that draw itself, with the gradient of the former.
    making: Literal["softmax", "gumbel", "straight_through"] = "softmax"
    # Of the softmax.
    temperature: float = Field(1.0, gt=0.0)
    # Units of the discriminator's graph convolutions.
    convolutions: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = (64, 32)
    # Numbers that stand for a whole graph.
    aggregation: int = Field(128, ge=1)
    # Units of the layers behind them.
    discriminator_units: Annotated[tuple[int, ...], Field(strict=False)] = (128,)


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


Network = Annotated[
    MLP
    | DCGAN
    | CoGAN
    | SNGAN
    | R3GAN
    | UNet
    | ResNet
    | SPADE
    | SRResNet
    | Laplacian
    | Patch
    | Progressive
    | StyleGAN2
    | Recurrent
    | Lstm
    | SequenceResNet
    | Frames
    | Vid2Vid
    | CodeTable
    | Words
    | MolGAN
    | Custom,
    BY_NAME,
]
