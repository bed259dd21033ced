"""Metrics of tables of mixed columns."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class Utility(Metric):
    """Train on synthetic, test on real: what models learn from generated rows (Xu et al. 2019)."""

    target: ClassVar[str] = "trainer.evaluation.measures.tables:utility"
    kinds: ClassVar[Names] = ("table",)
    needs: ClassVar[Names] = ("predicted",)
    values: ClassVar[Values] = {
        "utility_f1": MetricInfo(
            "F1 of classifiers of generated rows",
            "higher",
            "Classifiers that are trained on generated rows predict a column of real ones: F1 of "
            "the rarer of two classes, or the mean over more; the mean over classifiers.",
        ),
        "utility_f1_real": MetricInfo(
            "F1 of classifiers of real rows",
            None,
            "The same, trained on as many real rows: what the generated ones can hope for.",
        ),
        "utility_accuracy": MetricInfo(
            "Accuracy of classifiers of generated rows",
            "higher",
            "Share of real rows that the same classifiers name right. Where one class is most of "
            "the rows, naming nothing else scores high.",
        ),
        "utility_accuracy_real": MetricInfo(
            "Accuracy of classifiers of real rows",
            None,
            "The same of models that were trained on as many real rows.",
        ),
        "utility_r2": MetricInfo(
            "R² of regressions of generated rows",
            "higher",
            "A linear regression and a tree that are trained on generated rows predict a number of "
            "real ones; the mean of both. 1 is all of its variance, 0 or less none.",
        ),
        "utility_r2_real": MetricInfo(
            "R² of regressions of real rows",
            None,
            "The same of models that were trained on as many real rows.",
        ),
    }
    name: Literal["utility"] = "utility"
    # The classifiers, over which the mean is taken.
    models: Annotated[
        tuple[Literal["tree", "boosting", "logistic", "mlp"], ...],
        Field(strict=False, min_length=1),
    ] = ("tree", "boosting", "logistic", "mlp")


class MixedColumns(Metric):
    """Distances of columns one by one, and differences of their associations in pairs."""

    target: ClassVar[str] = "trainer.evaluation.measures.tables:mixed_columns"
    kinds: ClassVar[Names] = ("table",)
    values: ClassVar[Values] = {
        "column_w1": MetricInfo(
            "Wasserstein distance, mean of number columns",
            "lower",
            "Least mean distance over which a column's numbers must be moved to become real ones, "
            "in its standard deviations. It sees each column by itself.",
        ),
        "column_js": MetricInfo(
            "Jensen-Shannon distance, mean of category columns",
            "lower",
            "How far a column's categories, or its gaps, are as frequent as among real rows: 0 "
            "when they are, 1 when both share none. It sees each column by itself.",
        ),
        "association": MetricInfo(
            "Difference of associations, mean of pairs",
            "lower",
            "How far pairs of columns tell each other as they do among real rows: correlation, "
            "Cramér's V or correlation ratio. Few rows make all of them look larger.",
        ),
    }
    name: Literal["mixed_columns"] = "mixed_columns"


class ClosestRecord(Metric):
    """Whether generated rows lie nearer to training rows than held-out ones do."""

    target: ClassVar[str] = "trainer.evaluation.measures.tables:closest_record"
    kinds: ClassVar[Names] = ("table",)
    needs: ClassVar[Names] = ("held_out",)
    values: ClassVar[Values] = {
        "closest_record": MetricInfo(
            "Nearer to training rows than held-out ones",
            "nearest",
            "How often a generated row lies nearer to its closest training row than a held-out row "
            "does. One half is as good as new rows; above it training rows are told of.",
            target=0.5,
        ),
        "copied_rows": MetricInfo(
            "Generated rows that are training rows",
            None,
            "Share of generated rows that equal a training row in all columns. Tables of few "
            "categories have such rows anyway: compare with held-out ones, in the note.",
        ),
    }
    name: Literal["closest_record"] = "closest_record"
