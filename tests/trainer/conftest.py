"""Games are traced again and again here, and played for a few steps."""

import pytest

from tests.conftest import graphs_as_traced


@pytest.fixture(autouse=True, scope="module")
def as_traced():
    """See `graphs_as_traced`."""
    with graphs_as_traced():
        yield
