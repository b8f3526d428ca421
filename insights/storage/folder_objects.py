"""A local folder, where a conditional `put` needs a lock and attributes a file of their own."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import obstore
import obstore.store

from insights.errors import ConflictError
from insights.storage.objects import ABSENT, Attributes, Folder, ObjectInfo
from insights.storage.obstore_objects import Store

_BESIDE = ".metadata.json"


class _Attributes(msgspec.Struct):
    metadata: dict[str, str] = msgspec.field(name="Metadata")


class LocalStore(Store):
    """A folder. Conditional puts hold a lock on the folder, so that of two processes only one replaces a version.

    An object's attributes lie beside it in `<key>.metadata.json`, in the form in which `aws s3api head-object` prints
    them, so that a copy of a bucket can be given its own. Such files are no objects; the two are not put in one step.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(obstore.store.LocalStore(root), str(root))
        self._root = root
        self._lock = root / ".lock"

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List everything below a prefix; our lock and attributes are none of it."""
        return (info for info in super().list(prefix) if self._is_object(info))

    def list_folder(self, prefix: str) -> Folder:
        """List one level below a prefix; our lock and attributes are none of it."""
        found = super().list_folder(prefix)
        return Folder(found.folders, tuple(info for info in found.objects if self._is_object(info)))

    def read(self, key: str) -> bytes:
        """Give an object's content alone, for a third of what `get` costs."""
        if ".." in key:  # obstore knows which of these lead out of the folder
            return self.get(key)[0]
        with self._errors(key), open(f"{self._root}/{key}", "rb") as file:  # noqa: PTH123  # joined, "/x" would be /x
            return file.read()

    def get_with_attributes(self, key: str) -> tuple[bytes, Attributes]:
        """Give an object's content and attributes; none where the file beside it is not there or cannot be read."""
        content, _ = self.get(key)
        with self._errors(key):
            try:
                return content, msgspec.json.decode(self._beside(key).read_bytes(), type=_Attributes).metadata
            except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
                return content, {}

    def put(
        self, key: str, content: bytes, *, replacing: str | None = None, attributes: Attributes | None = None
    ) -> None:
        """Put an object in one step, if the condition holds."""
        if replacing is None or replacing == ABSENT:
            super().put(key, content, replacing=replacing)
        else:
            self._replace(key, content, replacing)
        with self._errors(key):
            if attributes:
                self._beside(key).write_bytes(msgspec.json.encode(_Attributes(dict(attributes))))
            else:
                self._beside(key).unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Delete an object and its attributes."""
        super().delete(key)
        with self._errors(key):
            self._beside(key).unlink(missing_ok=True)

    def _replace(self, key: str, content: bytes, version: str) -> None:
        with self._locked(key):
            if self._version(key) != version:
                raise ConflictError(f"{self.url}/{key} was replaced by another writer")
            super().put(key, content)

    def _beside(self, key: str) -> Path:
        return self._root / f"{key}{_BESIDE}"

    def _is_object(self, info: ObjectInfo) -> bool:
        return info.key != self._lock.name and not info.key.endswith(_BESIDE)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        with self._errors(key), self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _version(self, key: str) -> str | None:
        """Give an object's ETag, None where there is none."""
        try:
            etag: str | None = obstore.head(self._client, key)["e_tag"]
        except FileNotFoundError:
            return None
        return etag
