"""`project`, `complete`, `edit` and `translate`, on a linear generator and on a tiny game."""

import numpy as np
import pytest
import tensorflow as tf

from serving import description, latents
from serving.errors import UsageError
from serving.strokes import dragged
from tests.conftest import tiny
from tests.trainer.game.searches import linear
from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.assembly import assemble
from trainer.game.signatures.completion import completion
from trainer.game.signatures.editing import editing, painted
from trainer.game.signatures.projection import projection

FAST = {"optimizer": catalogue.Adam(learning_rate=0.1, beta_1=0.9), "steps": 150}
SEEDS = tf.constant([5, 6, 7], tf.int64)
LATENTS = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
FLOATS = Field((4, 4, 1), "float32", "image", range=(-1.0, 1.0))
LEFT = np.zeros((3, 4, 4, 1), np.uint8)
LEFT[:, :, :2] = 1


def _stored(pictures):
    return np.clip(np.rint(127.5 * pictures + 127.5), 0, 255).astype(np.uint8)


def _asked(signatures, **inputs):
    (signature,) = signatures.values()
    outputs = signature.function(**{n: tf.constant(v) for n, v in inputs.items()})
    assert set(inputs) == set(signature.inputs) and set(outputs) == set(signature.outputs)
    return {name: tensor.numpy() for name, tensor in outputs.items()}


# ---- project -------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["random", "nearest"])
def test_a_known_latent_is_found(start):
    options = catalogue.Project(start=start, **FAST)
    subject = linear.subject(field=FLOATS)
    found = _asked(projection(options, subject), sample=linear.pictures(LATENTS), seed=SEEDS)
    np.testing.assert_allclose(found["latent"], LATENTS, atol=1e-2)
    assert (found["loss"] < 1e-3).all()


def test_an_encoder_that_knows_needs_no_steps():
    options = catalogue.Project(start="encoder", steps=0, restarts=2)
    images = _stored(0.3 * linear.pictures(LATENTS))
    found = _asked(projection(options, linear.subject(encoder=True)), image=images, seed=SEEDS)
    np.testing.assert_allclose(found["latent"], 0.3 * LATENTS, atol=0.02)
    assert np.abs(found["image"].astype(int) - images).max() <= 1


def test_no_steps_from_one_start_are_the_sample_of_the_seed():
    subject = linear.subject()
    options = catalogue.Project(steps=0, restarts=1)
    images = _stored(np.zeros((3, 4, 4, 1)))
    found = _asked(projection(options, subject), image=images, seed=SEEDS)
    np.testing.assert_array_equal(found["latent"], subject.drawn(SEEDS))
    # ‖G(z) - x‖² of orthonormal pictures, x half a grey level above the middle.
    wanted = images.astype(np.float32) / 127.5 - 1.0
    expected = np.square(linear.pictures(found["latent"]) - wanted).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found["loss"], expected, rtol=1e-4)


def test_more_restarts_are_never_worse_and_other_seeds_begin_elsewhere():
    subject = linear.subject()
    images = _stored(linear.pictures(LATENTS))
    one, four = (
        _asked(
            projection(catalogue.Project(steps=3, restarts=n), subject), image=images, seed=SEEDS
        )
        for n in (1, 4)
    )
    assert (four["loss"] <= one["loss"]).all() and (four["loss"] < one["loss"]).any()
    other = _asked(
        projection(catalogue.Project(steps=3, restarts=1), subject), image=images, seed=SEEDS + 50
    )
    assert (other["loss"] != one["loss"]).all()


def test_a_gaussian_latent_has_its_weight():
    """Min ‖z B - x‖² + μ ½‖z‖² is at z* / (1 + μ / 2)."""
    options = catalogue.Project(latent=2.0, **FAST)
    subject = linear.subject(field=FLOATS)
    found = _asked(projection(options, subject), sample=linear.pictures(LATENTS), seed=SEEDS)
    np.testing.assert_allclose(found["latent"], LATENTS / 2.0, atol=1e-2)


def test_codes_stay_categories_and_ranges_are_kept():
    prior = catalogue.GaussianPrior(size=1, categorical=(2,), continuous=1)
    subject = linear.subject(prior, field=FLOATS)
    far = linear.pictures(5.0 * np.ones((3, 4)))
    found = _asked(projection(catalogue.Project(**FAST), subject), sample=far, seed=SEEDS)
    assert set(np.unique(found["latent"][:, 1:3])) <= {0.0, 1.0}
    np.testing.assert_allclose(found["latent"][:, 3], 1.0)
    assert (found["latent"][:, 0] > 4.0).all()


