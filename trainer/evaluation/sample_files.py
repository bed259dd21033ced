"""Samples in files, from any program: images, arrays, lines of text or SMILES, FASTA, tables."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trainer.catalogue import Folder, Generated, Npz
from trainer.catalogue.sources.tables import AnyTable
from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.examples import Dataset, DataSpec, Examples
from trainer.data.molecules.arrays import to_array, with_all_types
from trainer.data.molecules.molecule import Molecule
from trainer.data.molecules.smiles import SmilesError, parse
from trainer.data.reading import text_of
from trainer.data.sources import fasta, generated, npz
from trainer.data.symbols import ids_of, parted, rows_of
from trainer.errors import ConfigError
from trainer.evaluation import table_files
from trainer.evaluation.samples import MEMORY_GIB, SampleSet
from trainer.evaluation.table_files import Texts
from trainer.fields import Field

_FASTA = ".fasta"
# Files of texts that a folder may hold several of.
_OF_FOLDERS = (".smi", _FASTA)

_logger = logging.getLogger("saddlepoint")


@dataclass(frozen=True)
class SampleFiles:
    """Samples as they were read.

    Attributes:
        dataset: all of them are its training examples; None of texts and tables.
        labels_are_numbers: whether labels are numbers of the reference's classes, not their names.
        lines: texts as they stand in their file; empty for others.
        texts: the cells of a table by columns; None of others.
    """

    dataset: Dataset | None
    labels_are_numbers: bool = False
    lines: tuple[str, ...] = ()
    texts: Texts | None = None


def exists(path: str) -> bool:
    """Whether there is a local file or folder."""
    return os.path.exists(os.path.expanduser(path))


def read(path: str, data: Data) -> SampleFiles:
    """Reads all samples of a path, with the size and channels that a configuration asks for.

    A folder of images may have its labels as subfolders; .npz arrays are named as `npz:` sources
    name them (`trainer.data.sources.npz`). What `gan generate` wrote is read in any format. A .txt
    file holds a text a line; an empty line is an empty text. A .smi file, or a folder of such,
    holds a molecule a line, which stands first in it, and a .fasta file, or a folder of such,
    sequences of letters. Where the real samples are rows of a table, so are these.

    Raises:
        ConfigError: for files that cannot be read as samples.
    """
    if isinstance(data.source, AnyTable):
        return SampleFiles(None, texts=table_files.read(path, data.source))
    if lines := _texts(path):
        return SampleFiles(None, lines=lines)
    source = Data(
        source=_source(path),
        holdout_share=0.0,
        size=data.size,
        resize=data.resize,
        channels=data.channels,
        depth=data.depth,
        max_corrupt_share=0.0,
        cache_gib=min(data.cache_gib, MEMORY_GIB),
        cache_dir=data.cache_dir,
    )
    try:
        dataset = loading.load(source)
    except ConfigError as error:
        raise ConfigError(f"TARGET: {str(error).removeprefix('data.source: ')}") from error
    return SampleFiles(dataset, isinstance(source.source, Npz) and _are_numbers(path))


def numbered(samples: SampleFiles, spec: DataSpec, limit: int) -> SampleSet:
    """Texts as numbers of symbols, or a fixed random choice of `limit` of them.

    A line is parted into words, or where the data's symbols are letters into those. Symbols that
    the data lacks have numbers of their own, behind its own ones; sequences of an alphabet have
    none.

    Raises:
        ConfigError: where the real samples are no texts, and for letters outside their alphabet.
    """
    if spec.sample.kind == "graph":
        return SampleSet.of_array(_graphs(samples.lines, spec.sample), limit)
    if spec.sample.kind != "tokens":
        raise ConfigError(
            f"TARGET: it holds texts, and the real samples are of kind {spec.sample.kind!r}; give "
            "samples of this kind, or another --reference."
        )
    if spec.sample.about.get("alphabet"):
        rows = rows_of({"text": np.array(samples.lines, object)}, spec.sample)
        return SampleSet.of_array(rows, limit)
    level = "word" if spec.sample.about.get("separator", " ") else "character"
    texts = [parted(line.strip(), level) for line in samples.lines]
    names = tuple(dict.fromkeys([*spec.sample.names, *(s for text in texts for s in text)]))
    return SampleSet.of_array(ids_of(texts, names, max(1, *map(len, texts))), limit)


def _graphs(lines: Sequence[str], field: Field) -> np.ndarray:
    """Lines of SMILES as graphs; those that are no molecules have no atom."""
    molecules = [_molecule(line) for line in lines]
    size = max(field.fixed_shape[0], *(len(molecule.atoms) for molecule in molecules))
    names = with_all_types(field).names
    return np.stack([to_array(molecule, names, size) for molecule in molecules])


def _molecule(line: str) -> Molecule:
    try:
        return parse(next(iter(line.split()), ""))
    except SmilesError:
        return Molecule((), ())


def _texts(path: str) -> tuple[str, ...]:
    """The lines of a file of texts, or of a folder's files of SMILES or FASTA; texts of `generate`.

    Nothing where samples are others.
    """
    place = Path(path).expanduser()
    if (place / generated.MANIFEST).is_file():
        return tuple(generated.texts(str(place)))
    files = [place] if place.suffix in (".txt", *_OF_FOLDERS) else []
    if place.is_dir():
        visible = (file for file in sorted(place.iterdir()) if not file.name.startswith("."))
        files = [file for file in visible if file.suffix in _OF_FOLDERS]
    return tuple(line for file in files for line in _lines(file))


def _lines(path: Path) -> list[str]:
    """The lines of a file, of which the last one may lack its end; of FASTA the sequences.

    Raises:
        ConfigError: for what is no UTF-8 text or FASTA, and for less than two lines.
    """
    if path.suffix == _FASTA:
        return [record.letters for record in fasta.read(path, "TARGET")]
    lines = text_of(path, "TARGET", "a file of samples").removesuffix("\n").split("\n")
    if len(lines) < 2:
        raise ConfigError(f"TARGET: {path} holds less than 2 lines; put one sample on each.")
    return lines


def like(samples: SampleFiles, spec: DataSpec) -> Examples:
    """The samples as examples of a data set: of its shape and dtype, labelled by its classes.

    Raises:
        ConfigError: when shape or dtype differ, naming what would make them alike.
    """
    assert samples.dataset is not None
    own, real = samples.dataset.spec.sample, spec.sample
    if own.shape == real.shape and own.dtype != real.dtype:
        raise ConfigError(
            f"TARGET: the samples are {own.dtype} and the real ones {real.dtype}; convert them to "
            f"{real.dtype}, or give another --reference."
        )
    if own.shape != real.shape:
        raise ConfigError(
            f"TARGET: the samples are {_shown(own)} and the real ones {_shown(real)}; make them "
            "alike with --set data.size=[height,width] and --set data.channels=C, which apply to "
            "both, or give another --reference."
        )
    sample = samples.dataset.train.samples
    return Examples.of(sample=sample, label=_labels(samples, samples.dataset, spec))


def beside_truths(dataset: Dataset, limit: int) -> SampleSet:
    """The pictures `image` of a data set as samples that should be those under `sample`.

    Raises:
        ConfigError: when they differ in shape or dtype.
    """
    made, true = dataset.spec.fields["image"], dataset.spec.sample
    if (made.shape, made.dtype) != (true.shape, true.dtype):
        raise ConfigError(
            f"--reference-pairs: the samples are {_shown(made)} and what they should be is "
            f"{_shown(true)}; give pictures of one form, or make them alike with --set data.size "
            "and --set data.channels."
        )
    truth = SampleSet.of_array(dataset.train.samples, limit)
    return replace(SampleSet.of_array(dataset.train["image"], limit), truth=truth)


def _source(path: str) -> Generated | Npz | Folder:
    """The source that reads a path."""
    if (Path(path).expanduser() / generated.MANIFEST).is_file():
        return Generated(path=path)
    return Npz(path=path) if _arrays(path) else Folder(path=path)


def _arrays(path: str) -> list[Path]:
    """The .npz files of a path: itself, or those of a folder; hidden ones are left out."""
    place = Path(path).expanduser()
    files = sorted(place.glob("*.npz")) if place.is_dir() else [place]
    return [file for file in files if not file.name.startswith(".")]


def _are_numbers(path: str) -> bool:
    """Whether the labels of .npz arrays are numbers of classes: integers that no array names."""
    with np.load(_arrays(path)[0], allow_pickle=False) as arrays:
        name = next((name for name in npz.LABEL_NAMES if name in arrays), None)
        if name is None or npz.CLASS_NAMES in arrays:
            return False
        return arrays[name].dtype.kind in "biu"


def _labels(samples: SampleFiles, dataset: Dataset, spec: DataSpec) -> np.ndarray | None:
    """The labels in the reference's numbering.

    Integers are numbers of its classes. Text is a name where all of it is, and else a number.
    """
    labels, found = dataset.train.labels, dataset.spec.label_names
    if labels is None or not spec.num_classes:
        return None
    are_names = set(found) <= set(spec.label_names)
    are_numbers = all(name.isdecimal() and int(name) < spec.num_classes for name in found)
    if are_names and not samples.labels_are_numbers:
        numbers = [spec.label_names.index(name) for name in found]
        if are_numbers and numbers != [int(name) for name in found]:
            _logger.info("The samples' labels (%s, …) are read as names of classes.", found[0])
    elif are_numbers:
        numbers = [int(name) for name in found]
    else:
        _logger.warning(
            "The samples' labels (%s, …) are not used: they are no %s of the real ones' %d classes "
            "(%s, …); write names as text.",
            found[0],
            "numbers" if samples.labels_are_numbers else "names",
            spec.num_classes,
            spec.label_names[0],
        )
        return None
    return np.array(numbers, np.int64)[labels]


def _shown(sample: Field) -> str:
    return f"{'x'.join(map(str, sample.shape))} {sample.dtype}"
