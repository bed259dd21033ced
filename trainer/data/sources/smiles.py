"""The molecules of a file of SMILES."""

import csv
import io
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from trainer.catalogue import Smiles
from trainer.config.experiment import Data
from trainer.data.molecules.arrays import field_of, to_array
from trainer.data.molecules.molecule import VALENCES, Molecule
from trainer.data.molecules.smiles import SmilesError, parse
from trainer.data.reading import Part, Row, Source, Table, in_lines, text_of
from trainer.errors import ConfigError

_logger = logging.getLogger("saddlepoint")

# Unreadable lines that the log names one by one.
_NAMED = 5


class _Line(NamedTuple):
    """A line of the file: its number, from one on, and the text that stands for a molecule."""

    number: int
    text: str


def open_source(data: Data) -> Source:
    """Reads the molecules: field `sample` of kind graph, uint8 [N, N], N atoms of the largest one.

    The types of atoms are those that occur. Molecules of more than `atoms` heavy atoms and of
    several parts are left out, which the log counts; so are lines that cannot be read, of which
    there may be the share `data.max_corrupt_share`.

    Raises:
        ConfigError: for a file that cannot be read as UTF-8 text, one without the column, too many
            unreadable lines, and less than two molecules.
    """
    options = data.source
    assert isinstance(options, Smiles)
    path = Path(options.path).expanduser()
    lines = _lines(path, options)
    molecules = _read(lines, data)
    kept = _kept(molecules, options)
    size = max(len(molecule.atoms) for _, molecule in kept)
    found = {atom for _, molecule in kept for atom in molecule.atoms}
    field = field_of([atom for atom in VALENCES if atom in found])
    rows = (
        Row({"sample": to_array(molecule, field.names, size)}, f"{path.name} line {line.number}")
        for line, molecule in kept
    )
    status = path.stat()
    return Source(
        tables=(Table(Part(rows, len(kept))),),
        fields={"sample": field},
        identity={
            "source": "smiles",
            "file": [str(path.resolve()), status.st_size, status.st_mtime_ns],
            "options": [options.column, options.atoms],
        },
        unreadable=len(lines) - len(molecules),
    )


# ---- Lines ---------------------------------------------------------------------------------------


def _lines(path: Path, options: Smiles) -> list[_Line]:
    """The lines that are not empty: of a .csv file their column, of others what stands first."""
    text = text_of(path, "data.source.path", "a file of SMILES")
    if options.column is None and path.suffix.lower() != ".csv":
        lines = enumerate(text.split("\n"), start=1)
        return [_Line(number, line.split()[0]) for number, line in lines if line.strip()]
    return list(_of_column(path, text, options.column or "smiles"))


def _of_column(path: Path, text: str, column: str) -> Iterator[_Line]:
    reader = csv.DictReader(io.StringIO(text))
    names = reader.fieldnames or []
    if column not in names:
        raise ConfigError(
            f"data.source.column: {path} has no column {column!r}; its columns are "
            f"{', '.join(names) or 'none'}: name the one that holds SMILES."
        )
    for row in reader:
        value = (row[column] or "").strip()
        if value:
            yield _Line(reader.line_num, value)


# ---- Molecules -----------------------------------------------------------------------------------


def _read(lines: Sequence[_Line], data: Data) -> list[tuple[_Line, Molecule]]:
    """The lines that are molecules.

    Raises:
        ConfigError: as soon as too many are none.
    """
    found, unreadable = [], 0
    for line in lines:
        try:
            found.append((line, parse(line.text)))
        except SmilesError as error:
            unreadable += 1
            if unreadable <= _NAMED:
                _logger.warning("Line %d (%s) is left out: %s.", line.number, line.text, error)
            if unreadable > data.max_corrupt_share * len(lines):
                raise ConfigError(
                    f"data.max_corrupt_share: received {data.max_corrupt_share:g}, but already "
                    f"{unreadable} of the {len(lines)} lines cannot be read (the last one, line "
                    f"{line.number}, is {line.text!r}: {error}); mend them, or raise the share."
                ) from error
    if unreadable:
        _logger.warning("Left out: %d of %d lines cannot be read.", unreadable, len(lines))
    return found


def _kept(
    molecules: Sequence[tuple[_Line, Molecule]], options: Smiles
) -> list[tuple[_Line, Molecule]]:
    """Those of one part that are small enough.

    Raises:
        ConfigError: when less than two are.
    """
    parts = [line.number for line, molecule in molecules if not molecule.is_connected]
    whole = [(line, molecule) for line, molecule in molecules if molecule.is_connected]
    most = options.atoms or max((len(molecule.atoms) for _, molecule in whole), default=0)
    larger = [line.number for line, molecule in whole if len(molecule.atoms) > most]
    kept = [(line, molecule) for line, molecule in whole if len(molecule.atoms) <= most]
    reasons = {"in several parts": parts, f"of more than {most} atoms": larger}
    if len(kept) < 2:
        others = " and ".join(f"{len(own)} {why}" for why, own in reasons.items() if own)
        raise ConfigError(
            f"data.source: {options.path} holds {len(kept)} molecules to train on"
            f"{f', beside {others},' if others else ''} and at least 2 are needed; give more"
            f"{', or a larger data.source.atoms' if larger else ''}."
        )
    for why, own in reasons.items():
        if own:
            _logger.warning("Left out: %d molecules %s (%s).", len(own), why, in_lines(own))
    return kept
