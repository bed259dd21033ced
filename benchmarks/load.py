"""Load on an endpoint: many clients that send one kind of request, in a process of its own.

A closed loop has a number of clients, each of which sends its next request when it has the reply to
the last one. An open loop sends at random moments at a given rate, whatever became of the requests
before: the moments of a Poisson process, so that latencies are those a user of a busy service sees.

Requests are ready-made bytes and of replies only the length is looked at, so that the load costs
little beside the server: on the machines of these measurements the two share their processors.
"""

import asyncio
import base64
import json
import math
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from benchmarks.processes import cpu_seconds_of_tree

_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_OPEN_LOOP_CONNECTIONS = 64
_SETTLING_SECONDS = 1.0


@dataclass(frozen=True)
class Load:
    """What is asked of an endpoint.

    Attributes:
        protocol: "grpc" for Predict, or "rest".
        address: host:port.
        path: of a REST request.
        body: the request's bytes, in base 64.
        least_bytes: a reply with fewer counts as failed.
        clients: of a closed loop.
        server_pid: the process whose time, with that of those below it, is told beside the load's
            own.
        rate: requests a second of an open loop; None for a closed loop.
        seconds: how long the load is measured at least, after all connections were used once.
        timeout: seconds after which a request counts as failed.
    """

    protocol: str
    address: str
    body: str
    server_pid: int
    path: str = ""
    least_bytes: int = 1
    clients: int = 1
    rate: float | None = None
    seconds: float = 3.0
    timeout: float = 30.0


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        requests: that were answered well while it was measured.
        seconds: how long that was.
        p50_ms: the median latency.
        p99_ms: the latency of the slowest hundredth.
        max_ms: the longest.
        client_cpu_seconds: processor time of the load itself meanwhile.
        server_cpu_seconds: processor time of the endpoint meanwhile.
        failures: texts of the requests that failed, at any time, and how many.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    client_cpu_seconds: float
    server_cpu_seconds: float
    failures: dict[str, int] = field(default_factory=dict)


def measure(load: Load) -> Outcome:
    """Puts a load on an endpoint from another process and returns what came of it.

    Raises:
        RuntimeError: not one request was answered.
    """
    command = [sys.executable, "-m", "benchmarks.load", json.dumps(asdict(load))]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    outcome = Outcome(**json.loads(done.stdout))
    if not outcome.requests:
        raise RuntimeError(f"no request was answered: {outcome.failures}")
    return outcome


# ---- The other process ---------------------------------------------------------------------------


class RequestError(Exception):
    """A request that was answered with an error, or not at all."""


class GrpcConnection:
    """A channel of its own, which carries ready-made messages."""

    def __init__(self, load: Load) -> None:
        import grpc

        options = [
            ("grpc.use_local_subchannel_pool", 1),  # else all channels share one connection
            ("grpc.max_receive_message_length", -1),
        ]
        self._error = grpc.RpcError
        self._channel = grpc.aio.insecure_channel(load.address, options)
        self._call = self._channel.unary_unary(_PREDICT)
        self._message = base64.b64decode(load.body)
        self._timeout = load.timeout

    async def send(self) -> bytes:
        """Sends a request and returns the reply."""
        try:
            return await self._call(self._message, timeout=self._timeout)
        except self._error as error:
            raise RequestError(f"{error.code().name}: {error.details()}") from error

    async def close(self) -> None:
        """Closes the channel."""
        await self._channel.close()


