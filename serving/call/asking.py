"""Asks a served model."""

import ast
import re
from typing import Any

from serving import address
from serving.call.inputs import count_rows, inputs_of, with_codes
from serving.call.outputs import check_out, write
from serving.call.request import Request, choose_signature
from serving.call.response import Response
from serving.client import Client
from serving.description import Description
from serving.errors import NotFound
from serving.messages import DEFAULT_MODEL


def client_for(host: str, model: str | None, **options: Any) -> Client:
    """Returns a client of a model: the one named, the address's, "default", or the only one there.

    Raises:
        UsageError: the address or an option cannot be.
        RequestError: the server's refusal, or no answer.
    """
    client = Client(host, model or DEFAULT_MODEL, **options)
    if model is not None or address.read(host).model is not None:
        return client
    try:
        client.describe()
    except NotFound as error:
        client.close()
        only = re.search(r"This server has the model (['\"].*['\"])\.$", error.text)
        if only is None:
            raise
        return Client(host, ast.literal_eval(only[1]), **options)
    return client


def ask(client: Client, request: Request) -> Response:
    """Sends a request and writes its files.

    Raises:
        UsageError: the request does not fit the model, or the answer does not fit `out`.
        RequestError: the server's refusal, or no answer.
        ServingError: a file cannot be written.
    """
    description = Description(client.describe())
    signature = choose_signature(description, request)
    inputs = inputs_of(signature, request)
    check_out(request.out, signature, count_rows(inputs))
    if request.codes:
        inputs = with_codes(client, description, signature, request.codes, inputs)
    outputs = client.call(signature.name, **inputs)
    files = write(request.out, signature, inputs, outputs) if request.out else []
    return Response(signature, inputs, outputs, files)
