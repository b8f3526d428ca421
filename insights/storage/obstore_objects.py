"""S3 and memory through obstore, and what other stores on it share: its errors in our own words.

Both check the condition of a `put` themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import obstore
import obstore.exceptions as obstore_errors

from insights.errors import AccessDeniedError, ConflictError, NotFoundError, StorageError
from insights.storage.objects import ABSENT, Attributes, Folder, ObjectInfo, missing, refused

_REFUSED_STATUS = ("401", "403")
_MISSING_STATUS = ("404",)
_HTTP_ATTRIBUTES = (
    "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Storage-Class",
)  # fmt: skip


class Store:
    """An `ObjectStore` on one of obstore's clients."""

    def __init__(self, client: Any, url: str) -> None:
        self.url = url
        self._client = client

    def list_folder(self, prefix: str) -> Folder:
        """List one level below a prefix."""
        with self._errors(prefix):
            found = obstore.list_with_delimiter(self._client, prefix)
        folders = sorted(f"{name.rstrip('/')}/" for name in found["common_prefixes"])
        return Folder(tuple(folders), tuple(sorted((_info(o) for o in found["objects"]), key=lambda o: o.key)))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List everything below a prefix."""
        with self._errors(prefix):
            for page in obstore.list(self._client, prefix or None):
                yield from map(_info, page)

    def get(self, key: str) -> tuple[bytes, str]:
        """Give an object's content and ETag."""
        with self._errors(key):
            found = obstore.get(self._client, key)
            return bytes(found.bytes()), found.meta["e_tag"] or ""

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        """Give some bytes of one version of an object."""
        with self._errors(key):
            found = obstore.get(self._client, key, options={"range": (start, end), "if_match": etag})
            return bytes(found.bytes())

    def get_with_attributes(self, key: str) -> tuple[bytes, Attributes]:
        """Give an object's content and attributes."""
        with self._errors(key):
            found = obstore.get(self._client, key)
            named = {name: value for name, value in found.attributes.items() if name not in _HTTP_ATTRIBUTES}
            return bytes(found.bytes()), named

    def put(
        self, key: str, content: bytes, *, replacing: str | None = None, attributes: Attributes | None = None
    ) -> None:
        """Put an object in one step, if the condition holds."""
        mode: Any = "overwrite"
        if replacing is not None:
            mode = "create" if replacing == ABSENT else {"e_tag": replacing}
        named = dict(attributes) if attributes else None
        try:
            with self._errors(key):
                obstore.put(self._client, key, content, attributes=named, mode=mode, use_multipart=False)
        except NotFoundError as error:
            if not replacing:
                raise
            raise ConflictError(f"{self.url}/{key} was deleted by another writer") from error

    def delete(self, key: str) -> None:
        """Delete an object."""
        with self._errors(key):
            try:
                obstore.delete(self._client, key)
            except FileNotFoundError:
                return

    def _errors(self, key: str) -> AbstractContextManager[None]:
        return translated(self.url, key)


@contextmanager
def translated(url: str, key: str) -> Iterator[None]:
    """Say what went wrong in our own errors, naming the place and the remedy."""
    place = f"{url}/{key}".rstrip("/")
    try:
        yield
    except (obstore_errors.AlreadyExistsError, obstore_errors.PreconditionError) as error:
        raise ConflictError(f"{place} was replaced by another writer") from error
    except (FileNotFoundError, obstore_errors.NotFoundError) as error:
        raise NotFoundError(missing(place)) from error
    except (PermissionError, obstore_errors.PermissionDeniedError, obstore_errors.UnauthenticatedError) as error:
        raise AccessDeniedError(refused(place)) from error
    except obstore_errors.BaseError as error:
        # Listings tell what the server answered in their text only.
        status = re.search(r"status code: (\d{3})", str(error))
        if status and status[1] in _MISSING_STATUS:
            raise NotFoundError(missing(place)) from error
        if status and status[1] in _REFUSED_STATUS:
            raise AccessDeniedError(refused(place)) from error
        raise StorageError(f"{place} cannot be used: {_first_line(error)}") from error
    except (OSError, ValueError) as error:  # obstore's ValueError: a key with an empty or a control character's segment
        raise StorageError(f"{place} cannot be used: {_first_line(error)}") from error


def _info(found: Any) -> ObjectInfo:
    return ObjectInfo(found["path"], found["e_tag"] or "", found["size"], found["last_modified"])


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:300]
