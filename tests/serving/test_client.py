"""Both clients over both transports, against any endpoint with a conditional image model.

Nothing here knows more of the model than its description: the same tests hold for the embedded
endpoint and for TF Serving (see the fixture `endpoint`).
"""

import io
import os

import numpy as np
import pytest
from PIL import Image

from serving import InvalidArgument, NotFound, UsageError


@pytest.fixture
def make(client_class, endpoint):
    opened = []

    def open_client(**options):
        target, model = endpoint
        opened.append(client_class(target, options.pop("model", model), **options))
        return opened[-1]

    yield open_client
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def client(client_class, endpoint):
    with client_class(*endpoint, timeout=20.0) as client:
        yield client


@pytest.fixture(scope="module")
def document(client):
    return client.describe()


def test_tf_serving_is_among_the_endpoints():
    """Says in the report whether this module ran against the real one."""
    if not os.environ.get("SADDLEPOINT_TFSERVING"):
        pytest.skip("no TF Serving; SADDLEPOINT_TFSERVING=host:8500,http://host:8501 names one")


def assert_same(images, wanted):
    """Equal but for a grey level: batch sizes and processors may round differently."""
    assert (images.dtype, images.shape) == (wanted.dtype, wanted.shape)
    assert np.abs(images.astype(int) - wanted).max() <= 1


def test_describe_is_read_once(client, document):
    assert document["condition"]["num_classes"] >= 2
    assert document is client.describe()


def test_generate(client, document):
    samples = client.generate([3, 14, -5])
    assert samples["image"].shape == (3, *document["sample"]["shape"])
    assert samples["image"].dtype == document["sample"]["dtype"]
    assert samples["label"].dtype == np.int64
    assert_same(client.generate([-5])["image"], samples["image"][2:])


def test_generate_conditional(client):
    drawn = client.generate(range(4))
    again = client.generate_conditional(range(4), drawn["label"])
    assert list(again) == ["image"]
    assert_same(again["image"], drawn["image"])


def test_one_label_for_all_and_labels_by_name(client, document):
    numbers = client.generate_conditional([1, 2], [1, 1])["image"]
    assert_same(client.generate_conditional([1, 2], 1)["image"], numbers)
    name = document["condition"]["names"][1]
    assert_same(client.generate_conditional([1, 2], name)["image"], numbers)
    assert_same(client.generate_conditional([1, 2], [name, name])["image"], numbers)


def test_png(client):
    files, pixels = client.generate([1, 2], png=True), client.generate([1, 2])
    np.testing.assert_array_equal(files["label"], pixels["label"])
    for file, image in zip(files["image_bytes"], pixels["image"], strict=True):
        assert type(file) is bytes
        picture = np.asarray(Image.open(io.BytesIO(file)))
        assert_same(picture.reshape(image.shape), image)


def test_png_of_latents_is_made_here(client):
    labels = client.generate([5, 6])["label"]
    latents = client.latents([5, 6])
    files = client.decode(latents, labels, png=True)["image_bytes"]
    images = client.decode(latents, labels)["image"]
    for file, image in zip(files, images, strict=True):
        assert_same(np.asarray(Image.open(io.BytesIO(file))).reshape(image.shape), image)


def test_latents_decode_to_what_generate_gives(client, document):
    latents = client.latents([5, 6])
    assert (latents.dtype, latents.shape) == (np.float32, (2, document["latent"]["size"]))
    samples = client.generate([5, 6])
    assert_same(client.decode(latents, samples["label"])["image"], samples["image"])


def test_score(client):
    samples = client.generate(range(3))
    realism = client.score(samples["image"], samples["label"])
    assert (realism.dtype, realism.shape) == (np.float32, (3,))
    assert np.isfinite(realism).all()


def test_interpolate_between_seeds_and_between_latents(client):
    ends = client.latents([4, 9])
    way = client.interpolate(4, 9, 5, label=1)
    assert way["image"].shape[0] == 5
    np.testing.assert_array_equal(way["latent"][[0, -1]], ends)
    assert_same(way["image"][[0, -1]], client.generate_conditional([4, 9], 1)["image"])
    again = client.interpolate(ends[0], 9, 5, label=[1] * 5, png=True)
    np.testing.assert_array_equal(again["latent"], way["latent"])
    assert [type(file) for file in again["image_bytes"]] == [bytes] * 5


def test_arithmetic(client):
    same = client.arithmetic(4, minus=9, plus=9, label=2)
    np.testing.assert_allclose(same["latent"], client.latents([4]), atol=1e-6)
    assert_same(same["image"], client.generate_conditional([4], 2)["image"])
    mean = client.latents([1, 2]).mean(axis=0)
    by_seeds = client.arithmetic([1, 2], minus=3, plus=client.latents([5]), label=0)
    by_latents = client.arithmetic(mean, minus=[3], plus=5, label=0)
    np.testing.assert_allclose(by_seeds["latent"], by_latents["latent"], atol=1e-6)


