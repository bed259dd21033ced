"""What may be asked for: every way to choose samples, and every sentence against a wrong one."""

import numpy as np
import pytest
import tensorflow as tf

from serving import ServingError, UsageError
from serving.bulk.plans import PerClass, Rejection, Seeds
from serving.latents import lerp
from tests.serving.bulk.conftest import data, run


def arrays(folder, manifest):
    """All samples of an npz output, in order."""
    parts = [np.load(folder / shard["files"][0]) for shard in manifest["shards"]]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def signatures(base):
    return tf.saved_model.load(str(base / "1")).signatures


def test_one_label_by_number_or_name(digits, tmp_path):
    run(digits, tmp_path / "a", label=7)
    manifest = run(digits, tmp_path / "b", label="7")
    assert data(tmp_path / "a") == data(tmp_path / "b")
    found = arrays(tmp_path / "b", manifest)
    wanted = signatures(digits)["generate_conditional"](
        seed=tf.range(10, dtype=tf.int64), label=tf.fill([10], tf.constant(7, tf.int64))
    )
    np.testing.assert_array_equal(found["image"], wanted["image"])
    assert manifest["labels"] == {"7": 10}


def test_per_class(digits, tmp_path):
    manifest = run(digits, tmp_path, per_class=3)
    assert manifest["labels"] == {str(label): 3 for label in range(10)}
    np.testing.assert_array_equal(arrays(tmp_path, manifest)["label"], np.arange(30) % 10)


def test_proportions(digits, tmp_path):
    manifest = run(digits, tmp_path, count=11, proportions={"3": 0.5, 8: 0.25, "0": 0.25})
    assert manifest["labels"] == {"0": 3, "3": 5, "8": 3}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows(digits, tmp_path, kind):
    file = tmp_path / f"rows.{kind}"
    seeds, labels = [5, -7, 2**60, 5, 6, 7], [1, 2, 3, 1, 9, 0]
    if kind == "csv":
        lines = [f"{label},{seed}" for seed, label in zip(seeds, labels, strict=True)]
        file.write_text("\n".join(["label, seed", *lines, ""]))
    else:
        pyarrow = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(
            pyarrow.table({"seed": seeds, "label": labels}), file
        )
    manifest = run(digits, tmp_path / "out", rows=str(file))
    found = arrays(tmp_path / "out", manifest)
    np.testing.assert_array_equal(found["seed"], seeds)
    wanted = signatures(digits)["generate_conditional"](
        seed=tf.constant(seeds, tf.int64), label=tf.constant(labels, tf.int64)
    )
    np.testing.assert_array_equal(found["image"], wanted["image"])
    file.write_bytes(file.read_bytes().replace(b"-7", b"-8") if kind == "csv" else b"")
    with pytest.raises(UsageError, match=r"holds another run .sha256|cannot be read as Parquet"):
        run(digits, tmp_path / "out", rows=str(file))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("label\n1\n", "has no column 'seed'; expected seed, label, found label"),
        ("seed,label,size\n1,2,3\n", "has a column 'size', which this model does not take"),
        ("seed,label\n1,2\n3\n", "line 3 of .* has 1 values for 2 columns"),
        ("seed,label\n1,2\n1.5,2\n", "row 1 of .*: seed: received '1.5'; expected a whole number"),
        ("seed,label\n9223372036854775808,2\n", "expected a whole number of 64 bits"),
        ("seed,label\n1,10\n", "label: 10 is out of range; this model accepts 0 to 9"),
        ("seed,seed\n1,1\n", "a column of .* is there twice"),
        ("seed,label\n", "has no rows"),
        ("", "has no column 'seed'"),
    ],
)
def test_rows_that_are_none(digits, tmp_path, text, words):
    file = tmp_path / "rows.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=words):
        run(digits, tmp_path / "out", rows=str(file))
    assert not (tmp_path / "out").exists()


