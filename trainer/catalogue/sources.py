"""Sources: where the examples come from that the discriminator is shown as real.

A source is written as a mapping with its options (`{name: folder, path: photos}`); one that has no
options, or a single one, has a short spelling too: `digits`, `folder:photos`. A source of the
user's own is a mapping whose name is `module:open_source`, a function of the `data` section that
gives a `trainer.data.reading.Source`; it finds its options in `data.source.options`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import yaml
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic_core import PydanticCustomError

from trainer.catalogue.choice import BY_NAME, Component, Custom, members
from trainer.data.rooms import World, map_of

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Source(Component):
    """What every source has: a short spelling, and the options of `data` that do not suit it."""

    # The option that stands behind the colon of the short spelling, where there is one.
    argument: ClassVar[str | None] = None
    # What messages call it there.
    placeholder: ClassVar[str] = "PATH"
    # Whether its examples have captions: the fields `text` and `wrong_text`.
    has_captions: ClassVar[bool] = False
    # Whether captions are its samples.
    makes_captions: ClassVar[bool] = False

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler) -> dict[str, Any] | str:
        """The short spelling of what has no further options, else the mapping."""
        values: dict[str, Any] = write(self)
        options = set(type(self).model_fields) - {"name"}
        if not options:
            return self.name
        if self.argument and options == {self.argument}:
            return f"{self.name}:{values[self.argument]}"
        return values

    @property
    def has_splits(self) -> bool:
        """Whether it has splits, and may be downloaded: tensorflow-datasets alone."""
        return False

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Splits and downloads of what has none."""
        data = experiment.data
        if self.has_splits:
            return
        if data.download:
            yield (
                f"data.download: received true with data.source={self}, which is not downloaded; "
                "leave it false, or name a tfds: source"
            )
        if data.split != "train":
            yield (
                f"data.split: received {data.split!r} with data.source={self}, which has one "
                "split; leave it at train, or name a tfds: source"
            )
        if data.holdout_split is not None:
            yield (
                f"data.holdout_split: received {data.holdout_split!r} with data.source={self}, "
                "which has one split; leave it null and set data.holdout_share"
            )


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
    name: Literal["ring"] = "ring"


