"""One client for a served generator, over gRPC and REST alike."""

import threading
from collections.abc import Mapping
from concurrent import futures
from types import TracebackType
from typing import Any

import numpy as np

from serving.base_client import BaseClient
from serving.plans import Labels, Outputs, Plan, Point, Result, Rows
from serving.retry import with_retries
from serving.transports import Call, Reply, Transport, connect


class Client(BaseClient):
    """Talks to one model behind the embedded endpoint or TF Serving.

    Inputs are checked against the model's own description before they are sent. Long requests
    are cut into messages that travel side by side, and the answers are joined in order. A message
    that finds nobody (UNAVAILABLE) is repeated after a growing, jittered pause within its deadline,
    if its signature is one of the contract's, which may safely run twice. Several threads may use
    one client; the connection is kept between requests.

    Labels are numbers, or their names.

    Example:
        with Client("http://127.0.0.1:8501") as client:
            images = client.generate(range(16))["image"]
    """

    def _prepare(self) -> None:
        self._transport: Transport = connect(self._endpoint)
        self._pool: futures.ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def describe(self) -> dict[str, Any]:
        """Returns the model's description, a JSON document, read once a version.

        Raises:
            RequestError: the model has no `describe`, or nobody answers.
        """
        return self._run(self._plans.describe())

    def generate(self, seeds: Rows, *, png: bool = False) -> Outputs:
        """Returns a sample for every seed, and its label where the model gives one.

        Args:
            seeds: integers, [n]; the same seed gives the same sample.
            png: whether to return PNG files instead of pixels.

        Returns:
            "image" uint8 [n, h, w, c] or "sample" [n, …], or "image_bytes" with [n] bytes
            objects; "label" int64 [n] too where the model draws one.

        Raises:
            UsageError: the seeds are no integers, or the model has no such signature.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.generate(seeds, png))

    def generate_conditional(self, seeds: Rows, labels: Labels, *, png: bool = False) -> Outputs:
        """Returns a sample for every seed under the given labels.

        Args:
            seeds: integers, [n].
            labels: [n], or one for all.
            png: whether to return PNG files instead of pixels.

        Returns:
            "image", "sample" or "image_bytes" as `generate` does.

        Raises:
            UsageError: a label is out of range, or the model takes none.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.generate_conditional(seeds, labels, png))

    def generate_truncated(
        self, seeds: Rows, truncation: float | np.ndarray, labels: Labels | None = None
    ) -> Outputs:
        """Returns a sample for every seed, truncated by the model itself where it offers that.

        Args:
            seeds: integers, [n].
            truncation: from 0 (all alike) to 1 (as `generate`), one for all or [n].
            labels: [n], or one for all; None for those that the model draws.

        Raises:
            UsageError: the model offers no truncation, or an input is not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.generate_truncated(seeds, truncation, labels))

    def decode(
        self, latents: np.ndarray, labels: Labels | None = None, *, png: bool = False
    ) -> Outputs:
        """Returns the samples of latents, float32 [n, z], under labels where the model takes them.

        Raises:
            UsageError: a shape or a label is not what the model takes, or a latent is not finite.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.decode(latents, labels, png))

    def latents(self, seeds: Rows) -> np.ndarray:
        """Returns the latents that `generate` uses for `seeds`, float32 [n, z].

        Raises:
            UsageError: the seeds are no integers.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.latents(seeds))

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """Returns latents from which samples may have come, float32 [n, z], of an encoder's model.

        Raises:
            UsageError: the model has no encoder, or the samples are not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.encode(samples))

    def score(self, samples: np.ndarray, labels: Labels | None = None) -> np.ndarray:
        """Returns how real the discriminator finds `samples`: logits, float32 [n].

        Raises:
            UsageError: a shape, a type or a label is not what the model takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.score(samples, labels))

    def interpolate(
        self, a: Point, b: Point, steps: int, *, label: Labels | None = None, png: bool = False
    ) -> Outputs:
        """Returns the samples on the way from a to b.

        The way is the great arc for a Gaussian prior and the straight line for any other.

        Args:
            a: where it begins: a seed, a latent [z], or several of either, whose mean is taken.
            b: where it ends.
            steps: how many samples, both ends included.
            label: one for all, or [steps], where the model takes labels.
            png: whether to return PNG files instead of pixels.

        Returns:
            The samples as `decode` does, and "latent" float32 [steps, z].

        Raises:
            UsageError: an end or a label is not what the model takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.interpolate(a, b, steps, label, png))

    def arithmetic(
        self,
        a: Point,
        *,
        minus: Point,
        plus: Point,
        label: Labels | None = None,
        png: bool = False,
    ) -> Outputs:
        """Returns the sample of the latent a - minus + plus.

        The sum is brought back to where the prior has its mass (`serving.latents.arithmetic`).

        Args:
            a: a seed, a latent [z], or several of either, whose mean is taken.
            minus: what is taken away.
            plus: what is added.
            label: where the model takes labels.
            png: whether to return a PNG file instead of pixels.

        Returns:
            One sample as `decode` does, and "latent" float32 [1, z].

        Raises:
            UsageError: a point or a label is not what the model takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.arithmetic(a, minus, plus, label, png))

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Outputs:
        """Runs any signature of the model.

        Args:
            signature: its name.
            inputs: values by input name, all with equally many rows.

        Returns:
            Arrays by output name; strings as object arrays of bytes.

        Raises:
            UsageError: the description rules the inputs out.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._plans.predict(signature, inputs))

    def close(self) -> None:
        """Ends the connection."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._transport.close()

    def __enter__(self) -> "Client":
        """Returns the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the connection."""
        self.close()

    def _run(self, plan: Plan[Result]) -> Result:
        try:
            calls = next(plan)
            while True:
                calls = plan.send(self._send_all(calls))
        except StopIteration as done:
            return done.value

    def _send_all(self, calls: list[Call]) -> list[Reply]:
        if len(calls) == 1 or self._max_concurrency == 1:
            return [self._send(call) for call in calls]
        under_way = [self._threads().submit(self._send, call) for call in calls]
        try:
            return [future.result() for future in under_way]
        finally:
            for future in under_way:  # after a failure nobody wants the others
                future.cancel()

    def _send(self, call: Call) -> Reply:
        def attempt(seconds_left: float) -> Reply:
            return self._transport.send(call, seconds_left)

        return with_retries(attempt, self._attempts(call))

    def _threads(self) -> futures.ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = futures.ThreadPoolExecutor(self._max_concurrency, "client")
            return self._pool
