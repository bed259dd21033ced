"""The cloud files against what they speak of: Cloud Build's schema, the make targets, the flags.

No container is started here; docs/cloud.md says what only the cloud itself can show.
"""

import fnmatch
import itertools
import json
import os
import re
import shlex
import stat
import subprocess
import types
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import pytest
import yaml
from click.testing import CliRunner
from google.cloud.devtools import cloudbuild_v1
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    json_format,
    message_factory,
    text_format,
    wrappers_pb2,
)

import trainer.cli
import trainer.task
from serving import request_builder
from serving.deploy import release, smoke_test
from serving.server import Server
from trainer.config.recipe import load_experiment
from trainer.evaluation.requirements import parse as parse_requirement
from trainer.submit.job import load_job

ROOT = Path(__file__).resolve().parents[1]
BUILD = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
STEPS = {step["id"]: step for step in BUILD["steps"]}
DOCKERFILES = ["trainer/Dockerfile", "serving/deploy/Dockerfile"]
# `gan serve` in a container, which compose.yaml builds and Cloud Build does not.
IMAGES = [*DOCKERFILES, "serving/deploy/Dockerfile.embedded"]
# From the trained job to the traffic of an endpoint, each skipped where nothing asks for it.
RELEASE = ("train", "register", "canary", "decide")
BUILT_IN = {"PROJECT_ID", "BUILD_ID", "COMMIT_SHA"}


def parse(build):
    return json_format.ParseDict(build, cloudbuild_v1.Build.pb(cloudbuild_v1.Build()))


def before(step):
    """The ids of all steps that have ended well when this one starts."""
    waited = [name for name in STEPS[step]["waitFor"] if name != "-"]
    return set(waited).union(*(before(name) for name in waited))


def logical_lines(text):
    return [line.strip() for line in text.replace("\\\n", " ").splitlines()]


def environment():
    """What scripts see: options.env with the default substitutions in place."""
    values = {**BUILD["substitutions"], **{name: f"a-{name.lower()}" for name in BUILT_IN}}
    entries = (entry.partition("=")[::2] for entry in BUILD["options"]["env"])
    expand = lambda text: re.sub(r"\$\{?(\w+)\}?", lambda match: values[match[1]], text)  # noqa: E731
    return {name: expand(value) for name, value in entries}


def commands(program):
    """The arguments of every call of `program` in a script, with the environment filled in."""
    for step in STEPS.values():
        for line in logical_lines(step["script"]):
            if f"{program} " in line:
                text = line.split(f"{program} ", 1)[1]
                for name, value in environment().items():
                    text = text.replace(f"${name}", value)
                yield re.split(r" (?:&&|\|\|) ?", text)[0]


# ---- cloudbuild.yaml -----------------------------------------------------------------------------


def test_the_file_is_a_build():
    build = parse(BUILD)
    assert len(build.steps) == len(STEPS) == len(BUILD["steps"])
    assert build.options.machine_type and build.options.logging


def test_a_misspelt_key_is_refused():
    step = {**BUILD["steps"][0], "waitfor": ["-"]}
    with pytest.raises(json_format.ParseError, match="waitfor"):
        parse({**BUILD, "steps": [step]})


def test_steps_wait_for_steps_above_them():
    seen = {"-"}
    for step in BUILD["steps"]:
        assert step["waitFor"] and set(step["waitFor"]) <= seen, step["id"]
        seen.add(step["id"])


def test_every_step_has_a_time_limit_within_the_builds():
    limits = [int(step["timeout"].rstrip("s")) for step in BUILD["steps"]]
    assert max(limits) < int(BUILD["timeout"].rstrip("s"))


def test_nothing_is_pushed_before_everything_has_passed():
    assert before("push") == set(STEPS) - {"push", "pull-by-digest", *RELEASE}
    assert {"lint", "test"} <= before("smoke-train")
    assert "stop-stock-server" in before("build-trainer") & before("build-server")


