"""extract: find the trail objects that are new, and cut them into shards of bounded bytes.

The truth is the listing minus the ledger; there is no watermark. The shards are written to the lake, so that what is
handed on is a few short keys whatever the size of the trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from insights.stages.report import ExtractReport
from insights.stages.workspace import Workspace
from insights.storage import discovery, documents, ledger
from insights.storage.discovery import Discovery
from insights.storage.tables import put_if_new
from insights.storage.trail import Search, TrailObject
from insights.windows import Window

MAXIMUM_SHARDS = 500
"""Fewer than the thousand or so parts into which orchestrators like to cut one step."""

_codec = msgspec.json.Decoder(list[TrailObject])


def run(window: Window, workspace: Workspace) -> ExtractReport:
    """List what was delivered for a window and plan the reading of what is not in the ledger.

    Raises:
        WindowError: the window begins before what retention keeps.
    """
    workspace.refuse_forgotten(window)
    search = Search(workspace.trail, workspace.delivered(window), workspace.settings.trail)
    new: list[TrailObject] = []
    already_read = 0
    for each, is_unread in ledger.unread(workspace.lake, search.objects()):
        if is_unread:
            new.append(each)
        else:
            already_read += 1
    discovery.write(workspace.lake, window, Discovery(search.requests, search.listed))
    shards = shard(new, workspace.settings.ingest.shard_megabytes * 2**20)
    return ExtractReport(
        window=str(window),
        listed=search.listed,
        to_read=len(new),
        already_read=already_read,
        skipped=dict(sorted(search.skipped.items())),
        bytes_to_read=sum(each.size for each in new),
        list_requests=search.requests,
        shards=tuple(_write_plan(workspace, objects) for objects in shards),
    )


def shard(objects: Iterable[TrailObject], maximum_bytes: int) -> Iterator[list[TrailObject]]:
    """Cut objects into lists of at most so many bytes (or of one larger object), those of a time and place together."""
    ordered = sorted(objects, key=lambda each: (each.account_id, each.region, each.delivered_at, each.key))
    limit = max(maximum_bytes, sum(each.size for each in ordered) // MAXIMUM_SHARDS)
    part: list[TrailObject] = []
    size = 0
    for each in ordered:
        if part and size + each.size > limit:
            yield part
            part, size = [], 0
        part.append(each)
        size += each.size
    if part:
        yield part


def read_plan(workspace: Workspace, key: str) -> list[TrailObject]:
    """Read the objects of one shard."""
    return documents.read(workspace.lake, key, _codec)[0]


def _write_plan(workspace: Workspace, objects: list[TrailObject]) -> str:
    key = f"plans/{objects[0].date}/{ledger.unit_name(objects)}.json"
    put_if_new(workspace.lake, key, msgspec.json.encode(objects))
    return key
