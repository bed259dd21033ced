import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import tiny
from trainer.data import pipeline
from trainer.errors import ConfigError, RunError
from trainer.game import averaging
from trainer.game.assembly import assemble
from trainer.run.checkpoints import Checkpoints, newest_listed


@pytest.fixture(scope="module")
def played(digits):
    """A game after one step, and its state then."""
    game = assemble(tiny(), digits.spec)
    batches = iter(pipeline.batches(digits.train, batch_size=16, seed=0))
    game.gan.train_step(next(batches))
    return game, _state(game)


@pytest.fixture
def game(played):
    """The game as it was after that step, whatever an earlier test did to it."""
    game, state = played
    game.gan.step.assign(1)
    for variable, value in zip(_variables(game), state, strict=True):
        variable.assign(value)
    return game


def _variables(game):
    gan = game.gan
    parts = (*gan.networks.values(), *gan.averages.values(), *gan.optimizers.values())
    return [v for part in parts for v in part.variables]


def _state(game):
    return [v.numpy() for v in _variables(game)]


def test_everything_comes_back(game, digits, tmp_path):
    checkpoints = Checkpoints(game, str(tmp_path))
    assert checkpoints.restore() is None
    assert checkpoints.save() == 1
    fresh = assemble(tiny("cgan-digits", "seed=5"), digits.spec)
    assert Checkpoints(fresh, str(tmp_path)).restore() == 1
    for a, b in zip(_state(game), _state(fresh), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(np.abs(slot).max() > 0 for slot in _state(fresh)[-4:])


def test_weights_of_layers_that_stand_in_a_list_come_back(digits, tmp_path):
    """As those of a growing network, of which TensorFlow's checkpoints see none."""
    game, fresh = (assemble(tiny("progressive-digits", f"seed={n}"), digits.spec) for n in (1, 2))
    assert all(len(model.variables) > 10 for model in game.gan.averages.values())
    for number, variable in enumerate(_variables(game)):
        variable.assign(np.full(variable.shape, number % 50, variable.dtype))
    Checkpoints(game, str(tmp_path)).save()
    assert Checkpoints(fresh, str(tmp_path)).restore() == 0
    for a, b in zip(_state(game), _state(fresh), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_restored_answers_as_it_did_without_estimating_again(digits, tmp_path, monkeypatch):
    experiment = tiny("cgan-digits", "train.precision=mixed_bfloat16")
    game = assemble(experiment, digits.spec, examples=digits.train)
    batch = next(iter(pipeline.batches(digits.train, batch_size=16, seed=0)))
    game.gan.train_step(batch)
    checkpoints = Checkpoints(game, str(tmp_path))
    checkpoints.save()
    monkeypatch.setattr(averaging.Statistics, "reestimate", lambda *_: pytest.fail("again"))
    fresh = assemble(experiment, digits.spec)
    assert Checkpoints(fresh, str(tmp_path)).restore() == 1
    seed = {"seed": np.arange(5)}
    made = game.live.run("generate", seed)
    np.testing.assert_array_equal(fresh.live.run("generate", seed)["image"], made["image"])
    judged = {"image": made["image"], "label": made["label"]}
    one, other = (g.live.run("score", judged)["realism"] for g in (game, fresh))
    np.testing.assert_array_equal(one, other)


def test_the_last_n_are_kept_and_a_step_can_be_named(game, tmp_path):
    checkpoints = Checkpoints(game, str(tmp_path), keep=2)
    for step in (10, 20, 30):
        game.gan.step.assign(step)
        checkpoints.save()
    assert checkpoints.steps() == [20, 30]
    assert not list(tmp_path.glob("step-10*"))
    assert checkpoints.restore("20") == 20
    with pytest.raises(ConfigError, match=r"--checkpoint: received '10'.*kept: 20, 30"):
        checkpoints.restore("10")


def test_the_best_are_kept_beside_the_last(game, tmp_path):
    checkpoints = Checkpoints(game, str(tmp_path), keep=1)
    for step, best in ((10, {10}), (20, {10, 20}), (30, {20})):
        game.gan.step.assign(step)
        checkpoints.save()
        checkpoints.keep_best(best)
    assert checkpoints.steps() == [30] and checkpoints.kept() == [20, 30]
    assert {p.name.partition(".")[0] for p in (tmp_path / "best").iterdir()} == {"step-20"}
    # A new process finds them, and training clears nothing of them away.
    fresh = Checkpoints(game, str(tmp_path), keep=1)
    fresh.remove_unfinished()
    assert fresh.kept() == [20, 30]
    weight = game.gan.networks["generator"].variables[0]
    weight.assign(weight * 2)
    assert fresh.restore("20") == 20
    with pytest.raises(ConfigError, match="steps kept: 20, 30"):
        fresh.restore("10")


def test_the_best_are_kept_on_an_object_store(game, object_store):
    checkpoints = Checkpoints(game, f"{object_store}/checkpoints", keep=1)
    for step in (10, 20):
        game.gan.step.assign(step)
        checkpoints.save()
        checkpoints.keep_best({10})
    assert checkpoints.kept() == [10, 20]
    assert checkpoints.restore("10") == 10


def test_what_was_cut_short_is_cleared_away(game, tmp_path):
    checkpoints = Checkpoints(game, str(tmp_path))
    checkpoints.save()
    (tmp_path / "step-7.data-00000-of-00001").write_bytes(b"half")
    (tmp_path / "step-7_temp").mkdir()
    other = Checkpoints(game, str(tmp_path))
    # An export may read beside a training that is just writing these.
    assert other.restore() == 1
    assert len(list(tmp_path.glob("step-7*"))) == 2
    other.remove_unfinished()
    assert not list(tmp_path.glob("step-7*"))
    assert other.restore() == 1


def test_a_damaged_checkpoint_is_named(game, digits, tmp_path):
    Checkpoints(game, str(tmp_path)).save()
    data = next(tmp_path.glob("step-1.data*"))
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(RunError, match=r"step-1' is damaged"):
        Checkpoints(assemble(tiny(), digits.spec), str(tmp_path)).restore()


def test_a_damaged_checkpoint_that_was_deleted_gives_way_to_the_one_before(game, tmp_path):
    checkpoints = Checkpoints(game, str(tmp_path))
    checkpoints.save()
    game.gan.step.assign(2)
    checkpoints.save()
    for path in tmp_path.glob("step-2.*"):
        path.unlink()
    assert Checkpoints(game, str(tmp_path)).restore() == 1


def test_a_store_that_does_not_show_the_checkpoints_has_not_none(bucket):
    """TensorFlow itself takes that for a folder without any, and the run would begin anew."""
    state = b'model_checkpoint_path: "step-4"'
    bucket.storage.objects["bucket", "run/checkpoints/checkpoint"] = state
    folder = f"{bucket.url}/run/checkpoints"
    assert bucket.call(newest_listed, f"{bucket.url}/other") is None
    bucket.storage.forbid("storage.objects.get")
    with pytest.raises(PermissionError, match=r"storage\.objects\.get"):
        bucket.call(newest_listed, folder)
    bucket.storage.recover()
    bucket.storage.fail(503)
    with pytest.raises(OSError, match="HTTP 503"):
        bucket.call(newest_listed, folder)


def test_weights_that_are_not_finite_are_never_written(game, tmp_path):
    checkpoints = Checkpoints(game, str(tmp_path))
    checkpoints.save()
    game.gan.step.assign(2)
    weight = game.gan.networks["generator"].trainable_variables[0]
    weight.assign_add(weight * float("inf"))
    found = r"generator: .* is not finite after step 2; no checkpoint"
    with pytest.raises(RunError, match=found) as refused:
        checkpoints.save()
    assert f"--set train.warm_start={tmp_path.parent} --set optimizers." in str(refused.value)
    assert checkpoints.steps() == [1]


def test_slots_that_are_not_finite_are_never_written(game, tmp_path):
    """They would poison the first step after a resume."""
    game.gan.step.assign(3)
    slot = game.gan.optimizers["discriminator"].variables[-1]
    slot.assign(np.full(slot.shape, np.nan))
    with pytest.raises(RunError, match=r"discriminator: .* is not finite after step 3"):
        Checkpoints(game, str(tmp_path)).save()


def test_warm_start_takes_weights_and_nothing_else(game, digits, tmp_path):
    Checkpoints(game, str(tmp_path / "checkpoints")).save()
    fresh = assemble(tiny("cgan-digits", "seed=5"), digits.spec)
    Checkpoints(fresh, str(tmp_path / "new")).warm_start(str(tmp_path / "checkpoints"))
    old, new = (
        [v for n in (*gan.networks.values(), *gan.averages.values()) for v in n.variables]
        for gan in (game.gan, fresh.gan)
    )
    for a, b in zip(old, new, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert int(fresh.gan.step.numpy()) == 0
    assert int(fresh.gan.optimizers["generator"].iterations) == 0


def test_warm_start_from_what_does_not_fit_is_refused(game, digits, tmp_path):
    Checkpoints(game, str(tmp_path / "checkpoints")).save()
    other = assemble(tiny("cgan-digits", "network.base_filters=5"), digits.spec)
    checkpoints = Checkpoints(other, str(tmp_path / "new"))
    with pytest.raises(ConfigError, match=r"train.warm_start: .*do not fit"):
        checkpoints.warm_start(str(tmp_path / "checkpoints"))
    with pytest.raises(ConfigError, match=r"train.warm_start: .*holds no checkpoint"):
        checkpoints.warm_start(str(tmp_path / "nowhere"))


FULL_DISK = """
import resource, signal, sys
from tests.conftest import tiny
from trainer.training import train
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run_dir, limit = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from trainer.errors import RunError
try:
    train(tiny("cgan-digits", "train.steps=8"), run_dir, progress=False)
except RunError as error:
    print(error)
"""


def test_a_full_disk_ends_the_run_in_a_sentence_and_spares_the_last_checkpoint(
    trained_run, tmp_path
):
    """A limit on file sizes stands in for the disk: writing beyond it fails in the same way."""
    run_dir = tmp_path / "run"
    shutil.copytree(trained_run, run_dir)
    limit = 20_000  # Room for every log, not for a checkpoint's data.
    result = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(run_dir), str(limit)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert "The checkpoint of step 8 could not be written" in result.stdout, result.stderr
    assert "the last whole one is of step 4" in result.stdout
    # The reason stands at the end of what TensorFlow says, behind long paths.
    assert "File too large" in result.stdout
    names = sorted(p.name for p in (run_dir / "checkpoints").iterdir())
    assert names == ["checkpoint", "step-4.data-00000-of-00001", "step-4.index"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != limit
