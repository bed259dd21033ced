"""Images a second of the embedded endpoint, beside what people would serve an export with instead.

All serve the same export on the same processors (one Flask handler asks a run's Keras model). They
are asked for the same images over HTTP, as JSON, by the same closed loops, in turn: single rows
of 1 and 64 clients, and 64 rows a request of 1 and 8. Each has an environment of its own, named by
its interpreter; `benchmarks.peers` says what to install. What a server's processes below it spend
counts as its own. Before anything is measured, every server of the export has to give the images
that `gan serve` gives for the same seeds; a request that fails later ends the measurement.
"""

import argparse
import base64
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bulk_exports, harness, loaded, peers
from benchmarks.endpoints import Process, gan_serve
from benchmarks.harness import Comparison
from benchmarks.loaded import PATIENCE, WORK, Loaded
from benchmarks.sample_requests import Wanted

_LOOPS = ((1, 1), (64, 1), (1, 64), (8, 64))  # clients, and rows a request
_BATCHING = "gan serve --enable_batching"
_GOAL = 1.5
_SEEDS = (3, 1, 4)


@dataclass(frozen=True)
class Peer:
    """How a server is started and asked.

    Attributes:
        framework: whose interpreter runs it; empty for ours.
        module: of `benchmarks.peers`.
        path: where it takes requests.
        is_bare: whether it gives the images without names around them.
        plays_run: whether it asks the Keras model of a run instead of the export.
    """

    framework: str = ""
    module: str = ""
    path: str = "/v1/models/m:predict"
    is_bare: bool = False
    plays_run: bool = False

    def document(self, seeds: Sequence[int]) -> bytes:
        """The request for the images of seeds."""
        inputs = {"seed": list(seeds)}
        whole = inputs if self.is_bare else {"signature_name": "generate", "inputs": inputs}
        return json.dumps(whole).encode()

    def images(self, reply: bytes) -> np.ndarray:
        """The images of a reply."""
        document = json.loads(reply)
        if self.is_bare:
            return np.array(document)
        outputs = document["outputs"]  # TF Serving leaves the name of a single output out
        return np.array(outputs["image"] if isinstance(outputs, dict) else outputs)


OURS = Peer()
PEERS = {
    "Flask, model.predict": Peer("flask", "flask_handler", plays_run=True),
    "Flask": Peer("flask", "flask_handler"),
    "LitServe": Peer("litserve", "lit_server"),
    "BentoML": Peer("bentoml", "bento_service", "/generate", is_bare=True),
    "KServe": Peer("kserve", "kserve_model"),
}
_Server = tuple[Process, Peer]
_FRAMEWORKS = tuple(dict.fromkeys(peer.framework for peer in PEERS.values()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--shape", default="28x28x1", choices=bulk_exports.SHAPES)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    for framework in _FRAMEWORKS:
        parser.add_argument(f"--{framework}", metavar="PYTHON", help="interpreter that has it")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    seconds = 1.0 if arguments.quick else arguments.seconds
    pythons = {name: python for name in _FRAMEWORKS if (python := getattr(arguments, name))}
    present = {name: peer for name, peer in PEERS.items() if peer.framework in pythons}
    versions = {name: _versions(python, name) for name, python in pythons.items()}
    with tempfile.TemporaryDirectory() as folder:
        models = bulk_exports.make(arguments.shape, Path(folder))
        with _servers(models, present, pythons) as servers:
            _check(servers)
            contenders = {
                _title(name, *loop): _contender(
                    *server, bulk_exports.SHAPES[arguments.shape], *loop, seconds
                )
                for name, server in servers.items()
                for loop in _LOOPS
            }
            measurement = harness.measure(
                contenders, work=WORK, rounds=rounds, warm_up=0, samples=arguments.kept
            )
    return harness.result(
        measurement,
        unit="images/s",
        comparisons=[
            Comparison(_title(_BATCHING, *loop), _title(name, *loop), _GOAL)
            for loop in _LOOPS
            for name in present
        ],
        absent=[name for name in PEERS if name not in present],
        columns=loaded.columns(measurement),
        peers=versions,
    )


@contextmanager
def _servers(
    models: Path, present: Mapping[str, Peer], pythons: Mapping[str, str]
) -> Iterator[dict[str, _Server]]:
    """All of them, running."""
    with ExitStack() as stack:
        batching = gan_serve(str(models), "--model_name=m", "--enable_batching")
        servers = {_BATCHING: (stack.enter_context(batching), OURS)}
        given = {peers.EXPORT: str(models / "1")}
        run_dir = {peers.RUN: str(models.with_name(f"run-{models.name}"))}
        for name, peer in present.items():
            program = [sys.executable, "-m", "benchmarks.peers", pythons[peer.framework]]
            how = [peer.module, peer.path, peer.document(_SEEDS).decode()]
            environment = given | (run_dir if peer.plays_run else {})
            process = Process([*program, *how], environment=environment)
            servers[name] = stack.enter_context(process), peer
        yield servers


def _check(servers: Mapping[str, _Server]) -> None:
    """Refuses servers that give other images than ours."""
    given = {name: _asked(*server, _SEEDS) for name, server in servers.items()}
    ours = given[_BATCHING]
    for name, images in given.items():
        if images.shape != ours.shape:
            raise RuntimeError(
                f"{name} gives {images.shape}, not {ours.shape} as {_BATCHING} does."
            )
        plays_run = PEERS.get(name, OURS).plays_run  # and then begins with weights of its own
        # Another TensorFlow may round otherwise.
        if not plays_run and np.abs(images.astype(int) - ours.astype(int)).max() > 1:
            raise RuntimeError(f"{name} gives other images than {_BATCHING}.")


def _asked(server: Process, peer: Peer, seeds: Sequence[int]) -> np.ndarray:
    address = f"http://127.0.0.1:{server.ports['rest_api_port']}{peer.path}"
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, peer.document(seeds), head)
    with urllib.request.urlopen(request, timeout=PATIENCE) as reply:  # noqa: S310, as above
        return peer.images(reply.read())


def _contender(
    server: Process, peer: Peer, shape: tuple[int, ...], clients: int, rows: int, seconds: float
) -> Loaded:
    request = Wanted("rest", "generate", rows, shape).load() | {
        "path": peer.path,
        "body": base64.b64encode(peer.document(range(rows))).decode(),
    }
    return loaded.closed_loop(server, request, rows=rows, clients=clients, seconds=seconds)


def _title(name: str, clients: int, rows: int) -> str:
    return f"{name}, {clients} × {rows}"


def _versions(python: str, framework: str) -> dict[str, str]:
    """What an environment has of what is compared."""
    names = (framework, "tensorflow", "numpy")
    program = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    command = [python, "-c", program, *names]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return dict(zip(names, done.stdout.split(), strict=True))
