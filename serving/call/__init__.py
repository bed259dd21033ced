"""One request from a command line: which signature it means, and what becomes of the answer."""

from serving.call.asking import ask, client_for
from serving.call.request import Request, choose_signature, named
from serving.call.response import Response

__all__ = ["Request", "Response", "ask", "choose_signature", "client_for", "named"]