class Grid(Source):
    """25 Gaussians on a grid (Srivastava et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.mixtures:open_source"
    name: Literal["grid"] = "grid"


class Overlap(Source):
    """Three Gaussians around a circle that overlap, a class each (after Gong et al. 2019)."""

    target: ClassVar[str] = "trainer.data.sources.mixtures:open_source"
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


class Grammar(Source):
    """Sentences of a small grammar, on which right and wrong can be told exactly."""

    target: ClassVar[str] = "trainer.data.sources.grammar:open_source"
    name: Literal["grammar"] = "grammar"
    # How many are written.
    sentences: int = Field(10_000, ge=2, le=10_000_000)


class Sines(Source):
    """Sine waves of random amplitude, frequency and phase, as time series (Esteban et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.sines:open_source"
    name: Literal["sines"] = "sines"
    # How many are drawn.
    series: int = Field(10_000, ge=2, le=1_000_000)
    # Steps of each.
    length: int = Field(30, ge=2, le=10_000)


class OracleSequences(Source):
    """Sequences that a random LSTM writes, whose probabilities are known (Yu et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.oracle:open_source"
    name: Literal["oracle"] = "oracle"
    # How many are written.
    sequences: int = Field(10_000, ge=2, le=1_000_000)
    # Symbols of each; the paper's have 20.
    length: int = Field(10, ge=2, le=1_000)
    # Different symbols; the paper has 5 000.
    symbols: int = Field(500, ge=2, le=100_000)
    # Of the oracle.
    seed: int = Field(0, ge=0, lt=2**32)


class TextFile(Source):
    """The lines of a text file, each a sequence of words or characters."""

    target: ClassVar[str] = "trainer.data.sources.text:open_source"
    argument: ClassVar[str | None] = "path"
    placeholder: ClassVar[str] = "FILE"
    name: Literal["text"] = "text"
    # Of the file, on a local disk; it is UTF-8 text.
    path: str = Field(min_length=1)
    # A file of lines that are held out of training; null sets data.holdout_share aside.
    held_out: str | None = Field(None, min_length=1)
    # What a symbol is. Words are parted at spaces and punctuation, of which each mark is a word.
    level: Literal["word", "character"] = "word"
    # Symbols of a sequence, longer lines being left out; null takes those of the longest line.
    length: int | None = Field(None, ge=1)
    # Symbols that occur less often are unknown.
    min_count: int = Field(1, ge=1)
    # Symbols of the vocabulary at most, the most frequent ones, all others being unknown; null
    # takes all.
    vocabulary: int | None = Field(None, ge=1)


class Motifs(Source):
    """Random DNA with one motif in every sequence, at any place (Killoran et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.motifs:open_source"
    name: Literal["motifs"] = "motifs"
    # How many are drawn.
    sequences: int = Field(50_000, ge=2, le=10_000_000)
    # Letters of each.
    length: int = Field(50, ge=2, le=1000)
    # The word that each of them has exactly once.
    motif: str = Field("TATA", pattern="^[ACGT]+$")
    # Letters around it, all as frequent.
    background: str = Field("CG", pattern="^[ACGT]+$")

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A motif without room."""
        yield from super().impossible(experiment)
        if len(self.motif) > self.length:
            yield (
                f"data.source.motif: received {self.motif!r}, which is longer than sequences of "
                f"{self.length} letters; take a shorter one, or a larger data.source.length"
            )


class ProteinFamily(Source):
    """Proteins drawn from a position matrix, with one pair of places that go together."""

    target: ClassVar[str] = "trainer.data.sources.protein_family:open_source"
    name: Literal["protein_family"] = "protein_family"
    # How many are drawn.
    sequences: int = Field(20_000, ge=2, le=10_000_000)


class Fasta(Source):
    """The sequences of a FASTA file: DNA, RNA or proteins."""

    target: ClassVar[str] = "trainer.data.sources.fasta:open_source"
    argument: ClassVar[str | None] = "path"
    placeholder: ClassVar[str] = "FILE"
    name: Literal["fasta"] = "fasta"
    # Of the file, on a local disk; it is UTF-8 text.
    path: str = Field(min_length=1)
    # What they are written in; null tells by the letters.
    alphabet: Literal["dna", "rna", "protein"] | None = None
    # Letters of a sequence, longer ones being left out; null takes those of the longest.
    length: int | None = Field(None, ge=1)
    # Whether a sequence that is there again is left out, so that none is both trained on and held
    # out.
    unique: bool = False
    # Which word of each header is its class: a number (0 is the first one, -1 the last), or NAME
    # where headers have it as NAME=CLASS.
    label: int | str | None = None
    # Properties that headers have as NAME=NUMBER: the field `attributes`.
    properties: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # A word that sequences should have exactly once, which an evaluation counts.
    motif: str | None = Field(None, min_length=1)
    # Words that classes should have at a place, counted from zero, such as {EI: [30, GT]}.
    sites: dict[str, Annotated[tuple[Annotated[int, Field(ge=0)], str], Field(strict=False)]] = (
        Field(default_factory=dict)
    )


class Affinities(Source):
    """Random DNA with a known affinity, the strongest left out (after Killoran et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.affinities:open_source"
    name: Literal["affinities"] = "affinities"
    # How many are drawn.
    sequences: int = Field(50_000, ge=20, le=10_000_000)
    # Letters of each.
    length: int = Field(36, ge=8, le=1000)
    # Share of them that is kept: the weakest ones.
    weakest: float = Field(0.4, gt=0.0, le=1.0)


class Molecules(Source):
    """Small molecules of carbon, nitrogen, oxygen and fluorine, made by known rules."""

    target: ClassVar[str] = "trainer.data.sources.molecules:open_source"
    name: Literal["molecules"] = "molecules"
    # How many are made, all different.
    molecules: int = Field(5000, ge=2, le=50_000)
    # Heavy atoms of the largest ones.
    atoms: int = Field(9, ge=5, le=20)


class Smiles(Source):
    """The molecules of a file of SMILES, a line each, or a column of a CSV file."""

    target: ClassVar[str] = "trainer.data.sources.smiles:open_source"
    argument: ClassVar[str | None] = "path"
    name: Literal["smiles"] = "smiles"
    # Of the file, on a local disk.
    path: str = Field(min_length=1)
    # The column that holds SMILES; null takes `smiles` of a .csv file, and of others what stands
    # first in each line.
    column: str | None = None
    # Heavy atoms of a molecule, larger ones being left out; null takes those of the largest one.
    atoms: int | None = Field(None, ge=1, le=100)


class OfClips(Source):
    """Clips: pictures in the order of time."""

    # So many first frames of a clip are the field `clip`, which is given, and the others the field
    # `sample`; zero leaves the clip whole.
    past: int = Field(0, ge=0)

    @property
    def length(self) -> int | None:
        """Frames of a clip; None where only the data tells."""
        return None

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Parts of a single frame."""
        yield from super().impossible(experiment)
        left = 2 if self.length is None else self.length - self.past
        if self.past and min(self.past, left) < 2:
            frames = "" if self.length is None else f" with clips of {self.length} frames"
            yield (
                f"data.source.past: received {self.past}{frames}, but what is given and what is "
                "left are clips of two frames at least; take zero, or another number"
            )


class MovingDigits(OfClips):
    """The built-in digits in steady motion on a black canvas (after Srivastava et al. 2015)."""

    target: ClassVar[str] = "trainer.data.sources.moving_digits:open_source"
    name: Literal["moving_digits"] = "moving_digits"
    # How many clips are made.
    clips: int = Field(5_000, ge=2, le=1_000_000)
    # Frames of each.
    frames: int = Field(10, ge=2, le=256)
    # Height and width of the canvas; a digit has 8.
    side: int = Field(16, ge=9, le=256)
    # How many digits move in a clip. Clips of one digit have its class for a label.
    digits: int = Field(1, ge=1, le=4)
    # Pixels that a digit moves at most, along either axis, from a frame to the next.
    speed: int = Field(2, ge=1, le=8)
    # Whether the field `clip` shows where digits are to be, as boxes as bright as their classes,
    # and the field `flow` how each pixel came where it is.
    boxes: bool = False

    @property
    def length(self) -> int:
        """See `OfClips`."""
        return self.frames

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Motion that would leave the canvas by more than its width; what would move boxes."""
        yield from super().impossible(experiment)
        data = experiment.data
        for option, received in (
            ("data.source.past", self.past),
            ("data.size", data.size),
            ("data.flip", data.flip),
        ):
            if self.boxes and received:
                yield (
                    f"{option}: received {received} with boxes, whose flow is of clips as they are "
                    "made; leave it out"
                )
        if self.speed > self.side - 8:
            yield (
                f"data.source.speed: received {self.speed} with side={self.side}, on which a digit "
                f"has {self.side - 8} pixels to move; take at most so many, or a larger side"
            )


class Clips(OfClips):
    """A folder of folders, each the frames of a clip in the order of their names."""

    target: ClassVar[str] = "trainer.data.sources.clips:open_source"
    argument: ClassVar[str | None] = "path"
    name: Literal["clips"] = "clips"
    # Of the folder, on a local disk.
    path: str = Field(min_length=1)
    # Frames of a clip, the first ones of longer clips; null takes clips that are all of one length.
    frames: int | None = Field(None, ge=2)

    @property
    def length(self) -> int | None:
        """See `OfClips`."""
        return self.frames


class AnyTable(Source):
    """A source of rows of mixed columns."""

    # The column that is predicted where a classifier or a regression measures what rows are worth;
    # its classes are held out in proportion. Null has none.
    predicted: str | None = None
    # Modes at most by which a column of numbers is seen (Xu et al. 2019).
    modes: int = Field(10, ge=1, le=100)

    def __str__(self) -> str:
        """The source as a recipe would have it: what is not as usual."""
        written = {"name": self.name, **self.model_dump(mode="json", exclude_defaults=True)}
        line: str = yaml.safe_dump(written, default_flow_style=True, sort_keys=False, width=10**6)
        return self.name if len(written) == 1 else line.strip()


class TableFile(AnyTable):
    """The rows of a CSV or Parquet file, columns of texts and numbers with gaps."""

    target: ClassVar[str] = "trainer.data.sources.table:open_source"
    argument: ClassVar[str | None] = "path"
    placeholder: ClassVar[str] = "FILE"
    name: Literal["table"] = "table"
    # Of the file, on a local disk: .parquet, or CSV in UTF-8, which .gz compresses.
    path: str = Field(min_length=1)
    # What a column holds (category, integer or real), by its name, where it is not as inferred.
    kinds: dict[str, Literal["category", "integer", "real"]] = Field(default_factory=dict)
    # Columns that are left out.
    leave_out: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # Names of the columns of a CSV file whose first line is a row already.
    columns: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    # Other names for columns, such as {label: diagnosis}.
    rename: dict[str, str] = Field(default_factory=dict)
    # What parts the cells of a CSV file.
    delimiter: str = Field(",", min_length=1, max_length=1)
    # Texts that stand for a missing value, beside an empty cell.
    missing: Annotated[tuple[str, ...], Field(strict=False)] = ("?", "NA", "N/A", "NaN", "nan")


class Loans(AnyTable):
    """Loans that the library makes: mixed columns with gaps, whose dependences are known."""

    target: ClassVar[str] = "trainer.data.sources.loans:open_source"
    name: Literal["loans"] = "loans"
    # The column that is predicted; null has none.
    predicted: str | None = "repaid"
    # How many are made.
    rows: int = Field(6000, ge=20, le=10_000_000)


class StrokeDigits(Source):
    """Digits in a few strokes each, painted as programs are (after Ganin et al. 2018)."""

    target: ClassVar[str] = "trainer.data.sources.stroke_digits:open_source"
    name: Literal["stroke_digits"] = "stroke_digits"
    # Which digits; they are the classes.
    digits: Annotated[
        tuple[Annotated[int, Field(ge=0, le=9)], ...], Field(strict=False, min_length=1)
    ] = tuple(range(10))
    # Pixels of a picture in each direction.
    side: int = Field(16, ge=8, le=128)
    # Of a stroke, in pixels.
    width: float = Field(1.5, gt=0.0)
    # How many are painted.
    pictures: int = Field(5000, ge=2, le=1_000_000)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A digit that is named twice."""
        yield from super().impossible(experiment)
        if len(set(self.digits)) < len(self.digits):
            yield (
                f"data.source.digits: received {list(self.digits)}, which names a digit twice; "
                "name each once"
            )


class Rooms(Source):
    """Somebody in a world of two rooms, before and after a step (after Kurutach et al. 2018)."""

    target: ClassVar[str] = "trainer.data.sources.rooms:open_source"
    name: Literal["rooms"] = "rooms"
    # Cells of the world's side; a wall stands in its middle.
    side: int = Field(9, ge=3, le=33)
    # Cells of the wall that are open.
    door: int = Field(1, ge=0)
    # Rows of another world, `.` a free cell and `#` a wall; null has the two rooms.
    map: Annotated[tuple[str, ...] | None, Field(strict=False, min_length=1)] = None
    # How many pairs are drawn.
    pairs: int = Field(5000, ge=2, le=1_000_000)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A map that is none, or without a path; pictures in which no cell could be read."""
        yield from super().impossible(experiment)
        for option in ("size", "channels", "flip", "jitter"):
            if given := getattr(experiment.data, option):
                yield (
                    f"data.{option}: received {given} with data.source.name=rooms, whose pictures "
                    "must stay readable; leave it out"
                )
        cells = map_of(self)
        if self.map is None and self.door > self.side:
            yield (
                f"data.source.door: received {self.door}, but the wall has {self.side} cells; take "
                "fewer"
            )
        elif len({len(row) for row in cells}) > 1 or set("".join(cells)) - set(".#"):
            yield (
                f"data.source.map: received {list(cells)}, but rows must be of one length, of "
                "`.` for a free cell and `#` for a wall; write it so"
            )
        elif "".join(cells).count(".") < 2 or not World(cells).has_paths:
            field, remedy = ("door", "1") if self.map is None else ("map", "an opening")
            received = self.door if self.map is None else list(cells)
            yield (
                f"data.source.{field}: received {received}, which is a world without a path from "
                f"some free cell to another; give it {remedy}"
            )


class PosedDigits(Source):
    """The built-in digits moved, slanted and dimmed, with attributes that say how much."""

    target: ClassVar[str] = "trainer.data.sources.posed_digits:open_source"
    name: Literal["posed_digits"] = "posed_digits"
    # How many pictures are made.
    pictures: int = Field(6000, ge=2, le=1_000_000)


class ThickDigits(Source):
    """The built-in digits in strokes of five widths, an attribute that stands for an age."""

    target: ClassVar[str] = "trainer.data.sources.thick_digits:open_source"
    name: Literal["thick_digits"] = "thick_digits"
    # How many digits, the first ones; each is drawn at one age.
    pictures: int = Field(1797, ge=2, le=1797)


class Crowns(Source):
    """Height maps of jaws without a crown, and of the jaw above: what touches is known."""

    target: ClassVar[str] = "trainer.data.sources.crowns:open_source"
    name: Literal["crowns"] = "crowns"
    # How many are made.
    crowns: int = Field(3000, ge=2, le=1_000_000)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Heights that would no longer fit what lies above them."""
        yield from super().impossible(experiment)
        data = experiment.data
        for option, received in (("size", data.size), ("channels", data.channels)):
            if received:
                yield (
                    f"data.{option}: received {received} with data.source={self}, whose surfaces "
                    "fit as they are made; leave it out"
                )


class Captions(Source):
    """Pictures of one's own with a caption each, in a JSONL or CSV file."""

    target: ClassVar[str] = "trainer.data.sources.captions:open_source"
    has_captions: ClassVar[bool] = True
    name: Literal["captions"] = "captions"
    # A folder of image files, or an .npz file of arrays; on a local disk.
    pictures: str = Field(min_length=1)
    # A .jsonl file of an object a line, or a .csv file with a header.
    captions: str = Field(min_length=1)
    # The key or column of a picture's path within the folder; lines of an .npz file's pictures
    # are in their order instead.
    picture: str = "file"
    # The key or column of a picture's caption.
    caption: str = "caption"
    # Words of the vocabulary at most, the most frequent ones of the training captions.
    words: int = Field(10_000, ge=1)
    # Words of a caption at most, the rest being cut; null takes as many as the longest has.
    length: int | None = Field(None, ge=1)


class Attributes(Source):
    """Pictures of one's own with attributes, such as faces with ages, in a CSV or JSONL file."""

    target: ClassVar[str] = "trainer.data.sources.attributes:open_source"
    name: Literal["attributes"] = "attributes"
    # A folder of image files, or an .npz file of arrays; on a local disk.
    pictures: str = Field(min_length=1)
    # A .csv file with a header, or a .jsonl file of an object a line.
    attributes: str = Field(min_length=1)
    # The column or key of a picture's path within the folder; lines of an .npz file's pictures
    # are in their order instead.
    picture: str = "file"
    # The columns or keys of the attributes, which are numbers; without a name all others are.
    columns: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # The column or key of a picture's class, such as who it shows; null takes the first-level
    # folders, where there are some.
    label: str | None = None


class DigitPairs(Source):
    """The built-in digits, each with a picture that is made of it (field `image`)."""

    target: ClassVar[str] = "trainer.data.sources.pairs:open_digits"
    name: Literal["digit_pairs"] = "digit_pairs"
    # What is made of a digit; the digit itself is the field `sample`. A label map (field
    # `label_map`) says of every pixel whether it is background, edge or stroke.
    input: Literal["outline", "negative", "low_resolution", "label_map"] = "outline"


def spelled_out(text: str, *, instead_of: str) -> dict[str, Any]:
    """What a bare string stands for in the place of the component of a name.

    It is a component's name; in the place of a source also the short spelling of one.
    """
    name, _, argument = text.partition(":")
    known = _by_name()
    if instead_of not in known or name not in known or not argument:
        return {"name": text}
    return {"name": name, str(known[name].argument): argument}


def _by_name() -> dict[str, type[Source]]:
    return {
        source.model_fields["name"].default: source
        for source in members(DataSource)
        if issubclass(source, Source)
    }


def _from_spelling(value: Any) -> Any:
    """The mapping that a short spelling stands for; anything else as it is."""
    if not isinstance(value, str):
        return value
    name, colon, argument = value.partition(":")
    known = _by_name()
    if name not in known:
        accepted = ", ".join(_usual_spelling(source) for source in known.values())
        raise _refusal(f"accepted are {accepted}")
    expected = known[name].argument
    if expected is None and colon:
        raise _refusal(f"{name} takes no argument")
    if expected is not None and not argument:
        raise _refusal(f"name what to read, as in {_usual_spelling(known[name])}")
    return {"name": name, **({expected: argument} if expected else {})}


def _usual_spelling(source: type[Source]) -> str:
    name = source.model_fields["name"].default
    return f"{name}:{source.placeholder}" if source.argument else name


def _refusal(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("source", "{sentence}", {"sentence": sentence})


BY_SPELLING = BeforeValidator(_from_spelling)

# Sources that others are made of.
_Images = Annotated[Digits | Tfds | Folder | Npz | Generated, BY_NAME, BY_SPELLING]
_Samples = Annotated[
    Digits | Ring | Grid | Overlap | Tfds | Folder | Npz | Generated, BY_NAME, BY_SPELLING
]
_Folder = Annotated[Folder, BY_NAME, BY_SPELLING]
_Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]


class CaptionedDigits(Source):
    """Digits in colours and corners, in strokes of two widths or not, with captions that say so."""

    target: ClassVar[str] = "trainer.data.sources.captioned_digits:open_source"
    has_captions: ClassVar[bool] = True
    name: Literal["captioned_digits"] = "captioned_digits"
    # Grey digits of ten classes, such as tfds:mnist.
    of: _Images = Digits()
    # Of a picture, in pixels; a digit has half of it.
    side: int = Field(16, ge=16, multiple_of=2)
    # How many pictures are made.
    pictures: int = Field(20_000, ge=2, le=1_000_000)
    # Whether digits are drawn thin or bold, and captions say that too.
    thickness: bool = False
    # Tenths of the 160 combinations of digit, colour and corner (320 with thickness) that training
    # never sees; the held-out examples are made of those then, and of nothing else.
    unseen: int = Field(0, ge=0, le=5)

    @property
    def has_splits(self) -> bool:
        """Whether the digits have splits."""
        return self.of.has_splits


class Described(Source):
    """Captions of pictures as samples, and the pictures beside them: what captioning learns."""

    target: ClassVar[str] = "trainer.data.sources.described:open_source"
    makes_captions: ClassVar[bool] = True
    name: Literal["described"] = "described"
    # The pictures with their captions.
    of: Annotated[CaptionedDigits | Captions, BY_NAME, BY_SPELLING] = CaptionedDigits()

    @property
    def has_splits(self) -> bool:
        """Whether the pictures have splits."""
        return self.of.has_splits

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """What the pictures cannot be."""
        yield from super().impossible(experiment)
        yield from self.of.impossible(experiment)


class Paired(Source):
    """Pictures in files, each made of another one."""

    # What is given, and the name of its field: pictures, or label maps, in which every colour is a
    # class.
    given: Literal["image", "label_map"] = "image"
    # The classes of label maps with their colours, such as {ground: "#604020", sky: "#80c0ff"};
    # null takes the palette of the PNG files.
    classes: Annotated[dict[str, _Colour], Field(min_length=1, max_length=256)] | None = None
    # What the channels of given pictures are, such as [prepared, opposing, region] of height maps,
    # for terms and metrics that look at one of them.
    channels: Annotated[tuple[str, ...], Field(strict=False)] = ()

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Classes of what is no label map, two of one colour, and channels of one name."""
        yield from super().impossible(experiment)
        if self.channels and self.given != "image":
            yield (
                f"data.source.channels: received {len(self.channels)} names with given="
                f"{self.given}, whose channels are classes; leave them out"
            )
        if len(set(self.channels)) < len(self.channels):
            yield (
                f"data.source.channels: received {', '.join(self.channels)}; give each channel a "
                "name of its own"
            )
        if self.classes is None:
            return
        if self.given != "label_map":
            yield (
                f"data.source.classes: received {len(self.classes)} classes with given="
                f"{self.given}; set data.source.given=label_map, or leave them out"
            )
        colours = [colour.lower() for colour in self.classes.values()]
        twice = sorted({colour for colour in colours if colours.count(colour) > 1})
        if twice:
            yield (
                f"data.source.classes: received several classes of the colour {twice[0]}; give "
                "each a colour of its own"
            )


class Pairs(Paired):
    """Two folders of pictures that belong together, paired by the names of their files."""

    target: ClassVar[str] = "trainer.data.sources.pairs:open_folders"
    name: Literal["pairs"] = "pairs"
    # The folder of what is given: field `image` or `label_map`.
    inputs: _Folder
    # The folder of what is to be made of it: field `sample`.
    targets: _Folder


class SideBySide(Paired):
    """A folder of pictures whose left and right halves belong together (Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.side_by_side:open_source"
    name: Literal["side_by_side"] = "side_by_side"
    # The folder.
    pictures: _Folder
    # The half that is given: field `image` or `label_map`; the other one is the field `sample`.
    given_half: Literal["left", "right"] = "left"


class TwoDomains(Source):
    """Two sets of pictures that are drawn apart."""

    # Whether the classes of a are told (field `label`), for a classifier that is to be good at b;
    # those of b, where they are known, are for measuring alone (field `b_label`).
    labelled: bool = False


class Domains(TwoDomains):
    """Two sets of pictures that are drawn apart, for unpaired translation."""

    target: ClassVar[str] = "trainer.data.sources.domains:open_two"
    name: Literal["domains"] = "domains"
    # The pictures of field `a`, such as folder:horses.
    a: _Images
    # The pictures of field `b`.
    b: _Images

    @property
    def has_splits(self) -> bool:
        """Whether either part has splits."""
        return self.a.has_splits or self.b.has_splits


class DigitDomains(TwoDomains):
    """Half of the built-in digits (field `a`) and what is made of the others (field `b`)."""

    target: ClassVar[str] = "trainer.data.sources.domains:open_digits"
    name: Literal["digit_domains"] = "digit_domains"
    # What is made of them.
    b: Literal["negative", "outline"] = "negative"


class PartlyLabelled(Source):
    """Labelled data of which only some labels are used (Salimans et al. 2016, section 5)."""

    target: ClassVar[str] = "trainer.data.sources.partly_labelled:open_source"
    name: Literal["partly_labelled"] = "partly_labelled"
    # The data, such as tfds:mnist.
    of: _Samples = Digits()
    # How many labels are used, as many of each class.
    labelled: int = Field(100, ge=1)
    # Another number chooses other examples.
    choice: int = Field(0, ge=0, lt=2**32)

    @property
    def has_splits(self) -> bool:
        """Whether the data has splits."""
        return self.of.has_splits


class Odd(Source):
    """Labelled data without some of its classes, which are odd when they come (Zenati 2018)."""

    target: ClassVar[str] = "trainer.data.sources.odd:open_source"
    name: Literal["odd"] = "odd"
    # The data, such as tfds:mnist.
    of: _Samples = Digits()
    # Names of the classes that are never trained on; their held-out examples are to be found.
    classes: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = ("0",)

    @property
    def has_splits(self) -> bool:
        """Whether the data has splits."""
        return self.of.has_splits


class Stacked(Source):
    """Grey pictures stacked as colours, a thousand modes of ten classes (Che et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.stacked:open_source"
    name: Literal["stacked"] = "stacked"
    # The grey pictures, such as tfds:mnist.
    of: _Samples = Digits()
    # Training examples that are made of them.
    count: int = Field(128_000, ge=1)

    @property
    def has_splits(self) -> bool:
        """Whether the pictures have splits."""
        return self.of.has_splits


class ClipFrames(Source):
    """The frames of clips, each as a picture of its own."""

    target: ClassVar[str] = "trainer.data.sources.clip_frames:open_source"
    name: Literal["clip_frames"] = "clip_frames"
    # The clips, such as clips:videos.
    of: Annotated[MovingDigits | Clips, BY_NAME, BY_SPELLING] = MovingDigits()

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Clips in two parts."""
        yield from super().impossible(experiment)
        yield from self.of.impossible(experiment)
        if self.of.past:
            yield (
                f"data.source.of.past: received {self.of.past}, but frames are taken of whole "
                "clips; set it to 0"
            )


class Twins(Source):
    """Labelled pictures two by two, both of one class: parts that must agree."""

    target: ClassVar[str] = "trainer.data.sources.twins:open_source"
    name: Literal["twins"] = "twins"
    # The pictures, such as tfds:mnist.
    of: _Samples = Digits()
    # Training examples that are made of them.
    count: int = Field(10_000, ge=1)

    @property
    def has_splits(self) -> bool:
        """Whether the pictures have splits."""
        return self.of.has_splits


DataSource = Annotated[
    Digits
    | Photographs
    | Ring
    | Grid
    | Overlap
    | Tfds
    | Folder
    | Npz
    | Generated
    | Grammar
    | Sines
    | OracleSequences
    | TextFile
    | Fasta
    | Motifs
    | ProteinFamily
    | Affinities
    | Molecules
    | Smiles
    | PosedDigits
    | ThickDigits
    | Crowns
    | MovingDigits
    | Clips
    | Rooms
    | StrokeDigits
    | TableFile
    | Loans
    | CaptionedDigits
    | Captions
    | Attributes
    | DigitPairs
    | Pairs
    | SideBySide
    | Domains
    | DigitDomains
    | PartlyLabelled
    | Odd
    | Stacked
    | ClipFrames
    | Described
    | Twins
    | Custom,
    BY_NAME,
    BY_SPELLING,
]
