import resource
import subprocess
import sys

import pytest
from pydantic import ValidationError

from trainer.config.experiment import Data
from trainer.config.recipe import (
    load_experiment,
    make_experiment,
    merge,
    parse_yaml,
    parse_yaml_value,
    recipe_names,
    to_yaml,
)
from trainer.errors import ConfigError

# What is wrong, and the words that the sentence must hold: field, value received, remedy.
BAD = [
    ("train.stepz=3", ["train.stepz", "did you mean train.steps"]),
    ("trian.steps=3", ["trian", "did you mean train"]),
    ("train.steps=abc", ["train.steps", "'abc'", "integer"]),
    ("train.steps=0", ["train.steps", "0", "greater than or equal to 1"]),
    ("train.steps=true", ["train.steps", "True", "integer"]),
    ("train.batch_size=1.5", ["train.batch_size", "1.5", "integer"]),
    ("seed=-1", ["seed", "-1", "greater than or equal to 0"]),
    ("train=3", ["train", "3", "mapping of fields"]),
    ("data.size=abc", ["data.size", "'abc'", "should be a list"]),
    ("data.size=true", ["data.size", "True"]),
    ("run.grid=0", ["run.grid[0]", "0", "greater than or equal to 1"]),
    ("objective.name=wgan", ["objective.name", "'wgan'", "wasserstein"]),
    ("objective=wgan", ["objective.name", "'wgan'", "hinge"]),
    ("network.name=capsules", ["network.name", "'capsules'", "dcgan", "module:Class"]),
    ("network.base_filter=3", ["network.base_filter", "did you mean network.base_filters"]),
    ("network.base_filters=-1", ["network.base_filters", "-1"]),
    ("prior.name=cauchy", ["prior.name", "'cauchy'", "gaussian, uniform"]),
    ("condition=sound", ["condition.name", "'sound'", "label"]),
    ("condition=text", ["condition.name", "'text'", "captioned_digits"]),
    ("penalties=[{name: r3}]", ["penalties[0].name", "'r3'", "gradient_penalty, r1, r2"]),
    ("optimizers.generator.name=lion", ["optimizers.generator.name", "'lion'", "adam"]),
    ("optimizers.generator.learning_rate=0", ["optimizers.generator.learning_rate", "greater"]),
    ("optimizers.discriminator.clip_weights=0", ["discriminator.clip_weights", "0", "greater"]),
    ("optimizers.discriminator.clip_norm=-1", ["discriminator.clip_norm", "-1", "greater"]),
    ("optimizers.generator.beta_1=1.0", ["optimizers.generator.beta_1", "1.0", "less than 1"]),
    ("optimizers.generator.schedule=linear", ["schedule.steps", "missing"]),
    ("train.precision=float16", ["train.precision", "'float16'", "mixed_bfloat16"]),
    ("train.ema_decay=1.0", ["train.ema_decay", "1.0", "less than 1"]),
    ("data.source=http://x", ["data.source", "'http://x'", "folder:PATH"]),
    ("data.source='tfds:'", ["data.source", "tfds:NAME"]),
    ("data.source=digits:8", ["data.source", "takes no argument"]),
    ("data.size=[28]", ["data.size[1]", "missing"]),
    ("data.resize=zoom", ["data.resize", "'zoom'", "crop"]),
    ("data.download=true", ["data.download", "digits", "tfds:"]),
    ("data.split=test", ["data.split", "'test'", "tfds:"]),
    ("data.holdout_split=test", ["data.holdout_split", "'test'", "holdout_share"]),
    ("data.source=folder", ["data.source", "folder:PATH"]),
    ("data.source='npz:'", ["data.source", "npz:PATH"]),
    ("data.size=[0,5]", ["data.size[0]", "0", "greater than or equal to 1"]),
    ("objective=wasserstein", ["objective", "penalties=[gradient_penalty]", "clip_weights"]),
    ("penalties=[{name: gradient_penalty}]", ["discriminator_normalization", "layer or none"]),
    (
        "round={discriminator_turns: 2, fresh_latents: false}",
        ["round.fresh_latents", "discriminator_turns=2", "true"],
    ),
    ("penalties=[dragan]", ["discriminator_normalization", "'batch'", "layer or none"]),
    ("objective.flipped_labels=0.5", ["objective", "flipped_labels", "0.5", "less than"]),
    ("terms=[mutual_information]", ["terms", "no codes", "prior.categorical=[10]"]),
    ("wrappers=[pack, instance_noise]", ["wrappers", "'pack' before", "put instance_noise first"]),
    ("wrappers=[{name: instance_noise, sigma: 0}]", ["wrappers[0].sigma", "0", "greater than 0"]),
    ("wrappers=[pack, augment]", ["wrappers", "'pack' before 'augment'", "put augment first"]),
    ("wrappers=[{name: augment, policy: [flip]}]", ["wrappers[0].policy[0]", "'flip'", "cutout"]),
    ("terms=[supervised]", ["terms", "data.source=digits", "few_labels", "partly_labelled"]),
    ("objective=classes", ["objective", "'classes'", "terms=[supervised, feature_matching]"]),
    ("wrappers=[{name: pack, samples: 3}]", ["train.batch_size", "packs of 3", "multiple of 3"]),
    ("network=resnet", ["networks.discriminator", "'resnet'", "no discriminator"]),
    ("network=patch", ["networks.generator", "'patch'", "no generator"]),
    (
        "networks={generator: unet}",
        ["network.name", "'unet' with condition=label", "condition=image"],
    ),
    ("terms=[reconstruction]", ["terms", "'reconstruction' with condition=label", "derived"]),
    ("networks={encoder: mlp}", ["networks.encoder", "no such role", "generator, discriminator"]),
    ("devices.replicas=3", ["train.batch_size", "64", "multiple of 3"]),
    ("devices={replicas: 2, xla: 'on'}", ["devices.xla", "2 replicas", "auto or off"]),
    ("optimizers.generator.learning_rate=.inf", ["learning_rate", "inf", "finite"]),
    ("devices={replicas: 2, xla: on}", ["devices.xla", "2 replicas"]),
    (
        "penalties=[{name: gradient_penalty}, {name: gradient_penalty}]",
        ["penalties", "twice"],
    ),
    ("train.steps", ["--set", "'train.steps'", "KEY=VALUE"]),
    ("train.steps=[1", ["train.steps", "not YAML"]),
]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["terms=[classification]", "condition=none"], ["terms", "condition=label"]),
        (
            ["data.source={name: few_labels, labelled: digits, unlabelled: digits}"],
            ["condition.name", "'label'", "some examples have labels only", "condition=none"],
        ),
        (
            ["terms=[pulling_away]", "train.batch_size=1"],
            ["terms", "'pulling_away'", "train.batch_size=1", "two"],
        ),
        (
            ["wrappers=[{name: augment, adaptive: true}]", "objective=least_squares"],
            ["wrappers.augment.adaptive", "least_squares", "hinge"],
        ),
        (
            ["wrappers=[{name: augment, adaptive: true}]", "objective=relativistic"],
            ["wrappers.augment.adaptive", "relativistic", "sign", "non_saturating"],
        ),
        (["objective=energy"], ["objective", "'ordinary'", "no autoencoder", "round=energy"]),
        (["round=energy"], ["objective", "'non_saturating'", "answers energies", "objective="]),
        (
            ["round=energy", "objective=energy", "networks={discriminator: patch}"],
            ["networks.discriminator", "'patch'", "no autoencoder"],
        ),
        (
            ["round=energy", "objective=energy", "devices.steps_per_execution=7"],
            ["round.pretrain", "500", "steps_per_execution=7"],
        ),
        (
            ["round=energy", "objective=energy", "penalties=[r1]"],
            ["discriminator_normalization", "'batch'", "layer or none"],
        ),
        (
            ["round=policy", "objective=relativistic_average"],
            ["objective", "'relativistic_average'", "'policy'", "single sequences"],
        ),
        (
            ["objective=classes", "terms=[classification]"],
            ["objective.generator_weight", "0.0", "feature_matching"],
        ),
        (
            ["data.source=ring", "network=mlp", "wrappers=[augment]", "condition=none"],
            ["wrappers", "data.source=ring", "points"],
        ),
        (
            ["data.source={name: odd, of: ring}", "network=mlp", "wrappers=[augment]"],
            ["wrappers", "'augment'", "which holds points"],
        ),
        (
            ["data.source=sines", "wrappers=[{name: augment, adaptive: true}]"],
            ["wrappers", "data.source=sines", "holds series", "data of pictures"],
        ),
        (
            ["data.source=loans", "wrappers=[augment]"],
            ["wrappers", "data.source=loans", "rows", "data of pictures"],
        ),
        (
            ["data.source=molecules", "wrappers=[augment]"],
            ["wrappers", "'augment'", "molecules", "data of pictures"],
        ),
        (
            ["data.source=grammar", "wrappers=[instance_noise]"],
            ["wrappers", "'instance_noise'", "symbols", "leave it out"],
        ),
        (
            ["round=pairs", "condition=none", "terms=[feature_matching]"],
            ["terms", "'feature_matching'", "'pairs'", "leave it out, or set round=ordinary"],
        ),
        (
            ["terms=[classification]", "wrappers=[pack]"],
            ["wrappers", "'pack'", "classification"],
        ),
        (
            ["round.fresh_latents=false", "wrappers=[unroll]"],
            ["round.fresh_latents", "'unroll'", "set it to true"],
        ),
        (
            ["networks={discriminator: {name: patch, normalization: batch}}", "penalties=[r1]"],
            ["networks.discriminator.normalization", "'batch'", "layer or none"],
        ),
        (
            [
                *("network.discriminator_batch_features=minibatch", "penalties=[r1]"),
                "network.discriminator_normalization=layer",
            ],
            ["network.discriminator_batch_features", "'minibatch'", "set it to none"],
        ),
        (
            [
                *("network.discriminator_batch_features=deviation", "train.batch_size=48"),
                *("wrappers=[pack]", "network.discriminator_group=8", "devices.replicas=2"),
            ],
            ["network.discriminator_group", "48 (on 2 replica(s), in packs of 2)", "of 32"],
        ),
        (
            ["network.discriminator_batch_features=distances", "round=pairs", "condition=none"],
            ["network.discriminator_batch_features", "'pairs'", "set it to none"],
        ),
        (["wrappers=[extragradient]"], ["round.name", "'ordinary'", "round=simultaneous"]),
        (["wrappers=[unroll]", "round=simultaneous"], ["round.name", "'unroll'", "ordinary"]),
        (
            ["optimizers.generator={name: adam, weight_decay: 0.1, optimistic: true}"],
            ["optimizers.optimistic", "weight_decay=0.1", "leave one"],
        ),
        (["round=coupled"], ["prior.name", "'gaussian'", "'coupled'", "prior=none"]),
        (["round=coupled", "prior=none"], ["condition.name", "'label'", "condition=none"]),
        (
            ["round=coupled", "prior=none", "condition=none", "wrappers=[pack]"],
            ["wrappers", "'pack'", "'coupled'", "leave"],
        ),
        (
            ["round=coupled", "prior=none", "condition=none", "terms=[reconstruction]"],
            ["terms", "'reconstruction'", "'coupled'", "leave it out"],
        ),
    ],
)
def test_choices_that_do_not_meet_get_a_sentence(overrides, words):
    with pytest.raises(ConfigError) as error:
        load_experiment("cgan-digits", overrides)
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize("recipe", [name for name in recipe_names() if name.endswith("-ring")])
@pytest.mark.parametrize("source", ["grid", "digits"])
def test_what_is_played_on_the_ring_is_played_on_other_data_by_one_line(recipe, source):
    ring, other = (load_experiment(recipe, o) for o in ([], [f"data.source={source}"]))
    assert other.data.source.name == source
    for kind in ("objective", "penalties", "wrappers", "round", "network"):
        assert getattr(other, kind) == getattr(ring, kind)


