"""Job files that cannot be are refused in a sentence before anything is started."""

import re
from pathlib import Path

import pytest

from trainer.catalogue import members
from trainer.config.recipe import load_experiment, parse_yaml_value
from trainer.errors import ConfigError
from trainer.submit.job import Job, Parameter, Tuning, load_job, value_text
from trainer.submit.platforms import AnyPlatform

RATE = "optimizers.generator.learning_rate"


def _tuning(metric="fcd", **parameters):
    return {"metric": metric, "parameters": parameters or {RATE: {"min": 1e-5, "max": 1e-3}}}


@pytest.mark.parametrize("platform", ["vertex", "kubernetes", "slurm"])
def test_every_platform_takes_a_job(job, platform):
    assert job(platform).platform.name == platform


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"recipee": "x"}, "recipee: no such field; did you mean recipe?"),
        ({"workers": 0}, "workers: received 0; input should be greater than or equal to 1"),
        ({"name": "My_Job"}, "name: received 'My_Job'; give lower-case letters"),
        ({"recipe": "cgan-digit"}, "RECIPE: received 'cgan-digit'; did you mean cgan-digits?"),
        ({"recipe": "nowhere.yaml"}, "'nowhere.yaml' cannot be read"),
        ({"run_dir": "runs/one"}, "run_dir: received 'runs/one', which is on no bucket"),
        ({"run_dir": "s3://b/one"}, "run_dir: received 's3://b/one', which is on no bucket"),
        ({"data_dir": "~/tfds"}, "data_dir: received '~/tfds'; name a path on a bucket"),
        ({"set": {"train.stepz": 1}}, "train.stepz: no such field; did you mean train.steps?"),
        ({"set": {"data.source": "folder:photos"}}, "'photos', which machines of vertex do not"),
        ({"require": ["fcdd<8"]}, "--require: received 'fcdd', but no number begins so"),
        (
            {"require": ["kid<8"]},
            "require: received 'kid', which features of kind 'inception' have",
        ),
        ({"checkpoint": "all"}, "checkpoint: received 'all'"),
        ({"workers": 3}, "train.batch_size: received 64, which 3 replicas on 3 workers cannot"),
        ({"platform": "azure"}, "received 'azure'; accepted are vertex, kubernetes, slurm"),
        ({"tuning": {"parameters": {}}}, "tuning.metric: it is missing"),
        ({"tuning": _tuning("fcdd")}, "tuning.metric: received 'fcdd', but no number begins so"),
        ({"tuning": _tuning("fid")}, "'inception' have, and evaluate.extractor=auto does not"),
        ({"tuning": _tuning("gan_train")}, r"set evaluate\.metrics=\[gan_train\]\."),
        ({"tuning": _tuning(rate=[1, 2])}, "tuning.parameters.rate: rate: no such field"),
        ({"tuning": _tuning(**{"train.batch_size": [64, "x"]})}, "train.batch_size: received 'x'"),
        ({"tuning": _tuning(**{"seed": {"min": 1}})}, "tuning.parameters.seed: give a list"),
        ({"tuning": _tuning(**{"seed": {"mim": 1}})}, "tuning.parameters.seed.mim: no such field"),
        ({"tuning": _tuning(**{"seed": {"min": 2, "max": 1}})}, "give a range that grows"),
        (
            {"tuning": _tuning(**{RATE: {"min": 0, "max": 1, "scale": "log"}})},
            "min: received 0; a logarithmic range lies above 0",
        ),
    ],
)
def test_what_cannot_be_is_refused(job_file, fields, words):
    with pytest.raises(ConfigError, match=words):
        load_job(job_file("vertex", **fields))


@pytest.mark.parametrize(
    ("platform", "options", "fields", "words"),
    [
        ("vertex", {"image": "host/trainer:1"}, {}, "platform.image: received 'host/trainer:1'"),
        ("kubernetes", {"image": "host/trainer"}, {}, "platform.image: received 'host/trainer'"),
        (
            "vertex",
            {"gpus": 0},
            {},
            "platform.accelerator: received 'NVIDIA_L4' with platform.gpus",
        ),
        ("vertex", {"machin": "x"}, {}, "platform.machin: no such field; did you mean"),
        (
            "kubernetes",
            {"volumes": {}},
            {},
            "run_dir: received '/shared/runs/one', which ends with",
        ),
        ("kubernetes", {"volumes": {"/share": "c"}}, {}, "run_dir: received '/shared/runs/one'"),
        ("kubernetes", {}, {"tuning": _tuning()}, "tuning: kubernetes makes no trials"),
        ("slurm", {}, {"tuning": _tuning()}, "tuning: slurm makes no trials"),
        ("slurm", {"gpus": 5}, {}, "which 5 replicas on 1 workers cannot share equally"),
    ],
)
def test_what_a_platform_does_not_take_is_refused(job_file, platform, options, fields, words):
    with pytest.raises(ConfigError, match=words):
        load_job(job_file(platform, options, **fields))


def test_a_number_that_nobody_can_rank_is_refused(job_file):
    with pytest.raises(ConfigError, match="of which neither more nor less is better"):
        load_job(job_file("vertex", tuning=_tuning("ms_ssim_real")))


def test_numbers_that_the_recipe_asks_for_can_be_tuned(job):
    assert job("vertex", tuning=_tuning("fcd_10k")).tuning.key == "fcd"
    metrics = {"evaluate.metrics": ["gan_train"]}
    assert job("vertex", set=metrics, tuning=_tuning("gan_train")).tuning.goal == "MAXIMIZE"


def test_fields_of_the_file_can_be_set(job_file):
    changes = ["platform.gpus=2", "name=two", "set.train.steps=9", "workers=2"]
    job = load_job(job_file("slurm", set={"train.steps": 7, "seed": 3}), changes)
    assert (job.name, job.workers, job.platform.gpus) == ("two", 2, 2)
    overrides = [word.removeprefix("--set=") for word in job.arguments if "--set" in word]
    experiment = load_experiment(job.recipe, overrides)
    assert (experiment.train.steps, experiment.seed) == (9, 3)
    with pytest.raises(ConfigError, match="train: no such field"):
        load_job(job_file("slurm"), ["train.steps=9"])


@pytest.mark.parametrize(
    "value", [2e-5, 1, True, None, "hinge", "12:30", "1e3", "a: b", " x", [8, 8]]
)
def test_values_are_read_back_as_they_were_written(value):
    assert parse_yaml_value(value_text(value), origin="") == value
    assert type(parse_yaml_value(value_text(value), origin="")) is type(value)


def test_a_file_is_a_recipe_inside_a_job(job, tmp_path):
    path = tmp_path / "pets.yaml"
    path.write_text("description: Größe\nobjective: hinge\ntrain: {steps: 7, batch_size: 32}\n")
    inside = job("kubernetes", recipe=str(path)).arguments[0]
    assert load_experiment(inside) == load_experiment(str(path))
    assert load_experiment(inside).name == "pets"
    assert job("slurm", recipe=str(path)).arguments[0] == str(path)


def test_the_page_has_jobs_that_can_be_submitted_and_names_every_field(tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "cloud.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        path = tmp_path / "job.yaml"
        path.write_text(block.replace("DIGEST", 64 * "a"))
        load_job(str(path))
    named = set(re.findall(r"`(\w+)`", text))
    sections = (Job, Tuning, Parameter, *members(AnyPlatform))
    fields = {field for section in sections for field in section.model_fields}
    assert fields - {"values"} <= named
