import pytest

from tests.conftest import tiny
from trainer.config.recipe import load_experiment, with_overrides
from trainer.data import loading
from trainer.run.diagnosis import Diagnosis

HEALTHY = {
    **{"real_accuracy": 0.8, "fake_accuracy": 0.75, "diversity": 0.95, "held_out_gap": 0.1},
    **{"held_out_accuracy": 0.75, "held_out_cross_entropy": 0.5},
    **{"conditional_diversity": 0.7, "condition_effect": 0.9},
    **{"generator_gradient_norm": 1.0, "discriminator_gradient_norm": 1.0},
}
WON = {"real_accuracy": 1.0, "fake_accuracy": 0.995, "generator_gradient_norm": 0.01}
COLLAPSED = {"diversity": 0.2}
OVERFITTED = {"held_out_gap": 1.5}
DEAF = {"conditional_diversity": 0.05}
STUBBORN = {"condition_effect": 0.02}
PARTLY_STUBBORN = {"condition_effect_of_label": 0.03, "condition_effect_of_attributes": 0.5}
EQUILIBRIUM = {"held_out_cross_entropy": 0.694, "held_out_accuracy": 0.51}


@pytest.fixture(scope="module")
def ring():
    return loading.load(load_experiment("mlp-ring").data).spec


def row(step, prefix="", **values):
    sides = {"generator_gradient_norm", "discriminator_gradient_norm"}
    readings = {
        f"instruments/{'' if name in sides else prefix}{name}": value
        for name, value in {**HEALTHY, **values}.items()
    }
    logits = {f"{prefix}real_logits": 1.0, f"{prefix}fake_logits": -1.0}
    return {"step": step, **logits, **readings}


def said(experiment, spec, rows):
    diagnosis = Diagnosis(experiment, spec)
    return [sentence for r in rows for sentence in diagnosis.look(r)]


def lasting(**values):
    return [row(900)] + [row(step, **values) for step in range(1000, 2000, 100)]


@pytest.mark.parametrize(
    ("overrides", "values", "found", "remedy"),
    [
        (
            *([], WON, "the discriminator wins, telling 100.0% of the real"),
            "penalties=[r1] and network.discriminator_normalization=layer",
        ),
        (["network.discriminator_normalization=none"], WON, "wins", "penalties=[r1]"),
        (
            *(["network.discriminator_normalization=none", "penalties=[r1]"], WON, "wins"),
            "optimizers.discriminator.learning_rate=0.0001",
        ),
        (
            *(["optimizers.discriminator.learning_rate=4e-5"], COLLAPSED, "mode collapse"),
            "optimizers.discriminator.learning_rate=0.0002",
        ),
        ([], COLLAPSED, "differ 0.20 times as much as real", "wrappers=[pack]"),
        (["train.batch_size=15"], COLLAPSED, "mode collapse", "wrappers=[unroll]"),
        (
            ["wrappers=[{name: pack, samples: 4}]"],
            *(COLLAPSED, "mode collapse", "wrappers=[{name: pack, samples: 4}, unroll]"),
        ),
        ([], DEAF, "under one condition the fakes differ 0.05", "terms=[mode_seeking]"),
        (["terms=[mode_seeking]", "prior.size=16"], DEAF, "every time", "prior.size=64"),
        (["terms=[mode_seeking]", "prior.size=100"], DEAF, "every time", "prior.size=128"),
        (["terms=[mode_seeking]", "prior.size=128"], DEAF, "every time", "wrappers=[pack]"),
        ([], STUBBORN, "differ 0.02 times as much as real", "terms=[classification]"),
        ([], PARTLY_STUBBORN, "with label alone changed differ 0.03", "terms=[classification]"),
        ([], OVERFITTED, "by 1.50, 75% of what", "wrappers=[{name: augment, adaptive: true}]"),
        (["objective=least_squares"], OVERFITTED, "overfits", "wrappers=[augment]"),
        (
            *(["wrappers=[pack]"], OVERFITTED, "overfits"),
            "wrappers=[{name: augment, adaptive: true}, pack]",
        ),
    ],
)  # fmt: skip
def test_each_finding_is_said_once_with_a_line_that_the_recipe_takes(
    digits, overrides, values, found, remedy
):
    experiment = tiny("cgan-digits", *overrides)
    (sentence,) = said(experiment, digits.spec, lasting(**values))
    assert sentence.startswith("Step 1200: ") and found in sentence
    assert sentence.endswith(" may help.") and sentence.count("\n") == 0
    advice = sentence.partition("; another run with ")[2].removesuffix(" may help.")
    assert advice == remedy
    assert with_overrides(experiment, advice.split(" and ")) != experiment


