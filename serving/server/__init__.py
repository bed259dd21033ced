"""The embedded endpoint: TF Serving's interfaces over one SavedModel directory."""

from serving.server.app import Server, serve

__all__ = ["Server", "serve"]
