"""The product: its own stages extract, normalize and count, in one process.

By default with the integrity policy `off`: no rival hashes what it reads.
"""

from __future__ import annotations

import sys

from insights.settings import parse_settings
from insights.stages.workspace import Workspace, tune_arrow
from insights.windows import Window, parse_instant


def main(trail: str, out: str, policy: str = "off") -> None:
    tune_arrow()
    from insights.stages import count, extract, normalize

    chosen = {"trail": {"url": trail}, "lake": {"url": out}, "integrity": {"policy": policy}}
    workspace = Workspace(parse_settings(chosen))
    window = Window(parse_instant("2026-11-01T00:00"), parse_instant("2026-12-31T00:00"))
    for shard in extract.run(window, workspace).shards:
        normalize.run(window, workspace, shard)
    count.run(window, workspace)


if __name__ == "__main__":
    main(*sys.argv[1:])
