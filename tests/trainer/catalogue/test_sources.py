import numpy as np
import pytest
from pydantic import ValidationError

from trainer import catalogue
from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment, make_experiment, parse_yaml, to_yaml
from trainer.data import loading
from trainer.data.reading import Part, Row, Source, Table

SPELLINGS = {
    "digits": catalogue.Digits(),
    "ring": catalogue.Ring(),
    "tfds:mnist:3.0.1": catalogue.Tfds(dataset="mnist:3.0.1"),
    "folder:/photos: new": catalogue.Folder(path="/photos: new"),
    "npz:a.npz": catalogue.Npz(path="a.npz"),
    "generated:out": catalogue.Generated(path="out"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_short_spelling_is_a_source_and_leads_back(spelling):
    source = Data(source=spelling).source
    assert source == SPELLINGS[spelling]
    assert str(source) == spelling
    assert Data(source=source.model_dump()).source == source


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_resolved_experiment_reads_back(spelling):
    experiment = load_experiment("cgan-digits", [f"data.source={spelling!r}"])
    assert make_experiment(parse_yaml(to_yaml(experiment), origin="")) == experiment


def test_a_mapping_is_a_source():
    assert Data(source={"name": "folder", "path": "a"}).source == catalogue.Folder(path="a")
    assert Data(source={"name": "digits"}).source == catalogue.Digits()


def open_counted(data):
    """A source of a user's own."""
    count = data.source.options["count"]
    rows = [Row({"sample": np.full(2, i, np.float32)}, f"point {i}") for i in range(count)]
    return Source((Table(Part(rows, count)),))


def test_a_source_of_the_users_own():
    source = {"name": f"{__name__}:open_counted", "options": {"count": 20}}
    data = Data(source=source, holdout_share=0.0)
    assert len(loading.load(data).train) == 20
    assert str(data.source) == f"{{name: '{__name__}:open_counted', options: {{count: 20}}}}"
    assert load_experiment("mlp-ring", [f"data.source={data.source}"]).data.source == data.source


@pytest.mark.parametrize("source", ["", "mnist", "tdfs:mnist", "module:Class", ":", 3, None, {}])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(ValidationError):
        Data(source=source)