def test_rows_name_codes(coded, tmp_path):
    """What has no column is what the seed draws: the latent is (noise, one-hot of two, tilt)."""
    file = tmp_path / "rows.csv"
    file.write_text("tilt,seed,kind\n0.5,7,1\n-1,8,0\n1.5,7,0\n")
    found = arrays(tmp_path / "all", run(coded, tmp_path / "all", rows=str(file), rows_per_shard=2))
    noise = signatures(coded)["latents"](seed=tf.constant([7, 8, 7], tf.int64))["latent"][:, 0]
    wanted = [[noise[0] + 1, 0.5], [noise[1], 0.0], [noise[2], 2.5]]
    np.testing.assert_allclose(found["sample"], wanted, atol=1e-6)
    np.testing.assert_array_equal(found["seed"], [7, 8, 7])
    np.testing.assert_allclose(found["tilt"], [0.5, -1.0, 1.5])
    file.write_text("seed,tilt\n7,0.25\n")
    found = arrays(tmp_path / "one", run(coded, tmp_path / "one", rows=str(file)))
    drawn = signatures(coded)["latents"](seed=tf.constant([7], tf.int64))["latent"].numpy()[0]
    np.testing.assert_allclose(found["sample"], [[drawn[0] + drawn[2], drawn[1] + 0.25]], atol=1e-6)


def test_codes_by_number_are_those_by_name(coded, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("seed,0\n7,0.25\n")
    numbered = arrays(tmp_path / "0", run(coded, tmp_path / "0", rows=str(file)))
    file.write_text("seed,tilt\n7,0.25\n")
    named = arrays(tmp_path / "tilt", run(coded, tmp_path / "tilt", rows=str(file)))
    assert list(numbered) == list(named)
    np.testing.assert_array_equal(numbered["sample"], named["sample"])
    grid = run(coded, tmp_path / "grid", count=1, grid={"0": [0.25]})
    assert grid["plan"]["codes"] == {"tilt": [0.25]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed,1\n1,0\n", "code: received '1', .* has 1 of these, and its codes are kind, tilt"),
        ("seed,0,tilt\n1,0,0\n", "code: 'tilt' is there twice"),
        ("seed,kind\n1,2\n", "'kind' takes the whole numbers 0 to 1"),
        ("seed,kind\n1,0.5\n", "'kind' takes the whole numbers 0 to 1"),
        ("seed,tilt\n1,steep\n", "row 0 of .*: tilt: received 'steep'; expected a number"),
        ("seed,tilt\n1,nan\n", "row 0 of .*: tilt: received 'nan'|holds nan; expected finite"),
        ("tilt\n1\n", "has no column 'seed'; expected seed"),
        ("seed,tilt,label\n1,0,3\n", "has a column 'label', which this model does not take"),
    ],
)
def test_codes_that_are_none(coded, tmp_path, text, words):
    file = tmp_path / "rows.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=words):
        run(coded, tmp_path / "out", rows=str(file))
    assert not (tmp_path / "out").exists()


def test_one_text_for_all(captioned, tmp_path):
    manifest = run(captioned, tmp_path, count=6, seed=3, text="a red bird")
    plan = {"kind": "seeds", "seed": 3, "count": 6, "condition": {"text": "a red bird"}}
    assert manifest["plan"] == plan
    found = arrays(tmp_path, manifest)
    np.testing.assert_array_equal(found["sample"][:, 0], np.arange(3, 9))
    np.testing.assert_array_equal(found["sample"][:, 1], np.full(6, len("a red bird")))
    assert found["text"].tolist() == ["a red bird"] * 6


def test_all_labels_have_as_many_samples_within_one(digits, tmp_path):
    manifest = run(digits, tmp_path, count=23, label="all")
    counts = np.bincount(arrays(tmp_path, manifest)["label"], minlength=10)
    assert sorted(counts.tolist()) == [2] * 7 + [3] * 3


def test_rejected_samples_keep_their_text():
    plan = Rejection(Seeds(0, 4, {"text": "é", "label": 1}), "realism", 0.0)
    assert plan.conditions(2)["text"].tolist() == ["é".encode()] * 2
    assert list(plan.conditions(2)) == ["text"]
    assert Rejection(PerClass(0, 1, 3), "realism", 0.0).conditions(2) == {}
    under = Rejection(PerClass(0, 1, 3, {"text": "é"}), "realism", 0.0)
    assert under.conditions(2)["text"].tolist() == ["é".encode()] * 2


def test_a_grid_of_codes(coded, tmp_path):
    manifest = run(coded, tmp_path, count=2, grid={"tilt": [-1, 0, 1], "kind": [0, 1]})
    found = arrays(tmp_path, manifest)
    assert manifest["count"] == 12
    noise = signatures(coded)["latents"](seed=tf.constant([0, 1], tf.int64))["latent"][:, 0]
    # The latent is (noise, one-hot of two, tilt) and the point its halves' sum.
    wanted = [
        [noise[seed] + kind, 1 - kind + tilt]
        for seed in (0, 1)
        for tilt in (-1, 0, 1)
        for kind in (0, 1)
    ]
    np.testing.assert_allclose(found["sample"], wanted, atol=1e-6)