# ---- complete ------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["random", "nearest"])
def test_what_is_missing_of_a_known_picture_is_found(start):
    options = catalogue.Complete(start=start, weights="alike", judge=0.0, **FAST)
    images = _stored(0.5 * linear.pictures(LATENTS))
    holed = np.where(LEFT, images, 0)
    found = _asked(completion(options, linear.subject()), image=holed, mask=LEFT, seed=SEEDS)
    np.testing.assert_array_equal(found["image"][:, :, :2], images[:, :, :2])
    assert np.abs(found["image"].astype(int) - images).max() <= 12


def test_a_mask_of_ones_gives_the_picture_and_one_of_zeros_the_sample_of_the_seed():
    subject = linear.subject(scored=True)
    options = catalogue.Complete(start="random", steps=0, judge=0.5)
    images = _stored(linear.pictures(LATENTS))
    whole = _asked(completion(options, subject), image=images, mask=0 * LEFT + 1, seed=SEEDS)
    np.testing.assert_array_equal(whole["image"], images)
    empty = _asked(completion(options, subject), image=images, mask=0 * LEFT, seed=SEEDS)
    sample = linear.pictures(subject.drawn(SEEDS))
    np.testing.assert_array_equal(empty["image"], _stored(sample))
    # Neither weighs any pixel: what is left is λ · -log D(G(z)).
    expected = 0.5 * np.log1p(np.exp(-sample.mean(axis=(1, 2, 3))))
    for found in (whole, empty):
        np.testing.assert_allclose(found["loss"], expected, rtol=1e-4)


def test_what_lies_in_the_hole_is_not_looked_at():
    options = catalogue.Complete(steps=5, structure=0.5, blending=8)
    images = _stored(linear.pictures(LATENTS))
    one, other = (
        _asked(
            completion(options, linear.subject()),
            image=np.where(LEFT, images, fill).astype(np.uint8),
            mask=LEFT,
            seed=SEEDS,
        )
        for fill in (0, 255)
    )
    np.testing.assert_array_equal(one["image"], other["image"])


def test_seeds_see_other_halves_of_the_pool():
    options = catalogue.Complete(steps=0, pool=32, judge=0.0)
    images = np.repeat(_stored(linear.pictures(LATENTS[:1])), 8, axis=0)
    seeds, mask = np.arange(8), np.repeat(LEFT[:1], 8, axis=0)
    found = _asked(completion(options, linear.subject()), image=images, mask=mask, seed=seeds)
    assert 2 <= len(np.unique(found["loss"])) < 8


# ---- edit ----------------------------------------------------------------------------------------


def test_strokes_have_the_brightness_and_the_channels_of_pictures():
    strokes = np.zeros((1, 1, 2, 4), np.uint8)
    strokes[0, 0, 1] = (255, 0, 0, 51)
    grey, alpha = painted(tf.constant(strokes), 1)
    np.testing.assert_allclose(grey[0, 0, :, 0], [-1.0, 2 * 0.299 - 1], rtol=1e-6)
    np.testing.assert_allclose(alpha[0, 0, :, 0], [0.0, 0.2], rtol=1e-6)
    opaque, _ = painted(tf.constant(strokes), 4)
    np.testing.assert_allclose(opaque[0, 0, 1], [1.0, -1.0, -1.0, 1.0])


@pytest.mark.integration
def test_an_edit_has_what_was_painted_and_keeps_the_rest():
    options = catalogue.Edit(keep=1.0, judge=0.0, **FAST)
    before, after = linear.pictures([0.5 * LATENTS[0]]), linear.pictures([0.5 * LATENTS[1]])
    strokes = np.full((1, 4, 4, 4), 255, np.uint8)
    strokes[..., :3] = _stored(after)
    inputs = {"image": _stored(before), "seed": SEEDS[:1]}
    all_painted = _asked(editing(options, linear.subject()), strokes=strokes, **inputs)
    assert np.abs(all_painted["image"].astype(int) - _stored(after)).max() <= 3
    nothing = _asked(editing(options, linear.subject()), strokes=0 * strokes, **inputs)
    assert np.abs(nothing["image"].astype(int) - _stored(before)).max() <= 3


@pytest.mark.integration
def test_a_sketch_has_its_edges_whatever_its_colours_are():
    """With edges alone a drawing that is brighter throughout asks for the same picture."""
    options = catalogue.Edit(keep=0.0, judge=0.0, colours=0.0, edges=1.0, **FAST)
    drawn = 0.3 * linear.pictures([LATENTS[1]])
    strokes = np.full((1, 4, 4, 4), 255, np.uint8)
    found = []
    for brighter in (0.0, 0.2):
        strokes[..., :3] = _stored(drawn + brighter)
        inputs = {"image": _stored(0.0 * drawn), "strokes": strokes, "seed": SEEDS[:1]}
        found.append(_asked(editing(options, linear.subject()), **inputs)["image"].astype(int))
    assert np.abs(found[0] - _stored(drawn)).max() <= 8
    assert np.abs(found[0] - found[1]).max() <= 8


