"""The flags of `gan serve`: spelling, what is refused, and the real binary."""

import os
import socket
import stat

import click
import pytest
from click.testing import CliRunner

from serving import UsageError
from serving.server.command_line import normal_form
from serving.server.options import ServerOptions, flags
from trainer.cli import main


def gan(*arguments, **options):
    return CliRunner().invoke(main, ["serve", *map(str, arguments)], **options)


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("--rest-api-port=8501", "--rest_api_port=8501"),
        ("--rest_api_port", "--rest_api_port"),
        ("--enable-batching", "--enable_batching=true"),
        ("--enable_batching=false", "--enable_batching=false"),
        ("models/my-pets", "models/my-pets"),
        ("--model_name=my-pets", "--model_name=my-pets"),
        ("-h", "-h"),
    ],
)
def test_hyphens_and_switches(typed, form):
    assert normal_form(typed) == form


def test_every_flag_has_a_help_text():
    shown = gan("--help").output
    for name, (_, _, text) in flags().items():
        assert f"--{name}" in shown
        assert text.endswith(".")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "model directory: received none; pass MODEL_DIR or model_config_file"),
        (["no-such-folder"], "model directory: 'no-such-folder' does not exist"),
        (["m", "--port=99999"], "port: received 99999; expected 0 (any free one) to 65535"),
        (["m", "--max-queue=0"], "max_queue: received 0; expected 1 or more"),
        (["m", "--grace_seconds=-1"], "grace_seconds: received -1.0; expected 0 or more"),
        (["m", "--batching_parameters_file=x"], "has no effect; add --enable_batching"),
        (["m", "--model_config_file=x"], "pass one of the two"),
        (["m", "--num_load_threads=2"], "--num_load_threads is TF Serving's own"),
        (["m", "--no_such_flag=2"], "No such option"),
        (["m", "--enable_batching=perhaps"], "not a valid boolean"),
    ],
)
def test_what_is_refused(arguments, text):
    result = gan(*arguments)
    assert result.exit_code == 2
    assert text in " ".join(result.output.split())


def test_a_version_instead_of_its_parent(half_plus_two):
    result = gan(half_plus_two / "123")
    assert result.exit_code == 2
    assert "is itself one version; pass its parent" in result.output
    assert str(half_plus_two) in result.output


def test_a_taken_port_is_a_sentence_and_nothing_else(half_plus_two, capfd):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = gan(half_plus_two, f"--port={port}", "--rest_api_port=0")
    assert result.exit_code == 1
    assert result.output.startswith(f"gan: port: {port} on 127.0.0.1 cannot be used (Address ")
    assert result.output.count("\n") == 1
    assert capfd.readouterr().err == ""


def test_the_real_binary_gets_the_same_flags(monkeypatch, tmp_path):
    program = tmp_path / "tensorflow_model_server"
    program.write_text("")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    started = []
    monkeypatch.setattr(os, "execv", lambda *arguments: started.append(arguments) or exit(0))
    arguments = ["models/pets", "--engine", "tensorflow_model_server", "--enable-batching"]
    gan(*arguments, "--num-load-threads=2", "--file_system_poll_wait_seconds=5")
    ((path, given),) = started
    assert path == given[0] == str(program)
    assert given[1:] == [
        "--model_name=default",
        f"--model_base_path={os.path.abspath('models/pets')}",
        "--file_system_poll_wait_seconds=5",
        "--port=8500",
        "--rest_api_port=8501",
        "--enable_batching=true",
        "--num_load_threads=2",
    ]
    result = gan("models/pets", "--engine=tensorflow_model_server", "--access_log=-")
    assert "access_log: tensorflow_model_server has no such flag" in result.output


def test_the_real_binary_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = gan("models/pets", "--engine", "tensorflow_model_server")
    assert result.exit_code == 2
    assert "tensorflow_model_server is not on PATH; install TF Serving" in result.output


def test_options_are_checked_wherever_they_come_from():
    with pytest.raises(UsageError, match="model_name: received an empty name"):
        ServerOptions(model_name="")
    with pytest.raises(UsageError, match="api_key_file: received together"):
        ServerOptions(api_key_file="a", api_key_env="B")
    assert ServerOptions(rest_api_enable_cors_support=True).origins == ["*"]
    assert isinstance(main.commands["serve"], click.Command)
