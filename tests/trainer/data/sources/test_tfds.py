import numpy as np
import pytest
import tensorflow_datasets as tfds

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


class _Generated(tfds.core.GeneratorBasedBuilder):
    """A data set of eight training and three validation examples, prepared from its features."""

    VERSION = tfds.core.Version("1.0.0")
    FEATURES: tfds.features.FeaturesDict
    SPLITS = ("train", "validation")

    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=self.FEATURES)

    def _split_generators(self, dl_manager):
        counts = {"train": 8, "validation": 3}
        return {name: self._generate_examples(counts[name]) for name in self.SPLITS}

    def _generate_examples(self, count):
        for index in range(count):
            yield index, self.example(index)


class Sixteen(_Generated):
    SPLITS = ("train",)
    FEATURES = tfds.features.FeaturesDict(
        {"image": tfds.features.Image(shape=(4, 6, 1), dtype=np.uint16)}
    )

    def example(self, index):
        return {"image": np.full((4, 6, 1), 1000 * index + 1, np.uint16)}


class Ragged(_Generated):
    FEATURES = tfds.features.FeaturesDict(
        {
            "caption": tfds.features.Text(),
            "photo": tfds.features.Image(shape=(None, None, 3)),
            "kind": tfds.features.ClassLabel(names=["ant", "bee"]),
        }
    )

    def example(self, index):
        picture = np.full((5 + index, 6, 3), index, np.uint8)
        return {"caption": "a caption", "photo": picture, "kind": index % 2}


class Captions(_Generated):
    SPLITS = ("train",)
    FEATURES = tfds.features.FeaturesDict({"caption": tfds.features.Text()})

    def example(self, index):
        return {"caption": "a caption"}


class Unlabelled(_Generated):
    FEATURES = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(4, 4, 1)),
            "label": tfds.features.ClassLabel(num_classes=2),
        }
    )
    SPLITS = ("train", "test")

    def _split_generators(self, dl_manager):
        return {name: self._examples(name) for name in self.SPLITS}

    def _examples(self, split):
        for index in range(4):
            label = index % 2 if split == "train" else -1
            yield index, {"image": np.full((4, 4, 1), index, np.uint8), "label": label}


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> str:
    """A data directory with the data sets above."""
    data_dir = str(tmp_path_factory.mktemp("tfds"))
    for builder in (Sixteen, Ragged, Captions, Unlabelled):
        builder(data_dir=data_dir).download_and_prepare()
    return data_dir


def load(name, data_dir, **fields):
    return loading.load(Data(source=f"tfds:{name}", data_dir=data_dir, **fields))


# ---- MNIST ---------------------------------------------------------------------------------------


def test_mnist_as_it_is_published(tfds_dir):
    dataset = load("mnist", tfds_dir, split="train[:500]", holdout_split="test[:100]")
    assert dataset.train["sample"].shape == (500, 28, 28, 1)
    assert dataset.train["sample"].dtype == np.uint8
    assert dataset.spec.label_names == tuple("0123456789")
    assert len(dataset.held_out) == 100
    published = tfds.load("mnist", data_dir=tfds_dir, download=False, split="train[:500]")
    published = list(tfds.as_numpy(published))
    np.testing.assert_array_equal(dataset.train["sample"], [row["image"] for row in published])
    assert dataset.train.labels.tolist() == [row["label"] for row in published]


