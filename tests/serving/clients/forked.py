"""Uses one client, forks four times, and has every child check its own pictures.

    python forked.py TARGET sync|async

Prints the exit code of every child: 0 for its own pictures, 3 for those of another, 4 for an error,
-9 where no answer came.
"""

import asyncio
import os
import sys
import threading
import time

import numpy as np

from serving import AsyncClient, Client

CHILDREN, ROUNDS, SECONDS = 4, 40, 60
SEEDS = [[seed] for seed in range(6)] + [list(range(6, 12))]  # the last takes three messages


async def pictures(client, seeds):
    """The pictures of seeds, from either client."""
    answer = client.generate(seeds)
    return (answer if isinstance(client, Client) else await answer)["image"]


async def all_pictures(client):
    return [await pictures(client, seeds) for seeds in SEEDS]


def child(client, wanted):
    try:
        with asyncio.Runner() as runner:
            for _ in range(ROUNDS):
                got = runner.run(all_pictures(client))
                if not all(map(np.array_equal, got, wanted)):
                    return 3
        return 0
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        return 4


def outcome(process, end):
    """The exit code of a child, which is killed at `end`."""
    while time.monotonic() < end:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(process, 9)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main():
    target, kind = sys.argv[1:]
    client = {"sync": Client, "async": AsyncClient}[kind](target, "digits", chunk_rows=2)
    wanted = asyncio.run(all_pictures(client))
    stop = threading.Event()
    # Over gRPC nothing may be under way at a fork: its own locks would stay held in the child.
    busy = threading.Thread(target=lambda: [*iter(lambda: one_more(client, stop), True)])
    if target.startswith("http"):
        busy.start()
    processes = []
    for _ in range(CHILDREN):
        process = os.fork()
        if not process:
            os._exit(child(client, wanted))
        processes.append(process)
    end = time.monotonic() + SECONDS
    print(*(outcome(process, end) for process in processes))
    stop.set()
    still = asyncio.run(all_pictures(client))
    print(all(map(np.array_equal, still, wanted)))


def one_more(client, stop):
    asyncio.run(pictures(client, [100]))
    return stop.is_set()


if __name__ == "__main__":
    main()
