"""Whether samples are of the class that was asked for, and teach a classifier the classes."""

import numpy as np

from trainer import catalogue
from trainer.data.examples import Examples
from trainer.errors import ConfigError, MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics.classification import accuracy, share


def gan_test(options: catalogue.GanTest, context: EvaluationContext) -> MetricResults:
    """Accuracy of a classifier of real examples on generated ones."""
    requested, predicted = context.requested_labels(), context.predicted_labels()
    found = _accuracy(predicted, requested, context)
    # What a generator scores that makes the data's classes without regard to what is asked.
    chance = float(np.square(context.spec.marginal).sum())
    if found.estimate.value > chance + 2.0 * (found.estimate.error or 0.0):
        return {"gan_test": found}
    warning = (
        f"Samples are of the class asked for in {found.estimate.value:.1%} of cases, and by chance "
        f"in {chance:.1%}: the generator does not obey its label."
    )
    return {"gan_test": found._replace(warning=warning)}


def gan_train(options: catalogue.GanTrain, context: EvaluationContext) -> MetricResults:
    """Accuracy on real examples of a classifier of generated ones; beside it, of as many real."""
    train = context.reference.train
    if context.real.labels is None or train.labels is None:
        raise MetricError(f"the examples of {context.reference.source} have no labels.")
    rows = np.random.RandomState(context.seed).permutation(train.count)[: context.fake.count]
    examples = {
        "gan_train": Examples.of(sample=context.fake.all(), label=context.requested_labels()),
        "gan_train_real": Examples.of(sample=train.take(rows), label=train.labels[rows]),
    }
    return {
        key: _accuracy(_trained_on(training, context), context.real.labels, context)
        for key, training in examples.items()
    }


def classifier_accuracy(
    options: catalogue.ClassifierAccuracy, context: EvaluationContext
) -> MetricResults:
    """Accuracy of the model's classes on held-out examples."""
    held_out, fields = context.reference.labelled, context.spec.fields
    assert held_out is not None and held_out.labels is not None
    read = [context.generator.classes("classify", block) for block in held_out.blocks()]
    hits = np.concatenate(read) == held_out.labels
    names = fields["labelled_label" if "labelled_label" in fields else "label"].names
    # Where few have labels, none of a class may be held out.
    by_class = {names[c]: hits[held_out.labels == c] for c in np.unique(held_out.labels)}
    worst, own = min(by_class.items(), key=lambda item: float(item[1].mean()))
    note = f"worst class {worst}: {own.mean():.1%} of {len(own)} held-out examples"
    return {"classifier_accuracy": MetricResult(share(hits), note)}


def domain_accuracy(options: catalogue.DomainAccuracy, context: EvaluationContext) -> MetricResults:
    """Accuracy of the discriminator's classes in domain b, and in domain a beside it."""
    held_out, asked = context.reference.dataset.held_out, context.generator
    return {
        key: _accuracy(asked.classes(f"classify_{name}", held_out[name]), held_out[label], context)
        for key, name, label in (
            ("target_accuracy", "b", "b_label"),
            ("source_accuracy", "a", "label"),
        )
    }


def _trained_on(examples: Examples, context: EvaluationContext) -> np.ndarray:
    """What a classifier that is trained on some examples says of the real samples, int64 [n]."""
    from trainer.evaluation.extractors.classifier import train_classifier

    try:
        classifier = train_classifier(examples, context.spec, seed=context.seed)
    except ConfigError as error:  # A class may have no sample.
        raise MetricError(str(error)) from error
    return np.concatenate([classifier.predict(block) for block in context.real.blocks()])


def _accuracy(
    predicted: np.ndarray, labels: np.ndarray, context: EvaluationContext
) -> MetricResult:
    names = context.spec.label_names
    found = accuracy(predicted, labels, len(names))
    worst = min(found.by_class, key=lambda label: found.by_class[label].value)
    note = f"worst class {names[worst]}: {found.by_class[worst].value:.1%}"
    return MetricResult(found.overall, note)
