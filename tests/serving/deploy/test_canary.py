"""What docs/deploy.md says of labels, done with its files and its code on a running endpoint."""

import contextlib
import io
import json
import re
import urllib.error
import urllib.request

import pytest

import trainer.cli
from tests.serving.deploy.files import DEPLOY, ROOT, logical_commands
from tests.serving.server.calls import wait_for

DOCUMENT = (ROOT / "docs/deploy.md").read_text()
FILES = {
    "stable": DEPLOY / "config/models.config",
    "canary": DEPLOY / "kubernetes/overlays/canary/models.config",
}


def answer(server, label):
    """What H says to 2 under a label: 3 is version 1, 6 is version 2; None for a refusal."""
    host = f"http://127.0.0.1:{server.rest_api_port}"
    address = f"{host}/v1/models/digits/labels/{label}:predict"
    try:
        with urllib.request.urlopen(address, b'{"instances": [2.0]}', timeout=20) as reply:
            return json.load(reply)["predictions"][0]
    except urllib.error.HTTPError:
        return None


@pytest.fixture
def base(half_plus_two, half_plus_five, publish, tmp_path):
    """A base path whose versions 1 and 2 answer differently."""
    publish(half_plus_two / "123", tmp_path / "digits", 1)
    publish(half_plus_five, tmp_path / "digits", 2)
    return tmp_path / "digits"


@pytest.fixture
def config_file(base, tmp_path):
    """The file that a server reads, and a function that edits it as the repository's file."""
    path = tmp_path / "models.config"

    def edit(name, *replacements):
        text = FILES[name].read_text().replace("/models/digits", str(base))
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)
        return path

    edit("stable")
    return edit


@pytest.fixture
def server(start_server, config_file, tmp_path):
    flags = {
        "model_config_file": str(tmp_path / "models.config"),
        "allow_version_labels_for_unavailable_models": True,
        "model_config_file_poll_wait_seconds": 0.2,
    }
    return start_server("", **flags)


def test_labels_move_by_edits_of_the_file(server, config_file):
    assert answer(server, "stable") == 3.0 and answer(server, "canary") is None
    config_file("canary")
    wait_for(lambda: answer(server, "canary") == 6.0)
    assert answer(server, "stable") == 3.0
    config_file("canary", ('"stable" value: 1', '"stable" value: 2'))
    wait_for(lambda: answer(server, "stable") == 6.0)


def test_an_existing_label_does_not_move_to_a_version_that_is_not_loaded(
    server, config_file, caplog
):
    config_file("stable", ('"stable" value: 1', '"stable" value: 9'))
    wait_for(lambda: "Request to assign label to version 9" in caplog.text)
    assert answer(server, "stable") == 3.0


def test_the_documented_call_does_the_same(start_server, config_file):
    server = start_server(
        "",
        model_config_file=str(config_file("stable")),
        allow_version_labels_for_unavailable_models=True,
    )
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    code = code.replace("localhost:8500", f"127.0.0.1:{server.port}")
    code = code.replace(str(FILES["canary"].relative_to(ROOT)), str(config_file("canary")))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "docs/deploy.md", "exec"), {})
    assert printed.getvalue().strip() == ""  # an empty status is OK
    assert answer(server, "canary") == 6.0


def test_gan_takes_the_documented_commands():
    commands = [words for words in logical_commands(DOCUMENT) if words[0] == "gan"]
    assert {words[1] for words in commands} == {"export", "serve", "call"}
    for words in commands:
        command = trainer.cli.main.commands[words[1]]
        command.make_context(words[1], words[2:])


def test_files_that_the_document_names_exist():
    for name in re.findall(r"serving/deploy/[\w./]+", DOCUMENT):
        assert (ROOT / name.rstrip(".")).exists(), name
    for name in re.findall(
        r"`((?:config|prometheus|grafana|kubernetes|vertex)/[\w./]*)`", DOCUMENT
    ):
        assert (DEPLOY / name).exists(), name


def test_variables_of_the_document_are_those_of_compose():
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    table = DOCUMENT.split("| variable |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([A-Z_]{5,})`", table)) == used
