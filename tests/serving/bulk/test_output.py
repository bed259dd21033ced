"""The folder of an output."""

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from serving import ServingError
from serving.bulk.output import Output


def test_a_folder_that_cannot_be_looked_at_gets_a_sentence(monkeypatch):
    def forbidden(self, path):
        raise PermissionError("Access Denied")

    monkeypatch.setattr(MemoryFileSystem, "exists", forbidden)
    with pytest.raises(ServingError, match="out: 'memory://a' cannot be written: Access Denied"):
        Output("memory://a").begun()
