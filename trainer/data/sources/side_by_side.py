"""Pictures whose halves belong together: one is given, the other is to be made of it."""

from trainer.catalogue import SideBySide
from trainer.config.experiment import Data
from trainer.data.images import conform
from trainer.data.reading import Row, Source, Table
from trainer.data.sources import folder
from trainer.data.sources.pairs import Given
from trainer.errors import ConfigError
from trainer.fields import Field


def open_source(data: Data) -> Source:
    """A folder of images, each of which is two pictures of one size side by side.

    Raises:
        ConfigError: for a folder that cannot be used; while the rows are read, for pictures that
            have no middle.
    """
    options = data.source
    assert isinstance(options, SideBySide)
    given = Given.of(options, options.pictures)
    whole = folder.open_source(
        data.model_copy(update={"source": options.pictures}), lambda picture, origin, data: picture
    )

    def halved(row: Row) -> Row:
        both = row.fields["sample"]
        width = both.shape[1]
        if width % 2:
            raise ConfigError(
                f"data.source.pictures: {row.origin} is {width} pixels wide, so its halves are of "
                "different size; give pictures of an even width, two of one size side by side."
            )
        halves = {"left": both[:, : width // 2], "right": both[:, width // 2 :]}
        shown = given.conformed(halves.pop(options.given_half), row.origin, data)
        (wanted,) = halves.values()
        fields = {given.name: shown, **row.fields, "sample": conform(wanted, data)}
        return Row(fields, row.origin)

    (table,) = whole.tables
    return Source(
        tables=(Table(table.train.mapped(halved), labels=table.labels),),
        fields={**given.fields, "sample": Field(kind="image"), **whole.fields},
        identity={
            "source": "side_by_side",
            "pictures": whole.identity,
            "given": options.given_half,
            **given.identity,
        },
        derive=given.derive,
    )