def test_chunks_are_sent_together_and_joined_in_order(client, make):
    chunked, whole = make(chunk_rows=3, max_concurrency=2), client.generate(range(8))
    chunks = chunked.generate(range(8))
    assert_same(chunks["image"], whole["image"])
    np.testing.assert_array_equal(chunks["label"], whole["label"])
    files = chunked.generate(range(4), png=True)["image_bytes"]
    assert [type(file) for file in files] == [bytes] * 4
    assert_same(make(chunk_rows=3, max_concurrency=1).generate(range(8))["image"], whole["image"])


def test_a_pinned_version(client, make):
    pinned = make(version=1)
    np.testing.assert_array_equal(pinned.latents([1]), client.latents([1]))


BAD = [
    (lambda c, d: c.generate([]), "seed: received shape [0]; expected rows"),
    (lambda c, d: c.generate([1.5]), "seed: received float64 values; expected int64"),
    (lambda c, d: c.generate(["a"]), "seed: received <U1 values; expected int64"),
    (lambda c, d: c.generate([2**63]), "seed: 9223372036854775808 does not fit int64"),
    (lambda c, d: c.generate([[1]]), "seed: received shape [1, 1]; expected [n]"),
    (lambda c, d: c.generate(5), "seed: received shape []; expected rows"),
    (lambda c, d: c.generate([[1], [1, 2]]), "seed: rows of unequal shapes"),
    (lambda c, d: c.generate_conditional([1], [num_classes(d)]), "out of range; this model"),
    (lambda c, d: c.generate_conditional([1], -1), "label: -1 is out of range"),
    (lambda c, d: c.generate_conditional([1, 2], [1]), "rows: every input needs equally many"),
    (lambda c, d: c.generate_conditional([1], "no such"), "label: 'no such' is no name of a label"),
    (lambda c, d: c.decode(np.zeros([1, 999], np.float32), [1]), "latent: received shape [1, 999]"),
    (lambda c, d: c.decode(latent(d)), "label: decode of this model takes int64 [n] from 0 to"),
    (lambda c, d: c.decode(latent(d) * np.nan, 1), "latent: row 0 holds nan; expected finite"),
    (lambda c, d: c.decode(latent(d) / 0, 1), "latent: row 0 holds inf; expected finite numbers"),
    (lambda c, d: c.score(image(d).astype(float), [1]), "image: received float64 values; expected"),
    (lambda c, d: c.score(image(d)[0], [1] * d["sample"]["shape"][0]), "image: received shape"),
    (lambda c, d: c.call("no"), "signature: the model has no 'no'; it has decode,"),
    (lambda c, d: c.encode(image(d)), "signature: the model has no 'encode'; it has decode,"),
    (lambda c, d: c.generate_truncated([1], 0.5), "the model has no 'generate_truncated'"),
    (
        lambda c, d: c.call("generate", x=[1]),
        "x: generate of this model takes no 'x'; it takes seed.",
    ),
    (lambda c, d: c.interpolate(1, 2, 1, label=1), "steps: received 1; expected 2"),
    (lambda c, d: c.interpolate(1, latent(d)[0] * np.inf, 3, label=1), "b: row 0 holds inf"),
    (lambda c, d: c.interpolate(1, np.zeros(7777), 3, label=1), "b: received shape [1, 7777]"),
    (lambda c, d: c.arithmetic(1, minus=True, plus=2), "minus: received bool values"),
    (lambda c, d: c.arithmetic([], minus=1, plus=2), "a: received shape [1, 0]; expected [n, "),
]  # fmt: skip


def num_classes(document):
    return document["condition"]["num_classes"]


def latent(document):
    with np.errstate(all="ignore"):
        return np.ones([1, document["latent"]["size"]], np.float32)


def image(document):
    return np.zeros([1, *document["sample"]["shape"]], document["sample"]["dtype"])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("call", "text"), BAD, ids=lambda value: value[:40] if value is str else ""
)
def test_bad_input_is_named_before_it_is_sent(client, document, call, text):
    with pytest.raises(UsageError) as caught:
        call(client, document)
    assert text in str(caught.value)


def test_the_servers_text_is_kept(client, document, monkeypatch):
    monkeypatch.setattr("serving.fields.Field._check_range", lambda *_: None)
    with pytest.raises(InvalidArgument) as caught:
        client.generate_conditional([1], [num_classes(document) + 66])
    assert caught.value.status == "INVALID_ARGUMENT"
    assert "label" in caught.value.text


def test_unknown_model_version_and_label(make, endpoint):
    model = endpoint[1]
    for options, kind, text in [
        ({"model": "no"}, NotFound, "Servable not found for request: Latest(no)"),
        ({"version": 7}, NotFound, f"Servable not found for request: Specific({model}, 7)"),
        ({"version_label": "no"}, InvalidArgument, "Unrecognized servable version label: no"),
    ]:
        with pytest.raises(kind) as caught:
            make(**options).describe()
        assert caught.value.text.partition(". This server has ")[0] == text
