"""What can be told of a trail's and a lake's place before anything in it is read."""

from __future__ import annotations

from pathlib import Path

from insights.errors import NotFoundError, StorageError
from insights.storage.objects import ObjectStore

_TABLES = ("coverage", "events", "insights", "integrity", "ledger", "minute_counts", "quality", "quarantine", "reasons")
_LAKE_FOLDERS = frozenset(f"{name}/" for name in ("state", *_TABLES))
"""A lake has one of these: the first run that looks for objects, found or not, writes to `state/`, and a copy to look
at may be of some tables only."""

_RECORDS = "AWSLogs"


def no_lake(url: str) -> NotFoundError:
    """Make the error for a place without a lake."""
    return NotFoundError(
        f"there is no lake in {url}: check its name; a new one is made by `insights run`, or by the DAG trail_ingest"
    )


def refuse_no_lake(store: ObjectStore) -> None:
    """Refuse a place in which nothing was ever ingested, at the cost of one listing.

    Raises:
        NotFoundError: it is no lake.
    """
    if _LAKE_FOLDERS.isdisjoint(store.list_folder("").folders):
        raise no_lake(store.url)


def refuse_lake_in_trail(trail: str, lake: str) -> None:
    """Refuse two URLs where looking for the trail's objects would find the lake's files.

    A folder around the trail's is refused too. A bucket may hold the trail below the lake's prefix, unless its Insight
    records would lie in the trail.

    Raises:
        StorageError: they do not go together; the message says where the lake may be.
    """
    of_trail, of_lake = _parts(trail), _parts(lake)
    if not of_trail or not of_lake:
        return
    below_lake = of_trail[len(of_lake) :] if of_trail[: len(of_lake)] == of_lake else None
    is_in_trail = of_lake[: len(of_trail)] == of_trail
    is_around = below_lake is not None and (of_lake[0] != "s3:" or below_lake[:1] == (_RECORDS,))
    if is_in_trail or is_around:
        where = "the same place as" if of_trail == of_lake else "in" if is_in_trail else "around"
        raise StorageError(
            f"the lake {lake} is {where} the trail {trail}: its files would lie among the trail's, or be taken for "
            "them; choose a bucket, prefix or folder beside the trail's"
        )


def _parts(url: str) -> tuple[str, ...]:
    """Give the steps to a place, or none where it is in memory."""
    scheme, found, rest = url.partition("://")
    if found and scheme != "file":
        return (f"{scheme}:", *filter(None, rest.split("/"))) if scheme == "s3" else ()
    return Path(rest if found else url).expanduser().resolve().parts
