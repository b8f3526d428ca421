"""Reading parts of a Parquet file: a few columns, a few row groups, only the bytes they lie in."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from insights.storage.objects import ObjectInfo, ObjectStore


class _Reader(io.RawIOBase):
    """One version of an object as a file to read from."""

    def __init__(self, store: ObjectStore, info: ObjectInfo) -> None:
        super().__init__()
        self._store, self._info, self._position = store, info, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._info.size}[whence]
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        end = self._info.size if size < 0 else min(self._position + size, self._info.size)
        if end <= self._position:
            return b""
        content = self._store.get_range(self._info.key, self._position, end, etag=self._info.etag)
        self._position = end
        return content


def open_parts(store: ObjectStore, info: ObjectInfo, *, dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a Parquet file for reading parts of it; `dictionaries` are the columns to be read as such.

    Reading raises `ConflictError` once the object is another version.
    """
    return pq.ParquetFile(pa.PythonFile(_Reader(store, info), mode="r"), read_dictionary=list(dictionaries))
