"""From the bytes of a trail object to its records.

The whole document is decoded in one typed pass; only a document that does not fit is read record by record, so that one
bad record costs itself and nothing else.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec
from isal import igzip
from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor, IsalError

from insights.records.brackets import entries_of
from insights.records.event import MEMBERS, EventRecord, Refusal, mend

GZIP_MAGIC = b"\x1f\x8b"
UNPACKED_LIMIT_BYTES = 2**30
"""What an object may unpack to if nobody says otherwise: the largest of CloudTrail have 50 MB packed (CloudTrail User
Guide, "Quotas"), and trails pack to a tenth, those of few callers to a twentieth."""

_DEFLATE_MOST = 1032
"""No byte of a deflate stream unpacks to more (zlib Technical Details, "Maximum Compression Factor")."""

_USUAL_MOST = 64
"""Trails do not come near this. More is not set aside for what an object says of itself."""

_CHUNK_BYTES = 2**22
MOST_REFUSALS = 1_000
"""So many records of an object are refused one by one, and one more for each that is kept; the rest then together. Else
a packed kilobyte of junk would cost a gigabyte of quarantine."""

_MANY_ENTRIES = 500_000
_DENSE_BYTES = 8
"""An object that may have more entries than that, by its commas, and fewer bytes than these for each, is looked at
before it is taken apart: an entry costs a hundred bytes of memory, and the shortest record has 85."""

_UNFIT = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""How msgspec refuses a text: not this type, not UTF-8, or nested a thousand deep."""


class _Document(msgspec.Struct, gc=False):
    records: list[EventRecord] = msgspec.field(name="Records")


class _Seen:
    """Stands for an entry that was looked at."""


class _SeenDocument(msgspec.Struct, gc=False):
    records: list[_Seen] = msgspec.field(name="Records")


class _JunkError(Exception):
    """There are too many entries that are no records."""


_SEEN = _Seen()
_FEWEST_MEMBERS = sum(member.is_required for member in MEMBERS) - 1


class _RawDocument(msgspec.Struct, gc=False):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_typed = msgspec.json.Decoder(_Document)
_raw = msgspec.json.Decoder(_RawDocument)
_record = msgspec.json.Decoder(EventRecord)


@dataclass(slots=True)
class Document:
    """What one trail object holds: `records` in order, `others[i]` what does not fit record i, and the refusals.

    `positions[i]` is record i's place in the object; it is empty where all of them were read. `text_bytes` is how long
    the text is, or these records' share of it. `content_hash` is its SHA-256, in hex, where it was asked for and the
    object is a gzip of one member.
    """

    records: list[Any] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    others: dict[int, str] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    text_bytes: int = field(default=0, compare=False)
    content_hash: str | None = None

    @property
    def records_in(self) -> int:
        """How many entries its Records list has; a refused object has none."""
        return len(self.records) + sum(each.records for each in self.refusals if each.index is not None)

    def parts(self, size: int) -> Iterator[Document]:
        """Cut the records into documents of at most `size` each, in order."""
        if len(self.records) <= size:
            yield self
            return
        positions = self.positions or range(len(self.records))
        for start in range(0, len(self.records), size):
            here = slice(start, start + size)
            # Not by all that the object has, for each part: it may have millions, in hundreds of parts.
            others = {i: self.others[start + i] for i in range(size) if start + i in self.others}
            records = self.records[here]
            share = self.text_bytes * len(records) // len(self.records)
            yield Document(records, list(positions[here]), others, text_bytes=share)

    def without(self, refused: Collection[int]) -> Document:
        """Leave records out, by their numbers in `records`."""
        stays = [i for i in range(len(self.records)) if i not in refused]
        others = {new: self.others[i] for new, i in enumerate(stays) if i in self.others}
        positions = [self.positions[i] if self.positions else i for i in stays]
        return Document([self.records[i] for i in stays], positions, others)


