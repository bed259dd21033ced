"""Rows of tables."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.sources.source import Source


class AnyTable(Source):
    """A source of rows of mixed columns."""

    holds: ClassVar[str | None] = "rows"
    # The column that is predicted where a classifier or a regression measures what rows are worth;
    # its classes are held out in proportion. Null has none.
    predicted: str | None = None
    # Modes at most by which a column of numbers is seen (Xu et al. 2019).
    modes: int = Field(10, ge=1, le=100)


class TableFile(AnyTable):
    """The rows of a CSV or Parquet file, columns of texts and numbers with gaps."""

    target: ClassVar[str] = "trainer.data.sources.table:open_source"
    argument: ClassVar[str | None] = "path"
    placeholder: ClassVar[str] = "FILE"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".csv.gz", ".parquet")
    name: Literal["table"] = "table"
    # Of the file, on a local disk: .parquet, or CSV in UTF-8, which .gz compresses.
    path: str = Field(min_length=1)
    # What a column holds (category, integer or real), by its name, where it is not as inferred.
    kinds: dict[str, Literal["category", "integer", "real"]] = Field(default_factory=dict)
    # Columns that are left out.
    leave_out: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # Names of the columns of a CSV file whose first line is a row already.
    columns: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    # Other names for columns, such as {label: diagnosis}.
    rename: dict[str, str] = Field(default_factory=dict)
    # What parts the cells of a CSV file.
    delimiter: str = Field(",", min_length=1, max_length=1)
    # Texts that stand for a missing value, beside an empty cell.
    missing: Annotated[tuple[str, ...], Field(strict=False)] = ("?", "NA", "N/A", "NaN", "nan")


class Loans(AnyTable):
    """Loans that the library makes: mixed columns with gaps, whose dependences are known."""

    target: ClassVar[str] = "trainer.data.sources.loans:open_source"
    name: Literal["loans"] = "loans"
    # The column that is predicted; null has none.
    predicted: str | None = "repaid"
    # How many are made.
    rows: int = Field(6000, ge=20, le=10_000_000)
