"""Pictures and points as they come, and those that other sources are made of."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME
from trainer.catalogue.sources.source import BY_SPELLING, Source


class Digits(Source):
    """The 1 797 grey 8x8 digits that come with scikit-learn."""

    target: ClassVar[str] = "trainer.data.sources.digits:open_source"
    name: Literal["digits"] = "digits"


class Photographs(Source):
    """Square crops of the two photographs that come with scikit-learn, in colour."""

    target: ClassVar[str] = "trainer.data.sources.photographs:open_source"
    name: Literal["photographs"] = "photographs"
    # Pixels of a crop in each direction.
    side: int = Field(32, ge=8, le=128)
    # Share of its side that a training crop has in common with the next one.
    overlap: float = Field(0.5, ge=0.0, lt=1.0)


class Ring(Source):
    """Eight Gaussians on a circle (Metz et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.mixtures:open_source"
    holds: ClassVar[str | None] = "points"
    name: Literal["ring"] = "ring"


class Grid(Source):
    """25 Gaussians on a grid (Srivastava et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.mixtures:open_source"
    holds: ClassVar[str | None] = "points"
    name: Literal["grid"] = "grid"


class Overlap(Source):
    """Three Gaussians around a circle that overlap, a class each (after Gong et al. 2019)."""

    target: ClassVar[str] = "trainer.data.sources.mixtures:open_source"
    holds: ClassVar[str | None] = "points"
    name: Literal["overlap"] = "overlap"


class Tfds(Source):
    """An image data set of tensorflow-datasets."""

    target: ClassVar[str] = "trainer.data.sources.tfds:open_source"
    argument: ClassVar[str | None] = "dataset"
    placeholder: ClassVar[str] = "NAME"
    name: Literal["tfds"] = "tfds"
    # Its name there, perhaps with a configuration and a version: name/config:1.2.3.
    dataset: str = Field(min_length=1)

    @property
    def has_splits(self) -> bool:
        """It has."""
        return True


class Folder(Source):
    """A folder of image files; its subfolders may be the classes."""

    target: ClassVar[str] = "trainer.data.sources.folder:open_source"
    argument: ClassVar[str | None] = "path"
    name: Literal["folder"] = "folder"
    # Of the folder, on a local disk.
    path: str = Field(min_length=1)


class Npz(Source):
    """Numpy arrays in an .npz file, or in all those of a folder."""

    target: ClassVar[str] = "trainer.data.sources.npz:open_source"
    argument: ClassVar[str | None] = "path"
    endings: ClassVar[tuple[str, ...]] = (".npz",)
    name: Literal["npz"] = "npz"
    # Of the file or the folder, on a local disk.
    path: str = Field(min_length=1)


class Generated(Source):
    """What `gan generate` wrote, in any of its formats."""

    target: ClassVar[str] = "trainer.data.sources.generated:open_source"
    argument: ClassVar[str | None] = "path"
    name: Literal["generated"] = "generated"
    # Of the folder that holds the output's manifest.
    path: str = Field(min_length=1)


# Sources that others are made of.
Images = Annotated[Digits | Tfds | Folder | Npz | Generated, BY_NAME, BY_SPELLING]


Samples = Annotated[
    Digits | Ring | Grid | Overlap | Tfds | Folder | Npz | Generated, BY_NAME, BY_SPELLING
]


OneFolder = Annotated[Folder, BY_NAME, BY_SPELLING]