def test_paths_between_seeds(points, tmp_path):
    manifest = run(points, tmp_path, interpolate=[(1, 2), (2, 9)], steps=5)
    found = arrays(tmp_path, manifest)
    model = signatures(points)
    ends = model["latents"](seed=tf.constant([1, 2, 9], tf.int64))["latent"].numpy()
    ways = [
        lerp(ends[0], ends[1], np.linspace(0, 1, 5)),
        lerp(ends[1], ends[2], np.linspace(0, 1, 5)),
    ]
    latents = np.concatenate(ways).astype(np.float32)
    np.testing.assert_allclose(
        found["sample"], model["decode"](latent=tf.constant(latents))["sample"], atol=1e-5
    )
    np.testing.assert_array_equal(found["step"], [0, 1, 2, 3, 4] * 2)


@pytest.mark.parametrize("rows_per_shard", [3, 7])
def test_rejection_is_a_function_of_the_plan(digits, tmp_path, rows_per_shard):
    options = {"count": 7, "min_realism": 180.0, "rows_per_shard": rows_per_shard, "seed": 3}
    manifest = run(digits, tmp_path / "a", **options)
    assert run(digits, tmp_path / "b", **options) == manifest
    assert data(tmp_path / "a") == data(tmp_path / "b")
    # Asked for in other calls of the model, the same samples are kept.
    other = run(digits, tmp_path / "c", **options, batch_size=5)
    assert [s["accepted"] for s in other["shards"]] == [s["accepted"] for s in manifest["shards"]]
    found = arrays(tmp_path / "a", manifest)
    assert (found["realism"] >= 180).all()
    drawn = 0
    for shard in manifest["shards"]:
        number = int(shard["name"][:5])
        seeds = 3 + number * 2**32 + tf.range(shard["drawn"], dtype=tf.int64)
        model = signatures(digits)
        made = model["generate"](seed=seeds)
        realism = model["score"](**made)["realism"].numpy()
        rows = slice(shard["first"], shard["first"] + shard["count"])
        np.testing.assert_array_equal(found["seed"][rows], seeds.numpy()[realism >= 180])
        drawn += shard["drawn"]
    assert manifest["drawn"] == drawn and manifest["share"] == 7 / drawn


def kept_by_hand(base, labels, shard, seed, score):
    """For each of a shard's labels in order: how many candidates it takes, the seeds it keeps.

    Label number c of C has the candidates c + C·i, and its places take those that pass in order.
    """
    seeds, drawn = np.zeros(len(labels), np.int64), {}
    names = np.unique(labels)
    for number, label in enumerate(names):
        candidates = seed + shard * 2**32 + number + len(names) * np.arange(400)
        made = signatures(base)["generate_conditional"](
            seed=tf.constant(candidates), label=tf.fill([400], tf.constant(label, tf.int64))
        )
        passed = np.flatnonzero(score(made["image"], label))[: np.sum(labels == label)]
        seeds[labels == label] = candidates[passed]
        drawn[str(label)] = int(passed[-1]) + 1
    return seeds, drawn


@pytest.mark.integration
@pytest.mark.parametrize(
    ("counts", "labels", "bound"),
    [
        ({"per_class": 3}, np.arange(30) % 10, 2.1),
        ({"count": 20, "proportions": {"4": 0.5, "3": 0.3, "9": 0.2}}, None, 50.0),
        ({"count": 9, "label": 4}, np.full(9, 4), 85.0),
    ],
    ids=["per class", "proportions", "label"],
)
def test_rejection_within_classes_has_exact_counts(digits, tmp_path, counts, labels, bound):
    options = counts | {"min_realism": bound, "seed": 7, "rows_per_shard": 8}
    manifest = run(digits, tmp_path / "a", **options)
    found = arrays(tmp_path / "a", manifest)
    if labels is None:
        labels = arrays(tmp_path / "plain", run(digits, tmp_path / "plain", **counts))["label"]
    np.testing.assert_array_equal(found["label"], labels)
    assert (found["realism"] >= bound).all()
    score = signatures(digits)["score"]

    def passes(images, label):
        labels = tf.fill([len(images)], tf.constant(label, tf.int64))
        return score(image=images, label=labels)["realism"].numpy() >= bound

    total = {}
    for number, shard in enumerate(manifest["shards"]):
        rows = slice(shard["first"], shard["first"] + shard["count"])
        seeds, drawn = kept_by_hand(digits, labels[rows], number, 7, passes)
        np.testing.assert_array_equal(found["seed"][rows], seeds)
        assert shard["drawn_labels"] == drawn and shard["drawn"] == sum(drawn.values())
        total = {label: total.get(label, 0) + drawn.get(label, 0) for label in {**total, **drawn}}
    assert manifest["drawn_labels"] == total
    assert manifest["drawn"] == sum(total.values()) > manifest["count"]


