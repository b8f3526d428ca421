"""Records on their way to rows: taken apart into columns, an object at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from insights.records.document import Document
from insights.records.event import INSTANT_LENGTH, MEMBERS, NO_TEXT, EventRecord, Kind
from insights.records.schemas import DICTIONARY, REPEATED

BATCH_RECORDS = 16_000
BATCH_BYTES = 32 * 2**20
"""What a batch should not exceed, the second by the text of its objects. Every one pays for forty column builders and
for being sorted apart by event hours: batches of two thousand cost a tenth of the whole more. A record has one or two
kilobytes, but may have 256."""

NESTED_COLUMNS = tuple(member.column for member in MEMBERS if member.kind is Kind.NESTED)
_MEMBER_COLUMNS = tuple(member.column for member in MEMBERS)
_CODED_COLUMNS = tuple(m.column for m in MEMBERS if m.kind is Kind.TEXT and m.column in REPEATED)
_TIME_COLUMN = "event_time"
_OTHERS = {_TIME_COLUMN, *_CODED_COLUMNS, *NESTED_COLUMNS}
_VALUE_COLUMNS = tuple(column for column in _MEMBER_COLUMNS if column not in _OTHERS)
_ABSENT_CODE = "\0"

Texts = tuple[npt.NDArray[np.int64], bytes]
"""Texts one after the other, and their lengths."""


@dataclass(slots=True)
class Batch:
    """Records on their way to rows, taken apart into columns.

    Of each member `values` has the value of every record; or, if its texts repeat, `codes` their codes; or, if it is
    nested, `texts` those of every object put one after the other, with their lengths (0 where it is absent). `instants`
    has the event times of every object, which are all of one length, one after the other. `others` has of each record
    the JSON text of what does not fit its columns, `positions` its place in its object, and `sources` the number the
    caller gave the object: an array for each object.
    """

    values: dict[str, list[Any]] = field(default_factory=lambda: {column: [] for column in _VALUE_COLUMNS})
    codes: dict[str, _Codes] = field(default_factory=lambda: {column: _Codes() for column in _CODED_COLUMNS})
    texts: dict[str, list[Texts]] = field(default_factory=lambda: {column: [] for column in NESTED_COLUMNS})
    instants: list[str] = field(default_factory=list)
    others: list[str | None] = field(default_factory=list)
    sources: list[npt.NDArray[np.int64]] = field(default_factory=list)
    positions: list[npt.NDArray[np.int64]] = field(default_factory=list)
    text_bytes: int = 0

    def __len__(self) -> int:
        return len(self.others)

    @classmethod
    def of(cls, documents: Iterable[tuple[Document, int]]) -> Batch:
        """Take the records of objects, each with its number."""
        batch = cls()
        for document, source in documents:
            batch.add(document, source)
        return batch

    def has_room(self, document: Document) -> bool:
        """Tell whether the records of an object can be taken, too."""
        text_bytes = self.text_bytes + document.text_bytes
        return len(self) + len(document.records) <= BATCH_RECORDS and text_bytes <= BATCH_BYTES

    def add(self, document: Document, source: int) -> None:
        """Take the records of one object: as soon as it is decoded, for then it is still in the processor's caches, and
        its text need not wait for that of others."""
        count = len(document.records)
        if not count:
            return
        # Tuples first: taking one attribute at a time costs half as much again.
        transposed = zip(*map(msgspec.structs.astuple, document.records), strict=True)
        for column, values in zip(_MEMBER_COLUMNS, transposed, strict=True):
            if column in self.codes:
                self.codes[column].add(values)
            elif column in self.values:
                self.values[column] += values
            elif column == _TIME_COLUMN:
                self.instants.append("".join(values))
            else:
                self.texts[column].append(_texts(values))
        self.others += [document.others.get(i) for i in range(count)] if document.others else [None] * count
        self.text_bytes += document.text_bytes
        self.sources.append(np.full(count, source))
        self.positions.append(np.array(document.positions) if document.positions else np.arange(count))

    def documents(self) -> Iterator[tuple[Document, int]]:
        """Put the records together again, with the number of their object."""
        members = dict(self.values)
        members |= {column: codes.texts() for column, codes in self.codes.items()}
        members |= {column: list(chain.from_iterable(map(_raws, texts))) for column, texts in self.texts.items()}
        members[_TIME_COLUMN] = _instants("".join(self.instants))
        rows = zip(*(members[column] for column in _MEMBER_COLUMNS), strict=True)
        records = [EventRecord(**dict(zip(_MEMBER_COLUMNS, values, strict=True))) for values in rows]
        start = 0
        for source, positions in zip(self.sources, self.positions, strict=True):
            here = slice(start, start + len(positions))
            others = {i: other for i, other in enumerate(self.others[here]) if other is not None}
            yield Document(records[here], positions.tolist(), others), int(source[0])
            start += len(positions)


def parts(document: Document) -> Iterator[Document]:
    """Cut an object that is more than a batch should be into such as are not, be its records all of one length."""
    fitting = len(document.records) * BATCH_BYTES // max(document.text_bytes, 1)
    return document.parts(max(min(fitting, BATCH_RECORDS), 1))


def halves(documents: Sequence[tuple[Document, int]]) -> Iterator[Sequence[tuple[Document, int]]]:
    """Cut what came of objects in two.

    Raises:
        ValueError: there is one record only.
    """
    if len(documents) == 1:
        (document, source), count = documents[0], len(documents[0][0].records)
        if count < 2:
            raise ValueError("a single record cannot be cut")
        documents = [(part, source) for part in document.parts(-(-count // 2))]
    middle = len(documents) // 2
    yield from (documents[:middle], documents[middle:])


class _Codes(dict[str | None, str]):
    """Texts that repeat, each with its code, and `parts`, every object's codes: half of what it costs to hand all texts
    to Arrow, and the texts need not wait.

    A code is a character, NUL where the text is absent, for Python joins characters faster than it packs numbers. A
    batch has fewer texts than there are before those that stand for halves of others (U+D800).
    """

    def __init__(self) -> None:
        super().__init__({None: _ABSENT_CODE})
        self.parts: list[str] = []

    def __missing__(self, text: str | None) -> str:
        code = self[text] = chr(len(self))
        return code

    def add(self, texts: Sequence[str | None]) -> None:
        """Take an object's texts."""
        if is_only(texts, texts[0]):
            self.parts.append(self[texts[0]] * len(texts))
        else:
            self.parts.append("".join(map(self.__getitem__, texts)))

    def texts(self) -> list[str | None]:
        """Give the texts of all objects."""
        texts = list(self)
        return [texts[ord(code)] for code in chain.from_iterable(self.parts)]

    def array(self) -> pa.DictionaryArray:
        """Give the texts of all objects as a column.

        Raises:
            ValueError: they are more than a column can hold.
        """
        codes = np.frombuffer("".join(self.parts).encode("utf-32-le"), "<u4").astype(np.int32) - 1
        is_absent = codes < 0
        if is_absent.all():
            return pa.nulls(len(codes), DICTIONARY)
        # Arrow looks up the codes of nulls, too, where it puts dictionaries together.
        indices = pa.array(np.where(is_absent, 0, codes), mask=is_absent) if is_absent.any() else pa.array(codes)
        texts = pa.array(list(self)[1:], pa.string())
        if isinstance(texts, pa.ChunkedArray):
            raise ValueError(f"{texts.nbytes} bytes in one column")
        return pa.DictionaryArray.from_arrays(indices, texts, safe=False)


def _texts(values: Sequence[Any]) -> Texts:
    if is_only(values, NO_TEXT):
        return np.zeros(len(values), dtype=np.int64), b""
    return np.fromiter(map(len, values), np.int64, len(values)), b"".join(values)


def _instants(text: str) -> list[str]:
    """Cut event times apart again."""
    return [text[start : start + INSTANT_LENGTH] for start in range(0, len(text), INSTANT_LENGTH)]


def _raws(texts: Texts) -> list[msgspec.Raw]:
    """Cut texts apart again."""
    lengths, text = texts
    ends = np.cumsum(lengths).tolist()
    return [
        msgspec.Raw(text[end - length : end]) if length else NO_TEXT
        for length, end in zip(lengths.tolist(), ends, strict=True)
    ]


def is_only(values: Sequence[Any], value: Any) -> bool:
    """Tell whether all are the same, which is quickly said where the first and the last are not: half of the members
    are in hardly any record, and the Region is the same in all of an object."""
    return not values or (values[0] == value == values[-1] and values.count(value) == len(values))
