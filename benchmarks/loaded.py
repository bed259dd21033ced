"""Endpoints under a load, as contenders of a measurement."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import load
from benchmarks.endpoints import Process
from benchmarks.harness import Measurement, Sample
from benchmarks.load import Load

WORK = 1024.0  # images to which all times are brought
PATIENCE = 180.0  # seconds in which a slow machine answers 64 clients that ask for 64 rows each
P50, P99 = "p50, ms", "p99, ms"
_COLUMNS = ("client's CPU ms per image", P50, P99)


@dataclass(frozen=True)
class Loaded:
    """An endpoint under one load, as a contender."""

    load: Load
    rows: int

    def run(self) -> Sample:
        """Puts the load on; the time is what `WORK` images took, the endpoint's alone.

        Raises:
            RuntimeError: a request failed.
        """
        outcome = load.measure(self.load)
        if outcome.failures:
            raise RuntimeError(f"requests failed: {outcome.failures}")
        part = WORK / (outcome.requests * self.rows)
        client = 1e3 * outcome.client_cpu_seconds / (outcome.requests * self.rows)
        columns = dict(zip(_COLUMNS, (client, outcome.p50_ms, outcome.p99_ms), strict=True))
        return Sample(part * outcome.seconds, part * outcome.server_cpu_seconds, columns)


def asked(server: Process, request: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a `Load` that say whom it asks, and for what.

    Args:
        server: whom.
        request: what, as `Wanted.load` gives it.
    """
    port = server.ports["port" if request["protocol"] == "grpc" else "rest_api_port"]
    return {"address": f"127.0.0.1:{port}", "server_pid": server.pid, **request}


def closed_loop(
    server: Process, request: Mapping[str, Any], *, rows: int, clients: int, seconds: float
) -> Loaded:
    """A closed loop of requests for that many rows each, as a contender."""
    whole = asked(server, request)
    return Loaded(Load(clients=clients, seconds=seconds, timeout=PATIENCE, **whole), rows)


def columns(measurement: Measurement) -> Mapping[str, Mapping[str, float]]:
    """Further columns of a table: by contender, the median of what its samples tell."""
    return {
        key: {
            name: statistics.median((sample.details or {})[key] for sample in samples)
            for name, samples in measurement.samples.items()
            if samples[0].details
        }
        for key in _COLUMNS
    }
