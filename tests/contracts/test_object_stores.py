"""What every object store keeps: whole objects, honest conditions, listings of one level, errors that say what to do.

A new store is held to all of this by one more function in `STORES`. S3 is a moto server's on the loopback.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from insights.errors import AccessDeniedError, ConflictError, NotFoundError, StorageError
from insights.storage.aws_access import AwsAccess
from insights.storage.objects import ABSENT, Folder, ObjectStore
from insights.storage.opening import S3Client, open_store

UNIQUE = count()


@cache
def session() -> Any:
    import boto3

    return boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")


def memory(aws_endpoint: str, tmp_path: Path) -> ObjectStore:
    return open_store("memory://")


def folder(aws_endpoint: str, tmp_path: Path) -> ObjectStore:
    return open_store(str(tmp_path / "new/store"), create=True)


def bucket(aws_endpoint: str, tmp_path: Path, prefix: str = "", s3_client: S3Client = "obstore") -> ObjectStore:
    name = f"bucket-{next(UNIQUE)}"
    session().client("s3", endpoint_url=aws_endpoint).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return open_store(f"s3://{name}{prefix}", aws=AwsAccess(session, aws_endpoint), s3_client=s3_client)


def prefixed_bucket(aws_endpoint: str, tmp_path: Path) -> ObjectStore:
    return bucket(aws_endpoint, tmp_path, "/some/prefix/")


def bucket_by_boto3(aws_endpoint: str, tmp_path: Path) -> ObjectStore:
    return bucket(aws_endpoint, tmp_path, s3_client="boto3")


def prefixed_bucket_by_boto3(aws_endpoint: str, tmp_path: Path) -> ObjectStore:
    return bucket(aws_endpoint, tmp_path, "/some/prefix", s3_client="boto3")


STORES = [memory, folder, bucket, prefixed_bucket, bucket_by_boto3, prefixed_bucket_by_boto3]


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def store(request: pytest.FixtureRequest, aws_endpoint: str, tmp_path: Path) -> ObjectStore:
    made: ObjectStore = request.param(aws_endpoint, tmp_path)
    return made


class TestEveryStore:
    @pytest.mark.parametrize("content", [b"", b"\x00\xffany", b"x" * 300_000], ids=["empty", "bytes", "large"])
    def test_round_trip(self, store: ObjectStore, content: bytes) -> None:
        """What is put is got, byte for byte."""
        store.put("a/b.bin", content)

        assert store.get("a/b.bin")[0] == content

    def test_range(self, store: ObjectStore) -> None:
        """Some bytes of an object are got without the others, of the version that is asked for and of no other."""
        store.put("key", b"0123456789")
        etag = store.get("key")[1]
        assert store.get_range("key", 2, 5, etag=etag) == b"234"

        store.put("key", b"another one")
        with pytest.raises(ConflictError):
            store.get_range("key", 2, 5, etag=etag)

    def test_overwrite(self, store: ObjectStore) -> None:
        """A put without a condition replaces what is there, and the ETag changes with the content."""
        store.put("key", b"one")
        first = store.get("key")[1]
        store.put("key", b"two")

        assert store.get("key")[0] == b"two"
        assert store.get("key")[1] != first

    @pytest.mark.parametrize(
        "key", ["with space", "date=2026-11-01/x", "é-東京", "100%25.json", "a~b[c]{d}", "account_id=-/x"]
    )
    def test_keys(self, store: ObjectStore, key: str) -> None:
        """Keys keep their characters through put, list and get."""
        store.put(key, b"here")

        assert [info.key for info in store.list("")] == [key]
        assert store.get(key)[0] == b"here"

    @pytest.mark.parametrize("key", ["a//b", "../outside", "a/./b", "line\nbreak"])
    def test_impossible_keys(self, store: ObjectStore, key: str) -> None:
        """A key that would not mean the same in every store is refused as a storage error."""
        with pytest.raises(StorageError, match="cannot be used"):
            store.put(key, b"")

    def test_list(self, store: ObjectStore) -> None:
        """A listing has everything below a prefix, with size and ETag, and nothing beside it."""
        for key in ("a/1", "a/b/2", "ab/3", "c"):
            store.put(key, key.encode())

        listed = list(store.list("a/"))
        assert sorted(info.key for info in listed) == ["a/1", "a/b/2"]
        assert {(info.size, info.etag) for info in listed} == {(3, store.get("a/1")[1]), (5, store.get("a/b/2")[1])}
        assert {info.last_modified.utcoffset().total_seconds() for info in listed} == {0}
        assert sorted(info.key for info in store.list("")) == ["a/1", "a/b/2", "ab/3", "c"]

    def test_list_folder(self, store: ObjectStore) -> None:
        """A folder's listing has the folders and objects right below it, sorted."""
        for key in ("a/2", "a/1", "a/z/deep/3", "a/b/4", "c"):
            store.put(key, b"")

        level = store.list_folder("a/")
        assert level.folders == ("a/b/", "a/z/")
        assert [info.key for info in level.objects] == ["a/1", "a/2"]
        assert store.list_folder("").folders == ("a/",)

    def test_nothing_there(self, store: ObjectStore) -> None:
        """A prefix without objects lists nothing and is no error."""
        assert list(store.list("none/")) == []
        assert store.list_folder("none/") == Folder((), ())

    def test_get_missing(self, store: ObjectStore) -> None:
        """An object that is not there is told by its place."""
        with pytest.raises(NotFoundError, match=r"/none/x is not there") as missing:
            store.get("none/x")
        assert str(missing.value).startswith(store.url)

    def test_delete(self, store: ObjectStore) -> None:
        """A deleted object is gone; deleting it again is fine."""
        store.put("key", b"")
        store.delete("key")
        store.delete("key")

        assert list(store.list("")) == []


