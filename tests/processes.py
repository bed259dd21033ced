"""Processes of their own that begin where the trainer is imported, which takes seconds each time.

They are forked from one that has imported, and done nothing else: TensorFlow has not begun in it.
What they play they trace, and what is sent to them, SIGKILL too, reaches them alone.
"""

import gc
import multiprocessing
import time

import tests.playing  # noqa: F401
import trainer.commands.base
import trainer.training  # noqa: F401

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])
gc.freeze()


def start(function, *arguments, **named):
    """A process that calls the function, which a module offers by name."""
    process = _CONTEXT.Process(target=function, args=arguments, kwargs=named)
    process.start()
    return process


def finish(process):
    """Waits for its end, which must be a good one."""
    process.join(timeout=400)
    assert process.exitcode == 0


def wait_for(path, process):
    """Until the process has made a file."""
    deadline = time.monotonic() + 300
    while not path.exists():
        assert process.is_alive() and time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.01)


def kill(process):
    """Sends SIGKILL, and waits for the end."""
    process.kill()
    process.join()
    assert process.exitcode == -9
