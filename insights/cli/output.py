"""How commands speak: tables and progress bars for people, one JSON document for programs.

Log text is printed as it is but for control characters, which could rewrite a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from insights.errors import StorageError
from insights.windows import format_instant


def _stderr() -> Console:
    return Console(stderr=True, highlight=False)


def _stdout() -> Console:
    return Console(highlight=False)


@dataclass
class Output:
    """Prints what commands have to say: results to standard output, everything else to standard error."""

    as_json: bool = False
    results: Console = field(default_factory=_stdout)
    notes: Console = field(default_factory=_stderr)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table; nothing in JSON mode. A column whose name ends in a star may be folded, the others may not."""
        if self.as_json:
            return
        table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(column.rstrip("*"), overflow="fold", no_wrap=not column.endswith("*"))
        for row in rows:
            table.add_row(*(Text(shown(value)) for value in row))
        self.results.print(table)

    def say(self, text: str) -> None:
        """Print a line for people; nothing in JSON mode."""
        if not self.as_json:
            # Lines stay whole, so that JSON can be copied out of them.
            self.results.print(Text(text), soft_wrap=True)

    def document(self, value: Any) -> None:
        """Print the result for programs; nothing in the other mode."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, indent=2, default=shown, ensure_ascii=True) + "\n")

    @contextmanager
    def progress(self) -> Iterator[Steps]:
        """Show how far something long has come: bars on a terminal, else a line when a step begins and ends."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.notes, disable=not self.notes.is_terminal) as bars:
            yield Steps(bars, self.notes)


@dataclass
class Steps:
    """The steps of something long."""

    bars: Progress
    notes: Console
    _tasks: dict[str, TaskID] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    def advance(self, step: str, done: int, total: int) -> None:
        """Tell how much of a step is done."""
        if step not in self._tasks:
            self._tasks[step] = self.bars.add_task(step)
            self._note(f"{step} …")
        self.bars.update(self._tasks[step], completed=done, total=total or 1)
        if done >= total and step not in self._ended:
            self._ended.add(step)
            self._note(f"{step}: {done} of {total}")

    def _note(self, text: str) -> None:
        if not self.notes.is_terminal:
            self.notes.print(Text(text))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Write a file of the user's choice.

    Raises:
        StorageError: the system does not let us.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}: name another file or folder") from error


def shown(value: object) -> str:
    """Write a value for people, control characters made visible."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.4g}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value))
