"""Evaluations as `gan evaluate` makes them, for the tests of what is made of them."""

from dataclasses import replace

from trainer.evaluation.results import (
    Evaluation,
    MetricValue,
    Protocol,
    SkippedMetric,
    protocol_name,
)

# A tiny run that is evaluated every two steps, without anything that takes long.
EVALUATED = (
    "train.steps=6",
    "run.checkpoint_every=6",
    "evaluate.every=2",
    "evaluate.num_samples=100",
    "evaluate.extractor={name: random_projection, size: 8}",
    "evaluate.metrics=[frechet, prdc]",
)

PROTOCOL = Protocol(
    num_fake=10_000,
    num_real=10_000,
    reference="tfds:mnist",
    split="test",
    reference_fingerprint="ab12cd34ef56ab12",
    training_fingerprint="0123456789abcdef",
    value_range=(0.0, 255.0),
    extractor="mnistcnn-3f2a",
    extractor_hash="3f2a99c0ffee1234",
    extractor_accuracy=0.9931,
    seed=0,
)


def number(key, value, error=None, *, protocol=PROTOCOL, note="", extracted=True, **options):
    name = protocol_name(key, protocol, options=options, uses_features=extracted)
    return MetricValue(key, name, value, error, note)


def evaluation(*, fcd=6.3127, step=5000, target="runs/a", protocol=PROTOCOL, **changes):
    """An evaluation with numbers of either direction, of neither, with notes and without errors."""
    numbers = (
        number("fcd", fcd, 0.0831, protocol=protocol),
        number("recall", 0.6123, 0.0063, protocol=protocol),
        number("ms_ssim_real", 0.2214, 0.0045, protocol=protocol, extracted=False),
        number("support", 1.2e6, protocol=protocol, note="a lower bound"),
    )
    made = Evaluation(
        target,
        "cgan-mnist",
        step,
        "0f1e2d3c4b5a",
        protocol,
        numbers,
        skipped=(
            SkippedMetric("prdc", "only 3 samples"),
            SkippedMetric("duality_gap", "no discriminator"),
        ),
        warnings=("All samples are the same.",),
    )
    return replace(made, **changes)


def with_protocol(**changes):
    return replace(PROTOCOL, **changes)
