"""How a request travels: what a transport promises, and the choice between the two."""

from typing import Protocol

from serving.extras import require_grpc
from serving.messages import Call, Endpoint, Reply


class Transport(Protocol):
    """Carries calls to one model and brings back replies; several threads may use it at once."""

    def send(self, call: Call, timeout: float) -> Reply:
        """Runs a signature once.

        Raises:
            RequestError: the server's refusal, or no answer in `timeout` seconds.
        """
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


class AsyncTransport(Protocol):
    """Carries calls as `Transport` does, in coroutines of any event loop."""

    async def send(self, call: Call, timeout: float) -> Reply:
        """Runs a signature once.

        Raises:
            RequestError: the server's refusal, or no answer in `timeout` seconds.
        """
        ...

    async def close(self) -> None:
        """Ends the connections of the event loop that it is called in."""
        ...


def connect(endpoint: Endpoint) -> Transport:
    """Returns the transport that an endpoint asks for; nothing is sent yet.

    Raises:
        UsageError: a certificate cannot be read, the address is none, or gRPC's packages are
            not installed.
    """
    if endpoint.is_rest:
        from serving.rest_transport import RestTransport

        return RestTransport(endpoint)
    require_grpc()
    from serving.grpc_transport import GrpcTransport  # imports TensorFlow, so not any earlier

    return GrpcTransport(endpoint)


def connect_async(endpoint: Endpoint) -> AsyncTransport:
    """Returns the transport as `connect` does, for coroutines."""
    if endpoint.is_rest:
        from serving.rest_transport import AsyncRestTransport

        return AsyncRestTransport(endpoint)
    require_grpc()
    from serving.grpc_transport import AsyncGrpcTransport

    return AsyncGrpcTransport(endpoint)
