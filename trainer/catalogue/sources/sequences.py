"""Texts, other sequences of symbols, and time series."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.sources.source import Source

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Grammar(Source):
    """Sentences of a small grammar, on which right and wrong can be told exactly."""

    target: ClassVar[str] = "trainer.data.sources.grammar:open_source"
    holds: ClassVar[str | None] = "symbols"
    name: Literal["grammar"] = "grammar"
    # How many are written.
    sentences: int = Field(10_000, ge=2, le=10_000_000)


class OracleSequences(Source):
    """Sequences that a random LSTM writes, whose probabilities are known (Yu et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.oracle:open_source"
    holds: ClassVar[str | None] = "symbols"
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
    endings: ClassVar[tuple[str, ...]] = (".txt",)
    holds: ClassVar[str | None] = "symbols"
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


class Sines(Source):
    """Sine waves of random amplitude, frequency and phase, as time series (Esteban et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.sines:open_source"
    holds: ClassVar[str | None] = "series"
    name: Literal["sines"] = "sines"
    # How many are drawn.
    series: int = Field(10_000, ge=2, le=1_000_000)
    # Steps of each.
    length: int = Field(30, ge=2, le=10_000)


class Motifs(Source):
    """Random DNA with one motif in every sequence, at any place (Killoran et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.motifs:open_source"
    holds: ClassVar[str | None] = "symbols"
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
    holds: ClassVar[str | None] = "symbols"
    name: Literal["protein_family"] = "protein_family"
    # How many are drawn.
    sequences: int = Field(20_000, ge=2, le=10_000_000)


class Fasta(Source):
    """The sequences of a FASTA file: DNA, RNA or proteins."""

    target: ClassVar[str] = "trainer.data.sources.fasta:open_source"
    argument: ClassVar[str | None] = "path"
    placeholder: ClassVar[str] = "FILE"
    endings: ClassVar[tuple[str, ...]] = (".fasta", ".fa", ".faa", ".fna")
    holds: ClassVar[str | None] = "symbols"
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
    holds: ClassVar[str | None] = "symbols"
    name: Literal["affinities"] = "affinities"
    # How many are drawn.
    sequences: int = Field(50_000, ge=20, le=10_000_000)
    # Letters of each.
    length: int = Field(36, ge=8, le=1000)
    # Share of them that is kept: the weakest ones.
    weakest: float = Field(0.4, gt=0.0, le=1.0)
