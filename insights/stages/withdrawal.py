"""Withdrawing the records of refuted log files: the policy `refuse`.

A log file is counted when it is read, for nobody wants to learn of an attack two hours late because a digest was; and
who can delete digests could otherwise silence detection. Once a digest refutes it, its records go from `events` to
`quarantine`. The hours they leave have another version then, so `count` and `detect` see to the rest: what the data no
longer show becomes `withdrawn` in the insights table.

Of several copies of a record the table holds one. Where a refuted file's was that one, the other files of the hour are
read once more, and theirs takes its place. What another file held that is gone by now nobody knows: a refuted record
may say what it likes under the id of a true one. So it is noted that the file is owed its records, until it is there
again. A file that somebody overwrote was read in two versions: the rows of the second name it with its ETag, so those
of the version that a digest vouches for stay, though nobody can fetch it again.

What retention is about to end is left as it is: of an hour from before `kept_since` files may be gone already, and what
is left of it must not be counted anew.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from insights.integrity.verdicts import Verdict
from insights.records.event import Refusal, restore_text
from insights.records.object_keys import TrailKey, parse_key, with_version
from insights.records.partitions import EventHour, parse_event_hour
from insights.records.schemas import EVENTS
from insights.stages import normalize
from insights.stages.workspace import Workspace
from insights.storage import events, integrity, ledger, quarantine
from insights.storage.integrity import LOG_FILE, REFUTED, Verdicts, Withdrawal
from insights.storage.objects import ObjectStore
from insights.storage.tables import read_version
from insights.storage.trail import UNKNOWN, TrailObject
from insights.windows import DAY, HOUR, Window

REASON = "refuted_object"

_log = logging.getLogger(__name__)
Entry = dict[str, Any]
"""An entry of the ledger, or a row of `events`."""

Version = tuple[str, str]
"""An object's key and ETag."""


def run(workspace: Workspace, span: Window) -> int:
    """Withdraw what is refuted of a span's deliveries and is still counted; give how many records that is now.

    First they go to quarantine, then from `events`; the note that an object is done comes last, so that a run that is
    killed is made up for by the next.

    Raises:
        StorageError: a file could not be read or written; run it again.
    """
    lake = workspace.lake
    refuted = judged(lake, span, REFUTED)
    if not refuted:
        return 0
    read = list(ledger.entries(lake, span, as_read=True))
    entries = [entry for entry in read if version_of(entry) in refuted]
    # Two runs that read two versions at once gave both one name: its rows are no sign that something is left to do.
    true = {name_of(entry) for entry in read if version_of(entry) not in refuted}
    done = integrity.withdrawals(lake, span)
    since = workspace.kept_since()
    rows = _rows(lake, entries, since)
    due = [
        entry
        for entry in entries
        if version_of(entry) not in done
        or done[version_of(entry)].was_read_again
        or (name_of(entry) in rows and name_of(entry) not in true)
    ]
    if not due:
        return 0
    _quarantine(lake, due, rows, refuted)
    for hour in hours_of(due, since):
        events.take_out(lake, hour, {name_of(entry) for entry in due})
    _put_back(workspace, due)
    quarantined = quarantine.records_by_version(lake, map(trail_object, due), REASON)
    for entry in due:
        integrity.withdraw(lake, _withdrawal(entry, quarantined[version_of(entry)], since))
    withdrawn = sum(map(len, rows.values()))
    _log.warning("%d records of %d refuted log files were withdrawn, first %r", withdrawn, len(due), version_of(due[0]))
    return withdrawn


def _withdrawal(entry: Entry, quarantined: int, since: datetime | None) -> Withdrawal:
    """Say how the records of a refuted file are to be counted, so many of which went to quarantine."""
    left = entry["kept"] + entry["duplicate"] - quarantined
    # Of hours that retention is about to end the records stay what they were: kept, as far as no other file had them.
    kept = 0 if is_whole(entry, since) else min(left, max(entry["kept"] - quarantined, 0))
    return Withdrawal(*version_of(entry), kept, left - kept, entry["quarantined"] + quarantined)


def is_whole(entry: Entry, since: datetime | None) -> bool:
    """Tell whether none of the event hours an object touches begins before an instant."""
    return len(hours_of([entry])) == len(hours_of([entry], since))


def judged(lake: ObjectStore, span: Window, verdict: str) -> dict[Version, str]:
    """Give the versions that were read in a span and have a verdict, with the reason for it in words."""
    return {
        (row["object_key"], row["object_etag"]): Verdict(row["reason"]).words
        for place in sorted(integrity.places(lake))
        for row in integrity.read_days(lake, *place, span)
        if row["kind"] == LOG_FILE and row["verdict"] == verdict and row["object_etag"]
    }


def _rows(lake: ObjectStore, entries: Sequence[Entry], since: datetime | None) -> dict[str, list[Entry]]:
    """Give the rows of `events` that come from some versions of objects, by `name_of` and in order of time."""
    names = pa.array(sorted({name_of(entry) for entry in entries}), pa.string())
    found: dict[str, list[Entry]] = defaultdict(list)
    for hour in hours_of(entries, since):
        table = read_version(lake, events.hour_key(hour), EVENTS).table
        for row in table.filter(pc.is_in(table["object_key"], names)).to_pylist():
            found[row["object_key"]].append(row)
    return found