def read_document(
    name: str, body: bytes, *, limit_bytes: int = UNPACKED_LIMIT_BYTES, is_hashing: bool = False
) -> Document:
    """Read a trail object, unless its text is longer than a limit; give its hash, too, if asked to.

    `name` decides nothing but how a body that is no gzip is explained.
    """
    unpacked = _gunzip(name, body, limit_bytes)
    if isinstance(unpacked, Refusal):
        return Document(refusals=[unpacked])
    text, is_one_member = unpacked
    try:
        document = Document(records=_typed.decode(text).records)
    except _UNFIT:
        document = _read_one_by_one(text)
    document.text_bytes = len(text)
    if is_hashing and is_one_member:
        document.content_hash = sha256(text).hexdigest()
    return document


def _gunzip(name: str, body: bytes, limit_bytes: int) -> tuple[bytes, bool] | Refusal:
    """Give the text of an object, and whether it is known to be a gzip of one member."""
    if not body:
        return Refusal("empty_object", "0 bytes", None, b"")
    if not body.startswith(GZIP_MAGIC):
        if name.endswith(".gz") and not body.lstrip().startswith((b"{", b"[")):
            return Refusal("not_gzip", f"begins with {body[:16]!r}", None, body)
        return (body, False) if len(body) <= limit_bytes else refuse_too_large(len(body), limit_bytes, body)
    try:
        unpacked = _unpack(body, limit_bytes)
    except EOFError as error:
        return Refusal("truncated_gzip", str(error), None, body)
    except (gzip.BadGzipFile, IsalError) as error:  # type: ignore[misc]  # its stub gives an instance for the class
        return Refusal("corrupt_gzip", str(error), None, body)
    return refuse_too_large(len(body), limit_bytes, body) if unpacked is None else unpacked


def _unpack(body: bytes, limit_bytes: int) -> tuple[bytes, bool] | None:
    """Unpack a gzip of one or more members, or give None once it is longer than the limit.

    What cannot reach the limit, which is nearly everything, is unpacked at one go; the rest a chunk at a time.
    """
    if len(body) * _DEFLATE_MOST <= limit_bytes:
        # The last four bytes say how long the text is, so that its memory need not grow, which costs a tenth. What is
        # longer than that comes to no end here.
        size_bytes = min(int.from_bytes(body[-4:], "little"), len(body) * _USUAL_MOST)
        member = IgzipDecompressor(flag=DECOMP_GZIP)
        text: bytes = member.decompress(body, size_bytes + 1)
        if member.eof and not member.unused_data:
            return text, True
        text = igzip.decompress(body)  # type: ignore[no-untyped-call]
        return text, False
    unpacked = io.BytesIO()
    with igzip.IGzipFile(fileobj=io.BytesIO(body)) as packed:  # type: ignore[no-untyped-call]
        while chunk := packed.read(_CHUNK_BYTES):
            if unpacked.tell() + len(chunk) > limit_bytes:
                return None
            unpacked.write(chunk)
    return unpacked.getvalue(), False


def refuse_too_large(size_bytes: int, limit_bytes: int, body: bytes) -> Refusal:
    """Refuse an object of so many bytes for the text it unpacks to."""
    return Refusal(
        "object_too_large",
        f"{size_bytes:,} bytes hold more than {limit_bytes:,} unpacked: if it is a trail object, set "
        f"ingest.unpacked_megabytes above {limit_bytes // 2**20} and copy it under another name beside this one",
        None,
        body,
    )


