"""What tells the events of an hour apart: 128 bits each.

Half of them tell nearly all rows apart, and sorting by that half costs a fifth: the rest is looked at only where the
halves are the same.
"""

from __future__ import annotations

import json
from binascii import unhexlify
from collections.abc import Callable
from hashlib import blake2b
from string import hexdigits
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from insights.records.addendum import CORRECTION, corrected_event_id
from insights.records.columns import whole

_UUID_FORM = b"00000000-0000-0000-0000-000000000000"
_UUID_LENGTH = len(_UUID_FORM)
_FORMS = bytes(ord("0") if chr(i) in hexdigits else i if i == ord("-") else ord("?") for i in range(256))
"""What each byte is for the form of a UUID."""
_NAME_LENGTH = 100


def event_keys(table: pa.Table) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Give 128 bits a row that tell events apart: the event id's own where it is a UUID, else a hash of it, or, where
    the record has none (version 1.0), of the whole record: only then all columns are asked for."""
    ids, corrected = whole(table["event_id"]), corrected_ids(table)
    if corrected.null_count < len(corrected):
        ids = pc.coalesce(corrected, ids)
    keys = np.zeros((table.num_rows, 16), dtype=np.uint8)
    is_done = _decode_uuids(ids, keys)
    for i in np.flatnonzero(~is_done):
        text = ids[int(i)].as_py()
        content = text.encode() if text is not None else _content(table.slice(int(i), 1))
        keys[i] = np.frombuffer(blake2b(content, digest_size=16).digest(), dtype=np.uint8)
    halves = keys.view(">u8").astype(np.uint64)
    return halves[:, 0], halves[:, 1]


def _decode_uuids(ids: pa.Array, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Fill in the keys of the rows whose id is a UUID; tell which those are."""
    is_uuid: npt.NDArray[np.bool_] = pc.fill_null(pc.equal(pc.binary_length(ids), _UUID_LENGTH), False).to_numpy(
        zero_copy_only=False
    )
    if not is_uuid.any():
        return is_uuid
    text = _text(ids if is_uuid.all() else ids.filter(pa.array(is_uuid)))
    forms = text.translate(_FORMS)
    if forms != _UUID_FORM * (len(text) // _UUID_LENGTH):
        is_hex = np.frombuffer(forms, dtype=f"S{_UUID_LENGTH}") == _UUID_FORM
        text = np.frombuffer(text, dtype=f"V{_UUID_LENGTH}")[is_hex].tobytes()
        is_uuid[np.flatnonzero(is_uuid)[~is_hex]] = False
    digits = text.translate(None, b"-")
    keys[is_uuid] = np.frombuffer(unhexlify(digits), dtype=np.uint8).reshape(-1, 16)
    return is_uuid


def _text(uuids: pa.Array) -> bytes:
    """Give texts of the length of a UUID one after the other."""
    _, offsets, text = uuids.buffers()
    start = int(np.frombuffer(offsets, dtype=np.int32)[uuids.offset])
    content: bytes = text[start : start + len(uuids) * _UUID_LENGTH].to_pybytes()
    return content


def _content(row: pa.Table) -> bytes:
    values: dict[str, Any] = row.drop_columns(["object_key"]).to_pylist()[0]
    return json.dumps(values, default=str, sort_keys=True).encode()


def corrected_ids(table: pa.Table) -> pa.Array:
    """Give the event id each row corrects, null for the rows (nearly all) that correct none."""
    addenda = table["addendum_json"]
    may_correct = pc.fill_null(pc.match_substring(addenda, CORRECTION), False)
    if not pc.any(may_correct).as_py():
        return pa.nulls(len(addenda), pa.string())
    ids = [corrected_event_id(text) for text in addenda.filter(may_correct).to_pylist()]
    return pc.replace_with_mask(pa.nulls(len(addenda), pa.string()), may_correct.combine_chunks(), pa.array(ids))


def event_names(table: pa.Table) -> pa.Array:
    """Give the event ids of rows, of corrections those of what they correct, in lower case: rows of one event that have
    an id have equal ones. Who writes a log file may choose them: a long one is cut off, and none is null."""
    ids = pc.coalesce(corrected_ids(table), table["event_id"].combine_chunks(), pa.scalar("", pa.string()))
    return pc.utf8_lower(pc.utf8_slice_codeunits(ids, 0, _NAME_LENGTH))


def are_different(one: pa.Table, other: pa.Table) -> npt.NDArray[np.bool_]:
    """Compare the rows of two tables of equal columns and length, but for the objects they came from. JSON that is only
    written another way, as by a tool that copies a trail, is the same."""
    found = np.zeros(len(one), dtype=bool)
    for name in sorted(one.column_names, key=lambda name: name.endswith("_json")):  # what is cheap to compare first
        if name != "object_key" and not one[name].equals(other[name]):
            mine, its = (_values(table[name]) for table in (one, other))
            same = pc.fill_null(pc.equal(mine, its), False).to_numpy()
            differs = ~(same | (pc.is_null(mine).to_numpy() & pc.is_null(its).to_numpy()))
            if name.endswith("_json"):
                rows = np.flatnonzero(differs & ~found)
                texts = (each.take(pa.array(rows)).to_pylist() for each in (mine, its))
                differs[rows] = [_are_different_json(*both) for both in zip(*texts, strict=True)]
            found |= differs
    return found


def _are_different_json(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return True
    try:
        # What is false differs for a quick look, too: it costs a tenth.
        return bool(msgspec.json.decode(one) != msgspec.json.decode(other) or _as_told(one) != _as_told(other))
    except (ValueError, RecursionError):
        return True


def _as_told(text: str) -> Any:
    """Read JSON with all that is in it: each digit of a number, each member of one name."""
    return json.loads(text, parse_int=_number, parse_float=_number, object_pairs_hook=_members)


def _number(digits: str) -> tuple[str]:
    return (digits,)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is there twice")
    return members


def _values(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def grouped(
    high: npt.NDArray[np.uint64],
    low: npt.NDArray[np.uint64],
    precedence: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Number events by the halves of their keys; give the event of each row, and the row that stays of each event: the
    one of the lowest precedence, which is asked of the few rows only that may be copies."""
    is_alone = _is_alone(high)
    alone, others = np.flatnonzero(is_alone), np.flatnonzero(~is_alone)
    by_event = others[np.lexsort((precedence(others), low[others], high[others]))]
    is_first = np.ones(len(by_event), dtype=bool)
    is_first[1:] = (np.diff(high[by_event]) != 0) | (np.diff(low[by_event]) != 0)
    event = np.empty(len(high), dtype=np.int64)
    event[alone] = np.arange(len(alone))
    event[by_event] = len(alone) + np.cumsum(is_first) - 1
    return event, np.concatenate([alone, by_event[is_first]])


def _is_alone(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Mark the values that occur once."""
    order = np.argsort(values)
    is_new = np.ones(len(values) + 1, dtype=bool)
    is_new[1:-1] = np.diff(values[order]) != 0
    is_alone = np.empty(len(values), dtype=bool)
    is_alone[order] = is_new[:-1] & is_new[1:]
    return is_alone


def by_time(
    time: npt.NDArray[np.int64], high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]
) -> npt.NDArray[np.int64]:
    """Order the events of an hour by time, those of one instant by key, whatever order they came in.

    An hour's microseconds need 32 bits, and 32 of the key's nearly always tell the rest apart.
    """
    since_first = (time - time.min(initial=np.iinfo(np.int64).max)).astype(np.uint64)
    both = since_first << np.uint64(32) | high >> np.uint64(32)
    order: npt.NDArray[np.int64] = np.argsort(both)
    return order if (np.diff(both[order]) != 0).all() else np.lexsort((low, high, time))
