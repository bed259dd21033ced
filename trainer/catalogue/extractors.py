"""Feature extractors: what turns samples into the vectors in which metrics compare them.

Each says what kinds of features it may give (`trainer.evaluation.extractors.Extractor.kind`), for
some numbers are named by that.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom


class AutoExtractor(Component):
    """The classifier where the data has labels; else random projections of images, raw points."""

    target: ClassVar[str] = "trainer.evaluation.extractors:auto"
    feature_kinds: ClassVar[tuple[str, ...]] = ("classifier", "other")
    name: Literal["auto"] = "auto"


class ClassifierExtractor(Component):
    """A classifier that is trained once on the data set at hand, and kept with its accuracy."""

    target: ClassVar[str] = "trainer.evaluation.extractors.classifier:make"
    feature_kinds: ClassVar[tuple[str, ...]] = ("classifier",)
    name: Literal["classifier"] = "classifier"
    # A folder that an earlier evaluation kept a classifier in (it says where); null finds or trains
    # one of this data.
    path: str | None = None


class InceptionExtractor(Component):
    """Inception: with the weights of 2015, and with no others, a Fréchet distance is the FID."""

    target: ClassVar[str] = "trainer.evaluation.extractors.inception:make"
    feature_kinds: ClassVar[tuple[str, ...]] = ("inception", "classifier")
    name: Literal["inception"] = "inception"
    # The frozen graph of 2015 (classify_image_graph_def.pb) or Keras' InceptionV3 weights (.h5,
    # .keras); null needs download.
    path: str | None = None
    # Whether Keras may download its weights (these are not those of 2015, and the name says so).
    download: bool = False
    # How images come to 299×299: the bilinear way of 2015 and TF-GAN, or clean-fid's antialiased
    # bicubic one.
    resize: Literal["tfgan", "clean"] = "tfgan"


class RawExtractor(Component):
    """The samples themselves on [-1, 1], flattened."""

    target: ClassVar[str] = "trainer.evaluation.extractors.raw:raw"
    feature_kinds: ClassVar[tuple[str, ...]] = ("other",)
    name: Literal["raw"] = "raw"


class RandomProjectionExtractor(Component):
    """Random Gaussian projections of the flattened samples on [-1, 1]."""

    target: ClassVar[str] = "trainer.evaluation.extractors.raw:random_projection"
    feature_kinds: ClassVar[tuple[str, ...]] = ("other",)
    name: Literal["random_projection"] = "random_projection"
    # Numbers that are left of a sample, never more than it has.
    size: int = Field(256, ge=1)
    # Of the projection.
    seed: int = Field(0, ge=0)


class SavedModelExtractor(Component):
    """Any SavedModel that turns a batch of samples into vectors."""

    target: ClassVar[str] = "trainer.evaluation.extractors.saved_model:make"
    feature_kinds: ClassVar[tuple[str, ...]] = ("classifier", "other")
    name: Literal["saved_model"] = "saved_model"
    # Folder of the SavedModel.
    path: str
    # Signature to call.
    signature: str = "serving_default"
    # Output with the features; null takes the only one.
    output: str | None = None
    # Output with class logits, which makes it a classifier; null has none.
    logits: str | None = None
    # What the model's input expects: the stored values (as its type, where nothing is lost),
    # [0, 1], or [-1, 1].
    scale: Literal["stored", "unit", "symmetric"] = "stored"


AnyExtractor = Annotated[
    AutoExtractor
    | ClassifierExtractor
    | InceptionExtractor
    | RawExtractor
    | RandomProjectionExtractor
    | SavedModelExtractor
    | Custom,
    BY_NAME,
]
