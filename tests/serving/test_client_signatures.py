"""What takes pictures, masks, texts and several conditions, through both clients."""

import numpy as np
import pytest

from serving import UsageError

PICTURES = np.arange(2 * 64, dtype=np.uint8).reshape(2, 8, 8, 1)


@pytest.fixture
def client(workshop_server, target_of, client_class):
    with client_class(target_of(workshop_server), "workshop") as client:
        yield client


def test_pictures_from_pictures(client):
    odd = PICTURES[:, :3, :5]
    made = client.translate(odd, signature="translate_to_a")
    np.testing.assert_array_equal(made["image"], 255 - odd)
    made = client.translate(PICTURES, signature="translate_to_a", tile=5, overlap=2)
    np.testing.assert_array_equal(made["image"], 255 - PICTURES)
    made = client.translate(PICTURES, seeds=[1, 2], signature="translate_to_b")["image"]
    assert made.shape == (2, 16, 8, 1)
    np.testing.assert_array_equal(made[1, ::2], PICTURES[1] + 2)
    np.testing.assert_array_equal(client.reconstruct(PICTURES)["image"], PICTURES)


def test_what_an_encoder_offers(client):
    means = PICTURES.reshape(2, -1).mean(1)
    np.testing.assert_allclose(client.encode(PICTURES), PICTURES.reshape(2, 4, 16).mean(2))
    np.testing.assert_allclose(client.anomaly_score(PICTURES), means)
    classes = client.classify(PICTURES)
    assert classes["logits"].shape == (2, 10)
    np.testing.assert_array_equal(classes["label"], means // 25.6)


def test_searches(client):
    mask = (PICTURES < 20).astype(np.uint8)
    made = client.complete(PICTURES, mask, [7, 9])
    np.testing.assert_array_equal(made["image"][0], np.where(mask[0], PICTURES[0], 7))
    assert made["loss"].shape == (2,)
    assert sorted(client.project(PICTURES, [0, 1])) == ["image", "latent", "loss"]


def test_clips_are_completed(client):
    clips = np.stack([PICTURES, PICTURES[::-1]])
    mask = (clips < 20).astype(np.uint8)
    made = client.complete_clip(clips, mask, [7, 9])
    np.testing.assert_array_equal(made["clip"][1], np.where(mask[1], clips[1], 9))
    assert made["loss"].shape == (2,)


def test_texts_are_text(client):
    texts = client.caption(np.full([2, 8, 8, 1], [[[[0]]], [[[255]]]], np.uint8), [3, 4])
    assert texts.tolist() == ["a dark digit é 3", "a bright digit 4"]


def test_several_conditions_at_once(client):
    made = client.generate_conditional([5, 6], "7", text=["ab", "abc"], image=PICTURES)
    np.testing.assert_array_equal(made["sample"], [[5, 7, 2, 0], [6, 7, 3, 64]])
    again = client.call(
        "generate_conditional", seed=[5, 6], label=7, text=["ab", "abc"], image=PICTURES
    )
    np.testing.assert_array_equal(again["sample"], made["sample"])
    made = client.generate_truncated([5], 0.5, "2")
    np.testing.assert_array_equal(made["sample"], [[5, 2, 0.5]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.translate(PICTURES, signature="translate_to_a", overlap=2),
         "overlap: it goes together with tile; pass both"),
        (lambda c: c.translate(PICTURES), "the model has no 'translate'; it has anomaly_score,"),
        (lambda c: c.translate(PICTURES, signature="translate_to_b"),
         "seed: translate_to_b of this model takes int64 [n]; received the inputs ['image']."),
        (lambda c: c.translate(PICTURES, seeds=[1, 2], signature="translate_to_a"),
         "seeds: translate_to_a of this model takes no seeds; leave them out."),
        (lambda c: c.translate(PICTURES, 3, seeds=[1, 2], signature="translate_to_b"),
         "labels: translate_to_b of this model takes no labels"),
        (lambda c: c.complete(PICTURES, PICTURES, [1, 2]), "mask: row 0 holds 2; expected 0 to 1."),
        (lambda c: c.complete(PICTURES, PICTURES[:1] * 0, [1, 2]), "rows: every input needs"),
        (lambda c: c.complete_clip(PICTURES[:1, None], PICTURES[:1, None] * 0, [1]),
         "clip: received shape [1, 1, 8, 8, 1]; expected [n, 2, 8, 8, 1]."),
        (lambda c: c.caption(PICTURES[:, :7], [1, 2]), "image: received shape [2, 7, 8, 1]; exp"),
        (lambda c: c.generate_truncated([1], 1.5, 2), "truncation: row 0 holds 1.5; expected 0"),
        (lambda c: c.generate_conditional([1], "7", text="a"), "image: generate_conditional of"),
        (lambda c: c.decode(np.zeros([1, 4])), "the model has no 'decode'; it has anomaly_score,"),
        (lambda c: c.interpolate(1, 2, 3), "the model has no 'latents'; it has"),
    ],
)  # fmt: skip
def test_bad_input_is_named_before_it_is_sent(client, call, words):
    with pytest.raises(UsageError) as caught:
        call(client)
    assert words in str(caught.value)
