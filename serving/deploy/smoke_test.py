"""Asks a served model for samples and refusals: is what was deployed what was exported?

    python -m serving.deploy.smoke_test HOST:8500 http://HOST:8501 --model digits

Every target is asked the same and all of them must agree, so gRPC and REST check each other. The
exit code is 0, or 1 with one sentence on standard error.
"""

from typing import Any

import click
import numpy as np

from serving.client import Client
from serving.errors import RequestError, ServingError, UsageError

_NUM_ROWS = 10
_FLOAT_TOLERANCE = 1e-5  # of a float sample; an integer one may differ by one level


class SmokeTestError(Exception):
    """The server answers, but not as an export of this project does."""


@click.command()
@click.argument("targets", nargs=-1, required=True)
@click.option("--model", default="default", show_default=True, help="Name of the served model.")
@click.option(
    "--wait", default=120.0, show_default=True, help="Seconds the server may take to start."
)
def main(targets: tuple[str, ...], model: str, wait: float) -> None:
    """Check the model behind TARGETS: HOST:8500 for gRPC, http://HOST:8501 for REST."""
    try:
        samples = [check(target, model, wait) for target in targets]
        for target, sample in zip(targets[1:], samples[1:], strict=True):
            require_close(sample, samples[0], f"{target} and {targets[0]} give different samples")
    except (SmokeTestError, RequestError, ServingError, ValueError) as error:
        raise click.ClickException(f"model {model!r}: {error}") from error
    click.echo(f"model {model!r}: {len(targets)} endpoint(s) answer and agree")


def check(target: str, model: str, wait: float) -> np.ndarray:
    """Runs every check on one target and returns the samples of seeds 0 to 9.

    Raises:
        SmokeTestError: an answer is wrong; the sentence says which.
        RequestError: the server refuses a sound request, or does not come up within `wait` s.
    """
    try:
        # The first request waits for the server: it is repeated until the timeout is used up.
        with Client(target, model, timeout=wait, max_retries=10_000) as client:
            description = client.describe()
            samples = check_generate(client, description)
            num_classes = number_of_classes(description)
            if num_classes is not None:
                check_conditional(client, description, num_classes)
                check_refusal(client, num_classes)
    except (RequestError, ServingError, SmokeTestError, ValueError) as error:
        raise SmokeTestError(f"{target}: {error}") from error
    condition = "no label" if num_classes is None else f"{num_classes} labels"
    click.echo(f"{target}: {description['name']}, step {description['step']}, {condition}: sound")
    return samples


def check_generate(client: Client, description: dict[str, Any]) -> np.ndarray:
    """Returns the samples of seeds 0 to 9, which must not depend on their batch mates."""
    name = description["sample"]["output"]
    outputs = client.generate(range(_NUM_ROWS))
    require_shape(outputs[name], description, "generate")
    num_classes = number_of_classes(description)
    if num_classes is not None and not np.all(
        (outputs["label"] >= 0) & (outputs["label"] < num_classes)
    ):
        raise SmokeTestError(f"generate: labels {outputs['label']} outside 0 to {num_classes - 1}")
    alone = client.generate([3])[name]
    require_close(alone[0], outputs[name][3], "generate: seed 3 alone and among others differ")
    return outputs[name]


def check_conditional(client: Client, description: dict[str, Any], num_classes: int) -> None:
    """Asks for every class, and for the sample that `generate` gave under its own label."""
    name = description["sample"]["output"]
    labels = np.arange(num_classes)
    conditional = client.generate_conditional(labels, labels)[name]
    require_shape(conditional, description, "generate_conditional")
    drawn = client.generate(range(_NUM_ROWS))
    again = client.generate_conditional(range(_NUM_ROWS), drawn["label"])[name]
    require_close(again, drawn[name], "generate and generate_conditional differ under one label")


def check_refusal(client: Client, num_classes: int) -> None:
    """Asks for a class that the model does not have; the client must refuse it by a sentence."""
    try:
        client.generate_conditional([0], num_classes)
    except (UsageError, RequestError) as refusal:
        if str(num_classes) not in str(refusal):
            raise SmokeTestError(
                f"label {num_classes} was refused without being named"
            ) from refusal
        return
    raise SmokeTestError(f"label {num_classes} is out of range and was accepted")


def number_of_classes(description: dict[str, Any]) -> int | None:
    """Returns how many labels the model knows; None where its condition is no label."""
    condition = description["condition"]
    return condition["num_classes"] if condition and condition["kind"] == "label" else None


def require_shape(samples: np.ndarray, description: dict[str, Any], signature: str) -> None:
    """Refuses samples that are not of the described shape and type, or not finite."""
    expected, dtype = description["sample"]["shape"], description["sample"]["dtype"]
    if list(samples.shape[1:]) != expected or samples.dtype != dtype:
        received = f"{list(samples.shape[1:])} {samples.dtype}"
        raise SmokeTestError(
            f"{signature}: samples are {received}, described as {expected} {dtype}"
        )
    if not np.all(np.isfinite(samples)):
        raise SmokeTestError(f"{signature}: samples are not finite")


def require_close(received: np.ndarray, expected: np.ndarray, sentence: str) -> None:
    """Refuses samples further apart than batch sizes and processors may make them."""
    tolerance = 1 if np.issubdtype(expected.dtype, np.integer) else _FLOAT_TOLERANCE
    largest = np.max(np.abs(received.astype(np.float64) - expected.astype(np.float64)))
    if largest > tolerance:
        raise SmokeTestError(f"{sentence} by up to {largest:.3g}; at most {tolerance} is allowed")


if __name__ == "__main__":
    main()
