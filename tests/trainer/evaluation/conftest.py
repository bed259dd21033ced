"""A run that was evaluated while it trained."""

import pytest

from tests.conftest import graphs_as_traced, tiny
from tests.trainer.evaluation.examples import EVALUATED
from trainer.training import train


@pytest.fixture(scope="session")
def evaluated_run(tmp_path_factory):
    """The directory of a tiny run of six steps with a checkpoint and an evaluation every two."""
    run_dir = tmp_path_factory.mktemp("evaluated") / "run"
    with graphs_as_traced():
        train(tiny("cgan-digits", *EVALUATED), run_dir, progress=False)
    return run_dir
