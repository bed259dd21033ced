"""From an export to the traffic of an endpoint of Vertex AI: registered, tried by a few, decided.

    python -m serving.deploy.release register …     prints MODEL, as projects/…/models/ID@VERSION
    python -m serving.deploy.release canary ENDPOINT MODEL
    python -m serving.deploy.release decide ENDPOINT MODEL

ENDPOINT is projects/…/locations/…/endpoints/ID. `vertex/` says what every model and deployment has.
The exit code is 0, or 1 with one sentence on standard error; `decide` ends so when it rolled back.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from serving.deploy import vertex_ai
from serving.deploy.smoke_test import SmokeTestError, require_close
from serving.extras import missing

_FILES = Path(__file__).parent / "vertex"
_SECONDS = 3600.0
_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_SEEDS = [{"seed": seed} for seed in range(10)]


class Clients(NamedTuple):
    """What speaks to Vertex AI in one region.

    Attributes:
        models: its ModelServiceClient.
        endpoints: its EndpointServiceClient.
        post: sends a body to an address below the service's, and gives status, headers and text.
    """

    models: Any
    endpoints: Any
    post: Callable[[str, bytes], tuple[int, Mapping[str, str], str]]


def clients(region: str) -> Clients:
    """The clients of a region, with the credentials of the environment."""
    import google.auth
    import requests
    from google.auth.transport.requests import AuthorizedSession
    from google.cloud import aiplatform_v1

    host = vertex_ai.host(region)
    options = {"api_endpoint": host}
    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    session = AuthorizedSession(credentials)

    def post(path: str, body: bytes) -> tuple[int, Mapping[str, str], str]:
        headers = {"Content-Type": "application/json"}
        try:
            url = f"https://{host}/v1/{path}"
            answer = session.post(url, data=body, headers=headers, timeout=120)
        except requests.RequestException as error:
            raise click.ClickException(
                f"{host} cannot be reached ({error}); the traffic is as it was: try again."
            ) from error
        return answer.status_code, answer.headers, answer.text

    return Clients(
        aiplatform_v1.ModelServiceClient(client_options=options),
        aiplatform_v1.EndpointServiceClient(client_options=options),
        post,
    )


class _Group(click.Group):
    """Ends in a sentence where Vertex AI refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a step."""
        try:
            with vertex_ai.refusals(click.ClickException):
                return super().invoke(ctx)
        except ModuleNotFoundError as error:
            sentence = missing(error.name or "", "gcp", "serving.deploy.release")
            raise click.ClickException(sentence or str(error)) from error


@click.group(cls=_Group)
def main() -> None:
    """Bring an export to the traffic of an endpoint, step by step."""


@main.command()
@click.option("--project", required=True)
@click.option("--region", required=True)
@click.option("--name", required=True, help="Of the model; one that is there gets a version more.")
@click.option("--artifact", required=True, help="gs:// folder with the numbered versions.")
@click.option("--image", required=True, help="The server image, by its digest.")
def register(project: str, region: str, name: str, artifact: str, image: str) -> None:
    """Upload a model and print what it is called there, with its version."""
    _require_uploadable(artifact, image)
    models, parent = clients(region).models, f"projects/{project}/locations/{region}"
    found = [*models.list_models(parent=parent, filter=f'display_name="{name}"')]
    model = {**_file("model.json"), "displayName": name, "artifactUri": artifact}
    model["containerSpec"] |= {
        "imageUri": image,
        "env": [{"name": "MODEL_NAME", "value": name}],
        "predictRoute": f"/v1/models/{name}:predict",
        "healthRoute": f"/v1/models/{name}",
    }
    before = {"parentModel": found[0].name} if found else {}
    request = vertex_ai.message("UploadModelRequest", {"parent": parent, **before, "model": model})
    made = models.upload_model(request=request).result(timeout=_SECONDS)
    click.echo(f"{made.model}@{made.model_version_id}")


def _require_uploadable(artifact: str, image: str) -> None:
    if not artifact.startswith("gs://"):
        raise click.ClickException(
            f"--artifact: received {artifact!r}; give the gs:// folder with the numbered versions."
        )
    if not _DIGEST.fullmatch(image):
        raise click.ClickException(
            f"--image: received {image!r}, but what a tag names may change while the model is "
            "served; give the digest, NAME@sha256: and 64 hexadecimal digits."
        )


@main.command()
@click.argument("endpoint")
@click.argument("model")
@click.option("--share", default=10, show_default=True, type=click.IntRange(1, 99))
def canary(endpoint: str, model: str, share: int) -> None:
    """Deploy MODEL to ENDPOINT with a share of the traffic in per cent; the first one gets all."""
    endpoints = clients(_region(endpoint)).endpoints
    before = dict(endpoints.get_endpoint(name=endpoint).traffic_split)
    share = share if before else 100
    # "0" is the model that is being deployed.
    split = {"0": share, **scaled(before, 100 - share)}
    deployed = {**_file("deployment.json"), "model": model}
    request = vertex_ai.message(
        "DeployModelRequest",
        {"endpoint": endpoint, "deployedModel": deployed, "trafficSplit": split},
    )
    made = endpoints.deploy_model(request=request).result(timeout=_SECONDS)
    click.echo(f"{model} is deployed as {made.deployed_model.id}, with {share} % of the traffic.")


@main.command()
@click.argument("endpoint")
@click.argument("model")
@click.option(
    "--answers",
    default=20,
    show_default=True,
    type=click.IntRange(2),
    help="Of the canary, all of them sound.",
)
@click.option(
    "--requests",
    default=2000,
    show_default=True,
    type=click.IntRange(1),
    help="At most, to have so many.",
)
def decide(endpoint: str, model: str, answers: int, requests: int) -> None:
    """Ask ENDPOINT until MODEL has answered; give it all of the traffic, or none.

    The other models are taken down when it is promoted, and it alone when it is rolled back.
    """
    service = clients(_region(endpoint))
    found = service.endpoints.get_endpoint(name=endpoint)
    by_name = {_name(deployed): deployed.id for deployed in found.deployed_models}
    tried = by_name.pop(model, None)
    if tried is None:
        raise click.ClickException(f"{model} is not deployed to {endpoint}; run `canary` first.")
    try:
        ask_for_samples(service, endpoint, tried, answers, requests)
    except SmokeTestError as error:
        split = {key: value for key, value in found.traffic_split.items() if key != tried}
        _take_down(service, endpoint, tried, scaled(split, 100))
        raise click.ClickException(f"Rolled back {model}: {error}") from error
    for other in by_name.values():
        _take_down(service, endpoint, other, {tried: 100})
    click.echo(f"Promoted {model}: {answers} answers were sound.")


def ask_for_samples(
    service: Clients, endpoint: str, tried: str, answers: int, requests: int
) -> None:
    """Asks for ten samples again and again, until one deployed model has answered so often.

    Raises:
        SmokeTestError: it refuses, gives other samples than before, or does not answer.
    """
    body = json.dumps({"instances": _SEEDS}).encode()
    first, count = None, 0
    for _ in range(requests):
        status, headers, text = service.post(f"{endpoint}:rawPredict", body)
        answered_by = headers.get("X-Vertex-AI-Deployed-Model-Id")
        if answered_by is None:
            raise SmokeTestError(f"status {status} does not say who answered: {text[:200]}")
        if answered_by != tried:
            continue
        if status != 200:
            raise SmokeTestError(f"it answered with status {status}: {text[:200]}")
        numbers = numbers_of(text)
        first = numbers if first is None else first
        if numbers.shape != first.shape:
            raise SmokeTestError("two answers for the same seeds have different sizes")
        require_close(numbers, first, "two answers for the same seeds differ")
        count += 1
        if count >= answers:
            return
    raise SmokeTestError(f"it gave {count} of {answers} answers to {requests} requests")


def numbers_of(text: str) -> np.ndarray:
    """All numbers of an answer, integers where there are no others.

    Raises:
        SmokeTestError: there is not a row for each seed, or a number that is not finite.
    """
    try:
        rows = json.loads(text)["predictions"]
    except (ValueError, KeyError, TypeError) as error:
        raise SmokeTestError(f"it answered {text[:200]!r}, which has no predictions") from error
    if len(rows) != len(_SEEDS):
        raise SmokeTestError(f"it answered {len(_SEEDS)} seeds with {len(rows)} samples")
    numbers = np.array([*_numbers(rows)])
    if not np.all(np.isfinite(numbers)):
        raise SmokeTestError("its samples are not finite")
    return numbers


def _numbers(value: Any) -> Iterator[int | float]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _numbers(inner)
    elif isinstance(value, int | float):
        yield value


def scaled(split: Mapping[str, int], total: int) -> dict[str, int]:
    """Shares in the same proportions of another total; the largest takes what rounding left."""
    whole = sum(split.values())
    if not whole:
        return {}
    shares = {name: share * total // whole for name, share in split.items()}
    largest = max(shares, key=lambda name: shares[name])
    shares[largest] += total - sum(shares.values())
    return shares


def _take_down(
    service: Clients, endpoint: str, deployed_model: str, split: Mapping[str, int]
) -> None:
    service.endpoints.undeploy_model(
        endpoint=endpoint, deployed_model_id=deployed_model, traffic_split=dict(split)
    ).result(timeout=_SECONDS)


def _name(deployed: Any) -> str:
    return f"{deployed.model.partition('@')[0]}@{deployed.model_version_id}"


def _region(endpoint: str) -> str:
    words = endpoint.split("/")
    if len(words) != 6 or words[::2] != ["projects", "locations", "endpoints"]:
        raise click.ClickException(
            f"ENDPOINT: received {endpoint!r}; give projects/PROJECT/locations/REGION/endpoints/ID."
        )
    return words[3]


def _file(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_FILES / name).read_text("utf-8"))
    return document


if __name__ == "__main__":
    main()