def test_a_smoke_test_that_fails_fails_the_build():
    for server in ("stock-server", "server"):
        assert f"test -e {server}.passed" in STEPS[f"stop-{server}"]["script"]
        smoke = STEPS[f"smoke-{server}"]["script"]
        assert smoke.index("if .venv") < smoke.index(f"touch {server}.passed")


def test_tf_serving_itself_answers_the_contracts_cases():
    assert "contract_models exports" in STEPS["export"]["script"]
    assert "--model_config_file=/models/models.config" in STEPS["start-stock-server"]["script"]
    smoke = STEPS["smoke-stock-server"]["script"]
    assert re.search("SADDLEPOINT_TFSERVING=.*\n.*-k tf_serving .*test_contract.py", smoke)


def test_substitutions_used_are_declared_and_the_other_way_round():
    outside_scripts = {
        **{key: value for key, value in BUILD.items() if key != "steps"},
        "steps": [{**step, "script": ""} for step in BUILD["steps"]],
    }
    used = set(re.findall(r"\$\{?([A-Z_]+)\}?", json.dumps(outside_scripts)))
    assert {name for name in used if name.startswith("_")} == set(BUILD["substitutions"])
    assert {name for name in used if not name.startswith("_")} == BUILT_IN


def test_every_substitution_is_documented():
    text = (ROOT / "docs/cloud.md").read_text()
    assert [name for name in BUILD["substitutions"] if f"`{name}`" not in text] == []


def test_scripts_use_the_environment_that_is_passed_and_all_of_it():
    scripts = "\n".join(step["script"] for step in STEPS.values())
    used = set(re.findall(r"\$\{?([A-Z_]+)", scripts))
    recorded = set(re.findall(r"^\s*push ([A-Z]+) ", STEPS["push"]["script"], re.MULTILINE))
    assert used == set(environment()) | recorded


@pytest.mark.parametrize("name", STEPS)
def test_scripts_are_bash(name):
    script = STEPS[name]["script"]
    assert script.startswith("#!/usr/bin/env bash\nset -euo pipefail\n")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {target for line in commands("make") for target in line.split()}
    assert called == {"install", "check", "test", "test-integration"} and called <= targets


def test_gan_accepts_the_commands():
    lines = [shlex.split(line) for line in commands(".venv/bin/gan")]
    assert [line[0] for line in lines] == ["train", "evaluate", "export", "submit"]
    for name, *arguments in lines:
        context = trainer.cli.main.commands[name].make_context(name, arguments)
        for bound in context.params.get("requirements", ()):
            parse_requirement(bound)


def test_recipes_and_settings_exist():
    lines = [shlex.split(line) for line in commands("cgan-digits")]
    assert len(lines) == 2  # `gan train` and the job in the trainer image
    for arguments in lines:
        flags = itertools.pairwise(arguments)
        load_experiment("cgan-digits", [value for flag, value in flags if flag == "--set"])


def test_the_job_accepts_its_arguments():
    line = next(line for line in commands("docker create") if "--name job" in line)
    arguments = shlex.split(line)
    recipe = arguments.index("cgan-digits")
    assert arguments[recipe - 1] == environment()["TRAINER_IMAGE"]
    trainer.task.main.make_context("task", arguments[recipe:])


def test_the_smoke_test_accepts_its_commands():
    lines = list(commands("-m serving.deploy.smoke_test"))
    assert len(lines) == 2
    for line in lines:
        smoke_test.main.make_context("smoke_test", shlex.split(line))


def test_files_that_docker_builds_from_exist():
    files = [re.search(r"--file (\S+)", line)[1] for line in commands("docker build")]
    assert sorted(files) == sorted(DOCKERFILES)


def test_build_arguments_are_declared_in_the_dockerfiles():
    for line in commands("docker build"):
        text = (ROOT / re.search(r"--file (\S+)", line)[1]).read_text()
        assert set(re.findall(r"--build-arg \"?(\w+)=", line)) <= set(
            re.findall(r"ARG (\w+)", text)
        )
        for target in re.findall(r"--target (\S+)", line):
            assert f" AS {target}\n" in text


