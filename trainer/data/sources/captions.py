"""Pictures of one's own with captions: a folder or an array of pictures, and a file of lines."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trainer.catalogue import Captions
from trainer.config.experiment import Data
from trainer.data import beside
from trainer.data import captions as texts
from trainer.data.beside import Beside
from trainer.data.holdout import held_out_mask
from trainer.data.reading import Part, Row, Source, Table


class _Caption(NamedTuple):
    """A caption, and the picture that it is of (None where lines are in the pictures' order)."""

    picture: str | None
    caption: str


def open_source(data: Data) -> Source:
    """Reads captions and pictures: fields `sample`, `text` (and `label`), and apart `wrong_text`.

    A picture of a folder that has several lines is as many examples, one with each caption.

    Raises:
        ConfigError: for a file or folder that cannot be read, a line without picture or caption, a
            picture without a line, and a line whose picture is not there.
    """
    options = data.source
    assert isinstance(options, Captions)
    place = Path(options.pictures).expanduser()
    file = Beside(
        *("captions", Path(options.captions).expanduser(), options.picture),
        example='{"file": "a.png", "caption": "a red bird"}',
    )
    found = [
        _Caption(
            file.text(line, options.picture, "picture") if place.is_dir() else None,
            file.text(line, options.caption, "caption"),
        )
        for line in file.lines()
    ]
    pictures = beside.opened_pictures(place, data)
    if place.is_dir():
        own = file.of_folder(found, place)
    else:
        own = file.of_array(found, pictures.tables[0].train.count, place)
    return _source(pictures, own, data, file)


def _source(
    pictures: Source, captions: Sequence[Sequence[_Caption]], data: Data, file: Beside
) -> Source:
    """The pictures, each with its captions, as a source."""
    options = data.source
    assert isinstance(options, Captions)
    table = pictures.tables[0]
    counts = [len(several) for several in captions]
    labels = None if table.labels is None else np.repeat(table.labels, counts)
    flat = [one.caption for several in captions for one in several]
    training = ~held_out_mask(len(flat), data.holdout_share, labels)
    known = texts.field_of(
        [flat[i] for i in np.flatnonzero(training)], words=options.words, length=options.length
    )
    ids = texts.ids_of(flat, known)

    def rows() -> Iterator[Row | None]:
        first = 0
        for row, count in zip(table.train.rows, counts, strict=True):
            for own in ids[first : first + count]:
                fields = {} if row is None else {**row.fields, "text": own}
                yield None if row is None else Row(fields, row.origin)
            first += count

    own = Table(Part(rows(), len(flat)), labels=labels)
    return Source(
        tables=(own, texts.wrong(own, ids)),
        fields={**pictures.fields, **texts.fields_of(known)},
        identity={
            "source": "captions",
            "pictures": pictures.identity,
            "captions": file.identity,
            "options": [options.picture, options.caption, options.words, options.length],
        },
    )