@pytest.mark.integration
def test_rejection_within_classes_is_a_function_of_the_plan(digits, classifier, tmp_path):
    options = {"count": 60, "proportions": {"5": 0.8, "0": 0.2}, "rows_per_shard": 40}
    options |= {"classifier": str(classifier), "min_confidence": 0.5}
    manifest = run(digits, tmp_path / "a", **options)
    found = arrays(tmp_path / "a", manifest)
    assert (found["confidence"] >= 0.5).all()
    assert manifest["labels"] == {"0": 12, "5": 48}
    # Few candidates of the one label pass, and many of the other.
    shares = {label: manifest["labels"][label] / n for label, n in manifest["drawn_labels"].items()}
    assert min(shares.values()) < 0.7 * max(shares.values())
    assert run(digits, tmp_path / "b", **options) == manifest
    assert data(tmp_path / "a") == data(tmp_path / "b")
    for size in (1, 7, 300):
        other = run(digits, tmp_path / str(size), **options, batch_size=size)
        assert [s["accepted"] for s in other["shards"]] == [
            s["accepted"] for s in manifest["shards"]
        ]
        assert other["drawn_labels"] == manifest["drawn_labels"]
        np.testing.assert_array_equal(arrays(tmp_path / str(size), other)["seed"], found["seed"])


def test_a_label_that_never_passes_is_named(digits, classifier, tmp_path):
    options = {"per_class": 2, "classifier": str(classifier), "min_confidence": 0.5}
    with pytest.raises(
        ServingError, match=r"kept 0 of \d+ samples of label 1 by confidence >= 0\.5"
    ):
        run(digits, tmp_path, **options)


def test_rejection_by_a_classifier(digits, classifier, tmp_path):
    options = {"count": 6, "classifier": str(classifier), "min_confidence": 0.5, "label": 5}
    manifest = run(digits, tmp_path / "a", **options)
    found = arrays(tmp_path / "a", manifest)
    means = found["image"].reshape(6, -1).mean(axis=1) / 64 - 2
    np.testing.assert_allclose(found["confidence"], 1 / (1 + np.exp(-2 * means)), atol=1e-3)
    assert (found["confidence"] >= 0.5).all() and 0 < manifest["share"] < 1


def test_the_best_of_many(digits, tmp_path):
    manifest = run(digits, tmp_path / "a", count=7, best_of=150)
    found = arrays(tmp_path / "a", manifest)
    model = signatures(digits)
    everything = model["generate"](seed=tf.range(150, dtype=tf.int64))
    realism = model["score"](**everything)["realism"].numpy()
    best = np.sort(np.argsort(-realism, kind="stable")[:7])
    np.testing.assert_array_equal(found["seed"], best)
    np.testing.assert_array_equal(found["image"], everything["image"].numpy()[best])
    before = data(tmp_path / "a")
    assert run(digits, tmp_path / "a", count=7, best_of=150) == manifest
    assert data(tmp_path / "a") == before
    with pytest.raises(UsageError, match="holds another run"):
        run(digits, tmp_path / "a", count=7, best_of=151)
    assert not (tmp_path / "a" / ".partial").exists()


