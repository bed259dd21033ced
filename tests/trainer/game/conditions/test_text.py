"""Captions as a condition: read once for both players, drawn by seed, served as strings."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.recipes import small
from trainer import catalogue, randomness
from trainer.config.recipe import load_experiment
from trainer.data import loading, pipeline
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.exporting import export_run
from trainer.fields import Field
from trainer.game.assembly import assemble
from trainer.game.conditions.text import Text
from trainer.game.conditions.together import together
from trainer.training import train

RECIPE = "gan-cls-digits"
DATA = "data.source={name: captioned_digits, pictures: 200}"
READING = "networks.text_encoder={name: words, reading: "
BOTH = "terms=[matching_aware, interpolation]"
NAMES = ("<end>", "<unknown>", "a", "bird", "red")


def condition(captions=("a red bird", "a bird")):
    about = {"captions": list(captions)}
    field = Field((3,), "int32", "text", names=NAMES, about=about)
    spec = DataSpec({"sample": Field((2,)), "text": field}, "", 10)
    return Text(catalogue.TextCondition(size=4), spec)


def test_a_request_is_read_like_the_data():
    text = condition()
    conditioning = text.encode({"text": tf.constant(["A red, red bird!"])})["text"]
    np.testing.assert_array_equal(conditioning, [[2, 4, 4]])
    examples = {"text": np.array([[2, 4, 3], [2, 3, 0]], np.int32)}
    np.testing.assert_array_equal(text.of_batch(examples)["text"], examples["text"])
    asked = text.of_examples(examples)["text"]
    assert asked.tolist() == [b"a red bird", b"a bird"]
    np.testing.assert_array_equal(text.encode({"text": asked})["text"], examples["text"])


def test_captions_are_drawn_from_those_of_the_data_by_seed():
    text = condition(("a", "b", "c", "d"))
    drawn = text.draw(randomness.key_of(tf.range(4000, dtype=tf.int64), "label"))["text"].numpy()
    shares = [np.mean(drawn == letter) for letter in (b"a", b"b", b"c", b"d")]
    np.testing.assert_allclose(shares, 0.25, atol=0.03)
    again = text.draw(randomness.key_of(tf.constant([7, 0], tf.int64), "label"))["text"].numpy()
    assert again.tolist() == [drawn[7], drawn[0]]
    none = condition(())
    assert not none.can_be_drawn
    assert none.draw(randomness.key_of(tf.range(2, dtype=tf.int64), "label")) is None


def test_beside_a_label_both_are_of_one_training_example():
    texts, labels = ("a", "b", "c"), [2, 0, 1]
    about = {"captions": list(texts), "labels": labels}
    text = Field((3,), "int32", "text", names=NAMES, about=about)
    label = Field((), "int64", "label", names=("x", "y", "z"), marginal=(0.4, 0.3, 0.3))
    spec = DataSpec({"sample": Field((2,)), "text": text, "label": label}, "", 10)
    both = (catalogue.LabelCondition(), catalogue.TextCondition(size=4))
    for order in (both, both[::-1]):
        condition = together(catalogue.TogetherCondition(of=order), spec)
        drawn = condition.draw(randomness.key_of(tf.range(100, dtype=tf.int64), "label"))
        asked = [labels[texts.index(given.decode())] for given in drawn["text"].numpy()]
        np.testing.assert_array_equal(drawn["label"], asked)
        assert set(asked) == {0, 1, 2}
    assert set(condition.request["text"].about) == {"vocabulary", "length"}


def test_a_client_learns_the_words():
    assert condition().describe() == {
        "kind": "text",
        "field": "text",
        "vocabulary": ["a", "bird", "red"],
        "length": 3,
    }
    field = condition().request["text"]
    assert (field.dtype, field.kind, field.shape) == ("string", "text", ())


def test_data_without_captions_are_refused():
    spec = DataSpec({"sample": Field((2,)), "label": Field((), "int64", "label")}, "", 10)
    with pytest.raises(ConfigError, match=r"condition\.field: received 'text'.*sample, label"):
        Text(catalogue.TextCondition(), spec)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["data.source=digits"], r"condition\.name: received 'text' with data\.source=digits"),
        (["round=pairs", "terms=[]"], r"received 'text' with the round 'pairs'.*set round=ordi"),
        (["condition=label"], r"terms: received 'matching_aware' with condition=label"),
        (["networks.text_encoder={name: mlp}"], r"networks\.text_encoder: received 'mlp', which"),
        (["networks.encoder={name: mlp}"], r"no such role;.* discriminator, text_encoder"),
    ],
)
def test_impossible_games_get_a_sentence(overrides, expected):
    with pytest.raises(ConfigError, match=expected):
        load_experiment(RECIPE, overrides)


def test_a_discriminator_that_is_told_captions_may_name_classes_too():
    """Dash et al. 2017: the data have the class of a caption's picture, though nobody asks."""
    experiment = load_experiment(RECIPE, ["terms=[matching_aware, classification]"])
    assert [term.name for term in experiment.terms] == ["matching_aware", "classification"]


# ---- In a game -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dataset():
    return loading.load(load_experiment(RECIPE, [DATA]).data)


def batch_of(dataset, experiment):
    batches = pipeline.batches(dataset.train, batch_size=experiment.train.batch_size, seed=0)
    return next(iter(batches))


class Probe:
    """A player that notes what it is given."""

    def __init__(self, player):
        self.player, self.heard = player, []

    def __call__(self, inputs, **options):
        self.heard.append(inputs["caption"].numpy())
        return self.player(inputs, **options)

    def __getattr__(self, name):
        return getattr(self.player, name)


