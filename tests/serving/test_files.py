"""One layer for local disks and object stores."""

import uuid

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from serving import UsageError
from serving.files import absolute, file_system, files_below, is_remote, sha256


@pytest.fixture(params=["disk", "TensorFlow", "fsspec"])
def place(request, tmp_path, object_store):
    """A place of each kind that does not exist yet."""
    if request.param == "disk":
        return str(tmp_path / "place")
    return object_store if request.param == "TensorFlow" else f"memory://{uuid.uuid4()}"


def test_every_place_answers_alike(place, tmp_path):
    _answers_alike(place, tmp_path)


@pytest.mark.integration
def test_a_bucket_answers_alike(bucket, tmp_path):
    """Without the permission to look at the bucket itself, which who writes to it may not have."""
    bucket.storage.forbid("storage.buckets.get")
    bucket.call(_answers_alike, f"{bucket.url}/some/place", tmp_path)
    assert bucket.storage.names() == []


def _answers_alike(place, tmp_path):
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


def _copied(path, content):
    system = file_system(path)
    system.write(path, content)
    return system.read(path)


# Several blocks of an upload.
CONTENT = bytes(range(256)) * 4096


@pytest.mark.parametrize("status", [429, 503])
def test_a_store_that_is_busy_for_a_while_is_asked_again(status, bucket):
    bucket.storage.fail(status, times=6)
    assert bucket.call(_copied, f"{bucket.url}/file", CONTENT) == CONTENT
    assert bucket.storage.asked.total() == 6 + bucket.storage.answered


def _removed(path):
    file_system(path).remove_tree(path)


def test_of_a_folder_on_a_busy_store_nothing_stays(bucket):
    """A look at the folder that fails, as its second one does here, is a folder that is none."""
    bucket.storage.objects["bucket", "folder/file"] = b""
    bucket.storage.fail(503, at="maxResults=1", share=0.76)
    bucket.call(_removed, f"{bucket.url}/folder")
    assert bucket.storage.names() == []


def test_an_upload_that_is_cut_goes_on_where_it_was(bucket):
    bucket.storage.cut(times=3)
    assert bucket.call(_copied, f"{bucket.url}/file", CONTENT) == CONTENT


def test_of_an_upload_that_never_ends_nothing_is_seen(bucket):
    bucket.storage.objects["bucket", "file"] = b"old"
    bucket.storage.cut()
    with pytest.raises(OSError, match="All 10 retry attempts failed"):
        bucket.call(_copied, f"{bucket.url}/file", CONTENT)
    assert bucket.storage.objects == {("bucket", "file"): b"old"}


def _names(path):
    return file_system(path).names(path)


def _made(path):
    return file_system(path).make_folder(path)


@pytest.mark.parametrize(
    ("permission", "function"), [("create", _made), ("get", _names), ("list", _names)]
)
def test_a_missing_permission_is_no_empty_folder(permission, function, bucket):
    bucket.storage.forbid(f"storage.objects.{permission}")
    with pytest.raises(PermissionError, match=f"HTTP 403: .*storage.objects.{permission}"):
        bucket.call(function, f"{bucket.url}/folder")


def test_a_store_that_does_not_answer_is_no_empty_folder(bucket):
    bucket.storage.fail(503)
    with pytest.raises(OSError, match="HTTP 503: Try again later"):
        bucket.call(_names, f"{bucket.url}/folder")


def test_a_bucket_that_does_not_exist(bucket):
    """TensorFlow's `makedirs` would ask for it for ever."""
    with pytest.raises(FileNotFoundError, match="HTTP 404: The specified bucket does not exist"):
        bucket.call(_made, "gs://nowhere/some/folder")


def test_no_bucket_is_made_for_a_misspelt_name(monkeypatch):
    """As s3fs does, whose paths begin with a bucket, and whose `makedirs` makes that, too."""
    monkeypatch.setattr(MemoryFileSystem, "root_marker", "")
    nowhere = f"memory://{uuid.uuid4()}"
    with pytest.raises(FileNotFoundError, match=f"no such bucket is seen: '{nowhere}'"):
        _made(f"{nowhere}/some/folder")
    assert not file_system(nowhere).exists(nowhere)


def test_errors_of_a_stores_package_are_errors_of_the_store(monkeypatch):
    """As botocore's, which are no OSErrors, where it finds no credentials."""

    def without_credentials(self, path):
        raise RuntimeError("Unable to locate credentials")

    monkeypatch.setattr(MemoryFileSystem, "isdir", without_credentials)
    with pytest.raises(OSError, match="Unable to locate credentials: 'memory://a'"):
        _names("memory://a")


def test_paths():
    assert is_remote("gs://bucket/a") and not is_remote("/a") and not is_remote("a")
    assert absolute("gs://bucket/a") == "gs://bucket/a" and absolute("/a/../b") == "/b"
