import re
from pathlib import Path

import pytest

import trainer
from trainer import catalogue
from trainer.catalogue import Component

SAMPLE_OPTIONS = {"LinearDecay": {"steps": 1}, "CosineDecay": {"steps": 1}}
SAMPLE_OPTIONS |= {
    name: {"path": "photos"}
    for name in ("Folder", "Npz", "Generated", "TextFile", "Smiles", "Fasta")
}
SAMPLE_OPTIONS |= {"Clips": {"path": "videos"}, "TableFile": {"path": "a.csv"}}
SAMPLE_OPTIONS |= {"Pairs": {"inputs": "folder:a", "targets": "folder:b"}}
SAMPLE_OPTIONS |= {"SideBySide": {"pictures": "folder:a"}}
SAMPLE_OPTIONS |= {"Domains": {"a": "folder:a", "b": "folder:b"}}
SAMPLE_OPTIONS |= {"FewLabels": {"labelled": "folder:a", "unlabelled": "folder:b"}}
SAMPLE_OPTIONS |= {"Captions": {"pictures": "photos", "captions": "captions.jsonl"}}
SAMPLE_OPTIONS |= {"Fasta": {"path": "genes.fasta"}}
SAMPLE_OPTIONS |= {"Attributes": {"pictures": "faces", "attributes": "ages.csv"}}
SAMPLE_OPTIONS |= {"Tfds": {"dataset": "mnist"}}
SAMPLE_OPTIONS |= {"TogetherCondition": {"of": [{"name": "label"}]}}
SAMPLE_OPTIONS |= {"ExponentialDecay": {"steps": 1}, "SavedModelExtractor": {"path": "model"}}

COMPONENTS = catalogue.COMPONENTS


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.__name__)
def test_every_name_leads_to_code(component):
    options = component(**SAMPLE_OPTIONS.get(component.__name__, {}))
    assert callable(catalogue.resolve(options))


def test_the_catalogue_lists_every_component():
    def leaves(cls):
        subclasses = cls.__subclasses__()
        return {cls} if not subclasses else set().union(*map(leaves, subclasses))

    declared = {c for c in leaves(Component) if c.__module__.startswith(catalogue.__name__)}
    assert declared - {catalogue.Custom} == set(COMPONENTS)


def test_every_option_is_read_by_some_code():
    """An option that no code mentions would be accepted and ignored."""
    package = Path(trainer.__file__).parent
    sources = [p.read_text() for p in package.rglob("*.py") if p.parent.name != "catalogue"]
    for component in COMPONENTS:
        for option in component.model_fields:
            used = any(re.search(rf"\.{option}\b", source) for source in sources)
            assert used, f"{component.__name__}.{option} is read nowhere"


def test_names_are_unique_within_each_choice():
    closed = (catalogue.Objective, catalogue.Prior, catalogue.Condition)
    for choice in (*closed, catalogue.AnyMetric, catalogue.AnyExtractor):
        names = [m.model_fields["name"].default for m in catalogue.members(choice)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.__name__)
def test_no_kind_hides_a_component_of_another(component):
    assert getattr(catalogue, component.__name__) is component