def _read_one_by_one(text: bytes) -> Document:
    if _is_junk(text):
        detail = f"of the first entries of {len(text):,} bytes more than {MOST_REFUSALS:,} are no records"
        return Document(refusals=[Refusal("mostly_no_records", detail, None, text)])
    try:
        entries: Sequence[bytes | msgspec.Raw] = _raw.decode(text).records
    except _UNFIT as error:
        found = _entries_leniently(text, error)
        if isinstance(found, Refusal):
            return Document(refusals=[found])
        entries = found
    document = Document()
    for index, entry in enumerate(entries):
        if len(document.refusals) >= MOST_REFUSALS + len(document.records):
            document.refusals.append(_refuse_rest(len(entries) - index, index))
            break
        result = _read_record(bytes(entry), index)
        if isinstance(result, Refusal):
            document.refusals.append(result)
            continue
        record, other = result
        if other is not None:
            document.others[len(document.records)] = other
        document.records.append(record)
        document.positions.append(index)
    return document


def _is_junk(text: bytes) -> bool:
    """Tell whether an object has too many entries that cannot be records, while only the last is in memory."""
    commas = text.count(b",")
    if commas < _MANY_ENTRIES or commas * _DENSE_BYTES < len(text):
        return False
    allowed = MOST_REFUSALS

    def look(kind: type, entry: Any) -> object:
        nonlocal allowed
        allowed += 1 if isinstance(entry, dict) and len(entry) > _FEWEST_MEMBERS else -1
        if allowed < 0:
            raise _JunkError
        return _SEEN

    try:
        msgspec.json.decode(text, type=_SeenDocument, dec_hook=look)
    except _JunkError:
        return True
    except _UNFIT:
        return False
    return False


def _refuse_rest(records: int, index: int) -> Refusal:
    detail = f"the {records:,} records from this one on: of the {index:,} before them most were refused"
    return Refusal("mostly_refused", detail, index, b"", records)


def _entries_leniently(text: bytes, error: Exception) -> list[bytes] | Refusal:
    """Try the standard library's parser, which forgives more; else say what the object is instead."""
    try:
        value = json.loads(text.decode("utf-8", errors="replace"))
    except RecursionError:
        entries = entries_of(text)
        return Refusal("not_json", "nested too deeply", None, text) if entries is None else entries
    except ValueError:
        return Refusal("not_json", _shape(text) or str(error), None, text)
    if isinstance(value, dict) and isinstance(value.get("Records"), list):
        return [json.dumps(entry).encode() for entry in value["Records"]]
    kind = f"the top level is a {'list' if isinstance(value, list) else type(value).__name__}"
    if isinstance(value, dict):
        kind = f"the members are {', '.join(sorted(value)[:8]) or 'none'}"
    return Refusal("no_records", kind, None, text)


_BEGINNINGS = {
    GZIP_MAGIC: "packed twice: what is unpacked is a gzip stream again",
    b"\xef\xbb\xbf": "begins with a byte order mark: a program has saved it anew",
    b"\xff\xfe": "UTF-16, or begins with its byte order mark: a program has saved it anew",
    b"\xfe\xff": "UTF-16, or begins with its byte order mark: a program has saved it anew",
}


def _shape(text: bytes) -> str | None:
    """Recognise what people put beside trails: what was packed or saved anew, and one JSON object a line."""
    for beginning, shape in _BEGINNINGS.items():
        if text.startswith(beginning):
            return shape
    lines = text.split(b"\n", 2)
    if len(lines) < 2:
        return None
    try:
        first = json.loads(lines[0])
        json.loads(lines[1] or b"{}")
    except ValueError:
        return None
    made_by = " (Logstash)" if isinstance(first, dict) and "@timestamp" in first else ""
    return f"one JSON object a line{made_by}: not a trail object"


def _read_record(entry: bytes, index: int) -> tuple[Any, str | None] | Refusal:
    try:
        return _record.decode(entry), None
    except _UNFIT:
        pass
    try:
        value = json.loads(entry)
        if isinstance(value, dict):
            return mend(value, index, entry)
    except UnicodeDecodeError as error:
        return Refusal("invalid_text", str(error), index, entry)
    except (ValueError, RecursionError) as error:
        return Refusal("not_json", str(error), index, entry)
    return Refusal("record_not_an_object", f"a {type(value).__name__}", index, entry)
