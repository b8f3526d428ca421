"""Entries are cut apart as a parser would, as far as there is one that can."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.records.brackets import entries_of

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(entries=st.lists(ANY_JSON, max_size=5), indent=st.sampled_from([None, 1]), is_ascii=st.booleans())
def test_as_a_parser(entries: list[Any], indent: int | None, is_ascii: bool) -> None:
    """The entries are those that a parser finds, whatever brackets, quotes and backslashes their texts hold."""
    text = json.dumps({"Records": entries, "more": [1]}, indent=indent, ensure_ascii=is_ascii)
    found = entries_of(text.encode("utf-8", "surrogatepass"))

    assert found is not None
    assert [json.loads(each.decode("utf-8", "surrogatepass")) for each in found] == entries


@pytest.mark.parametrize(
    "text",
    [b"", b"[1]", b'{"other": 1, "Records": [1]}', b'{"Records": [1, 2', b'{"Records": [{"a": "]}', b'{"Records": 1}'],
)
def test_no_records(text: bytes) -> None:
    """A text that does not begin with a list of records, or breaks off in it, has none."""
    assert entries_of(text) is None


def test_too_long() -> None:
    """A text that would take minutes is not looked at."""
    assert entries_of(b'{"Records":[1' + b" " * 64 * 2**20 + b"]}") is None


@pytest.mark.parametrize("part", [b'\\"', b"[", b'"', b"\\", b'{"a":"'])
def test_time_is_bounded(part: bytes) -> None:
    """A text that is made to be searched again and again is read once: a megabyte of it takes no minutes."""
    assert entries_of(b'{"Records":["' + part * (2**20 // len(part))) is None
