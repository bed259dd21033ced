"""Clips of one's own: folders of frames, which are in the order of their names."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from trainer.catalogue import Clips
from trainer.config.experiment import Data
from trainer.data.images import conform
from trainer.data.reading import Part, Row, Source, Table, check_alike, readable
from trainer.data.sources import folder
from trainer.errors import ConfigError
from trainer.fields import Field

_logger = logging.getLogger("saddlepoint")


def fields_of(past: int) -> dict[str, Field]:
    """What clips are as fields: `sample`, and before it `clip` where some frames are given."""
    names = ("clip", "sample") if past else ("sample",)
    return {name: Field(kind="clip") for name in names}


def clip_of(frames: Iterable[np.ndarray], past: int, data: Data) -> dict[str, np.ndarray]:
    """Frames [h, w, c] as `fields_of` names them, with the size and channels asked for."""
    clip = np.stack([conform(frame, data) for frame in frames])
    return {"clip": clip[:past], "sample": clip[past:]} if past else {"sample": clip}


def open_source(data: Data) -> Source:
    """Lists the clips below the folder; they are decoded when the rows are read.

    Frames beyond `frames` of a clip are left out, and the log says so.

    Raises:
        ConfigError: for a folder that holds less than two clips, a clip of one frame, and clips
            that are shorter than what was asked for, or of different lengths where nothing was;
            while the rows are read, for frames of different sizes.
    """
    options = data.source
    assert isinstance(options, Clips)
    clips = _listed(Path(options.path).expanduser())
    length = _length(clips, options)
    groups = [files[:length] for files in clips.values()]
    names = [readable(name) for name in clips]

    def make(index: int, decoded: Sequence[np.ndarray]) -> Row:
        frames = [
            Row({"frame": conform(image, data)}, readable(f"{names[index]}/{file.name}"))
            for image, file in zip(decoded, groups[index], strict=True)
        ]
        for frame in frames:
            check_alike(frames[0], frame)
        conformed = [frame.fields["frame"] for frame in frames]
        return Row(clip_of(conformed, options.past, data), names[index])

    rows = folder.rows_of_files(groups, names, make, data.max_corrupt_share, "clips")
    return Source(
        tables=(Table(Part(rows, len(groups))),),
        fields=fields_of(options.past),
        identity={
            "source": "clips",
            "options": options.model_dump(mode="json"),
            "files": [[str(f), *folder.size_and_time(f)] for files in groups for f in files],
        },
    )


def _listed(root: Path) -> dict[str, list[Path]]:
    """The frames of each clip, by its folder's name, in the order of names."""
    if not root.is_dir():
        raise ConfigError(
            f"data.source: {root} is not a folder; give one on a local disk with a folder of "
            "frames for each clip."
        )
    folders = [path for path in sorted(root.iterdir()) if path.is_dir()]
    folders = [path for path in folders if not path.name.startswith(".")]
    found = {path.name: folder.image_files(path) for path in folders}
    clips = {name: files for name, files in found.items() if files}
    if len(clips) < 2:
        raise ConfigError(
            f"data.source: {root} holds {len(clips)} folders of images, and training needs 2 clips "
            "at least; put the frames of each clip into a folder of its own."
        )
    return clips


def _length(clips: dict[str, list[Path]], options: Clips) -> int:
    """Frames of a clip, as they all have or as it was asked for."""
    lengths = {name: len(files) for name, files in clips.items()}
    shortest = min(lengths, key=lambda name: lengths[name])
    least, most = lengths[shortest], max(lengths.values())
    if least < 2:
        raise ConfigError(
            f"data.source: the clip {readable(shortest)} has a single frame; take it out, or give "
            "it more."
        )
    if (options.frames or 0) > least:
        raise ConfigError(
            f"data.source.frames: received {options.frames}, but the clip {readable(shortest)} has "
            f"{least} frames; ask for less, or take it out."
        )
    if options.frames is None and least < most:
        raise ConfigError(
            f"data.source.frames: received null, but clips have from {least} to {most} frames; set "
            f"it to {least} or less, which leaves out the last frames of longer ones."
        )
    length = options.frames or least
    if options.past and length - options.past < 2:
        raise ConfigError(
            f"data.source.past: received {options.past}, but clips have {length} frames and two at "
            "least must be left; take less."
        )
    if length < most:
        _logger.warning(
            "data.source: only the first %d frames of a clip are used; the longest has %d.",
            length,
            most,
        )
    return length