def test_images_are_named_by_digest_after_the_push():
    script = STEPS["pull-by-digest"]["script"]
    assert "_IMAGE" not in script and "BUILD_ID" not in script
    assert re.findall(r'docker pull "(.*)"', script) == ["$TRAINER", "$SERVER"]
    assert "*@sha256:*" in STEPS["push"]["script"]
    assert BUILD["artifacts"]["objects"]["paths"] == ["digests.env"]
    assert "images" not in BUILD  # would be pushed and shown by tag


# ---- The push, with a docker that only talks -----------------------------------------------------


def run_push(folder, digest):
    docker = folder / "docker"
    docker.write_text(f'#!/bin/sh\n[ "$1" = push ] || echo "${{4%%:*}}{digest}"\n')
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    names = {"TRAINER_IMAGE": "host/trainer:1", "SERVER_IMAGE": "host/server:1"}
    return subprocess.run(
        ["bash", "-c", STEPS["push"]["script"]],
        cwd=folder,
        env={**os.environ, **names, "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )


def test_the_push_writes_and_prints_the_digests(tmp_path):
    result = run_push(tmp_path, "@sha256:12ab")
    expected = "TRAINER=host/trainer@sha256:12ab\nSERVER=host/server@sha256:12ab\n"
    assert result.returncode == 0, result.stderr
    assert result.stdout == (tmp_path / "digests.env").read_text() == expected


def test_a_push_without_a_digest_fails(tmp_path):
    assert run_push(tmp_path, ":latest").returncode != 0
    assert not (tmp_path / "digests.env").exists()


# ---- From the job to the traffic, with programs that only say what they were asked ---------------


def run_release(folder, step, **given):
    """A step's script, and the lines of the programs that it called."""
    asked, tools = folder / "asked", folder / ".venv" / "bin"
    tools.mkdir(parents=True, exist_ok=True)
    for name in ("gan", "pip", "python"):
        line = f'printf "%s|" {name} "$@" >> {asked}; echo >> {asked}; echo said'
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    digest = "@sha256:" + 64 * "a"
    (folder / "digests.env").write_text(
        f"TRAINER=host/trainer{digest}\nSERVER=host/server{digest}\n"
    )
    done = subprocess.run(
        ["bash", "-c", STEPS[step]["script"]],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            **environment(),
            "BUILD": "0a-1b",
            "PROJECT": "p",
            **given,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = asked.read_text().splitlines() if asked.exists() else []
    return done.stdout, [line.rstrip("|").split("|") for line in lines]


@pytest.mark.parametrize("step", RELEASE)
def test_what_nobody_configured_is_skipped_and_says_so(tmp_path, step):
    said, asked = run_release(tmp_path, step)
    assert re.fullmatch(r"_\w+ .*is empty.*: no.*\.\n", said) and asked == []
    assert before(step) >= {"pull-by-digest", *RELEASE[: RELEASE.index(step)]}


def test_the_job_that_is_submitted_is_one(tmp_path):
    job = {"name": "mine", "recipe": "cgan-digits", "run_dir": "gs://b/mine"}
    platform = {"name": "vertex", "project": "p", "region": "r", "machine": "m", "image": "by:tag"}
    (tmp_path / "job.yaml").write_text(yaml.safe_dump({**job, "platform": platform}))
    _, (installed, submitted) = run_release(tmp_path, "train", JOB=str(tmp_path / "job.yaml"))
    assert installed[:2] == ["pip", "install"] and ".[dev,gcp]" in installed
    assert submitted[:2] == ["gan", "submit"]
    context = trainer.cli.main.commands["submit"].make_context("submit", submitted[2:])
    assert context.params["wait"] and not context.params["dry_run"]
    made = load_job(context.params["job"], context.params["overrides"])
    assert (made.name, made.platform.image) == ("job-0a-1b", "host/trainer@sha256:" + 64 * "a")
    assert made.run_dir.endswith("/saddlepoint/0a-1b/run")


def test_what_the_job_exported_is_registered_and_gets_traffic(tmp_path):
    _, (line,) = run_release(tmp_path, "register", JOB="job.yaml", MODEL="digits")
    assert line[:3] == ["python", "-m", "serving.deploy.release"]
    context = release.main.commands["register"].make_context("register", line[4:])
    assert context.params["artifact"].endswith("/saddlepoint/0a-1b/run/model")
    assert context.params["image"].startswith("host/server@sha256:")
    assert (tmp_path / "model.txt").read_text() == "said\n"
    for number, step in enumerate(("canary", "decide"), 1):
        _, lines = run_release(tmp_path, step, ENDPOINT="9")
        assert lines[number][3] == step
        context = release.main.commands[step].make_context(step, lines[number][4:])
        assert context.params["endpoint"] == "projects/p/locations/us-central1/endpoints/9"
        assert context.params["model"] == "said"


# ---- Dockerfiles ---------------------------------------------------------------------------------


def instructions(path):
    lines = logical_lines((ROOT / path).read_text())
    pairs = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return [(pair[0], pair[1]) for pair in pairs if pair[0].isupper() and len(pair) == 2]


def copied(path):
    """What is copied from the repository; `${MODEL_DIR}` by its default."""
    defaults = dict(value.split("=") for name, value in instructions(path) if name == "ARG")
    for name, value in instructions(path):
        if name == "COPY" and not value.startswith("--from"):
            for source in value.split()[:-1]:
                yield re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], source)


def is_ignored(path, patterns):
    """Whether a list of patterns leaves a path out: the last one that fits it decides."""
    ignored = False
    parents = [str(p) for p in (PurePosixPath(path), *PurePosixPath(path).parents)][:-1]
    for pattern in patterns:
        body = pattern.lstrip("!").removeprefix("**/").strip("/")
        names = parents if "/" in body else [*parents, *PurePosixPath(path).parts]
        if any(fnmatch.fnmatch(name, body) for name in names):
            ignored = not pattern.startswith("!")
    return ignored


def patterns(name):
    lines = (ROOT / name).read_text().splitlines()
    included = [line.split(":")[1] for line in lines if line.startswith("#!include:")]
    own = [line for line in lines if line and not line.startswith("#")]
    return own + [pattern for other in included for pattern in patterns(other)]


@pytest.mark.parametrize("dockerfile", IMAGES)
def test_what_is_copied_exists_and_reaches_the_builder(dockerfile):
    for source in copied(dockerfile):
        assert not is_ignored(source, patterns(".dockerignore")), source
        if not source.startswith("exports/"):  # made by `gan export`
            assert (ROOT / source).exists(), source
            assert not is_ignored(source, patterns(".gcloudignore")), source


def test_what_no_image_needs_stays_behind():
    for path in (".git/config", "runs/a/log.txt", "tests/conftest.py", "trainer/__pycache__/a.pyc"):
        assert is_ignored(path, patterns(".dockerignore")), path
    for path in (".git/config", ".venv/bin/python", "runs/a/log.txt"):
        assert is_ignored(path, patterns(".gcloudignore")), path
    for path in ("Makefile", "tests/conftest.py", "docs/cloud.md", "cloudbuild.yaml"):
        assert not is_ignored(path, patterns(".gcloudignore")), path


@pytest.mark.parametrize("dockerfile", IMAGES)
def test_images_run_as_a_numbered_user_from_a_tagged_base(dockerfile):
    users = [value for name, value in instructions(dockerfile) if name == "USER"]
    assert users and all(re.fullmatch(r"[1-9]\d*(:\d+)?", user) for user in users)
    stages = re.findall(r" AS (\S+)", (ROOT / dockerfile).read_text())
    bases = [value.split()[0] for name, value in instructions(dockerfile) if name == "FROM"]
    assert all(base in stages or re.search(r":\$\{\w+\}$", base) for base in bases)


def test_the_tags_are_the_same_in_the_build_and_in_the_dockerfiles():
    assert (
        f"TF_SERVING_TAG={BUILD['substitutions']['_TF_SERVING_TAG']}\n"
        in (ROOT / "serving/deploy/Dockerfile").read_text()
    )
    assert (
        f"PYTHON_TAG={environment()['PYTHON_TAG']}\n" in (ROOT / "trainer/Dockerfile").read_text()
    )


def test_the_trainer_image_installs_extras_that_exist_and_keeps_no_cache():
    text = (ROOT / "trainer/Dockerfile").read_text()
    extras = set(re.search(r"ARG EXTRAS=(\S+)", text)[1].split(","))
    assert extras == set(BUILD["substitutions"]["_TRAINER_EXTRAS"].split(","))
    assert extras <= set(metadata.metadata("saddlepoint").get_all("Provides-Extra"))
    assert text.count("pip install") == text.count("pip install --no-cache-dir")


def test_the_trainer_image_runs_the_job():
    entrypoint = json.loads(dict(instructions("trainer/Dockerfile"))["ENTRYPOINT"])
    assert entrypoint == ["python", "-m", "trainer.task"] and find_spec(entrypoint[2])


def run_server_entrypoint(folder, *arguments, **variables):
    """The flags that reach TF Serving, from a stand-in that prints them."""
    server = folder / "tensorflow_model_server"
    server.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    server.chmod(server.stat().st_mode | stat.S_IXUSR)
    entrypoint = json.loads(dict(instructions("serving/deploy/Dockerfile"))["ENTRYPOINT"])
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "MODEL_NAME": "digits", **variables}
    command = [*entrypoint, *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_server_serves_the_model_inside_on_tf_servings_ports(tmp_path):
    flags = run_server_entrypoint(tmp_path, "--rest_api_timeout_in_ms=60000", "--x=a b")
    assert flags[:4] == [
        "--port=8500",
        "--rest_api_port=8501",
        "--model_name=digits",
        "--model_base_path=/models/digits",
    ]
    assert flags[-2:] == ["--rest_api_timeout_in_ms=60000", "--x=a b"]


def test_the_server_takes_vertex_ais_port_and_model(tmp_path):
    variables = {"AIP_HTTP_PORT": "8080", "AIP_STORAGE_URI": "gs://bucket/model"}
    flags = run_server_entrypoint(tmp_path, **variables)
    assert {"--rest_api_port=8080", "--model_base_path=gs://bucket/model"} <= set(flags)


def test_the_servers_configuration_is_where_its_flags_look(tmp_path):
    flags = run_server_entrypoint(tmp_path)
    names = [
        PurePosixPath(flag.split("=")[1]).name for flag in flags if "/etc/saddlepoint/" in flag
    ]
    copies = [value for name, value in instructions("serving/deploy/Dockerfile") if name == "COPY"]
    assert copies[0].endswith(" /etc/saddlepoint/")
    assert {f"serving/deploy/config/{name}" for name in names} == set(copies[0].split()[:-1])


# ---- TF Serving's text files ---------------------------------------------------------------------


def text_message(name, **fields):
    """An empty message whose fields are {name: (number, type)}, as in TF Serving's .proto files."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{name}.proto", syntax="proto3", dependency=["google/protobuf/wrappers.proto"]
    )
    message = file.message_type.add(name=name)
    for field, (number, kind) in fields.items():
        repeated = kind.endswith("*")
        entry = message.field.add(name=field, number=number, label=3 if repeated else 1)
        scalar = {"int64": 3, "bool": 8, "string": 9}.get(kind.rstrip("*"))
        if scalar:
            entry.type = scalar
        else:
            entry.type, entry.type_name = 11, f".google.protobuf.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))()


@pytest.fixture(scope="module")
def batching():
    """The file as TF Serving 2.20 parses it (session_bundle_config.proto)."""
    message = text_message(
        "BatchingParameters",
        max_batch_size=(1, "Int64Value"),
        batch_timeout_micros=(2, "Int64Value"),
        max_enqueued_batches=(3, "Int64Value"),
        num_batch_threads=(4, "Int64Value"),
        thread_pool_name=(5, "StringValue"),
        allowed_batch_sizes=(6, "int64*"),
        pad_variable_length_inputs=(7, "bool"),
        enable_large_batch_splitting=(8, "BoolValue"),
        max_execution_batch_size=(9, "Int64Value"),
    )
    return text_format.Parse(
        (ROOT / "serving/deploy/config/batching_parameters.txt").read_text(), message
    )


def test_batch_sizes_increase_to_the_largest_request(batching):
    sizes = list(batching.allowed_batch_sizes)
    assert sizes == sorted(set(sizes)) and sizes[-1] == batching.max_batch_size.value


def test_long_requests_run_in_pieces_of_an_allowed_size(batching):
    assert batching.enable_large_batch_splitting.value
    assert batching.max_execution_batch_size.value in batching.allowed_batch_sizes
    assert batching.max_execution_batch_size.value <= batching.max_batch_size.value
    assert batching.num_batch_threads.value >= 1


def test_the_server_takes_the_longest_message_of_the_client(batching):
    assert batching.max_batch_size.value >= request_builder.MAX_CHUNK_ROWS


def test_monitoring_is_on_where_it_is_documented():
    text = (ROOT / "serving/deploy/config/monitoring.config").read_text()
    inner = re.fullmatch(r"(?:#.*\n)*prometheus_config \{\n(.*)\}\n", text, re.DOTALL)[1]
    message = text_message("PrometheusConfig", enable=(1, "bool"), path=(2, "string"))
    config = text_format.Parse(inner, message)
    assert config.enable and config.path == "/monitoring/prometheus/metrics"
    assert all(
        config.path in (ROOT / path).read_text() for path in (DOCKERFILES[1], "docs/cloud.md")
    )
    assert config.path in STEPS["smoke-server"]["script"]


# ---- The smoke test ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def targets(exported):
    with Server(exported, "digits", port=0, rest_api_port=0) as server:
        yield f"127.0.0.1:{server.port}", f"http://127.0.0.1:{server.rest_api_port}"


def smoke(*arguments):
    return CliRunner().invoke(smoke_test.main, [*arguments, "--wait", "5"])


@pytest.mark.integration
def test_a_sound_server_passes(targets):
    result = smoke(*targets, "--model", "digits")
    assert result.exit_code == 0, result.output
    assert "2 endpoint(s) answer and agree" in result.output


@pytest.mark.integration
def test_another_name_fails_with_one_sentence(targets):
    result = smoke(targets[1], "--model", "faces")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1 and "NOT_FOUND" in result.output


def test_nobody_there_fails_with_one_sentence():
    result = CliRunner().invoke(smoke_test.main, ["http://127.0.0.1:9", "--wait", "0.3"])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1 and "UNAVAILABLE" in result.output


def test_a_server_that_takes_any_label_fails():
    careless = types.SimpleNamespace(generate_conditional=lambda seeds, labels: {})
    with pytest.raises(smoke_test.SmokeTestError, match="label 10 is out of range"):
        smoke_test.check_refusal(careless, 10)


def test_samples_that_depend_on_their_batch_fail(targets):
    with smoke_test.Client(targets[1], "digits") as client:
        description = client.describe()
        honest = client.generate
        client.generate = lambda seeds: honest([s + 100 * (len(seeds) == 1) for s in seeds])
        with pytest.raises(smoke_test.SmokeTestError, match="alone and among others"):
            smoke_test.check_generate(client, description)