def test_the_best_of_many_of_every_class(digits, tmp_path):
    manifest = run(digits, tmp_path, per_class=2, best_of=30)
    found = arrays(tmp_path, manifest)
    labels = tf.range(300, dtype=tf.int64) % 10
    model = signatures(digits)
    made = model["generate_conditional"](seed=tf.range(300, dtype=tf.int64), label=labels)
    realism = model["score"](image=made["image"], label=labels)["realism"].numpy()
    best = [
        seed
        for label in range(10)
        for seed in sorted(range(label, 300, 10), key=lambda seed: (-realism[seed], seed))[:2]
    ]
    np.testing.assert_array_equal(found["seed"], sorted(best))
    assert manifest["labels"] == {str(label): 2 for label in range(10)}
    assert manifest["plan"]["details"]["per_class"] == 2
    with pytest.raises(UsageError, match="holds another run"):
        run(digits, tmp_path, count=20, best_of=30)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("digits", {"count": 0}, "count: received 0; expected 1 or more"),
        ("digits", {"count": -3}, "count: received -3"),
        ("digits", {"rows_per_shard": 0}, "rows_per_shard: received 0"),
        ("digits", {"batch_size": 0}, "batch_size: received 0"),
        ("digits", {"seed": 2**63 - 5}, "seed: 9223372036854775803 . 10 seeds do not fit"),
        ("digits", {"seed": 2**63}, "does not fit 64 bits"),
        ("digits", {"count": 10**12, "rows_per_shard": None}, "a shard's name has 5 digits"),
        ("digits", {"label": 10}, "label: 10 is out of range; this model accepts 0 to 9"),
        ("digits", {"label": "ten"}, "label: 'ten' is no name of a label; there are '0', '1'"),
        ("points", {"label": 1}, "label: the model is not conditional"),
        ("points", {"per_class": 1}, "per_class: the model is not conditional on a label"),
        ("digits", {"per_class": 1, "count": 5}, "count: per_class says how many; leave it out"),
        ("digits", {"per_class": 0}, "per_class: received 0"),
        ("digits", {"proportions": {"11": 1.0}}, "label: 11 is out of range"),
        ("digits", {"proportions": {"1": 1.0, 1: 2.0}}, "a label is there twice"),
        ("digits", {"proportions": {"1": 1.0}, "label": 1}, "label: proportions says which"),
        ("digits", {"proportions": {"1": 1.0}, "best_of": 20},
         "best_of: it does not go together with proportions"),
        ("digits", {"proportions": {"1": 1.0}, "per_class": 2}, "proportions: it does not go"),
        ("digits", {"rows": "/nowhere.csv", "min_realism": 1.0},
         "min_realism: it does not go together with rows; pass one"),
        ("digits", {"min_realism": 1.0, "best_of": 20}, "best_of: it does not go together"),
        ("digits", {"per_class": 5, "best_of": 4},
         "best_of: received 4; expected more than the samples per class, 5"),
        ("points", {"per_class": 5, "min_realism": 0.0}, "per_class: the model is not conditional"),
        ("digits", {"min_realism": float("nan")}, "min_realism: received nan; expected a finite"),
        ("digits", {"rows": "/nowhere.csv"}, "rows: '/nowhere.csv' cannot be read"),
        ("digits", {"captions": "/nowhere"}, "this model has no text condition; it is .* label"),
        ("points", {"grid": {"kind": [0]}}, "the latents of this model hold noise alone"),
        ("coded", {"grid": {"size": [0]}}, "code: the model has no 'size'; it has kind, tilt"),
        ("coded", {"grid": {"kind": [2]}}, "'kind' takes the whole numbers 0 to 1"),
        ("coded", {"grid": {"tilt": [float("nan")]}}, "code: 'tilt' has the values .nan.; exp"),
        ("coded", {"grid": {"tilt": []}}, "code: 'tilt' has the values ..; expect"),
        ("coded", {"min_realism": 0.0}, "this export has no 'score' signature"),
        ("points", {"interpolate": [(1, 2)], "steps": 1}, "steps: received 1; expected 2"),
        ("digits", {"interpolate": [(1, 2)]}, "label: the plan gives none, and 'decode'"),
        ("digits", {"best_of": 5}, "best_of: received 5; expected more than the count, 10"),
        ("digits", {"min_confidence": 0.5}, "classifier: it goes together with min_confidence"),
        ("digits", {"min_confidence": 0.5, "classifier": "/no"}, "'/no' is no SavedModel"),
        ("digits", {"text": "a"}, "text: the model is not conditional on text"),
        ("points", {"label": "all"}, "the model is not conditional on a label"),
        ("coded", {"grid": {"kind": [0]}, "label": "all"}, "label: the model is not conditional"),
        ("captioned", {"captions": "/nowhere", "text": "a"}, "text: captions says which"),
        ("captioned", {"captions": "/nowhere", "label": 1}, "label: captions says which"),
        ("captioned", {}, "text: received none, and this model generates under text only"),
    ],
)  # fmt: skip
def test_what_cannot_be(request, tmp_path, model, options, words):
    with pytest.raises(UsageError, match=words):
        run(request.getfixturevalue(model), tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
