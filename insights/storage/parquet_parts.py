"""Reading parts of a Parquet file: a few columns, a few row groups, only the bytes they lie in."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from insights.storage.caching import Cache
from insights.storage.objects import ObjectInfo, ObjectStore
from insights.storage.tables import reading

Ints = NDArray[np.int64]

_FOOTERS = 512


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


class Parts:
    """One version of a Parquet file, read in parts by the thread that opened it.

    Reading raises `ConflictError` once the object is another version.
    """

    def __init__(self, file: pq.ParquetFile, place: str) -> None:
        self._file, self._place = file, place

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read some columns of every row."""
        # For a few small columns, handing work to other threads takes longer than doing it.
        with reading(self._place):
            return self._file.read(columns=list(columns), use_threads=False)

    def rows(self, numbers: Ints, columns: Sequence[str] | None = None) -> pa.Table:
        """Read the rows of some rising numbers, at least one, from the row groups they lie in."""
        parts, start = [], 0
        for group in range(self._file.metadata.num_row_groups):
            end = start + self._file.metadata.row_group(group).num_rows
            within = numbers[np.searchsorted(numbers, start) : np.searchsorted(numbers, end)]
            if len(within):
                with reading(self._place):
                    found = self._file.read_row_group(group, columns=columns and list(columns), use_threads=False)
                parts.append(found.take(pa.array(within - start)))
            start = end
        return pa.concat_tables(parts)


class PartsReader:
    """Opens files of one store; remembers the footers of those that were opened last."""

    def __init__(self, store: ObjectStore, *, dictionaries: Sequence[str] = ()) -> None:
        self._store, self._dictionaries = store, list(dictionaries)
        self._footers: Cache[pq.FileMetaData] = Cache(_FOOTERS)

    def open(self, info: ObjectInfo) -> Parts:
        """Open a version of a file; the reader's `dictionaries` are read as such."""
        footer = self._footers.known((info.key, info.etag))
        source = pa.PythonFile(_Reader(self._store, info), mode="r")
        place = f"{self._store.url}/{info.key}"
        with reading(place):
            file = pq.ParquetFile(source, metadata=footer, read_dictionary=self._dictionaries)
        if footer is None:
            self._footers.put((info.key, info.etag), file.metadata)
        return Parts(file, place)
