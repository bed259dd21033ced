"""One layer for local disks and object stores."""

import uuid

import pytest

from serving import UsageError
from serving.files import absolute, file_system, files_below, is_remote, sha256


@pytest.fixture(params=["disk", "TensorFlow", "fsspec"])
def place(request, tmp_path, object_store):
    """A place of each kind that does not exist yet."""
    if request.param == "disk":
        return str(tmp_path / "place")
    return object_store if request.param == "TensorFlow" else f"memory://{uuid.uuid4()}"


def test_every_place_answers_alike(place, tmp_path):
    system = file_system(place)
    assert not system.exists(place) and not system.is_folder(place) and system.names(place) == []
    system.make_folder(f"{place}/a")
    system.write(f"{place}/a/one", b"1")
    system.write(f"{place}/a/one", b"11")
    local = tmp_path / "local"
    local.write_bytes(b"2")
    system.publish(str(local), f"{place}/two")
    assert not local.exists()
    assert system.is_folder(f"{place}/a") and not system.is_folder(f"{place}/two")
    assert system.names(place) == ["a", "two"] and sorted(files_below(place)) == ["a/one", "two"]
    assert system.read(f"{place}/a/one") == b"11"
    both = [f"{place}/a/one", f"{place}/two"]
    # printf 112 | sha256sum
    assert sha256(system, both) == (
        "b1556dea32e9d0cdbfed038fd7787275775ea40939c146a64e205bcb349ad02f"
    )
    assert sha256(system, [*both, f"{place}/three"]) is None
    with pytest.raises(FileNotFoundError):
        system.read(f"{place}/three")
    system.remove(f"{place}/two")
    assert system.names(place) == ["a"]
    system.remove_tree(place)
    system.remove_tree(place)
    assert not system.exists(f"{place}/a/one")


def test_a_scheme_that_nothing_knows_gets_a_sentence():
    with pytest.raises(UsageError, match=r"'nowhere://a' cannot be used .*; pass a local or gs://"):
        file_system("nowhere://a")


def test_paths():
    assert is_remote("gs://bucket/a") and not is_remote("/a") and not is_remote("a")
    assert absolute("gs://bucket/a") == "gs://bucket/a" and absolute("/a/../b") == "/b"
