"""Components of the user's own: where they are looked for, and when."""

import re
import sys

import pytest

from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.errors import ConfigError
from trainer.exporting import export_run
from trainer.opening import open_run
from trainer.training import resume, train

NETWORK = """
from trainer import catalogue
from trainer.networks.mlp import MLP


class Mine(MLP):
    def __init__(self, width):
        super().__init__(catalogue.MLP(units=(width,)))
"""
QUICK = ["train.steps=2", "train.batch_size=8", "prior.size=2", "run.grid=2"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder; the list of places of modules is put back afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def own(module):
    return [f"network={{name: '{module}:Mine', options: {{width: 4}}}}"]


def test_a_class_beside_the_recipe_is_found(folder):
    (folder / "lab").mkdir()
    (folder / "lab" / "beside_it.py").write_text(NETWORK)
    recipe = folder / "lab" / "mine.yaml"
    recipe.write_text("network: {name: 'beside_it:Mine', options: {width: 4}}\n")
    experiment = load_experiment(str(recipe), [*QUICK, "data.source=ring"])
    assert train(experiment, folder / "run", progress=False).step == 2


def test_a_class_in_the_current_folder_is_found(folder):
    (folder / "here" / "right_here.py").write_text(NETWORK)
    experiment = load_experiment("mlp-ring", [*QUICK, *own("right_here")])
    assert train(experiment, folder / "run", progress=False).step == 2


@pytest.mark.integration
@pytest.mark.parametrize("place", ["lab", "here"])
def test_a_run_remembers_where_a_class_was_found(folder, monkeypatch, place):
    (folder / "lab").mkdir(exist_ok=True)
    name = f"remembered_{place}"
    (folder / place / f"{name}.py").write_text(NETWORK)
    recipe = folder / "lab" / "mine.yaml"
    recipe.write_text(f"network: {{name: '{name}:Mine', options: {{width: 4}}}}\n")
    experiment = load_experiment(str(recipe), [*QUICK, "data.source=ring"])
    assert experiment.modules == str(folder / place)
    train(experiment, folder / "run", progress=False)

    elsewhere(folder, monkeypatch, name)
    assert resume(folder / "run", ["train.steps=3"], progress=False).step == 3
    elsewhere(folder, monkeypatch, name)
    assert export_run(folder / "run", folder / "models").step == 3
    elsewhere(folder, monkeypatch, name)
    assert open_run(folder / "run").sample(2).shape == (2, 2)

    elsewhere(folder, monkeypatch, name)
    (folder / place / f"{name}.py").rename(folder / f"{name}.py")
    gone = f"no module '{name}' in modules='{folder / place}'"
    for use in (resume, open_run):
        with pytest.raises(ConfigError, match=re.escape(gone)):
            use(folder / "run")
    # It is found again where the person says, or in the current folder.
    assert resume(folder / "run", [f"modules={folder}"], progress=False).step == 3
    elsewhere(folder, monkeypatch, name)
    monkeypatch.chdir(folder)
    assert open_run(folder / "run").step == 3


def elsewhere(folder, monkeypatch, module):
    """As another process, in another folder, would find things."""
    (folder / "elsewhere").mkdir(exist_ok=True)
    monkeypatch.chdir(folder / "elsewhere")
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not p.startswith(str(folder))])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no module 'broken_nets'"),
        ("Other = 1\n", "broken_nets.py has no 'Mine'"),
        ("class Mine:\n", "expected an indented block"),
        ("import no_such_library\n", "No module named 'no_such_library'"),
    ],
)
def test_a_class_that_is_not_found_is_said_before_the_data_is_read(
    folder, monkeypatch, text, words
):
    monkeypatch.delitem(sys.modules, "broken_nets", raising=False)
    monkeypatch.setattr(loading, "load", lambda data: pytest.fail("the data was read"))
    if text is not None:
        (folder / "here" / "broken_nets.py").write_text(text)
    experiment = load_experiment("mlp-ring", [*QUICK, *own("broken_nets")])
    with pytest.raises(ConfigError, match=words) as error:
        train(experiment, folder / "run", progress=False)
    assert "beside the recipe, in the current folder or on PYTHONPATH" in str(error.value)
    assert not (folder / "run").exists()


def test_components_of_ones_own_are_found_wherever_they_stand():
    values = ["networks={generator: 'a:A'}", "terms=['b:B']", "data.source={name: 'c:c'}"]
    experiment = load_experiment("dcgan-digits", values)
    names = {component.name for component in catalogue.own_components(experiment)}
    assert names == {"a:A", "b:B", "c:c"}


def test_modules_are_looked_for_without_being_imported(folder):
    (folder / "here" / "noisy.py").write_text("raise SystemExit\n")
    catalogue.require_own_modules(load_experiment("mlp-ring", own("noisy")))
    with pytest.raises(ConfigError, match="no module 'nowhere_nets'"):
        catalogue.require_own_modules(load_experiment("mlp-ring", own("nowhere_nets.deep")))
