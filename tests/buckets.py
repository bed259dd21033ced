"""A bucket behind TensorFlow's own `gs://`, and processes that reach it."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

from tests import processes
from tests.cloud_storage import HOSTS, CloudStorage
from tests.network import Network

ROOT = Path(__file__).parents[1]


class Bucket:
    """An emulated bucket in a network of its own.

    Attributes:
        url: of the bucket.
        storage: the service, whose faults are switched here.
        environment: what a program needs to reach it.
    """

    url = "gs://bucket"

    def __init__(self, folder: Path) -> None:
        """Makes certificate, network and service; raises `tests.network.NoNetworkError`."""
        certificate = _certificate(folder)
        self._network = Network(HOSTS, folder)
        self.storage = CloudStorage(self._network.listener, str(folder / "both.pem"))
        self._commands: list[subprocess.Popen[str]] = []
        self.environment = {
            "PYTHONPATH": str(ROOT),
            "CURL_CA_BUNDLE": certificate,
            # Instead of asking the machine's metadata for credentials.
            "GOOGLE_AUTH_TOKEN_FOR_TESTING": "token",
        }

    def clear(self) -> None:
        """Empties it, and ends its faults and the commands that are still under way."""
        for process in self._commands:
            process.kill()
            process.wait()
        self._commands.clear()
        self.storage.recover()
        self.storage.objects.clear()
        self.storage.asked.clear()
        self.storage.answered = 0

    def close(self) -> None:
        """Ends all."""
        self.storage.close()
        self._network.close()

    def gan(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """The command with these arguments, under way."""
        process = subprocess.Popen(
            [sys.executable, "-m", "trainer.cli", *map(str, arguments)],
            env={**os.environ, **self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=self._network.namespaces.enter,
        )
        self._commands.append(process)
        return process

    def call(self, function, *arguments):
        """What a function, which a module offers by name, returns or raises where it is reached."""
        receiver, sender = multiprocessing.Pipe(duplex=False)
        namespaces = self._network.namespaces
        given = (sender, namespaces, self.environment, function, arguments)
        process = processes.start(_answer, *given)
        sender.close()
        outcome = receiver.recv()
        process.join()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def _answer(sender, namespaces, environment, function, arguments):
    os.environ.update(environment)
    namespaces.enter()
    try:
        outcome = function(*arguments)
    except Exception as error:
        outcome = error
    sender.send(outcome)


def _certificate(folder: Path) -> str:
    """Makes the test's own authority, which vouches for itself under both names."""
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=bucket", "-addext", f"subjectAltName={names}"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    both = [(folder / name).read_text() for name in ("key.pem", "certificate.pem")]
    (folder / "both.pem").write_text("".join(both))
    return str(folder / "certificate.pem")