class TestAttributes:
    NAMED: ClassVar = {"signature": "5f" * 256, "signature-algorithm": "SHA256withRSA"}

    def test_round_trip(self, store: ObjectStore) -> None:
        """Attributes are kept beside the content, and are no object of their own."""
        store.put("a/key.json.gz", b"content", attributes=self.NAMED)

        assert store.get_with_attributes("a/key.json.gz") == (b"content", self.NAMED)
        assert [info.key for info in store.list("")] == ["a/key.json.gz"]
        assert [info.key for info in store.list_folder("a/").objects] == ["a/key.json.gz"]

    def test_none(self, store: ObjectStore) -> None:
        """An object that was put without attributes has none."""
        store.put("key", b"content")

        assert store.get_with_attributes("key") == (b"content", {})

    @pytest.mark.parametrize("condition", ["any", "version"])
    def test_replaced(self, store: ObjectStore, condition: str) -> None:
        """Attributes belong to a version: what replaces the object has its own or none."""
        store.put("key", b"one", attributes=self.NAMED)
        store.put("key", b"two", replacing=store.get("key")[1] if condition == "version" else None)

        assert store.get_with_attributes("key") == (b"two", {})

    def test_refused_put(self, store: ObjectStore) -> None:
        """A put that was refused changes no attributes."""
        store.put("key", b"one", attributes=self.NAMED)
        with pytest.raises(ConflictError):
            store.put("key", b"two", replacing=ABSENT, attributes={"other": "x"})

        assert store.get_with_attributes("key") == (b"one", self.NAMED)

    def test_deleted(self, store: ObjectStore) -> None:
        """Attributes go with their object."""
        store.put("key", b"one", attributes=self.NAMED)
        store.delete("key")
        store.put("key", b"two")

        assert store.get_with_attributes("key") == (b"two", {})

    def test_missing(self, store: ObjectStore) -> None:
        """An object that is not there is told by its place."""
        with pytest.raises(NotFoundError, match=r"/none is not there"):
            store.get_with_attributes("none")


