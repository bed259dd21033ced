import pytest

from trainer.config.marked import marked_yaml
from trainer.config.recipe import load_experiment, make_experiment, parse_yaml, recipe_names


@pytest.mark.parametrize("name", recipe_names())
def test_the_marks_are_comments(name):
    experiment = load_experiment(name)
    assert parse_yaml(marked_yaml(experiment), origin="test") == experiment.as_dict()


def test_what_differs_from_the_defaults_says_so_and_nothing_else():
    sgd = "optimizers.generator={name: sgd, momentum: 0.5, schedule: {name: linear, steps: 9}}"
    lines = marked_yaml(load_experiment("cgan-digits", [sgd, "data.size=16"])).splitlines()
    marked = [line.strip() for line in lines if "#" in line]
    assert marked == [
        "size: [16, 16]  # default null",
        "name: label  # default none",
        "name: sgd  # default adam",
        "name: linear  # default constant",
        "momentum: 0.5  # default 0.0",
        "steps: 3000  # default 5000",
        "num_samples: 1000  # default 10000",
    ]


def test_a_length_in_epochs_has_no_steps_and_may_be_given_back():
    experiment = load_experiment("cgan-digits", ["train.epochs=20"])
    text = marked_yaml(experiment)
    assert "  # steps: as many as the epochs make" in text.splitlines()
    assert make_experiment(parse_yaml(text, origin="test")).train.epochs == 20


def test_a_users_own_component_is_shown_with_its_options():
    own = "network={name: 'mine:Net', options: {width: 3}}"
    lines = marked_yaml(load_experiment("dcgan-digits", [own])).splitlines()
    at = lines.index("  name: mine:Net  # default dcgan")
    assert lines[at + 1] == "  options: {width: 3}"