@pytest.mark.parametrize("value", ["[r1]", "[{name: r1}]", "r1", "{name: r1}"])
def test_a_bare_name_stands_for_the_defaults_in_lists_too_and_for_a_list_of_one(value):
    experiment = load_experiment("mlp-ring", [f"penalties={value}"])
    assert [p.name for p in experiment.penalties] == ["r1"]


@pytest.mark.parametrize("value", ["64", "[64,64]"])
def test_one_number_is_both_sides(value):
    experiment = load_experiment("cgan-digits", [f"data.size={value}", f"run.grid={value}"])
    assert experiment.data.size == experiment.run.grid == (64, 64)


def test_several_problems_are_named_at_once_up_to_five():
    wrong = ["train.stepz=1", "train.batch_size=0", "objective=wgan", "seed=-1", "data.flip=3"]
    fields = ["train.stepz", "train.batch_size", "objective.name", "seed", "data.flip"]
    with pytest.raises(ConfigError) as error:
        load_experiment("cgan-digits", wrong)
    sentences = str(error.value)
    assert all(f"{field}: " in sentences for field in fields), sentences
    assert "\n" not in sentences and "more such" not in sentences
    with pytest.raises(ConfigError, match=r"\(and 2 more such problems\)\.$"):
        load_experiment("cgan-digits", [*wrong, "run.keep=0", "run.log_every=0"])