class TestConditions:
    def test_absent(self, store: ObjectStore) -> None:
        """`ABSENT` puts where nothing is, and never over something."""
        store.put("key", b"first", replacing=ABSENT)

        with pytest.raises(ConflictError, match="key was replaced by another writer"):
            store.put("key", b"second", replacing=ABSENT)
        assert store.get("key")[0] == b"first"

    def test_version(self, store: ObjectStore) -> None:
        """An ETag, from a get or from a listing, puts over that version only."""
        store.put("key", b"first")
        first = store.get("key")[1]
        store.put("key", b"second", replacing=first)
        (second,) = store.list("")
        store.put("key", b"third", replacing=second.etag)

        with pytest.raises(ConflictError, match="key was replaced by another writer"):
            store.put("key", b"fourth", replacing=first)
        assert store.get("key")[0] == b"third"

    def test_version_of_nothing(self, store: ObjectStore) -> None:
        """Once the version that was to be replaced is deleted, that is a conflict too."""
        store.put("key", b"first")
        etag = store.get("key")[1]
        store.delete("key")

        with pytest.raises(ConflictError):
            store.put("key", b"second", replacing=etag)
        assert list(store.list("")) == []

    @pytest.mark.parametrize("is_new", [True, False], ids=["create", "replace"])
    def test_race(self, store: ObjectStore, is_new: bool) -> None:
        """Of writers that all hold the same version exactly one wins, and the others learn it."""
        if not is_new:
            store.put("key", b"before")
        version = ABSENT if is_new else store.get("key")[1]
        starting = threading.Barrier(4)

        def write(number: int) -> bool:
            starting.wait()
            try:
                store.put("key", b"writer %d" % number, replacing=version)
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(4) as writers:
            won = list(writers.map(write, range(4)))
        assert won.count(True) == 1
        assert store.get("key")[0] == b"writer %d" % won.index(True)


EVERY_CALL: list[Callable[[ObjectStore], Any]] = [
    lambda store: list(store.list("a/")),
    lambda store: store.list_folder("a/"),
    lambda store: store.get("a/key"),
    lambda store: store.get_with_attributes("a/key"),
    lambda store: store.put("a/key", b""),
    lambda store: store.put("a/key", b"", replacing=ABSENT),
]
CALL_NAMES = ["list", "list_folder", "get", "get with attributes", "put", "put if absent"]


@contextmanager
def checked_signatures(aws_endpoint: str) -> Iterator[None]:
    """Let moto check who asks for as long as the context lasts: it knows no user, so it refuses everybody."""

    def check_after(requests: int) -> None:
        connection = HTTPConnection(aws_endpoint.removeprefix("http://"))
        connection.request("POST", "/moto-api/reset-auth", str(requests), {"Content-Type": "text/plain"})
        assert connection.getresponse().status == 200
        connection.close()

    check_after(0)
    try:
        yield
    finally:
        check_after(10**9)


class TestWhatGoesWrong:
    @pytest.mark.parametrize("call", EVERY_CALL, ids=CALL_NAMES)
    def test_missing_bucket(self, aws_endpoint: str, call: Callable[[ObjectStore], Any]) -> None:
        """A bucket that is not there is told by name, whatever is asked of it."""
        store = open_store("s3://no-such-bucket/prefix", aws=AwsAccess(session, aws_endpoint))

        with pytest.raises(NotFoundError, match=r"s3://no-such-bucket/prefix/a.* is not there: check the name"):
            call(store)

    @pytest.mark.parametrize("call", EVERY_CALL, ids=CALL_NAMES)
    def test_refused(self, aws_endpoint: str, tmp_path: Path, call: Callable[[ObjectStore], Any]) -> None:
        """Credentials that the server does not accept are told so, whatever is asked; nothing secret is shown."""
        store = bucket(aws_endpoint, tmp_path)
        with (
            checked_signatures(aws_endpoint),
            pytest.raises(AccessDeniedError, match="check the credentials") as refused,
        ):
            call(store)
        assert store.url in str(refused.value)
        assert "testing" not in str(refused.value)

    def test_unreachable(self) -> None:
        """A server that does not answer is a storage error that names the place."""
        store = open_store("s3://logs/x", aws=AwsAccess(session, "http://127.0.0.1:1"))

        with pytest.raises(StorageError, match=r"s3://logs/x cannot be used: "):
            store.list_folder("")
