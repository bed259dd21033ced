"""The export's contract: signatures, dtypes, sets of outputs, latents, wholeness."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.conftest import tiny
from trainer.errors import ConfigError, RunError
from trainer.exporting import export_run
from trainer.training import train

I64, F32, U8, STR = "int64", "float32", "uint8", "string"
# Frozen: clients in other programs rely on every name and type here.
CONDITIONAL_IMAGES = {
    "generate": ({"seed": I64}, {"image": U8, "label": I64}),
    "generate_conditional": ({"seed": I64, "label": I64}, {"image": U8}),
    "generate_png": ({"seed": I64}, {"image_bytes": STR, "label": I64}),
    "generate_conditional_png": ({"seed": I64, "label": I64}, {"image_bytes": STR}),
    "decode": ({"latent": F32, "label": I64}, {"image": U8}),
    "latents": ({"seed": I64}, {"latent": F32}),
    "score": ({"image": U8, "label": I64}, {"realism": F32}),
    "describe": ({"row": I64}, {"description": STR}),
    "serving_default": ({"seed": I64}, {"image": U8, "label": I64}),
}
UNCONDITIONAL_POINTS = {
    "generate": ({"seed": I64}, {"sample": F32}),
    "decode": ({"latent": F32}, {"sample": F32}),
    "latents": ({"seed": I64}, {"latent": F32}),
    "score": ({"sample": F32}, {"realism": F32}),
    "describe": ({"row": I64}, {"description": STR}),
    "serving_default": ({"seed": I64}, {"sample": F32}),
}


def _types(model):
    return {
        name: (
            {k: spec.dtype.name for k, spec in f.structured_input_signature[1].items()},
            {k: spec.dtype.name for k, spec in f.structured_outputs.items()},
        )
        for name, f in model.signatures.items()
    }


@pytest.fixture(scope="module")
def model(exported):
    return tf.saved_model.load(str(exported / "1"))


@pytest.fixture(scope="module")
def ring_model(ring_run, tmp_path_factory):
    return tf.saved_model.load(str(export_run(ring_run, tmp_path_factory.mktemp("ring")).path))


def test_signatures_of_conditional_images_are_the_contract(model):
    assert _types(model) == CONDITIONAL_IMAGES


def test_signatures_of_unconditional_points_are_the_contract(ring_model):
    assert _types(ring_model) == UNCONDITIONAL_POINTS


def test_every_input_and_output_has_one_row_a_sample(model, ring_model):
    for loaded in (model, ring_model):
        for function in loaded.signatures.values():
            specs = [*function.structured_input_signature[1].values()]
            assert all(s.shape[0] is None for s in [*specs, *function.structured_outputs.values()])


def test_signatures_agree_with_one_another(model):
    call = {name: f for name, f in model.signatures.items()}
    seed = tf.constant([3, 1, 4, 1, 5], tf.int64)
    drawn = call["generate"](seed=seed)
    image, label = drawn["image"], drawn["label"]
    np.testing.assert_array_equal(image[1], image[3])
    same = call["generate_conditional"](seed=seed, label=label)["image"]
    np.testing.assert_array_equal(image, same)
    latent = call["latents"](seed=seed)["latent"]
    np.testing.assert_array_equal(image, call["decode"](latent=latent, label=label)["image"])
    for name in ("generate_png", "generate_conditional_png"):
        asked = {"seed": seed} | ({"label": label} if "conditional" in name else {})
        encoded = call[name](**asked)["image_bytes"]
        np.testing.assert_array_equal(image, [tf.io.decode_png(e).numpy() for e in encoded])
    realism = call["score"](image=image, label=label)["realism"]
    assert realism.shape == (5,) and np.isfinite(realism).all()
    assert call["generate"](seed=seed[:0])["image"].shape == (0, 8, 8, 1)


def test_seed_to_latent_is_frozen(model):
    latent = model.signatures["latents"](seed=tf.constant([0, 12345], tf.int64))["latent"]
    np.testing.assert_allclose(latent[0, :3], [1.3594792, 1.2903425, -1.00576], atol=1e-6)
    np.testing.assert_allclose(latent[1, :3], [0.603017, 1.0426078, 0.0188906], atol=1e-6)


def test_points_come_in_data_units(ring_model):
    sample = ring_model.signatures["generate"](seed=tf.range(50, dtype=tf.int64))["sample"]
    assert sample.shape == (50, 2) and np.isfinite(sample).all()


def test_the_description_says_what_a_remote_client_must_know(model, digits):
    rows = model.signatures["describe"](row=tf.constant([0, 7], tf.int64))["description"].numpy()
    assert rows[0] == rows[1]
    document = json.loads(rows[0])
    assert document["format"] == 1 and document["name"] == "cgan-digits"
    assert document["sample"] == {
        "output": "image",
        "shape": [8, 8, 1],
        "dtype": "uint8",
        "range": [0.0, 255.0],
    }
    assert document["latent"]["layout"] == [
        {"name": "noise", "kind": "noise", "start": 0, "size": 8}
    ]
    assert document["condition"]["names"] == [str(i) for i in range(10)]
    assert sum(document["condition"]["marginal"]) == pytest.approx(1.0)
    assert document["data_fingerprint"] == digits.spec.fingerprint
    assert (document["step"], document["config_hash"]) == (4, tiny().hash)
    for name, (inputs, outputs) in CONDITIONAL_IMAGES.items():
        if name != "serving_default":
            assert document["signatures"][name] == {"inputs": inputs, "outputs": outputs}


def test_warm_up_holds_one_runnable_request_a_signature(exported, model):
    from tensorflow_serving.apis import prediction_log_pb2

    path = exported / "1" / "assets.extra" / "tf_serving_warmup_requests"
    names = []
    for record in tf.data.TFRecordDataset(str(path)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        names.append(request.model_spec.signature_name)
        inputs = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
        model.signatures[names[-1]](**inputs)
    assert sorted(names) == sorted(set(CONDITIONAL_IMAGES) - {"serving_default"})


PLAIN_TENSORFLOW = """
import sys, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
print(model.signatures["generate"](seed=tf.constant([3], tf.int64))["image"].shape)
print(any(name.split(".")[0] in ("trainer", "serving") for name in sys.modules))
"""


def test_it_asks_no_server_for_a_compiler(exported):
    graph = saved_model_pb2.SavedModel.FromString((exported / "1/saved_model.pb").read_bytes())
    functions = graph.meta_graphs[0].graph_def.library.function
    assert functions and not any(f.attr["_XlaMustCompile"].b for f in functions)


def test_it_loads_where_this_package_is_not(exported, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", PLAIN_TENSORFLOW, str(exported / "1")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert result.stdout.split("\n")[:2] == ["(1, 8, 8, 1)", "False"], result.stderr


def test_exports_compute_in_float32_whatever_trained(tmp_path):
    train(tiny("cgan-digits", "train.precision=mixed_bfloat16"), tmp_path / "run", progress=False)
    path = export_run(tmp_path / "run", tmp_path / "model").path
    loaded = tf.saved_model.load(str(path))
    graph = loaded.signatures["generate"].graph
    library = graph.as_graph_def().library.function
    nodes = [n for f in library for n in f.node_def] + list(graph.as_graph_def().node)
    half = [n.name for n in nodes if n.attr["T"].type == tf.bfloat16.as_datatype_enum]
    assert not half


def test_versions_count_up_and_a_step_can_be_chosen(trained_run, tmp_path):
    assert Path(export_run(trained_run, tmp_path / "m").path).name == "1"
    (tmp_path / "m" / "7").mkdir()
    (tmp_path / "m" / "notes").mkdir()
    assert Path(export_run(trained_run, tmp_path / "m", "4").path).name == "8"
    with pytest.raises(ConfigError, match=r"--checkpoint: received '3'.*kept: 4"):
        export_run(trained_run, tmp_path / "m", "3")
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == ["1", "7", "8", "notes"]


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"RUN_DIR: .* holds no run"):
        export_run(tmp_path, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_failing_export_leaves_nothing(trained_run, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer.exporting._write_warmup", fail)
    with pytest.raises(RunError, match="No space left"):
        export_run(trained_run, tmp_path / "m")
    assert list((tmp_path / "m").iterdir()) == []


def test_an_object_store_gets_the_marker_last(trained_run, object_store, monkeypatch):
    copied = []
    original = tf.io.gfile.copy
    monkeypatch.setattr(
        tf.io.gfile, "copy", lambda a, b, **k: (copied.append(b), original(a, b, **k))
    )
    path = export_run(trained_run, f"{object_store}/model").path
    assert path == f"{object_store}/model/1"
    assert copied[-1] == f"{path}/saved_model.pb"
    assert Path(copied[0]).name != "saved_model.pb"
    assert _types(tf.saved_model.load(path)) == CONDITIONAL_IMAGES


# ---- Searches ------------------------------------------------------------------------------------

SEARCHES = {
    "project": (
        {"image": U8, "seed": I64, "label": I64},
        {"latent": F32, "image": U8, "loss": F32},
    ),
    "complete": ({"image": U8, "mask": U8, "seed": I64, "label": I64}, {"image": U8, "loss": F32}),
    "edit": ({"image": U8, "strokes": U8, "seed": I64, "label": I64}, {"image": U8, "loss": F32}),
}
COMPLETE_IN_PLAIN_TENSORFLOW = """
import sys, tensorflow as tf
complete = tf.saved_model.load(sys.argv[1]).signatures["complete"]
whole = complete(
    image=tf.fill([2, 8, 8, 1], tf.constant(9, tf.uint8)),
    mask=tf.ones([2, 8, 8, 1], tf.uint8),
    seed=tf.constant([3, 4], tf.int64),
    label=tf.constant([0, 1], tf.int64),
)
print(whole["image"].numpy().min(), whole["image"].numpy().max(), whole["loss"].shape)
"""


@pytest.fixture(scope="module")
def searching(trained_run, tmp_path_factory):
    short = [f"{{name: {name}, steps: 3}}" for name in SEARCHES]
    overrides = [f"export.searches=[{', '.join(short)}]"]
    return export_run(trained_run, tmp_path_factory.mktemp("searches"), overrides=overrides).path


def test_an_export_has_the_searches_that_are_asked_for(searching):
    loaded = tf.saved_model.load(searching)
    assert _types(loaded) == CONDITIONAL_IMAGES | SEARCHES
    text = loaded.signatures["describe"](row=tf.constant([0], tf.int64))["description"].numpy()[0]
    document = json.loads(text)
    assert {name: s["steps"] for name, s in document["searches"].items()} == {
        "project": 3,
        "complete": 3,
        "edit": 3,
    }
    assert document["fields"]["complete"]["inputs"]["mask"]["kind"] == "mask"
    assert document["config_hash"] == tiny().hash


def test_a_search_needs_tensorflow_alone(searching, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", COMPLETE_IN_PLAIN_TENSORFLOW, searching],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert result.stdout.strip() == "9 9 (2,)", result.stderr


def test_of_a_run_only_its_exports_can_be_set(trained_run, tmp_path):
    for override in ("evaluate.seed=3", "prior.size=9"):
        with pytest.raises(ConfigError, match=r"only export\.\* can be set"):
            export_run(trained_run, tmp_path / "m", overrides=[override])
    assert not (tmp_path / "m").exists()


def test_a_model_without_a_search_says_how_to_have_it(exported):
    from serving.errors import UsageError
    from serving.exported import ExportedModel

    description = ExportedModel(str(exported)).description
    with pytest.raises(
        UsageError, match=r"with --set export.searches=\[complete\], as the recipe .* does\.$"
    ):
        description.signature("complete")
