"""S3 through boto3, for endpoints where obstore's client fails; chosen by `ingest.s3_client`.

It takes several times the CPU an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from insights.errors import AccessDeniedError, ConflictError, NotFoundError, StorageError
from insights.storage.objects import ABSENT, Attributes, Folder, ObjectInfo, missing, refused

_IMPOSSIBLE = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|[\x00-\x1f\x7f]")
"""A part that is empty or a way up, or a control character."""
_LOST_STATUS = (409, 412)
_MISSING_STATUS = 404
_REFUSED_STATUS = (401, 403)


class Boto3Store:
    """An `ObjectStore` in a bucket, below a prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str, url: str) -> None:
        self.url = url
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def list_folder(self, prefix: str) -> Folder:
        """List one level below a prefix."""
        folders: list[str] = []
        objects: list[ObjectInfo] = []
        for page in self._pages(prefix, Delimiter="/"):
            folders += [self._key(found["Prefix"]) for found in page.get("CommonPrefixes", ())]
            objects += map(self._info, page.get("Contents", ()))
        return Folder(tuple(sorted(folders)), tuple(sorted(objects, key=lambda each: each.key)))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List everything below a prefix."""
        for page in self._pages(prefix):
            yield from map(self._info, page.get("Contents", ()))

    def get(self, key: str) -> tuple[bytes, str]:
        """Give an object's content and ETag."""
        content, found = self._get(key)
        return content, found["ETag"]

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        """Give some bytes of one version of an object."""
        return self._get(key, Range=f"bytes={start}-{end - 1}", IfMatch=etag)[0]

    def get_with_attributes(self, key: str) -> tuple[bytes, Attributes]:
        """Give an object's content and attributes."""
        content, found = self._get(key)
        return content, found["Metadata"]

    def put(
        self, key: str, content: bytes, *, replacing: str | None = None, attributes: Attributes | None = None
    ) -> None:
        """Put an object in one step, if the condition holds."""
        condition = {}
        if replacing is not None:
            condition = {"IfNoneMatch": "*"} if replacing == ABSENT else {"IfMatch": replacing}
        with self._errors(key, lost=_MISSING_STATUS if replacing else None):
            self._client.put_object(**self._place(key), Body=content, Metadata=dict(attributes or {}), **condition)

    def delete(self, key: str) -> None:
        """Delete an object."""
        with self._errors(key):
            self._client.delete_object(**self._place(key))

    def _get(self, key: str, **options: str) -> tuple[bytes, Any]:
        with self._errors(key):
            found = self._client.get_object(**self._place(key), **options)
            return found["Body"].read(), found

    def _pages(self, prefix: str, **options: str) -> Iterator[Any]:
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2")
            yield from pages.paginate(Bucket=self._bucket, Prefix=f"{self._prefix}{prefix}", **options)

    def _place(self, key: str) -> dict[str, str]:
        if _IMPOSSIBLE.search(key):
            raise StorageError(f"{self.url}/{key!r} cannot be used: it would mean something else in another store")
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{key}"}

    def _key(self, name: str) -> str:
        return name.removeprefix(self._prefix)

    def _info(self, found: Any) -> ObjectInfo:
        return ObjectInfo(self._key(found["Key"]), found["ETag"], found["Size"], found["LastModified"])

    @contextmanager
    def _errors(self, key: str, *, lost: int | None = None) -> Iterator[None]:
        """Say what went wrong in our own errors. `lost` is a status that means another writer, too."""
        from botocore.exceptions import BotoCoreError, ClientError

        place = f"{self.url}/{key}".rstrip("/")
        try:
            yield
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == lost or status in _LOST_STATUS:
                raise ConflictError(f"{place} was replaced by another writer") from error
            if status == _MISSING_STATUS:
                raise NotFoundError(missing(place)) from error
            if status in _REFUSED_STATUS:
                raise AccessDeniedError(refused(place)) from error
            raise StorageError(f"{place} cannot be used: {error}") from error
        except (BotoCoreError, OSError) as error:
            raise StorageError(f"{place} cannot be used: {error}") from error