def test_version_size_and_channels(tfds_dir):
    dataset = load(
        "mnist:3.0.1", tfds_dir, split="train[:20]", holdout_split="train[20:30]", size=(32, 32),
        channels=3,
    )  # fmt: skip
    assert dataset.spec.sample.shape == (32, 32, 3)
    assert len(dataset.held_out) == 10


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"split": "training"}, r"data\.split: received 'training'.*accepted are train, test"),
        ({"split": "train["}, r"data\.split: received 'train\['.*such as train\[:80%\]"),
        ({"split": "train[:0]"}, r"data\.split: received 'train\[:0\]', which is empty; take"),
        ({"split": "train[70000:]"}, r"data\.split: .*60000 examples; accepted are"),
        ({"holdout_split": "dev"}, r"data\.holdout_split: received 'dev'.*accepted are train"),
    ],
)
def test_bad_splits_get_a_sentence(tfds_dir, fields, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load("mnist", tfds_dir, **fields)


def test_bad_versions_and_configurations_get_a_sentence(tfds_dir):
    with pytest.raises(ConfigError, match=r"data\.source: received 'tfds:mnist:9\.9\.9'.*version"):
        load("mnist:9.9.9", tfds_dir)
    with pytest.raises(ConfigError, match=r"data\.source: received 'tfds:mnist/foo'.*give the"):
        load("mnist/foo", tfds_dir)


# ---- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["no_such_data_set", "no such name", "a/b/c/d", "nobody:none"])
def test_unknown_names_get_a_sentence(tmp_path, name):
    with pytest.raises(ConfigError, match=rf"data\.source: received 'tfds:{name}': .*; give the"):
        load(name, str(tmp_path))


def test_what_is_not_prepared_says_how_to_prepare_it(tmp_path):
    with pytest.raises(
        ConfigError,
        match=r"data\.data_dir: 'mnist' is not prepared in .*"
        r"`tfds build mnist --data_dir .*`, or set data\.download=true",
    ):
        load("mnist", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_gets_a_sentence(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no route to host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(
        ConfigError, match=r"data\.download: 'mnist' could not be prepared.*no route.*prepare it"
    ):
        load("mnist", str(tmp_path), download=True)


# ---- Features ------------------------------------------------------------------------------------


def test_sixteen_bits_are_kept_and_a_share_is_held_out(generated):
    dataset = load("sixteen", generated, holdout_share=0.25)
    assert dataset.spec.sample.dtype == "uint16"
    assert dataset.spec.sample.range == (0.0, 65535.0)
    assert (len(dataset.train), len(dataset.held_out)) == (6, 2)
    both = np.concatenate([dataset.train["sample"], dataset.held_out["sample"]])
    assert sorted(both[:, 0, 0, 0]) == [1000 * i + 1 for i in range(8)]


def test_features_of_other_names_and_sizes_that_differ(generated):
    dataset = load("ragged", generated, size=(6, 6))
    assert dataset.spec.label_names == ("ant", "bee")
    assert sorted(dataset.train["sample"][:, 0, 0, 0].tolist()) == list(range(8))
    np.testing.assert_array_equal(dataset.train.labels, dataset.train["sample"][:, 0, 0, 0] % 2)
    assert len(dataset.held_out) == 3


def test_splits_have_files_of_their_own(generated, tmp_path):
    def on_disk(**fields):
        fields = {"size": (6, 6), "cache_gib": 0.0, "cache_dir": str(tmp_path), **fields}
        return load("ragged", generated, **fields)

    assert len(on_disk(split="train[:4]").train) == 4
    assert len(on_disk(split="train[:5]").train) == 5
    assert len(on_disk(split="train[:4]", holdout_split="train[4:]").held_out) == 4
    assert len(list(tmp_path.iterdir())) == 3


def test_validation_is_held_out_of_train_only(generated):
    dataset = load("ragged", generated, size=(6, 6), split="validation", holdout_share=0.0)
    assert (len(dataset.train), len(dataset.held_out)) == (3, 0)


def test_sizes_that_differ_need_a_size(generated):
    with pytest.raises(ConfigError, match=r"data\.size: .*set it to \[height, width\].*train row"):
        load("ragged", generated)


def test_a_data_set_without_images_gets_a_sentence(generated):
    with pytest.raises(ConfigError, match=r"'tfds:captions' has no image feature .*caption.*give"):
        load("captions", generated)


def test_held_out_examples_may_lack_labels(generated):
    dataset = load("unlabelled", generated)
    assert dataset.train.labels is not None
    assert dataset.held_out.labels is None


def test_training_examples_without_labels_have_no_classes(generated, caplog):
    dataset = load("unlabelled", generated, split="test", holdout_split="train")
    assert dataset.train.labels is None
    assert dataset.spec.label_names == dataset.spec.marginal == ()
    assert "some examples have no label" in caplog.text


# ---- What is held out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("split", "count"),
    [("train", 8), ("train[:3]", 3), ("train[:2]+train[6:]", 4), ("train[:2] + train[-1:]", 3)],
)
def test_parts_of_train_are_judged_on_the_other_split(generated, split, count):
    dataset = load("ragged", generated, size=(6, 6), split=split)
    assert len(set(dataset.train["sample"][:, 0, 0, 0])) == len(dataset.train) == count
    assert sorted(dataset.held_out["sample"][:, 0, 0, 0]) == [0, 1, 2]


@pytest.mark.parametrize("split", ["train[:5]+validation[:3]", "validation+train", "all"])
def test_no_example_is_both_trained_on_and_held_out(generated, split):
    """With another split among the training examples a share of them all is set aside."""
    dataset = load("ragged", generated, size=(6, 6), split=split, holdout_share=0.25)
    count = 8 if split.startswith("train") else 11
    assert (len(dataset.train), len(dataset.held_out)) == (count - count // 4, count // 4)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"split": "train", "holdout_split": "train"}, "shares 8 examples with data.split=train;"),
        ({"split": "train[:50%]", "holdout_split": "train[2:]"}, "shares 2 examples"),
        ({"split": "train+validation", "holdout_split": "validation[1:2]"}, "shares 1 examples"),
        ({"split": "all", "holdout_split": "validation"}, "shares 3 examples"),
        ({"split": "train[:5]+train[3:]"}, r"data\.split: .*names 2 examples twice"),
        ({"split": "train+train"}, r"data\.split: .*names 8 examples twice"),
        ({"split": "tarin"}, r"data\.split: received 'tarin'.*accepted are train, validation"),
        ({"split": "train[:x]"}, r"data\.split: received 'train\[:x\]'.*such as train\[:80%\]"),
        ({"holdout_split": "train[:"}, r"data\.holdout_split: received 'train\[:'.*accepted are"),
    ],
)
def test_what_is_held_out_must_not_be_trained_on(generated, fields, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load("ragged", generated, size=(6, 6), **fields)
