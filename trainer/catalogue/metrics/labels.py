"""Whether samples are of the class that was asked for, and teach a classifier the classes."""

from typing import ClassVar, Literal

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class GanTest(Metric):
    """A classifier trained on real examples reads the fakes' labels (Shmelkov et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.labels:gan_test"
    uses_features: ClassVar[bool] = True
    needs: ClassVar[Names] = ("labels", "classes")
    values: ClassVar[Values] = {
        "gan_test": MetricInfo(
            "GAN-test accuracy",
            "higher",
            "How often a classifier trained on real examples reads a generated sample as the "
            "class asked for. A generator that repeats one good sample a class scores high.",
        ),
    }
    name: Literal["gan_test"] = "gan_test"


class GanTrain(Metric):
    """A classifier trained on fakes reads real labels (Shmelkov et al. 2018, Ravuri & Vinyals)."""

    target: ClassVar[str] = "trainer.evaluation.measures.labels:gan_train"
    expensive: ClassVar[bool] = True
    needs: ClassVar[Names] = ("labels", "classes")
    values: ClassVar[Values] = {
        "gan_train": MetricInfo(
            "GAN-train accuracy",
            "higher",
            "Accuracy on real examples of a classifier trained on generated ones only: it needs "
            "both quality and variety. Compare it with training on as many real ones.",
        ),
        "gan_train_real": MetricInfo(
            "Accuracy when trained on real",
            None,
            "The same classifier trained on as many real examples: the ceiling of GAN-train.",
        ),
    }
    name: Literal["gan_train"] = "gan_train"


class ClassifierAccuracy(Metric):
    """How well the model's own classifier reads real examples (Salimans et al. 2016, section 5)."""

    target: ClassVar[str] = "trainer.evaluation.measures.labels:classifier_accuracy"
    needs: ClassVar[Names] = ("classify", "labelled")
    values: ClassVar[Values] = {
        "classifier_accuracy": MetricInfo(
            "Accuracy of the model's classes",
            "higher",
            "How often `classify` reads a held-out example as its class: what a semi-supervised "
            "game is played for, and what other discriminators learn beside it.",
        ),
    }
    name: Literal["classifier_accuracy"] = "classifier_accuracy"


class DomainAccuracy(Metric):
    """How well classes that were learned in domain a are read in domain b (Liu & Tuzel 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures.labels:domain_accuracy"
    kinds: ClassVar[Names] = ("image",)
    needs: ClassVar[Names] = ("classify_b", "b_label")
    values: ClassVar[Values] = {
        "target_accuracy": MetricInfo(
            "Accuracy in domain b",
            "higher",
            "Of the discriminator's classes on held-out examples of b, whose classes training "
            "never saw. Read the accuracy in a beside it: the difference is what adaptation lacks.",
        ),
        "source_accuracy": MetricInfo(
            "Accuracy in domain a", None, "The same on held-out examples of a, whose it did see."
        ),
    }
    name: Literal["domain_accuracy"] = "domain_accuracy"
