"""A few labelled examples beside many without labels: semi-supervised learning on one's own data.

Reference: Salimans et al. 2016, "Improved techniques for training GANs", section 5.
"""

from dataclasses import replace

from trainer.catalogue import FewLabels
from trainer.config.experiment import Data
from trainer.data.examples import Dataset
from trainer.data.reading import Row, Source, Table, opened
from trainer.errors import ConfigError


def open_source(data: Data) -> Source:
    """Two tables, which are drawn apart, and of both of which a share is held out.

    The first one has the field `sample`: the examples without labels. The second one has
    `labelled_sample` and `labelled_label`.

    Raises:
        ConfigError: for a source that cannot be read, and for labelled examples without labels;
            while they are read, where the two are of different form.
    """
    options = data.source
    assert isinstance(options, FewLabels)
    many, few = (opened(component, data) for component in (options.unlabelled, options.labelled))
    if "label" not in few.fields:
        raise ConfigError(
            f"data.source.labelled: {options.labelled} has no labels; give labelled data, such as "
            "one folder a class."
        )
    samples = many.tables[0].mapped(lambda row: Row({"sample": row.fields["sample"]}, row.origin))
    own = {"labelled_sample": few.fields["sample"]} if "sample" in few.fields else {}
    return Source(
        # What labels the first ones have is not even used to hold some out.
        tables=(Table(samples.train, samples.held_out), few.tables[0].mapped(_labelled)),
        fields={
            **{name: field for name, field in many.fields.items() if name == "sample"},
            **own,
            "labelled_label": few.fields["label"],
        },
        identity={"source": "few_labels", "labelled": few.identity, "unlabelled": many.identity},
        derive=_of_one_form,
    )


def _labelled(row: Row) -> Row:
    sample, label = row.fields["sample"], row.fields["label"]
    return Row({"labelled_sample": sample, "labelled_label": label}, row.origin)


def _of_one_form(dataset: Dataset) -> Dataset:
    """The data with one range for both kinds of samples.

    Raises:
        ConfigError: where they have different shapes or types.
    """
    fields = dataset.spec.fields
    many, few = fields["sample"], fields["labelled_sample"]
    if (many.kind, many.shape, many.dtype) != (few.kind, few.shape, few.dtype):
        raise ConfigError(
            "data.source: the examples without labels are of shape "
            f"{'x'.join(map(str, many.shape))} ({many.dtype}), those with labels of "
            f"{'x'.join(map(str, few.shape))} ({few.dtype}); make them alike, pictures by "
            "data.size, data.channels and data.depth."
        )
    if many.range and few.range:
        low, high = zip(many.range, few.range, strict=True)
        many = replace(many, range=(min(low), max(high)))
    both = {"sample": many, "labelled_sample": many}
    return replace(dataset, spec=replace(dataset.spec, fields={**fields, **both}))
