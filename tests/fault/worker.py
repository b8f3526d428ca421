"""What a process of the kill test does: read shards and count, like a worker of Airflow, until it is killed."""

from __future__ import annotations

from multiprocessing.synchronize import Barrier

import pyarrow as pa

from insights.settings import parse_settings
from insights.stages import count, normalize
from insights.stages.workspace import Workspace
from insights.windows import Window


def work(trail: str, lake: str, window: Window, shards: list[str], ready: Barrier) -> None:
    workspace = Workspace(parse_settings({"trail": {"url": trail}, "lake": {"url": lake}}))
    pa.array([""])  # makes pyarrow import pandas, which takes longer than all the work
    ready.wait()
    for shard in shards:
        normalize.run(window, workspace, shard)
    count.run(window, workspace)
