"""A bar that counts the finished shards of a run by looking into its folder."""

import threading
import time
from contextlib import suppress
from types import TracebackType

from tqdm import tqdm

from serving.bulk.output import Output
from serving.files import is_remote

# Between two looks; and at least so many times what a look takes, for a long list of a far store.
_SECONDS = 0.5
_REMOTE_SECONDS = 5.0
_SHARE = 20


class Progress:
    """A progress bar with rate and time left, as a context; it never fails a run."""

    def __init__(self, output: Output, num_shards: int, show: bool) -> None:
        """Counts what is there already; the rate is that of the others.

        Args:
            output: the folder of the run.
            num_shards: how many there will be.
            show: whether to show anything.
        """
        self._output = output
        self._bar = tqdm(
            total=num_shards,
            initial=min(output.num_recorded(), num_shards) if show else 0,
            unit="shard",
            disable=not show,
        )
        self._pause = _REMOTE_SECONDS if is_remote(output.path) else _SECONDS
        self._ended = threading.Event()
        # Only this thread moves the bar until it has been joined.
        self._thread = threading.Thread(target=self._follow, daemon=True) if show else None

    def __enter__(self) -> "Progress":
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        self._bar.close()

    def finish(self, text: str) -> None:
        """Fills the bar and puts a text behind it."""
        self._stop()
        self._bar.update((self._bar.total or 0) - self._bar.n)
        self._bar.set_postfix_str(text)

    def _stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        pause = self._pause
        while not self._ended.wait(pause):
            begun = time.monotonic()
            with suppress(Exception):  # a store does not answer: the bar waits, the run does not
                done = self._output.num_recorded()
                self._bar.update(max(0, min(done, self._bar.total) - self._bar.n))
            pause = max(self._pause, _SHARE * (time.monotonic() - begun))