@pytest.mark.parametrize("shared", [False, True], ids=["fresh", "shared fakes"])
def test_both_players_hear_the_same_vector(dataset, tmp_path, shared):
    """The discriminator hears it of real and fake ones in its turn, and again in the other's."""
    fresh = f"round.fresh_latents={str(not shared).lower()}"
    experiment = small(RECIPE, tmp_path, "terms=[]", fresh)
    gan = assemble(experiment, dataset.spec).gan
    gan.players = {n: Probe(p) if n != "text_encoder" else p for n, p in gan.players.items()}
    before = gan.networks["text_encoder"].get_weights()
    gan.updater.learners["discriminator"].optimizer.learning_rate.assign(0.0)
    gan.train_step(batch_of(dataset, experiment))
    generator, judge = (gan.players[name].heard for name in ("generator", "discriminator"))
    assert len(generator) == (1 if shared else 2) and len(judge) == 3
    for heard in (*generator, *judge):
        np.testing.assert_array_equal(heard, generator[0])
    for a, b in zip(before, gan.networks["text_encoder"].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.integration
@pytest.mark.parametrize("reading", ["mean", "gru"])
@pytest.mark.parametrize("side", ["generator", "discriminator"])
def test_the_reader_learns_with_the_discriminator_alone(dataset, tmp_path, side, reading):
    experiment = small(
        RECIPE, tmp_path, f"networks.text_encoder={{name: words, reading: {reading}}}"
    )
    gan = assemble(experiment, dataset.spec).gan
    other = {"generator": "discriminator", "discriminator": "generator"}[side]
    gan.updater.learners[other].optimizer.learning_rate.assign(0.0)
    before = gan.networks["text_encoder"].get_weights()
    gan.train_step(batch_of(dataset, experiment))
    after = gan.networks["text_encoder"].get_weights()
    moved = [bool((a != b).any()) for a, b in zip(before, after, strict=True)]
    assert all(moved) if side == "discriminator" else not any(moved)


@pytest.mark.parametrize("reading", ["mean", "gru"])
def test_what_stands_behind_the_last_word_is_not_read(dataset, tmp_path, reading):
    experiment = small(
        RECIPE, tmp_path, f"networks.text_encoder={{name: words, reading: {reading}}}"
    )
    reader = assemble(experiment, dataset.spec).gan.networks["text_encoder"]
    filler = reader.get_layer("words")
    caption = np.array([[2, 3, 0, 0, 0, 0, 0], [0] * 7], np.int32)
    before = reader({"text": caption})["embedding"].numpy()
    weights = filler.get_weights()[0]
    weights[0] += 10.0
    filler.set_weights([weights])
    after = reader({"text": caption})["embedding"].numpy()
    np.testing.assert_array_equal(before, after)
    assert np.isfinite(after).all() and np.abs(after).max() <= 1.0
    assert (before[0] != before[1]).any()


# ---- In a bare TensorFlow process ----------------------------------------------------------------

BARE = """
import json, sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
ask = model.signatures["generate_conditional"]
texts = ["a red seven at the top left", "A RED seven, at the top left.", "", "?!",
         "a purple elephant", "x" * 10_000, "red " * 2_500, "赤い七 красная", b"\\xff\\xfe\\xc3"]
rows = [ask(seed=tf.fill([1], tf.constant(3, tf.int64)), text=tf.constant([t]))["image"][0]
        for t in texts]
together = ask(seed=tf.fill([len(texts)], tf.constant(3, tf.int64)), text=tf.constant(texts))
apart = max(int(tf.reduce_max(tf.abs(tf.cast(a, tf.int32) - tf.cast(b, tf.int32))))
            for a, b in zip(rows, together["image"]))
drawn = model.signatures["generate"](seed=tf.range(3, dtype=tf.int64))
again = ask(seed=tf.range(3, dtype=tf.int64), text=drawn["text"])
print(json.dumps({
    "equal": bool(tf.reduce_all(rows[0] == rows[1])), "apart": apart,
    "empty": bool(tf.reduce_all(rows[2] == rows[3])),
    "drawn": [t.decode() for t in drawn["text"].numpy().tolist()],
    "again": int(tf.reduce_max(tf.abs(tf.cast(drawn["image"], tf.int32)
                                      - tf.cast(again["image"], tf.int32)))),
    "score": sorted(model.signatures["score"].structured_input_signature[1]),
    "ours": [m for m in sys.modules if m.split(".")[0] in ("trainer", "serving")],
}))
"""


@pytest.mark.integration
def test_an_export_reads_any_text_by_itself(tmp_path):
    experiment = small(RECIPE, tmp_path, "train.steps=4", DATA, BOTH)
    train(experiment, tmp_path / "run", progress=False)
    shown = (tmp_path / "run" / "samples" / "step-00000004.txt").read_text("utf-8").splitlines()
    assert len(shown) == 20 and (tmp_path / "run" / "samples" / "step-00000004.png").is_file()
    path = export_run(tmp_path / "run", tmp_path / "model").path
    done = subprocess.run(
        [sys.executable, "-c", BARE, path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["equal"] and answer["empty"] and answer["apart"] <= 1 and answer["again"] <= 1
    assert answer["score"] == ["image", "text"] and answer["ours"] == []
    assert answer["drawn"] == shown[:3]
    assert all(caption.startswith("a ") and " at the " in caption for caption in answer["drawn"])
