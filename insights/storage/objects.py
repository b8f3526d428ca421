"""What an object store is: one small interface over S3, local folders and memory.

`put` can be conditional, which is what makes concurrent writers of one partition safe: whoever lost the race learns it
(`ConflictError`), reads again and merges again (`repeated_on_conflict`).

The stores themselves are in `obstore_objects.py`, `folder_objects.py` and `boto3_objects.py`; `opening.py` chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from insights.errors import ConflictError

P = ParamSpec("P")
R = TypeVar("R")

ABSENT = ""
"""As `replacing`: only put where nothing is yet."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as a listing shows it. `etag` changes whenever the content does."""

    key: str
    etag: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Folder:
    """One level of a store: the folders (ending in `/`) and objects right below a prefix."""

    folders: tuple[str, ...]
    objects: tuple[ObjectInfo, ...]


Attributes = Mapping[str, str]


class ObjectStore(Protocol):
    """A flat space of keys under one URL. Every method raises `StorageError` or one of its kinds."""

    url: str

    def list_folder(self, prefix: str) -> Folder:
        """List one level below a prefix that is empty or ends in `/`."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List everything below a prefix that is empty or ends in `/`."""

    def get(self, key: str) -> tuple[bytes, str]:
        """Give an object's content and ETag."""

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        """Give the bytes start <= i < end of one version of an object.

        Raises:
            ConflictError: it is another version by now.
        """

    def get_with_attributes(self, key: str) -> tuple[bytes, Attributes]:
        """Give an object's content and the attributes it was put with."""

    def put(
        self, key: str, content: bytes, *, replacing: str | None = None, attributes: Attributes | None = None
    ) -> None:
        """Put an object in one step.

        Args:
            key: Where it goes.
            content: What it holds.
            attributes: What is kept beside the content, by lower-case names: S3's `x-amz-meta-…`.
            replacing: None puts whatever is there; an ETag puts only over that version; `ABSENT` only where nothing is.

        Raises:
            ConflictError: the condition does not hold.
        """

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is fine."""


def repeated_on_conflict(change: Callable[P, R]) -> Callable[P, R]:
    """Repeat a function that reads an object and puts what it becomes over it, until no other writer was in between."""

    @wraps(change)
    def repeat(*args: P.args, **kwargs: P.kwargs) -> R:
        while True:
            try:
                return change(*args, **kwargs)
            except ConflictError:
                continue

    return repeat


def missing(place: str) -> str:
    """Say that something is not there."""
    return f"{place} is not there: check the name of the bucket or folder, and the Region"


def refused(place: str) -> str:
    """Say that access was refused."""
    return f"access to {place} was refused: check the credentials and their policy"
