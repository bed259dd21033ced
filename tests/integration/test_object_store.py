"""The whole road on an object store, by commands: TensorFlow's own `gs://`, emulated."""

import json
import re
import signal
import time

import pytest

from tests.conftest import assert_same, checkpointed

SMALL = (
    "network={name: mlp, units: [8]}",
    "train.batch_size=16",
    "train.steps=60",
    "run.checkpoint_every=20",
    "run.log_every=20",
    "run.sample_every=60",
    "run.instruments_every=null",
    "run.grid=[2,10]",
)
RUN, MODELS = "gs://bucket/runs/digits", "gs://bucket/models/digits"


def _settings(*overrides):
    return [word for override in overrides for word in ("--set", override)]


def _train(run_dir):
    return ("train", "cgan-digits", "--run-dir", run_dir, *_settings(*SMALL))


# How long a command may take on a machine that does much else, and a test of several commands.
PATIENCE = 900.0
pytestmark = pytest.mark.timeout(4 * PATIENCE)


def _ended(process, code=0):
    """What a command said: its JSON, or the last line of its complaint."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, out + err
    assert "Traceback" not in err, err
    return err.strip().splitlines()[-1] if code else out


def _wait_until(condition, process):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _downloaded(storage, folder, name):
    """A folder of the bucket, on the disk."""
    for below in storage.names(f"{name}/"):
        path = folder / name / below
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(storage.objects["bucket", f"{name}/{below}"])
    return folder / name


@pytest.mark.slow
def test_a_run_on_a_bad_day_is_trained_to_the_same_bits(bucket, tmp_path):
    """Killed while it uploads a checkpoint, and resumed on a store that is slow, busy and cut."""
    storage = bucket.storage
    # As Google's role for users of objects, which may not look at the bucket.
    storage.forbid("storage.buckets.get")
    first = bucket.gan(*_train(RUN))
    # A list at once, for the service goes on to count.
    _wait_until(lambda: any("checkpoints/step-40" in asked for asked in [*storage.asked]), first)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    state = storage.objects["bucket", "runs/digits/checkpoints/checkpoint"]
    assert re.search(rb'^model_checkpoint_path: "step-(20|40)"', state)
    storage.slow(0.005)
    storage.fail(503, share=0.3)
    storage.fail(429, at="checkpoints/", share=0.2)
    storage.cut(share=0.2)
    _ended(bucket.gan(*_train(RUN)))
    _ended(bucket.gan(*_train(tmp_path / "local")))
    remote = _downloaded(storage, tmp_path, "runs/digits")
    assert_same(checkpointed(tmp_path / "local"), checkpointed(remote))
    rows = [json.loads(row) for row in (remote / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 20, 40, 60]


def _uploaded(storage, folder, name):
    """Puts a folder of the disk into the bucket."""
    for path in folder.rglob("*"):
        if path.is_file():
            below = path.relative_to(folder).as_posix()
            storage.objects["bucket", f"{name}/{below}"] = path.read_bytes()


QUICK = _settings(
    *("evaluate.num_samples=100", "evaluate.metrics=[sliced_wasserstein]"),
    "evaluate.extractor=raw",
)


@pytest.mark.slow
def test_a_run_is_evaluated_exported_and_served_from_a_bucket(bucket, trained_run):
    storage = bucket.storage
    storage.forbid("storage.buckets.get")
    _uploaded(storage, trained_run, "runs/digits")
    _ended(bucket.gan("evaluate", RUN, *QUICK))
    assert {"evaluations.jsonl", "report.html"} <= set(storage.names("runs/digits/"))

    storage.fail(403, at="POST .*saved_model.pb")
    said = _ended(bucket.gan("export", RUN, "--to", MODELS), code=1)
    assert re.fullmatch(rf"gan: --to: '{MODELS}' cannot be written \(HTTP 403: .*\); .*", said), (
        said
    )
    assert storage.names("models/digits/") and "1/saved_model.pb" not in storage.names(
        "models/digits/"
    )
    said = _ended(bucket.gan("serve", MODELS), code=2)
    assert "holds no export" in said
    storage.recover()
    _ended(bucket.gan("export", RUN, "--to", MODELS))
    assert "1/saved_model.pb" in storage.names("models/digits/")

    server = bucket.gan(
        *("serve", MODELS, "--port=0", "--rest_api_port=0", "--json"),
        "--file_system_poll_wait_seconds=0.2",
    )
    address = f"http://localhost:{json.loads(server.stdout.readline())['rest_api_port']}"
    call = ("call", address, "--seed", "1", "--label", "3", "--json")
    answer = _ended(bucket.gan(*call))
    _ended(bucket.gan("export", RUN, "--to", MODELS))
    of_second = (*call, "--version", "2")
    _wait_until(lambda: bucket.gan(*of_second).wait() == 0, server)
    storage.forbid("storage.objects.list")
    assert _ended(bucket.gan(*of_second)) == answer
    server.terminate()
    said = server.communicate(timeout=60)[1]
    assert re.search(f"looking for versions in {MODELS} failed: .*HTTP 403: ", said), said


@pytest.mark.slow
def test_samples_are_generated_from_a_bucket_to_a_bucket(bucket, exported):
    storage = bucket.storage
    _uploaded(storage, exported, "models/digits")
    generate = ("generate", MODELS, "--count", "400", "--format", "npz", "--rows-per-shard", "40")
    first = bucket.gan(*generate, "--out", "gs://bucket/samples")
    _wait_until(lambda: any("-of-" in name for name in storage.names("samples/")), first)
    first.kill()
    first.communicate()
    storage.fail(503, share=0.3)
    storage.cut(share=0.2)
    _ended(bucket.gan(*generate, "--out", "gs://bucket/samples"))
    assert not [name for name in storage.names("samples/") if name.startswith(".")]
    _ended(bucket.gan("verify", "gs://bucket/samples", "--model", MODELS))
    storage.recover()
    _ended(bucket.gan(*generate, "--out", "gs://bucket/beams", "--runner", "DirectRunner"))
    assert (
        storage.objects["bucket", "samples/manifest.json"]
        == storage.objects["bucket", "beams/manifest.json"]
    )
    assert storage.names("samples/") == storage.names("beams/")
