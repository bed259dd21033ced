"""Any image data set of tensorflow-datasets that is prepared, or may be downloaded."""

from collections.abc import Iterator
from typing import Any

from trainer.catalogue import Tfds
from trainer.config.experiment import Data
from trainer.data.reading import Part, Row, Source, Table, as_stored, labelled, rows_of
from trainer.errors import ConfigError

# Read at a time where images have one size; a batch is only a means of reading faster.
_READ_BATCH = 256


def open_source(data: Data) -> Source:
    """Opens `tfds:NAME`, where NAME may hold a configuration and a version (name/config:1.2.3).

    Raises:
        ConfigError: for a data set that is unknown, not prepared or without images, and for a split
            that it does not have.
    """
    builder = _prepared_builder(data)
    image_key, label_key = _feature_keys(builder, data)
    held_out_split = data.holdout_split or _usual_held_out(builder, data.split)
    _refuse_overlaps(builder, data.split, held_out_split)

    def part(split: str, field: str) -> Part:
        count = _count(builder, split, field)
        return Part(_rows(builder, split, image_key, label_key, data), count)

    held_out = part(held_out_split, "data.holdout_split") if held_out_split else None
    label_names = tuple(builder.info.features[label_key].names) if label_key else ()
    return Source(
        tables=(Table(part(data.split, "data.split"), held_out),),
        fields=labelled(label_names),
        identity={
            "source": builder.info.full_name,
            "path": str(builder.data_path),
            "bytes": int(builder.info.dataset_size),
        },
    )


def _prepared_builder(data: Data) -> Any:
    import tensorflow_datasets as tfds

    assert isinstance(data.source, Tfds)
    name = data.source.dataset
    try:
        builder = tfds.builder(name, data_dir=data.data_dir)
    except (ValueError, AssertionError, ImportError, OSError) as error:
        # The library lists every data set it knows; its first line is the reason.
        reason = str(error).splitlines()[0].rstrip(".")
        raise ConfigError(
            f"data.source: received {str(data.source)!r}: {reason}; give the name of a data set of "
            "tensorflow-datasets."
        ) from error
    if not builder.is_prepared():
        _download(builder, data, name)
    return builder


def _download(builder: Any, data: Data, name: str) -> None:
    place = data.data_dir or "the default folder of tensorflow-datasets"
    if not data.download:
        flag = f" --data_dir {data.data_dir}" if data.data_dir else ""
        raise ConfigError(
            f"data.data_dir: {name!r} is not prepared in {place}; prepare it there with "
            f"`tfds build {name}{flag}`, or set data.download=true."
        )
    try:
        builder.download_and_prepare()
    except Exception as error:  # the library passes on whatever its download meets
        raise ConfigError(
            f"data.download: {name!r} could not be prepared in {place} ({error}); prepare it with "
            "`tfds build` on a machine that can, and set data.data_dir to the folder."
        ) from error


def _feature_keys(builder: Any, data: Data) -> tuple[str, str | None]:
    """Names of the features that hold the image and its class."""
    import tensorflow_datasets as tfds

    features = builder.info.features
    named = dict(features.items()) if isinstance(features, tfds.features.FeaturesDict) else {}
    images = [name for name, kind in named.items() if isinstance(kind, tfds.features.Image)]
    labels = [name for name, kind in named.items() if isinstance(kind, tfds.features.ClassLabel)]
    if not images:
        raise ConfigError(
            f"data.source: {str(data.source)!r} has no image feature (it has "
            f"{', '.join(named) or 'no named features'}); give the name of an image data set."
        )
    usual_image, usual_label = (*(builder.info.supervised_keys or ()), None, None)[:2]
    return _preferred(images, "image", usual_image), (
        _preferred(labels, "label", usual_label) if labels else None
    )


def _preferred(names: list[str], *favourites: Any) -> str:
    return next((name for name in favourites if name in names), names[0])


# ---- Splits --------------------------------------------------------------------------------------


def _usual_held_out(builder: Any, split: str) -> str | None:
    """The split that is held out where all training examples are of "train"."""
    if {name for name, _ in _slices(builder, split, "data.split")} != {"train"}:
        return None
    return next((name for name in ("test", "validation") if name in builder.info.splits), None)


def _refuse_overlaps(builder: Any, split: str, held_out_split: str | None) -> None:
    """Refuses held-out examples that are trained on, and training examples that come twice."""
    train = _slices(builder, split, "data.split")
    twice = sum(_shared([part], train[:number]) for number, part in enumerate(train))
    if twice:
        raise ConfigError(
            f"data.split: received {split!r}, which names {twice} examples twice; give slices that "
            "have none in common."
        )
    if held_out_split is None:
        return
    shared = _shared(train, _slices(builder, held_out_split, "data.holdout_split"))
    if shared:
        raise ConfigError(
            f"data.holdout_split: received {held_out_split!r}, which shares {shared} examples with "
            f"data.split={split}; give slices that have none in common, such as train[:80%] and "
            "train[80%:]."
        )


# A split's name, and which of its examples.
_Slice = tuple[str, range]


def _shared(some: list[_Slice], others: list[_Slice]) -> int:
    """How many examples slices have in common."""
    return sum(
        len(range(max(rows.start, other_rows.start), min(rows.stop, other_rows.stop)))
        for name, rows in some
        for other, other_rows in others
        if name == other
    )


def _slices(builder: Any, split: str, field: str) -> list[_Slice]:
    """What a split expression adds up.

    Raises:
        ConfigError: for an expression that tensorflow-datasets does not read.
    """
    import tensorflow_datasets as tfds

    splits = builder.info.splits
    try:
        parts = tfds.core.ReadInstruction.from_spec(split).to_absolute(splits)
    except (ValueError, KeyError, AssertionError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise ConfigError(
            f"{field}: received {split!r}: {reason}; accepted are {', '.join(splits)} and slices "
            "of them, such as train[:80%]."
        ) from error
    return [(part.splitname, range(part.from_ or 0, _end(splits, part))) for part in parts]


def _end(splits: Any, part: Any) -> int:
    return splits[part.splitname].num_examples if part.to is None else part.to


def _count(builder: Any, split: str, field: str) -> int:
    count = sum(len(rows) for _, rows in _slices(builder, split, field))
    if count < 1:
        raise ConfigError(f"{field}: received {split!r}, which is empty; take a larger slice.")
    return count


def _rows(
    builder: Any, split: str, image_key: str, label_key: str | None, data: Data
) -> Iterator[Row | None]:
    """Decodes the image and the label only, always in the same order."""
    import tensorflow_datasets as tfds

    wanted = {key: True for key in (image_key, label_key) if key}
    one_size = None not in builder.info.features[image_key].shape
    batches = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(wanted),
        batch_size=_READ_BATCH if one_size else 1,
        read_config=tfds.ReadConfig(interleave_cycle_length=1),
    )
    index = 0
    for batch in tfds.as_numpy(batches):
        images = as_stored(batch[image_key], f"feature {image_key!r} of {data.source}")
        labels = batch[label_key] if label_key else None
        yield from rows_of(images, labels, split, data, first=index).rows
        index += len(images)