def test_several_impossible_combinations_are_named_at_once():
    with pytest.raises(ConfigError) as error:
        load_experiment("cgan-digits", ["objective=wasserstein", "devices.replicas=3"])
    assert "clip_weights" in str(error.value) and "multiple of 3" in str(error.value)


@pytest.mark.parametrize(("override", "words"), BAD, ids=[b[0] for b in BAD])
def test_bad_fields_get_a_sentence(override, words):
    with pytest.raises(ConfigError) as error:
        load_experiment("cgan-digits", [override])
    sentence = str(error.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence


def test_bad_recipes_get_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="'nonesuch'; accepted are acgan-digits"):
        load_experiment("nonesuch")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_experiment(str(tmp_path / "absent.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"description: caf\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_experiment(str(tmp_path / "latin.yaml"))
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(ConfigError, match="received a list; a recipe is a mapping"):
        load_experiment(str(tmp_path / "list.yaml"))


def test_a_bad_field_ends_the_command_quickly_and_without_tensorflow():
    program = (
        "import sys\nfrom trainer.cli import main\n"
        "try:\n    main(['train', 'cgan-digits', '--set', 'train.stepz=1'])\n"
        "except SystemExit as e:\n    print(e.code, 'tensorflow' in sys.modules)\n"
    )
    begun = _seconds_of_children()
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    seconds = _seconds_of_children() - begun
    assert result.stdout.split() == ["2", "False"]
    assert "train.stepz: no such field; did you mean train.steps?" in result.stderr
    assert seconds < 5.0  # About one; TensorFlow alone takes longer.


def _seconds_of_children():
    """Of computing: on a busy machine even what is quick waits."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_loads_and_survives_yaml(name):
    experiment = load_experiment(name)
    assert experiment.description
    again = make_experiment(parse_yaml(to_yaml(experiment), origin="test"))
    assert again == experiment
    assert again.hash == experiment.hash


def test_a_users_recipe_is_named_after_its_file(tmp_path):
    path = tmp_path / "faces.yaml"
    path.write_text("data: {source: 'folder:photos'}\ntrain: {steps: 7}\n")
    experiment = load_experiment(path, ["train.batch_size=8"])
    assert (experiment.name, experiment.train.steps, experiment.train.batch_size) == ("faces", 7, 8)
    assert load_experiment(str(path), ["train.batch_size=8"]) == experiment


def test_numbers_are_read_as_yaml_1_2_writes_them():
    experiment = load_experiment(
        "cgan-digits", ["optimizers.generator.learning_rate=2e-4", "optimizers.generator.beta_1=.5"]
    )
    assert experiment.optimizers.generator.learning_rate == 2e-4
    assert experiment.optimizers.generator.beta_1 == 0.5
    for word in ("on", "off"):
        assert load_experiment("cgan-digits", [f"devices.xla={word}"]).devices.xla == word


def test_merging_keeps_options_of_the_same_component_and_drops_those_of_another():
    base = {"network": {"name": "dcgan", "base_filters": 8}}
    same = merge(base, {"network": {"kernel_size": 5}})
    assert same == {"network": {"name": "dcgan", "base_filters": 8, "kernel_size": 5}}
    other = merge(base, {"network": {"name": "mlp"}})
    assert other == {"network": {"name": "mlp"}}
    assert merge(base, {"network": "mlp"}) == {"network": {"name": "mlp"}}
    named = merge({"round": "pairs"}, {"round": {"anomaly_weight": 0.3}})
    assert named == {"round": {"name": "pairs", "anomaly_weight": 0.3}}
    source = merge({"source": "folder:photos"}, {"source": {"labels": None}})
    assert source == {"source": {"name": "folder", "path": "photos", "labels": None}}


def test_experiments_are_immutable():
    experiment = load_experiment("cgan-digits")
    with pytest.raises(ValidationError):
        experiment.train.steps = 3


@pytest.mark.parametrize(
    ("override", "same"),
    [
        ("train.steps=99999", True),
        ("run.log_every=7", True),
        ("devices.steps_per_execution=5", True),
        ("data.data_dir=/elsewhere", True),
        ("data.source=folder:/elsewhere", True),
        ("data.source={name: digit_pairs, input: negative}", True),
        ("seed=1", False),
        ("train.batch_size=32", False),
        ("objective=hinge", False),
        ("data.flip=true", False),
    ],
)
def test_the_hash_covers_what_a_resumed_run_may_not_change(override, same):
    changed = load_experiment("cgan-digits", [override])
    assert (changed.hash == load_experiment("cgan-digits").hash) is same


def test_a_recipe_may_lie_on_an_object_store(object_store):
    import tensorflow as tf

    with tf.io.gfile.GFile(f"{object_store}/faces.yaml", "w") as file:
        file.write("train: {steps: 7}\n")
    experiment = load_experiment(f"{object_store}/faces.yaml")
    assert (experiment.name, experiment.train.steps) == ("faces", 7)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_experiment(f"{object_store}/absent.yaml")


def test_the_length_named_last_counts_and_two_at_once_are_refused(tmp_path):
    def train(*overrides):
        return load_experiment("cgan-digits", overrides).train

    assert train("train.epochs=3").epochs == 3.0
    both = train("train.epochs=3", "train.steps=70")
    assert (both.epochs, both.steps) == (None, 70)
    assert train("train.steps=70", "train.epochs=3").epochs == 3.0
    recipe = tmp_path / "both.yaml"
    recipe.write_text("train: {steps: 70, epochs: 3}")
    with pytest.raises(ConfigError, match="names 3 epochs and 70 steps; name one of them"):
        load_experiment(str(recipe))
    with pytest.raises(ConfigError, match=r"train.epochs: received 0"):
        train("train.epochs=0")


TEXT = {"name": "text", "path": "b", "level": "character", "length": 9}
TEXT |= {"held_out": None, "min_count": 1, "vocabulary": None}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text:b", TEXT),
        ("{name: text, path: b}", TEXT),
        ("npz:c", "npz:c"),
        ("digits", "digits"),
        ("mine:Source", {"name": "mine:Source", "options": {}}),
    ],
)
def test_a_short_spelling_takes_the_place_of_a_source_with_options(value, expected):
    text = "data.source={name: text, path: a, level: character, length: 9}"
    recipe = load_experiment("seqgan-grammar", [text])
    written = merge(recipe.as_dict(), {"data": {"source": parse_yaml_value(value, origin="test")}})
    assert Data.model_validate(written["data"]).model_dump(mode="json")["source"] == expected


@pytest.mark.parametrize(
    ("recipe", "source", "words"),
    [
        ("mle-grammar", "digits", "'likelihood' with data.source=digits, but it plays on symbols"),
        ("mle-grammar", "{name: odd, of: ring}", "which holds points, but it plays on symbols"),
        ("molgan-molecules", "loans", "'rewarded' with data.source=loans, which holds rows"),
        ("molgan-molecules", "npz:x.npz", "set data.source=molecules or smiles:FILE, or take"),
        ("spiral-digits", "grammar", "which holds symbols, but it plays on pictures"),
        ("lapgan-digits", "ring", "which holds points, but it plays on pictures"),
    ],
)
def test_data_that_the_round_cannot_play_on(recipe, source, words):
    with pytest.raises(ConfigError) as refused:
        load_experiment(recipe, [f"data.source={source}"])
    assert str(refused.value).startswith("round.name: received ") and words in str(refused.value)


def test_of_a_source_of_one_s_own_nothing_is_known():
    own = "data.source={name: 'my.module:open_source'}"
    assert load_experiment("mle-grammar", [own]).round.name == "likelihood"
