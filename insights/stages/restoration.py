"""Putting back what was withdrawn: the policy `refuse`, where a digest vouches for a log file after all.

A file that digests do not list is refuted, though CloudTrail may have delivered it late: then a backfill digest lists
it, hours after the others. Its records leave the quarantine and are in `events` again.

So are those of a true file that was gone when a refuted one's copies of its records were withdrawn, once somebody has
put it back into the trail.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

import msgspec

from insights.records.object_keys import NotTrail, parse_key
from insights.stages import normalize
from insights.stages.withdrawal import (
    REASON,
    Entry,
    Version,
    is_replacement_of,
    judged,
    still_there,
    trail_object,
    version_of,
)
from insights.stages.workspace import Workspace
from insights.storage import integrity, ledger, quarantine
from insights.storage.integrity import REFUTED, VERIFIED, Withdrawal
from insights.storage.objects import ObjectStore
from insights.windows import Window

_log = logging.getLogger(__name__)


def run(workspace: Workspace, span: Window) -> int:
    """Put back what was withdrawn of a span's deliveries and is verified by now, and what files are owed (`is_owed`);
    give how many files that are.

    First the records go to `events`, then they leave the quarantine; how they are counted is noted last, so that a run
    that is killed is made up for by the next. A file that is gone cannot be read again: its records stay there.

    Raises:
        StorageError: a file could not be read or written; run it again.
    """
    lake = workspace.lake
    noted = integrity.withdrawals(lake, span)
    if not noted:
        return 0
    verified, refuted = judged(lake, span, VERIFIED), judged(lake, span, REFUTED)
    read = list(ledger.entries(lake, span, as_read=True))
    noted = _settled(lake, noted, verified, read)
    entries = [
        entry
        for entry in read
        if (note := noted.get(version_of(entry)))
        and (version_of(entry) in verified or (note.is_owed and version_of(entry) not in refuted))
    ]
    held = quarantine.records_by_version(lake, map(trail_object, entries), REASON)
    # Until it was read again its note is a withdrawal's, though none of its records may be in quarantine: another
    # refuted file had them all.
    due = [
        entry
        for entry in entries
        if held[version_of(entry)] or not noted[version_of(entry)].was_read_again or noted[version_of(entry)].is_owed
    ]
    there = still_there(workspace, due)
    if len(there) < len(due):
        _log.warning("%d files that are no longer refuted are gone: not put back", len(due) - len(there))
    if not there:
        return 0
    results = normalize.read_again(workspace, [(trail_object(entry), is_replacement_of(entry)) for entry in there])
    quarantine.take_out(lake, map(trail_object, there), REASON)
    for entry, now in zip(there, results, strict=True):
        withdrawal = Withdrawal(*version_of(entry), now.kept, now.duplicate, entry["quarantined"], now.out_of_scope)
        integrity.withdraw(lake, withdrawal)
    _log.warning("the records of %d log files were put back, first %r", len(there), version_of(there[0]))
    return len(there)


def owed(lake: ObjectStore, span: Window) -> list[str]:
    """Give the keys of the files that were delivered on the days of a span, are gone, and are owed records; of loose
    ones, which every span has notes of, those that concern it."""
    found = {version for version, note in integrity.withdrawals(lake, span).items() if note.is_owed}
    loose = {version for version in found if parse_key(version[0]) is NotTrail.LOOSE}
    if loose:
        found -= loose - {version_of(entry) for entry in ledger.entries(lake, span, as_read=True)}
    return sorted(key for key, _ in found)


def _settled(
    lake: ObjectStore, noted: Mapping[Version, Withdrawal], verified: Collection[Version], read: Sequence[Entry]
) -> dict[Version, Withdrawal]:
    """Owe nothing to a file that was put back as another version, which has been read like any other since: one that
    is verified, or of a loose file, which nobody vouches for, the newest."""
    newest = {each["object_key"]: each for each in sorted(read, key=lambda each: each["delivered_at"])}
    versions = {*verified, *(version_of(each) for each in newest.values() if each["is_loose"])}
    whole = {key for key, etag in versions if _is_counted(noted.get((key, etag)))}
    found = dict(noted)
    for version, note in noted.items():
        if note.is_owed and note.object_key in whole:
            found[version] = msgspec.structs.replace(note, is_owed=False)
            integrity.withdraw(lake, found[version])
    return found


def _is_counted(note: Withdrawal | None) -> bool:
    """Tell whether all records of a version of which this is noted are in `events`, its own or copies of them."""
    return note is None or (note.was_read_again and not note.is_owed)
