"""JSON documents of the lake: small files of state, each of one kind."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from insights.storage.objects import ObjectStore
from insights.storage.tables import reading

T = TypeVar("T")


def read(store: ObjectStore, key: str, decoder: msgspec.json.Decoder[T]) -> tuple[T, str]:
    """Read a document; give it with its file's ETag.

    Raises:
        NotFoundError: it is not there.
        StorageError: the file holds something else; the message names it and the remedy.
    """
    content, etag = store.get(key)
    with reading(f"{store.url}/{key}"):
        return decoder.decode(content), etag
