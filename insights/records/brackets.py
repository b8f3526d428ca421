"""Cutting the entries of `Records` apart by their brackets alone, for texts that are nested too deeply for any parser.

A parser that goes down a level of the text with each level of the stack has to stop somewhere; counting does not.
"""

from __future__ import annotations

import re

_BEGIN = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
"""A string that does not end is taken to the end at once: looking for the end of each part of it takes for ever."""
_LONGEST_BYTES = 64 * 2**20
"""Counting takes three seconds for so much of a trail, and half a minute for so many brackets."""
_OPENING, _CLOSING = b"[{", b"]}"


def entries_of(text: bytes) -> list[bytes] | None:
    """Give the texts of the entries, whatever they hold; None where the text does not begin with its `Records`, as
    CloudTrail's do, their list does not end, or it is too long to be counted through.

    >>> entries_of(b'{"Records": [{"a": [1, "]"]}, 2]}')
    [b'{"a": [1, "]"]}', b'2']
    """
    begin = _BEGIN.match(text) if len(text) <= _LONGEST_BYTES else None
    if begin is None:
        return None
    entries: list[bytes] = []
    start, depth = begin.end(), 0
    for token in _TOKEN.finditer(text, start):
        mark = token[0]
        if mark in _OPENING:
            depth += 1
        elif depth and mark in _CLOSING:
            depth -= 1
        elif not depth and mark in b",]":
            entries.append(text[start : token.start()].strip())
            start = token.end()
            if mark == b"]":
                return entries if entries != [b""] else []
    return None