def _quarantine(
    lake: ObjectStore, due: Sequence[Entry], rows: Mapping[str, Sequence[Entry]], refuted: Mapping[Version, str]
) -> None:
    refusals = []
    before = quarantine.contents(lake, map(trail_object, due), REASON)
    for entry in due:
        # What a run that was killed put there is there already, and has the first numbers.
        held = before[version_of(entry)]
        records = (restore_text(row).encode() for row in rows.get(name_of(entry), ()))
        fresh = [each for each in records if each[: quarantine.CONTENT_LIMIT] not in held]
        # No more than it brought: the rows may be those of two versions, if two runs read them at once.
        brought = entry["kept"] + entry["duplicate"]
        for number, content in enumerate(fresh[: max(brought - len(held), 0)], start=len(held)):
            refusals.append((trail_object(entry), Refusal(REASON, refuted[version_of(entry)], number, content)))
    quarantine.write(lake, refusals)


def _put_back(workspace: Workspace, due: Sequence[Entry]) -> None:
    """Read the other files of the hours again, if some of their records were left out as copies, or went with those of
    another version that has the same name."""
    hours = hours_of(due, workspace.kept_since())
    if not hours:
        return
    first, paths = hours[0].start, {hour.path for hour in hours}
    delivered = Window(first - DAY, max(workspace.now(), first) + HOUR)
    verdicts = Verdicts(workspace.lake)  # not the span's alone: what was refuted long ago must not come back
    others = [
        entry
        for entry in ledger.entries(workspace.lake, delivered, as_read=True)
        if paths.intersection(entry["partitions"]) and verdicts.of(*version_of(entry)).verdict != REFUTED
    ]
    went_with = {name_of(entry) for entry in due} & {name_of(entry) for entry in others}
    if not went_with and not any(entry["duplicate"] for entry in (*due, *others)):
        return
    there = still_there(workspace, others)
    found = set(map(version_of, there))
    noted = integrity.withdrawals(workspace.lake, delivered)
    # Of a loose file a newer version is all there is to be had: no digest says which one is true.
    newer = {entry["object_key"] for entry in there if entry["is_loose"]}
    gone = [entry for entry in others if version_of(entry) not in found and entry["object_key"] not in newer]
    _owe(workspace, gone, noted)
    results = normalize.read_again(workspace, [(trail_object(each), is_replacement_of(each)) for each in there])
    for entry, now in zip(there, results, strict=True):
        as_read = (entry["kept"], entry["duplicate"], entry["out_of_scope"])
        if (now.kept, now.duplicate, now.out_of_scope) != as_read or version_of(entry) in noted:
            withdrawal = Withdrawal(*version_of(entry), now.kept, now.duplicate, entry["quarantined"], now.out_of_scope)
            integrity.withdraw(workspace.lake, withdrawal)


def _owe(workspace: Workspace, gone: Sequence[Entry], noted: Mapping[Version, Withdrawal]) -> None:
    """Note which files that are gone have fewer rows than records by now: copies in a refuted file may have been the
    only ones. Or another file brings them too: which records a file held that is gone nobody knows. `restoration` puts
    them back once the files are there again."""
    lake, rows, kept = workspace.lake, Counter[str](), Counter[str]()
    whole = [entry for entry in gone if is_whole(entry, workspace.kept_since())]
    for hour in hours_of(whole):
        rows.update(read_version(lake, events.hour_key(hour), EVENTS, columns=["object_key"]).table[0].to_pylist())
        kept += events.kept_for(lake, hour)
    for entry in whole:
        numbers = (entry[name] for name in ("kept", "duplicate", "quarantined", "out_of_scope"))
        as_read = Withdrawal(*version_of(entry), *numbers)
        known = noted.get(version_of(entry), as_read)
        brought, name = known.kept + known.duplicate, name_of(entry)
        now = min(kept[name], brought)  # of rows that were kept for the refuted file, too
        is_owed = known.is_owed or rows[name] < brought
        if (now, is_owed) != (known.kept, known.is_owed):
            changed = msgspec.structs.replace(known, kept=now, duplicate=brought - now, is_owed=is_owed)
            integrity.withdraw(lake, changed)


def still_there(workspace: Workspace, entries: Sequence[Entry]) -> list[Entry]:
    """Give the entries whose version the trail still holds: what replaced it is nothing that was read."""
    folders = {entry["object_key"].rpartition("/")[0] + "/" for entry in entries}
    etags = {info.key: info.etag for folder in sorted(folders) for info in workspace.trail.list(folder.lstrip("/"))}
    return [entry for entry in entries if etags.get(entry["object_key"]) == entry["object_etag"]]


def hours_of(entries: Iterable[Entry], since: datetime | None = None) -> list[EventHour]:
    """Give the event hours that objects touch, oldest first; none that begins before an instant."""
    paths = {path for entry in entries for path in entry["partitions"]}
    hours = filter(None, map(parse_event_hour, paths))
    found = [hour for hour in hours if since is None or hour.start >= since]
    return sorted(found, key=lambda hour: (hour.start, hour))


def version_of(entry: Entry) -> Version:
    """Give key and ETag of an entry's object."""
    return entry["object_key"], entry["object_etag"]


def name_of(entry: Entry) -> str:
    """Give what the rows of an entry's records have as `object_key`."""
    return with_version(*version_of(entry)) if is_replacement_of(entry) else str(entry["object_key"])


def is_replacement_of(entry: Entry) -> bool:
    """Tell whether another version of an entry's object was read before."""
    # Files that were written before versions were told apart have no such column.
    return bool(entry.get("is_replacement"))


def trail_object(entry: Entry) -> TrailObject:
    """Give an entry's object as a search would find it."""
    name = parse_key(entry["object_key"])
    account, region = (name.account_id, name.region) if isinstance(name, TrailKey) else (UNKNOWN, UNKNOWN)
    return TrailObject(
        entry["object_key"],
        entry["object_etag"],
        entry["object_bytes"],
        account,
        region,
        entry["delivered_at"],
        entry["is_loose"],
    )