def test_a_code_that_is_not_heard_is_named(digits):
    experiment = load_experiment("infogan-digits")
    heard = {"entropy_of_category": 2.3, "information_of_category": 2.2}
    deaf = {"entropy_of_category_1": 0.69, "information_of_category_1": 0.02}
    (sentence,) = said(experiment, digits.spec, lasting(**heard, **deaf))
    assert sentence == (
        "Step 1200: the fakes hold 0.02 of the 0.69 nats of the code category_1: the generator "
        "hardly uses it."
    )
    assert said(experiment, digits.spec, lasting(**heard)) == []


def test_captions_that_are_not_heard_are_told_with_wrong_ones(digits):
    spec = loading.load(load_experiment("gan-cls-digits").data).spec
    for terms, remedy in (("[]", "[matching_aware]"), ("[matching_aware]", "[matching_aware, cl")):
        experiment = load_experiment("gan-cls-digits", [f"terms={terms}"])
        (sentence,) = said(experiment, spec, lasting(**STUBBORN))
        assert f"another run with terms={remedy}" in sentence


def test_points_are_not_augmented(ring):
    (sentence,) = said(tiny("mlp-ring"), ring, lasting(**OVERFITTED))
    assert "another run with penalties=[r1] may help" in sentence


def test_a_game_at_its_equilibrium_is_said_to_stand_there(ring):
    (sentence,) = said(tiny("mlp-ring"), ring, lasting(**EQUILIBRIUM))
    assert "stands at its equilibrium" in sentence
    assert "log loss is 0.694 against ln 2 = 0.693, its accuracy 0.51 against ½" in sentence


def test_a_coupled_game_is_looked_at_domain_by_domain(tmp_path):
    experiment = load_experiment("cyclegan-digits")
    rows = [row(step, "b/", **COLLAPSED) for step in range(1000, 1500, 100)]
    (sentence,) = said(experiment, loading.load(experiment.data).spec, rows)
    assert sentence.startswith("Step 1200, b: ") and "pack" not in sentence


@pytest.mark.parametrize(
    "rows",
    [
        [],
        lasting(),
        [row(step, diversity=step / 5000) for step in range(0, 2500, 100)],  # is learning
        [row(step, **COLLAPSED) for step in range(0, 1000, 100)],  # has learned nothing yet
        [row(s, **(COLLAPSED if s % 200 else {})) for s in range(1000, 3000, 100)],  # comes back
        [row(step, **COLLAPSED) for step in range(1000, 1100)],  # too short to be sure
        lasting(real_accuracy=1.0, fake_accuracy=1.0),  # but the generator learns
        lasting(held_out_gap=1.5, real_accuracy=0.6, fake_accuracy=0.6),  # noise about nothing
        lasting(**EQUILIBRIUM, discriminator_gradient_norm=0.0),  # it has stopped learning
        [{"step": step, "generator_loss": 1.0} for step in range(0, 2000, 100)],
        [{"step": step, "instruments/generator_gradient_norm": 0.0} for step in range(9)],
    ],
)
def test_a_game_without_findings_is_left_in_peace(ring, rows):
    assert said(tiny("mlp-ring"), ring, rows) == []


def test_what_was_said_before_a_resume_is_not_said_again(ring):
    rows = lasting(**COLLAPSED)
    diagnosis = Diagnosis(tiny("mlp-ring"), ring)
    assert [s for r in rows[:6] for s in diagnosis.look(r)]
    assert not [s for r in rows[6:] for s in diagnosis.look(r)]


def test_of_several_conditions_the_ignored_one_has_its_own_remedy():
    overrides = ["terms=[classification]", "data.source={name: posed_digits, pictures: 100}"]
    experiment = tiny("attributes-digits", *overrides)
    deaf = {"condition_effect_of_label": 0.5, "condition_effect_of_attributes": 0.01}
    spec = loading.load(experiment.data).spec
    (sentence,) = said(experiment, spec, lasting(**deaf))
    assert "with attributes alone changed differ 0.01" in sentence
    assert sentence.endswith("another run with terms=[classification, regression] may help.")
