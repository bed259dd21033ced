"""One category of one column of a table, given to both players."""

from collections.abc import Mapping

import numpy as np

from trainer import catalogue
from trainer.data.columns import columns_of
from trainer.data.draws import conditional
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.conditions.label import OneHot


class Category(OneHot):
    """A category of any column, such as "job=nurse", as one vector over all of them.

    In training it is the one by which the row was drawn (`trainer.data.draws`), so that rare ones
    are met often. A request names it as its label, or has one by its seed: a column, all alike,
    and then a category as often as training rows have it. What is made is then distributed as the
    data is.

    Reference: Xu et al. 2019, "Modeling tabular data using conditional GAN", section 4.3.

    Raises:
        ConfigError: when samples are no rows of a table with such columns.
    """

    # What a row was made for stands in the row itself.
    is_shown = False

    def __init__(self, options: catalogue.CategoryCondition, spec: DataSpec) -> None:
        sample = spec.field("sample")
        if sample.kind != "table":
            raise ConfigError(
                f"condition.name: received 'category', but samples are of kind {sample.kind}; take "
                "data of mixed columns, such as data.source=table:FILE."
            )
        self.columns = conditional(sample)
        if not self.columns:
            raise ConfigError(
                "condition.name: received 'category', but no column of the table has two "
                "categories; set condition=none, or a column's kind in data.source.kinds."
            )
        super().__init__("label", _field(sample, self.columns))
        self.drawn_by = sample

    def of_examples(self, examples: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """The category of each example in the first of the columns."""
        return {self.name: examples["sample"][:, self.columns[0]].astype(np.int64)}


def _field(sample: Field, columns: tuple[int, ...]) -> Field:
    own = [columns_of(sample)[number] for number in columns]
    names = [f"{column.name}={text}" for column in own for text in column.categories]
    marginal = [share / len(own) for column in own for share in column.shares]
    return Field((), "int64", "label", names=tuple(names), marginal=tuple(marginal))
