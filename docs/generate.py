"""Write the generated parts of these pages: whatever stands between `<!-- generated: NAME -->` and `<!-- end -->`.

    python -m docs.generate            writes them anew
    python -m docs.generate --check    changes nothing; names stale pages and ends with status 1

Tables of settings, commands, rules and columns come from the code that uses them, DAGs from their source (Airflow is
not imported). What code does not say, such as what a column means, stands in `words.toml`, which must be complete.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from docs.generating.dags import dags, form
from docs.generating.markdown import DOCS
from docs.generating.settings import commands, presets, settings_tables
from docs.generating.tables import columns, files, reasons, rules

TABLES = ("events", "minute_counts", "insights", "reasons", "quarantine", "ledger", "coverage", "integrity")

_SECTION = re.compile(r"(?<=<!-- generated: )([\w ]+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)


def main(arguments: Sequence[str], folder: Path = DOCS) -> int:
    """Write the pages of a folder anew, or with `--check` only name those that are stale; give the exit status."""
    is_check = "--check" in arguments
    stale = [page for page in sorted(folder.glob("*.md")) if render(page.read_text("utf-8")) != page.read_text("utf-8")]
    for page in stale:
        print(f"{page.name} is stale: run make docs" if is_check else f"{page.name} written")
        if not is_check:
            page.write_text(render(page.read_text("utf-8")), encoding="utf-8")
    return int(is_check and bool(stale))


def render(page: str) -> str:
    """Give a page with its generated parts as they should be.

    Raises:
        KeyError: a part has a name nobody generates.
    """
    return _SECTION.sub(lambda part: f"{part[1]}{part[2]}{SECTIONS[part[1]]()}\n", page)


SECTIONS: dict[str, Callable[[], str]] = {
    "settings": settings_tables,
    "commands": commands,
    "presets": presets,
    "rules": rules,
    "reasons": reasons,
    "files": files,
    "dags": dags,
    "form": form,
    **{f"columns {table}": partial(columns, table) for table in TABLES},
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
