import contextlib
import fcntl
import logging
import os
import pty
import struct
import termios
import time

import numpy as np
import pytest
from tqdm.contrib.logging import logging_redirect_tqdm

from trainer.run import observers

VALUES = {
    name: np.array([value])
    for name, value in {
        "real_logits": 1.25,
        "fake_logits": -1.5,
        "D(x)": 0.77,
        "D(G(z))": 0.18,
        "discriminator_loss": 1.386,
        "gradient_penalty": 0.1,
        "generator_loss": 0.693,
        "generator_feature_matching": 12.5,
    }.items()
}


class _Time:
    """A clock that a test sets."""

    now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def at(monkeypatch):
    moment = _Time()
    monkeypatch.setattr(observers, "time", moment)
    return moment


def test_the_pace_leaves_out_compilation_and_evaluations(at):
    clock = observers.Clock()
    pace = observers.Pace(clock, 32)
    assert pace.examples_per_second is None
    with clock.playing(1, compiled=False):
        at.now += 10.0
    assert pace.examples_per_second is None
    for _ in range(4):
        with clock.playing(5, compiled=True):
            at.now += 2.0
        with clock.paused():
            at.now += 60.0
    assert pace.examples_per_second == pytest.approx(4 * 5 * 32 / 8.0)
    pace.restart()
    with clock.playing(1, compiled=True):
        at.now += 1.0
    assert pace.examples_per_second == pytest.approx(32.0)


@contextlib.contextmanager
def terminal():
    """A terminal of 80 columns as standard error; gives what was written to it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.set_blocking(ours, False)
    with open(theirs, "w") as screen, contextlib.redirect_stderr(screen):
        yield lambda: b"".join(_pieces(ours)).decode()
    os.close(ours)


def _pieces(terminal):
    """What waits to be read, which the kernel hands over in blocks of its own size."""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(terminal, 65_536):
            yield piece


def test_the_bar_is_one_line_of_a_terminal_and_log_lines_have_lines_of_their_own():
    clock = observers.Clock()
    logger = logging.getLogger("saddlepoint")
    logger.setLevel(logging.INFO)
    with terminal() as written, logging_redirect_tqdm():
        bar = observers.ProgressBar(0, 12_000, observers.Pace(clock, 64))
        for step in range(1, 4):
            with clock.playing(1, compiled=True):
                time.sleep(0.11)  # more often the bar is not drawn
            bar.after(4_000 * step, VALUES, 4_000)
            logger.info("Evaluated step %d", 4_000 * step)
        bar.close()
        text = written()
    pieces = [piece for line in text.split("\r\n") for piece in line.split("\r")]
    assert max(map(len, pieces)) <= 80
    for step in (4_000, 8_000, 12_000):
        assert pieces.count(f"Evaluated step {step}") == 1
    last = [piece for piece in pieces if piece.startswith("12000/12000")][-1]
    assert "images/s, D(x) 0.77, D(G(z)) 0.18" in last and "█" in last
