"""Tables as Markdown, and the words that no code says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
PROJECT = DOCS.parent
WORDS: Mapping[str, Any] = tomllib.loads((DOCS / "words.toml").read_text(encoding="utf-8"))


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a table with a head."""
    return "\n".join(_lines(head, rows))


def _lines(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"


def prose(text: str) -> str:
    """Keep what looks like a tag from being taken for one."""
    return text.replace("<", "&lt;")


def nothing_left(known: Mapping[str, Any], where: str) -> None:
    """Refuse words about what the code does not know.

    Raises:
        KeyError: some are left.
    """
    if known:
        raise KeyError(f"{where} speaks of {', '.join(known)}, which the code does not know")
