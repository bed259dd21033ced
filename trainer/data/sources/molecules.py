"""Small molecules that the library makes itself."""

from itertools import islice

from trainer.catalogue import Molecules
from trainer.config.experiment import Data
from trainer.data.molecules import growing
from trainer.data.molecules.arrays import field_of, to_array
from trainer.data.reading import Part, Row, Source, Table


def open_source(data: Data) -> Source:
    """Grows them: field `sample` of kind graph, uint8 [atoms, atoms], always the same ones."""
    options = data.source
    assert isinstance(options, Molecules)
    field = field_of(growing.ATOMS)
    grown = islice(growing.molecules(options.atoms), options.molecules)
    rows = (
        Row({"sample": to_array(molecule, field.names, options.atoms)}, f"molecule {index}")
        for index, molecule in enumerate(grown)
    )
    return Source(
        tables=(Table(Part(rows, options.molecules)),),
        fields={"sample": field},
        identity={
            "source": "molecules",
            "molecules": options.molecules,
            "atoms": options.atoms,
        },
    )