class RestConnection:
    """A kept connection, which carries ready-made HTTP requests."""

    def __init__(self, load: Load) -> None:
        body = base64.b64decode(load.body)
        head = (
            f"POST {load.path} HTTP/1.1\r\nhost: {load.address}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        self._host, _, port = load.address.rpartition(":")
        self._port = int(port)
        self._timeout = load.timeout
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self) -> bytes:
        """Sends a request and returns the body of the reply."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange()
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise RequestError(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Closes the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=2**20)
        reader, writer = self._streams
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if b"connection: close" in head:
            await self.close()
        if not head.startswith(b"http/1.1 200"):
            raise RequestError(f"{head[9:12].decode()}: {body[:200].decode(errors='replace')}")
        return body


Connection = GrpcConnection | RestConnection
_CONNECTIONS: dict[str, Callable[[Load], Connection]] = {
    "grpc": GrpcConnection,
    "rest": RestConnection,
}


class _Tally:
    """Counts the requests that are answered in the measured time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._latencies: list[float] = []
        self._failures: Counter[str] = Counter()
        self._begin = self._end = math.inf
        self._heard = asyncio.Event()  # of a request, while it is measured
        self._cpu: dict[str, float] = {}

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.perf_counter() >= self._end

    async def of(self, connection: Connection, begun: float) -> None:
        """Sends a request and notes what came of it, counted from `begun`."""
        try:
            reply = await connection.send()
            if len(reply) < self._load.least_bytes:
                raise RequestError(f"a reply of {len(reply)} bytes only")
        except RequestError as failure:
            self._failures[str(failure)] += 1
            self._hear(time.perf_counter())
            await asyncio.sleep(0.01)  # as a client would, before it tries again
            return
        if self._hear(now := time.perf_counter()):
            self._latencies.append(now - begun)

    def _hear(self, now: float) -> bool:
        """Whether that moment is measured, when something was heard of a request."""
        if not self._begin <= now < self._end:
            return False
        self._heard.set()
        return True

    async def watch(self) -> None:
        """Measures for the load's time, after a second in which all settles.

        Where all replies take longer than that, it lasts until the first one, or a failure.
        """
        await asyncio.sleep(_SETTLING_SECONDS)
        before = self._cpu_seconds()
        self._begin = time.perf_counter()
        await asyncio.sleep(self._load.seconds)
        await self._heard.wait()
        self._end = time.perf_counter()
        after = self._cpu_seconds()
        self._cpu = {name: after[name] - before[name] for name in before}

    def outcome(self) -> Outcome:
        """The counts as numbers."""
        sorted_ms = sorted(1e3 * latency for latency in self._latencies) or [math.nan]
        return Outcome(
            requests=len(self._latencies),
            seconds=self._end - self._begin,
            p50_ms=sorted_ms[len(sorted_ms) // 2],
            p99_ms=sorted_ms[int(0.99 * len(sorted_ms))],
            max_ms=sorted_ms[-1],
            failures=dict(self._failures),
            **self._cpu,
        )

    def _cpu_seconds(self) -> dict[str, float]:
        return {
            "client_cpu_seconds": cpu_seconds(os.getpid()),
            "server_cpu_seconds": cpu_seconds(self._load.server_pid),
        }


async def _closed_loop(load: Load, connections: list[Connection], tally: _Tally) -> None:
    async def client(connection: Connection) -> None:
        while not tally.is_over:
            await tally.of(connection, time.perf_counter())

    await asyncio.gather(tally.watch(), *map(client, connections))


async def _open_loop(load: Load, connections: list[Connection], tally: _Tally) -> None:
    """Sends at moments of chance; a request waits where all connections are busy.

    Those that still wait at the end are given up: nobody would count them.
    """
    assert load.rate is not None
    chance, idle = random.Random(0), asyncio.Queue[Connection]()
    for connection in connections:
        idle.put_nowait(connection)

    async def send(moment: float) -> None:
        connection = await idle.get()
        try:
            if not tally.is_over:
                await tally.of(connection, moment)
        finally:
            idle.put_nowait(connection)

    async with asyncio.TaskGroup() as group:
        group.create_task(tally.watch())
        moment = time.perf_counter()
        while not tally.is_over:
            moment += chance.expovariate(load.rate)
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            group.create_task(send(moment))


async def _run(load: Load) -> Outcome:
    is_open = load.rate is not None
    number = _OPEN_LOOP_CONNECTIONS if is_open else load.clients
    connections = [_CONNECTIONS[load.protocol](load) for _ in range(number)]
    tally = _Tally(load)
    # Before the clock runs, all have connected and had their first reply.
    await asyncio.gather(*(tally.of(connection, 0.0) for connection in connections))
    await (_open_loop if is_open else _closed_loop)(load, connections, tally)
    await asyncio.gather(*(connection.close() for connection in connections))
    return tally.outcome()


def cpu_seconds(pid: int) -> float:
    """Processor time of all threads of a process so far, and of the processes below it."""
    return sum(cpu_seconds_of_tree(pid).values())


if __name__ == "__main__":
    outcome = asyncio.run(_run(Load(**json.loads(sys.argv[1]))))
    print(json.dumps(asdict(outcome)))
