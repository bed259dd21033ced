import pytest

from trainer.config.recipe import load_experiment

PHOTOS = "data.source=folder:mine/photos/"


@pytest.mark.parametrize(
    ("overrides", "run_dir", "name"),
    [
        ([PHOTOS], "runs/pets/", "pets"),
        ([PHOTOS], None, "photos"),
        ([PHOTOS], "gs://bucket/runs/pets/", "pets"),
        (["data.source=npz:mine/faces.npz"], None, "faces"),
        (["data.source=tfds:svhn_cropped:3.1.0"], None, "svhn_cropped"),
        (["data.source=ring", "network=mlp", "condition=none"], None, "ring"),
        (["objective=hinge"], "runs/hinge", "hinge"),
        (["objective=hinge"], None, "cgan-mnist"),
        (["network.generator_conditioning=normalization"], "runs/norm", "norm"),
        (["data.size=64"], "runs/large", "large"),
        ([PHOTOS, "name=mine"], "runs/pets", "mine"),
    ],
)
def test_a_run_that_is_not_its_recipe_has_a_name_and_a_description_of_its_own(
    overrides, run_dir, name
):
    experiment = load_experiment("cgan-mnist", overrides, run_dir)
    assert experiment.name == name
    assert str(experiment.data.source) in experiment.description
    assert "(Mirza & Osindero 2014)" not in experiment.description
    assert "the recipe cgan-mnist, changed" in experiment.description


def test_the_description_tells_every_choice_that_is_not_the_usual_one():
    overrides = [PHOTOS, "data.size=[32,64]", "objective=hinge", "wrappers=[pack]"]
    experiment = load_experiment("cgan-mnist", overrides)
    assert experiment.description == (
        "DCGAN on folder:mine/photos/ at 32x64, condition label, objective hinge, wrappers pack "
        "(the recipe cgan-mnist, changed)."
    )


@pytest.mark.parametrize(
    "override",
    ["train.steps=9", "network.base_filters=8", "prior.size=9", "data.data_dir=/d", "seed=3"],
)
def test_numbers_and_places_leave_a_recipe_what_it_is(override):
    recipe = load_experiment("cgan-mnist")
    changed = load_experiment("cgan-mnist", [override], "runs/mine")
    assert (changed.name, changed.description) == (recipe.name, recipe.description)


def test_a_recipe_that_needs_its_overrides_keeps_its_name(tmp_path):
    (tmp_path / "critic.yaml").write_text("description: A critic.\nobjective: wasserstein\n")
    overrides = ["optimizers.discriminator.clip_weights=0.01"]
    experiment = load_experiment(str(tmp_path / "critic.yaml"), overrides, "runs/x")
    assert (experiment.name, experiment.description) == ("critic", "A critic.")
