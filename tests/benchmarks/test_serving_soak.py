"""The events of a soak: versions that are added whole, broken, and removed."""

import pytest

from benchmarks.serving_soak import Versions, rounds


@pytest.fixture
def versions(tmp_path):
    export = tmp_path / "export" / "7"
    export.mkdir(parents=True)
    (export / "saved_model.pb").write_bytes(b"a model")
    return Versions(export.parent, tmp_path / "served")


def contents(versions):
    return {p.name: (p / "saved_model.pb").read_bytes() for p in versions.base.iterdir()}


def test_they_come_break_and_go(versions):
    assert contents(versions) == {"1": b"a model"}
    versions.break_()
    versions.add()
    assert contents(versions) == {"1": b"a model", "2": b"no model", "3": b"a model"}
    versions.remove_newest()
    versions.remove_oldest()
    assert contents(versions) == {"2": b"no model"}


def test_one_stays(versions):
    versions.remove_newest()
    versions.remove_oldest()
    assert list(contents(versions)) == ["1"]


def test_every_round_of_events_holds_each_in_another_order(versions):
    upcoming = rounds(versions.events, seed=0)
    orders = [[next(upcoming).__name__ for _ in versions.events] for _ in range(10)]
    names = sorted(event.__name__ for event in versions.events)
    assert [sorted(order) for order in orders] == [names] * 10
    assert len(set(map(tuple, orders))) > 5
