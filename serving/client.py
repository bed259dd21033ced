"""One client for a served generator, over gRPC and REST alike."""

from concurrent import futures
from types import TracebackType
from typing import Any

import numpy as np

from serving.base_client import BaseClient
from serving.latents import Codes
from serving.messages import Call, Reply
from serving.request_builder import Labels, Outputs, Plan, Point, Result, Rows
from serving.retry import with_retries
from serving.transports import Transport, connect


class Client(BaseClient[Transport]):
    """Talks to one model behind the embedded endpoint or TF Serving.

    Inputs are checked against the model's own description before they are sent. Long requests
    are cut into messages that travel side by side, and the answers are joined in order. A message
    that finds nobody (UNAVAILABLE) is repeated after a growing, jittered pause within its deadline:
    signatures are functions of their inputs alone. Several threads may use one client; the
    connection is kept between requests.

    Labels are numbers where they are integers, and names where they are texts.

    Example:
        with Client("http://127.0.0.1:8501") as client:
            images = client.generate(range(16))["image"]
    """

    def _start_over(self) -> None:
        super()._start_over()
        self._pool: futures.ThreadPoolExecutor | None = None

    def _connect(self) -> Transport:
        return connect(self._endpoint)

    def describe(self) -> dict[str, Any]:
        """Returns the model's description, a JSON document, read once a version.

        Raises:
            RequestError: the model has no `describe`, or nobody answers.
        """
        return self._run(self._builder.describe())

    def call(self, signature: str, /, **inputs: Any) -> Outputs:
        """Runs any signature of the model.

        Args:
            signature: its name.
            **inputs: values by input name, all with equally many rows; a number, a name or a text
                alone stands for all rows.

        Returns:
            Arrays by output name; texts as objects of str, files as objects of bytes.

        Raises:
            UsageError: the model has no such signature, or an input does not fit its field.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.call(signature, inputs))

    def generate(self, seeds: Rows, *, png: bool = False, codes: Codes | None = None) -> Outputs:
        """Returns a sample for every seed, and its label where the model gives one.

        Args:
            seeds: integers, [n]; the same seed gives the same sample.
            png: whether to return PNG files instead of pixels.
            codes: numbers that take the place of those that a seed draws, such as
                {"category": 3, "codes.0": 1.5}, one for all or [n]; for models whose latents have
                codes. A number in the place of a name counts the continuous codes: {0: 1.5}.

        Returns:
            "image" uint8 [n, h, w, c], "sample", "text", "clip" or the columns of a table, or
            "image_bytes" with [n] bytes objects; "label" int64 [n] too where the model draws one.

        Raises:
            UsageError: the seeds are no integers, or the model has no such signature.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.generate("generate", seeds, png=png, codes=codes))

    def generate_conditional(
        self,
        seeds: Rows,
        labels: Labels | None = None,
        *,
        png: bool = False,
        codes: Codes | None = None,
        **condition: Any,
    ) -> Outputs:
        """Returns a sample for every seed under the given condition.

        Args:
            seeds: integers, [n].
            labels: numbers or names, [n], or one for all, where the model takes labels.
            png: whether to return PNG files instead of pixels.
            codes: as `generate` takes them.
            **condition: what else the model takes, such as `text` or `image`, by input name.

        Returns:
            As `generate` does, but for the label.

        Raises:
            UsageError: a label is out of range, or the model takes another condition.
            RequestError: the server's refusal, or no answer.
        """
        plan = self._builder.generate(
            "generate_conditional", seeds, labels, png, codes, **condition
        )
        return self._run(plan)

    def generate_truncated(
        self,
        seeds: Rows,
        truncation: float | np.ndarray,
        labels: Labels | None = None,
        **condition: Any,
    ) -> Outputs:
        """Returns a sample for every seed, truncated by the model itself where it offers that.

        Args:
            seeds: integers, [n].
            truncation: from 0 (all alike) to 1 (as `generate`), one for all or [n].
            labels: [n], or one for all; None for those that the model draws.
            **condition: as `generate_conditional` takes it.

        Raises:
            UsageError: the model offers no truncation, or an input is not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        plan = self._builder.generate_truncated(seeds, truncation, labels, **condition)
        return self._run(plan)

    def decode(
        self,
        latents: np.ndarray,
        labels: Labels | None = None,
        *,
        png: bool = False,
        **condition: Any,
    ) -> Outputs:
        """Returns the samples of latents, float32 [n, z], under a condition where there is one.

        Raises:
            UsageError: a shape or a label is not what the model takes, or a latent is not finite.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.decode(latents, labels, png, **condition))

    def latents(self, seeds: Rows) -> np.ndarray:
        """Returns the latents that `generate` uses for `seeds`, float32 [n, z].

        Raises:
            UsageError: the seeds are no integers.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.ask("latents", seeds=seeds))["latent"]

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """Returns latents from which samples may have come, float32 [n, z], of an encoder's model.

        Raises:
            UsageError: the model has no encoder, or the samples are not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.ask("encode", samples))["latent"]

    def reconstruct(self, samples: np.ndarray) -> Outputs:
        """Returns samples as the model makes them again from their latents.

        Raises:
            UsageError: the model has no encoder, or the samples are not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.ask("reconstruct", samples))

    def score(
        self, samples: np.ndarray, labels: Labels | None = None, **condition: Any
    ) -> np.ndarray:
        """Returns how real the discriminator finds `samples`: logits, float32 [n].

        Raises:
            UsageError: a shape, a type or a label is not what the model takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.ask("score", samples, labels=labels, **condition))["realism"]

    def classify(self, samples: np.ndarray) -> Outputs:
        """Returns the classes of samples: "logits" float32 [n, k] and "label" int64 [n].

        Raises:
            UsageError: the model has no classes to tell, or the samples are not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.ask("classify", samples))

    def anomaly_score(self, samples: np.ndarray) -> np.ndarray:
        """Returns how odd samples are, float32 [n]; larger is odder.

        Raises:
            UsageError: the model has no encoder, or the samples are not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.ask("anomaly_score", samples))["anomaly"]

    def translate(
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
        """Returns images made from images.

        Args:
            images: [n, h, w, c], or clips [n, t, h, w, c].
            labels: where the model takes them.
            seeds: where the model takes them.
            signature: which way, for models with several: "translate_to_a" or "translate_to_b";
                "translate_clip" for clips.
            tile: side of the tiles in which pictures are sent that are larger, for models that take
                any size; None sends them whole.
            overlap: how many lines neighbouring tiles share; None for as many as suit the model
                (`serving.tiles`).
            **condition: what else the model takes, by input name.

        Raises:
            UsageError: the model does not translate that way, or an input is not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        tiling = {"tile": tile, "overlap": overlap}
        given = {"seeds": seeds, "labels": labels, **condition}
        return self._run(self._builder.translate(signature, images, **tiling, **given))

    def complete(
        self, images: np.ndarray, masks: np.ndarray, seeds: Rows, **condition: Any
    ) -> Outputs:
        """Returns images whose unknown parts the model has filled, and each search's loss.

        Args:
            images: [n, h, w, c].
            masks: uint8 [n, h, w, 1], 1 where a pixel is known.
            seeds: where each search begins, [n].
            **condition: what else the model takes, by input name.

        Raises:
            UsageError: the model has no such search, or an input is not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(
            self._builder.ask("complete", images, seeds=seeds, mask=masks, **condition)
        )

    def complete_clip(
        self, clips: np.ndarray, masks: np.ndarray, seeds: Rows, **condition: Any
    ) -> Outputs:
        """Returns clips whose unknown parts the model has filled, and each search's loss.

        Args:
            clips: [n, t, h, w, c], of as many frames as the model was exported for.
            masks: uint8 [n, t, h, w, 1], 1 where a pixel is known.
            seeds: where each search begins, [n].
            **condition: what else the model takes, by input name.

        Raises:
            UsageError: the model has no such search, or an input is not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(
            self._builder.ask("complete_clip", clips, seeds=seeds, mask=masks, **condition)
        )

    def edit(
        self, images: np.ndarray, strokes: np.ndarray, seeds: Rows, **condition: Any
    ) -> Outputs:
        """Returns images of the model's own with what was painted on them, and the losses.

        Args:
            images: [n, h, w, c].
            strokes: uint8 [n, h, w, 4], colours where they are opaque.
            seeds: where each search begins, [n].
            **condition: what else the model takes, by input name.

        Raises:
            UsageError: the model has no such search, or an input is not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(
            self._builder.ask("edit", images, seeds=seeds, strokes=strokes, **condition)
        )

    def caption(self, images: np.ndarray, seeds: Rows) -> np.ndarray:
        """Returns a text for every image, [n] objects of str.

        Raises:
            UsageError: the model writes no captions, or an input is not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.ask("caption", images, seeds=seeds))["text"]

    def project(self, images: np.ndarray, seeds: Rows, **condition: Any) -> Outputs:
        """Returns the latents whose images come nearest to `images`, those images and the losses.

        Args:
            images: [n, h, w, c].
            seeds: where each search begins, [n].
            **condition: what else the model takes, by input name.

        Raises:
            UsageError: the model has no such search, or an input is not what it takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.ask("project", images, seeds=seeds, **condition))

    def interpolate(
        self,
        a: Point,
        b: Point,
        steps: int,
        *,
        label: Labels | None = None,
        png: bool = False,
        **condition: Any,
    ) -> Outputs:
        """Returns the samples on the way from a to b.

        The way is the great arc for a Gaussian prior and the straight line for any other.

        Args:
            a: where it begins: a seed, a latent [z], or several of either, whose mean is taken.
            b: where it ends.
            steps: how many samples, both ends included.
            label: one for all, or [steps], where the model takes labels.
            png: whether to return PNG files instead of pixels.
            **condition: what else the model takes, by input name.

        Returns:
            The samples as `decode` does, and "latent" float32 [steps, z].

        Raises:
            UsageError: an end or a label is not what the model takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.interpolate(a, b, steps, label, png, **condition))

    def arithmetic(
        self,
        a: Point,
        *,
        minus: Point,
        plus: Point,
        label: Labels | None = None,
        png: bool = False,
        **condition: Any,
    ) -> Outputs:
        """Returns the sample of the latent a - minus + plus.

        The sum is brought back to where the prior has its mass (`serving.latents.arithmetic`).

        Args:
            a: a seed, a latent [z], or several of either, whose mean is taken.
            minus: what is taken away.
            plus: what is added.
            label: where the model takes labels.
            png: whether to return a PNG file instead of pixels.
            **condition: what else the model takes, by input name.

        Returns:
            One sample as `decode` does, and "latent" float32 [1, z].

        Raises:
            UsageError: a point or a label is not what the model takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._run(self._builder.arithmetic(a, minus, plus, label, png, **condition))

    def close(self) -> None:
        """Ends the connection; further requests are refused."""
        self._closed = True
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        if self._transport is not None:
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
        transport = self._connected()

        def attempt(seconds_left: float) -> Reply:
            return transport.send(call, seconds_left)

        return with_retries(attempt, self._attempts())

    def _threads(self) -> futures.ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = futures.ThreadPoolExecutor(self._max_concurrency, "client")
            return self._pool
