"""Sources: where the examples come from that the discriminator is shown as real.

A source is written as a mapping with its options (`{name: folder, path: photos}`); one that has no
options, or a single one, has a short spelling too: `digits`, `folder:photos`. A source of the
user's own is a mapping whose name is `module:open_source`, a function of the `data` section that
gives a `trainer.data.reading.Source`; it finds its options in `data.source.options`.
"""

from typing import Annotated

from trainer.catalogue.choice import BY_NAME, Custom
from trainer.catalogue.sources.clips import ClipFrames, Clips, MovingDigits
from trainer.catalogue.sources.derived import FewLabels, Odd, PartlyLabelled, Stacked, Twins
from trainer.catalogue.sources.described import Attributes, CaptionedDigits, Captions, Described
from trainer.catalogue.sources.drawn import PosedDigits, StrokeDigits, ThickDigits
from trainer.catalogue.sources.molecules import Molecules, Smiles
from trainer.catalogue.sources.pairs import (
    Crowns,
    DigitDomains,
    DigitPairs,
    Domains,
    Pairs,
    SideBySide,
)
from trainer.catalogue.sources.plain import (
    Digits,
    Folder,
    Generated,
    Grid,
    Npz,
    Overlap,
    Photographs,
    Ring,
    Tfds,
)
from trainer.catalogue.sources.sequences import (
    Affinities,
    Fasta,
    Grammar,
    Motifs,
    OracleSequences,
    ProteinFamily,
    Sines,
    TextFile,
)
from trainer.catalogue.sources.source import BY_SPELLING
from trainer.catalogue.sources.tables import Loans, TableFile
from trainer.catalogue.sources.worlds import Rooms

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
    | FewLabels
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
