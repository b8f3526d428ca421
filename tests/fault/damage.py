"""Ways in which trail objects go bad, each drawn from a seeded generator: from records to the bytes of an object."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from random import Random
from typing import Any

Records = list[Any]
ODD_VALUES: tuple[Any, ...] = (
    None, True, "true", "false", 0, -1, 2**70, 1.5, "", "null", [], {}, "a\ud800b", "\x00", "../..", ["x"], {"a": {}},
    "0001-01-01T00:00:00Z", "2026-11-01T13:05:07.123Z", "9999-12-31T23:59:59Z", "x" * 5000,
)  # fmt: skip


def pack(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


def written(records: Records) -> bytes:
    return json.dumps({"Records": records}).encode()


def cut(rng: Random, records: Records) -> bytes:
    content = pack(written(records))
    return content[: rng.randrange(len(content))]


def cut_text(rng: Random, records: Records) -> bytes:
    text = written(records)
    return pack(text[: rng.randrange(len(text))])


def flipped(rng: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flip_gzip(rng: Random, records: Records) -> bytes:
    return flipped(rng, pack(written(records)))


def flip_text(rng: Random, records: Records) -> bytes:
    return pack(flipped(rng, written(records)))


def no_utf8(rng: Random, records: Records) -> bytes:
    text = written(records)
    at = rng.randrange(len(text))
    return pack(text[:at] + rng.choice((b"\xff\xfe", b"\xc3(", b"\xed\xa0\x80", b"\x80")) + text[at:])


def members(rng: Random, records: Records) -> bytes:
    """Several gzip members of one text, or in the wrong order, or of two documents, or with something behind."""
    text = written(records)
    at = rng.randrange(len(text))
    first, second = pack(text[:at]), pack(text[at:])
    return rng.choice((first + second, second + first, pack(text) * 2, first + second + bytes(700), pack(text) + b"x"))


def other_documents(rng: Random, records: Records) -> bytes:
    lines = "\n".join(json.dumps(each) for each in records)
    others = (lines, json.dumps(records), json.dumps({"records": records}), json.dumps({"Records": {"0": records}}), "")
    return pack(rng.choice(others).encode())


def replaced(rng: Random, records: Records, texts: tuple[str, ...]) -> bytes:
    """Put a text that json.dumps would not write in the place of some member's value."""
    victim = rng.choice(records)
    name = rng.choice([*victim, "newMember"])
    victim[name] = "PLACE"
    return pack(written(records).replace(b'"PLACE"', rng.choice(texts).encode()))


def numbers(rng: Random, records: Records) -> bytes:
    return replaced(rng, records, ("NaN", "-Infinity", "1e999", "9" * 5000, "1E-400", "-0", "01", "1.", "0x10"))


def nesting(rng: Random, records: Records) -> bytes:
    depth = rng.choice((10, 900, 1500, 20_000))
    return replaced(rng, records, ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth))


def duplicate_member(rng: Random, records: Records) -> bytes:
    at = rng.randrange(len(records))
    name = rng.choice(list(records[at]))
    twice = f'{{"{name}":{json.dumps(rng.choice(ODD_VALUES))},' + json.dumps(records[at])[1:]
    texts = [twice if i == at else json.dumps(each) for i, each in enumerate(records)]
    return pack(f'{{"Records":[{",".join(texts)}]}}'.encode())


def edited(rng: Random, records: Records) -> bytes:
    """Drop members, give them other types or each other's values, or put something else in a record's place."""
    for _ in range(rng.randint(1, 4)):
        victim = rng.choice([each for each in records if isinstance(each, dict)] or [{"": 0}])
        name = rng.choice(list(victim) or [""])
        match rng.randrange(6):
            case 0:
                victim.pop(name, None)
            case 1:
                victim[name] = rng.choice(ODD_VALUES)
            case 2:
                other = rng.choice(list(victim) or [""])
                victim[name], victim[other] = victim.get(other), victim.get(name)
            case 3:
                victim |= {"readOnly": rng.choice(("true", "false", "no")), "managementEvent": "true"}
            case 4:
                victim[rng.choice(("newMember", "", "Records", "é"))] = rng.choice(ODD_VALUES)
            case _:
                records[rng.randrange(len(records))] = rng.choice(ODD_VALUES)
    return pack(written(records))


WAYS: tuple[Callable[[Random, Records], bytes], ...] = (
    cut, cut_text, flip_gzip, flip_text, no_utf8, members, other_documents, numbers, nesting, duplicate_member, edited,
    edited, edited,
)  # fmt: skip


def damaged(rng: Random, records: Records) -> bytes:
    """Give the content of an object of these records that went bad in one way; the records may be changed."""
    return rng.choice(WAYS)(rng, records)