def test_a_patch_that_is_dragged_arrives():
    """Of two pictures that G can make, the strokes are the other's patch, where it lies there."""
    options = catalogue.Edit(keep=0.0, judge=0.0, edges=0.1, **FAST)
    picture = _stored(0.4 * linear.pictures([LATENTS[0]]))
    strokes = dragged(picture[0], (0, 0, 4, 4), (0, 0, 4, 4))[np.newaxis]
    inputs = {"image": 0 * picture + 128, "strokes": strokes, "seed": SEEDS[:1]}
    found = _asked(editing(options, linear.subject()), **inputs)["image"]
    assert np.abs(found.astype(int) - picture).max() <= 4


def test_seeds_are_candidates_and_the_way_from_the_picture_is_a_path_of_latents():
    """Candidates are one request of several seeds; their latents are what `project` finds."""
    subject = linear.subject()
    few = catalogue.Edit(keep=0.1, judge=0.0, restarts=1, steps=5)
    picture = np.repeat(_stored(0.4 * linear.pictures([LATENTS[0]])), 3, axis=0)
    strokes = np.zeros((3, 4, 4, 4), np.uint8)
    strokes[:, 0] = 255
    candidates = _asked(editing(few, subject), image=picture, strokes=strokes, seed=SEEDS)
    assert len(np.unique(candidates["loss"])) == 3
    best = candidates["image"][[int(candidates["loss"].argmin())]]
    search = projection(catalogue.Project(**FAST), subject)
    ends = _asked(search, image=np.concatenate([picture[:1], best]), seed=SEEDS[:2])["latent"]
    way = latents.path(ends[0], ends[1], 5, "uniform", [])
    made = np.asarray(subject.made(tf.constant(way), {}))
    steps = np.abs(np.diff(made, axis=0)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)
    assert np.abs(_stored(made[[-1]]).astype(int) - best).max() <= 3


# ---- What requests must hold ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signature", "changes", "words"),
    [
        (
            "complete",
            {"mask": np.ones((2, 8, 7, 1), np.uint8)},
            r"mask: received shape \[2, 8, 7, 1\]",
        ),
        (
            "complete",
            {"mask": np.full((2, 8, 8, 1), 7, np.uint8)},
            "mask: row 0 holds 7; expected 0 to 1",
        ),
        ("complete", {"mask": np.ones((1, 8, 8, 1), np.uint8)}, "mask"),
        ("edit", {"strokes": np.zeros((2, 9, 9, 4), np.uint8)}, r"strokes: received shape"),
        ("edit", {"strokes": np.zeros((2, 8, 8, 3), np.uint8)}, r"strokes: received shape"),
        ("edit", {"strokes": np.full((2, 8, 8, 4), 256)}, "strokes: 256 does not fit uint8"),
        ("project", {"image": np.full((2, 8, 8, 1), np.nan)}, "image"),
        ("project", {"image": np.zeros((2, 8, 8, 3), np.uint8)}, r"image: received shape"),
        ("complete", {"image": np.full((2, 8, 8, 1), 300)}, "image: 300 does not fit uint8"),
    ],
)
def test_a_request_that_does_not_fit_gets_a_sentence(live, digits, signature, changes, words):
    inputs = live.signatures[signature].inputs
    request = {n: v for n, v in _request(digits, np.arange(2)).items() if n in inputs}
    with pytest.raises(UsageError, match=words):
        live.description.signature(signature).check({**request, **changes})


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        ("edit", r"--set export\.searches=\[edit\], as the recipe inpainting-digits does"),
        ("complete_clip", r"as the recipe clip-inpainting-digits does"),
        ("encode", "a game with an encoder, such as the recipe bigan-digits"),
    ],
)
def test_a_model_without_a_signature_says_which_recipe_has_it(unsearched, signature, words):
    with pytest.raises(UsageError, match=words):
        unsearched.signature(signature)


def test_recipes_that_are_named_have_the_signature():
    for signature, recipe in description._SEARCHES.items():
        named = [search.name for search in load_experiment(recipe).export.searches]
        assert signature in named, recipe
    for recipe in description._ENCODERS.values():
        assert "encoder" in load_experiment(recipe).round.roles


@pytest.fixture(scope="module")
def unsearched(digits):
    return assemble(tiny("cgan-digits"), digits.spec).live.description


