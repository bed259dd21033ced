"""The client for programs that run an event loop."""

import asyncio
from types import TracebackType
from typing import Any

import numpy as np

from serving.base_client import BaseClient
from serving.latents import Codes
from serving.messages import Call, Reply
from serving.request_builder import Labels, Outputs, Plan, Point, Result, Rows
from serving.retry import with_retries_async
from serving.transports import AsyncTransport, connect_async


class AsyncClient(BaseClient[AsyncTransport]):
    """`Client` in coroutines: the same methods with the same arguments, answers and errors.

    Many coroutines may share one client, also those of several event loops, each of which has
    connections of its own; a coroutine that is cancelled cancels its messages.

    Example:
        async with AsyncClient("localhost:8500") as client:
            one, two = await asyncio.gather(client.generate([1]), client.generate([2]))
    """

    def _connect(self) -> AsyncTransport:
        return connect_async(self._endpoint)

    async def describe(self) -> dict[str, Any]:
        """Does as `Client.describe`."""
        return await self._run(self._builder.describe())

    async def call(self, signature: str, /, **inputs: Any) -> Outputs:
        """Does as `Client.call`."""
        return await self._run(self._builder.call(signature, inputs))

    async def generate(
        self, seeds: Rows, *, png: bool = False, codes: Codes | None = None
    ) -> Outputs:
        """Does as `Client.generate`."""
        return await self._run(self._builder.generate("generate", seeds, png=png, codes=codes))

    async def generate_conditional(
        self,
        seeds: Rows,
        labels: Labels | None = None,
        *,
        png: bool = False,
        codes: Codes | None = None,
        **condition: Any,
    ) -> Outputs:
        """Does as `Client.generate_conditional`."""
        plan = self._builder.generate(
            "generate_conditional", seeds, labels, png, codes, **condition
        )
        return await self._run(plan)

    async def generate_truncated(
        self,
        seeds: Rows,
        truncation: float | np.ndarray,
        labels: Labels | None = None,
        **condition: Any,
    ) -> Outputs:
        """Does as `Client.generate_truncated`."""
        plan = self._builder.generate_truncated(seeds, truncation, labels, **condition)
        return await self._run(plan)

    async def decode(
        self,
        latents: np.ndarray,
        labels: Labels | None = None,
        *,
        png: bool = False,
        **condition: Any,
    ) -> Outputs:
        """Does as `Client.decode`."""
        return await self._run(self._builder.decode(latents, labels, png, **condition))

    async def latents(self, seeds: Rows) -> np.ndarray:
        """Does as `Client.latents`."""
        return (await self._run(self._builder.ask("latents", seeds=seeds)))["latent"]

    async def encode(self, samples: np.ndarray) -> np.ndarray:
        """Does as `Client.encode`."""
        return (await self._run(self._builder.ask("encode", samples)))["latent"]

    async def reconstruct(self, samples: np.ndarray) -> Outputs:
        """Does as `Client.reconstruct`."""
        return await self._run(self._builder.ask("reconstruct", samples))

    async def score(
        self, samples: np.ndarray, labels: Labels | None = None, **condition: Any
    ) -> np.ndarray:
        """Does as `Client.score`."""
        plan = self._builder.ask("score", samples, labels=labels, **condition)
        return (await self._run(plan))["realism"]

    async def classify(self, samples: np.ndarray) -> Outputs:
        """Does as `Client.classify`."""
        return await self._run(self._builder.ask("classify", samples))

    async def anomaly_score(self, samples: np.ndarray) -> np.ndarray:
        """Does as `Client.anomaly_score`."""
        return (await self._run(self._builder.ask("anomaly_score", samples)))["anomaly"]

    async def translate(
        self,
        images: np.ndarray,
        labels: Labels | None = None,
        *,
        seeds: Rows | None = None,
        signature: str = "translate",
        tile: int | None = None,
        overlap: int | None = None,
        **condition: Any,
    ) -> Outputs:
        """Does as `Client.translate`."""
        tiling = {"tile": tile, "overlap": overlap}
        given = {"seeds": seeds, "labels": labels, **condition}
        return await self._run(self._builder.translate(signature, images, **tiling, **given))

    async def complete(
        self, images: np.ndarray, masks: np.ndarray, seeds: Rows, **condition: Any
    ) -> Outputs:
        """Does as `Client.complete`."""
        plan = self._builder.ask("complete", images, seeds=seeds, mask=masks, **condition)
        return await self._run(plan)

    async def complete_clip(
        self, clips: np.ndarray, masks: np.ndarray, seeds: Rows, **condition: Any
    ) -> Outputs:
        """Does as `Client.complete_clip`."""
        plan = self._builder.ask("complete_clip", clips, seeds=seeds, mask=masks, **condition)
        return await self._run(plan)

    async def edit(
        self, images: np.ndarray, strokes: np.ndarray, seeds: Rows, **condition: Any
    ) -> Outputs:
        """Does as `Client.edit`."""
        plan = self._builder.ask("edit", images, seeds=seeds, strokes=strokes, **condition)
        return await self._run(plan)

    async def caption(self, images: np.ndarray, seeds: Rows) -> np.ndarray:
        """Does as `Client.caption`."""
        return (await self._run(self._builder.ask("caption", images, seeds=seeds)))["text"]

    async def project(self, images: np.ndarray, seeds: Rows, **condition: Any) -> Outputs:
        """Does as `Client.project`."""
        return await self._run(self._builder.ask("project", images, seeds=seeds, **condition))

    async def interpolate(
        self,
        a: Point,
        b: Point,
        steps: int,
        *,
        label: Labels | None = None,
        png: bool = False,
        **condition: Any,
    ) -> Outputs:
        """Does as `Client.interpolate`."""
        return await self._run(self._builder.interpolate(a, b, steps, label, png, **condition))

    async def arithmetic(
        self,
        a: Point,
        *,
        minus: Point,
        plus: Point,
        label: Labels | None = None,
        png: bool = False,
        **condition: Any,
    ) -> Outputs:
        """Does as `Client.arithmetic`."""
        return await self._run(self._builder.arithmetic(a, minus, plus, label, png, **condition))

    async def close(self) -> None:
        """Ends the connection; further requests are refused."""
        self._closed = True
        if self._transport is not None:
            await self._transport.close()

    async def __aenter__(self) -> "AsyncClient":
        """Returns the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the connection."""
        await self.close()

    async def _run(self, plan: Plan[Result]) -> Result:
        try:
            calls = next(plan)
            while True:
                calls = plan.send(await self._send_all(calls))
        except StopIteration as done:
            return done.value

    async def _send_all(self, calls: list[Call]) -> list[Reply]:
        free = asyncio.Semaphore(self._max_concurrency)

        async def send(call: Call) -> Reply:
            async with free:
                return await self._send(call)

        under_way = [asyncio.ensure_future(send(call)) for call in calls]
        try:
            return await asyncio.gather(*under_way)
        finally:
            for task in under_way:  # after a failure nobody wants the others
                task.cancel()

    async def _send(self, call: Call) -> Reply:
        transport = self._connected()

        async def attempt(seconds_left: float) -> Reply:
            return await transport.send(call, seconds_left)

        return await with_retries_async(attempt, self._attempts())
