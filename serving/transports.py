"""How a request travels: what a transport promises, and the choice between the two."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from serving.errors import UsageError


class Transport(Protocol):
    """Carries one request to one model and brings back its outputs."""

    def call(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Mapping[str, str],
        timeout: float,
    ) -> dict[str, np.ndarray]:
        """Runs a signature once.

        Args:
            signature: the signature's name.
            inputs: arrays of the signature's own types; strings as object arrays of bytes.
            outputs: the type of every output, "string" for strings.
            timeout: seconds to wait for the answer.

        Raises:
            RequestError: the server's refusal, or no answer.
        """
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


def connect(target: str, model: str, version: int | None) -> Transport:
    """Returns the transport that `target` asks for: "http://host:8501" or "host:8500".

    Raises:
        UsageError: `target` has neither form.
    """
    if target.startswith(("http://", "https://")):
        from serving.rest_transport import RestTransport

        return RestTransport(target, model, version)
    if "://" in target or ":" not in target:
        raise UsageError(
            f"target: {target!r} names no endpoint; pass 'host:8500' for gRPC or "
            "'http://host:8501' for REST."
        )
    from serving.grpc_transport import GrpcTransport  # imports TensorFlow, so not any earlier

    return GrpcTransport(target, model, version)