# ---- Games ---------------------------------------------------------------------------------------

SEARCHES = (
    "export.searches=[{name: project, steps: 4}, {name: complete, steps: 4, pool: 8, blending: 4},"
    " {name: edit, steps: 4}, {name: translate, steps: 4, start: random}]"
)


@pytest.fixture(scope="module")
def live(digits):
    live = assemble(tiny("cgan-digits", SEARCHES), digits.spec, examples=digits.train).live
    live.refresh()
    return live


def _request(digits, rows):
    random = np.random.default_rng(0)
    inputs = {
        "image": digits.train["sample"][rows],
        "label": rows % 10,
        "own_label": (rows + 3) % 10,
        "seed": rows + 100,
        "mask": random.integers(0, 2, (200, 8, 8, 1)).astype(np.uint8)[rows],
        "strokes": random.integers(0, 256, (200, 8, 8, 4)).astype(np.uint8)[rows],
    }
    return {name: np.asarray(values) for name, values in inputs.items()}


@pytest.mark.integration
@pytest.mark.parametrize("name", ["project", "complete", "edit", "translate"])
def test_a_row_depends_on_itself_alone(live, digits, name):
    """At the internal batch size to the bit; at any other the loss within a hundredth."""
    inputs = live.signatures[name].inputs
    rows, order = np.arange(64), np.random.default_rng(1).permutation(64)
    one, other = (
        live.run(name, {n: v for n, v in _request(digits, r).items() if n in inputs})
        for r in (rows, order)
    )
    for output in one:
        np.testing.assert_array_equal(one[output][order], other[output])
    few = {n: tf.constant(v) for n, v in _request(digits, rows[3:6]).items() if n in inputs}
    alone = live.signatures[name].function(**few)
    if "loss" in alone:
        np.testing.assert_allclose(alone["loss"], one["loss"][3:6], rtol=1e-2)


def test_signatures_are_the_contract(live):
    kinds = {
        name: ({n: f.kind for n, f in s.inputs.items()}, list(s.outputs))
        for name, s in live.signatures.items()
        if name in ("project", "complete", "edit", "translate")
    }
    assert kinds == {
        "project": (
            {"image": "image", "seed": "seed", "label": "label"},
            ["latent", "image", "loss"],
        ),
        "complete": (
            {"image": "image", "mask": "mask", "seed": "seed", "label": "label"},
            ["image", "loss"],
        ),
        "edit": (
            {"image": "image", "strokes": "strokes", "seed": "seed", "label": "label"},
            ["image", "loss"],
        ),
        "translate": (
            {"image": "image", "seed": "seed", "label": "label", "own_label": "label"},
            ["image"],
        ),
    }
    assert live.description.document["searches"]["complete"]["steps"] == 4


@pytest.mark.parametrize(
    ("recipe", "overrides", "words"),
    [
        ("pix2pix-digits", ["export.searches=[complete]"], "condition=image"),
        ("cyclegan-digits", ["export.searches=[complete]"], "prior=none"),
        ("dcgan-digits", ["export.searches=[{name: project, start: encoder}]"], "has none; set st"),
        ("dcgan-digits", ["export.searches=[translate]"], "condition=none, so there is nothing"),
        ("cgan-digits", ["export.searches=[translate]"], "start 'encoder', but the round"),
        (
            "cgan-digits",
            ["export.searches=[{name: project, identity: 1}]"],
            "features 'encoder', but the round 'ordinary' has none",
        ),
        ("cgan-digits", ["export.searches=[{name: project, pixels: 0}]"], "looks for nothing"),
        ("dcgan-digits", ["export.searches=[edit, edit]"], "export.searches: received the same"),
        (
            "dcgan-digits",
            ["export.searches=[{name: edit, optimizer: {name: adam, clip_norm: 1.0}}]"],
            "an optimizer that clips",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused(recipe, overrides, words):
    with pytest.raises(ConfigError, match=words):
        tiny(recipe, *overrides)


def test_points_are_projected_and_not_completed(ring):
    live = assemble(tiny("mlp-ring", "export.searches=[project]"), ring.spec).live
    found = live.run("project", {"sample": ring.train["sample"][:4], "seed": np.arange(4)})
    assert found["sample"].shape == (4, 2) and np.isfinite(found["loss"]).all()
    with pytest.raises(ConfigError, match="samples of kind 'vector'"):
        assemble(tiny("mlp-ring", "export.searches=[complete]"), ring.spec)


@pytest.fixture(scope="module")
def ring():
    from trainer.data import loading

    return loading.load(tiny("mlp-ring").data)
