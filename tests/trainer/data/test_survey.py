"""A look at data within seconds: what it says, and what it refuses before data is read."""

import pytest

from trainer.config.recipe import load_experiment, recipe_names
from trainer.data.survey import lines, refuse_unfit, survey
from trainer.errors import ConfigError


def looked_at(recipe, *overrides):
    experiment = load_experiment(recipe, overrides)
    found = survey(experiment.data)
    refuse_unfit(found, experiment)
    return found


@pytest.fixture
def photos(tmp_path, save, noise):
    for index in range(80):
        save(tmp_path / f"{index % 2}" / f"{index}.png", noise(8, 8, 1, seed=index)[..., 0])
    return f"folder:{tmp_path}"


@pytest.mark.parametrize(
    ("recipe", "field"),
    [
        *[("cyclegan-digits", "a"), ("cogan-digits", "a"), ("causal-infogan-rooms", "next")],
        *[("pix2pix-digits", "image"), ("spade-digits", "label_map"), ("predict-digits", "clip")],
        *[("attributes-digits", "attributes")],
    ],
)
def test_what_a_game_plays_on_must_be_there(recipe, field, photos):
    sentence = rf"its fields are sample, label, and this game needs one called {field}; take"
    with pytest.raises(ConfigError, match=sentence):
        looked_at(recipe, f"data.source={photos}", "data.size=8")


def test_domains_are_no_pictures_for_an_ordinary_game(photos):
    with pytest.raises(ConfigError, match=r"its fields are a, b, and .* one called sample;"):
        looked_at("dcgan-digits", f"data.source={{name: domains, a: {photos}, b: {photos}}}")


def test_labels_of_any_table_are_counted(photos):
    source = f"{{name: few_labels, labelled: {photos}, unlabelled: digits}}"
    found = dict(lines(looked_at("semi-digits", f"data.source={source}")))
    assert found["classes"] == "0 40, 1 40"
    assert found["labelled_sample sizes"] == "8x8"
    assert not any(name.startswith("labelled_label") for name in found)


@pytest.mark.parametrize("recipe", [n for n in recipe_names() if not n.startswith("photos")])
def test_every_recipe_suits_its_own_data(recipe):
    experiment = load_experiment(recipe)
    if not getattr(experiment.data.source, "has_splits", True):
        assert looked_at(recipe).count
