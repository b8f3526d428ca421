"""Settling which of two copies stays, where log files tell an event differently.

When rows are united no digest has come yet, so which copy stays follows from the names of their log files, and that
they differ is noted. Once a digest vouches for one of the files and for the other none can be expected any more, the
one that is vouched for is read again, and its copies take the place of the other's: from then on for good. Where nobody
vouches for either, the verified log files of the hour are read again, once: a third may have told the event too, as a
copy that was equal to one of the two when it came. Counts stay: for whom an event is kept does not depend on whose copy
stands.

What cannot be settled is named: no digest speaks of either file, or the true one is not there any more.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from insights.records.object_keys import TrailKey, parse_key, without_version
from insights.records.partitions import EventHour, parse_event_hour
from insights.stages import normalize
from insights.stages.withdrawal import Entry, is_replacement_of, name_of, still_there, trail_object, version_of
from insights.stages.workspace import Workspace
from insights.storage import disputes, integrity, ledger
from insights.storage.disputes import Dispute
from insights.storage.integrity import PENDING, UNVERIFIED, VERIFIED, Verdicts, Withdrawal
from insights.storage.standing import Standing, standing_of
from insights.windows import HOUR, Window

_log = logging.getLogger(__name__)


def run(workspace: Workspace, span: Window) -> list[str]:
    """Let copies that digests vouch for stand where others differ from them, of what was delivered in a span; name what
    cannot be settled, in words.

    Raises:
        StorageError: a file could not be read or written; run it again.
    """
    found = _found(workspace, span)
    if not found:
        return []
    lake = workspace.lake
    entries = {name_of(entry): entry for entry in ledger.entries(lake, _delivered(found, span))}
    judge = _Judge(Verdicts(lake), entries)
    stands = _standing(workspace, found)
    if _read_again(
        workspace, judge.entries_of(name for _, each, standing in stands for name in judge.due(each, standing))
    ):
        stands = _standing(workspace, found)
    if _read_again(workspace, judge.entries_of(name for each in stands for name in judge.due_of_hour(*each))):
        stands = _standing(workspace, found)
    return [
        f"{dispute.events} events of {hour}, first {dispute.event_ids[0]!r}: {dispute.objects[0]!r} and "
        f"{dispute.objects[1]!r}"
        for hour, dispute, standing in stands
        if judge.is_open(dispute, standing)
    ]


@dataclass
class _Judge:
    verdicts: Verdicts
    entries: Mapping[str, Entry]
    by_hour: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    said: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, entry in self.entries.items():
            for path in entry["partitions"]:
                self.by_hour[path].append(name)

    def entries_of(self, names: Iterable[str]) -> list[Entry]:
        """Give the entries of objects, each once."""
        return [self.entries[name] for name in sorted(set(names))]

    def due(self, dispute: Dispute, standing: Standing) -> Iterator[str]:
        """Yield those of a dispute's objects whose copies should come first and do not."""
        verified = [name for name in dispute.objects if self._is_verified(name)]
        if self._stands_unverified(dispute, standing) and not self._is_pending(dispute):
            yield from verified
        elif standing.vouched.intersection(verified):
            yield from set(verified) - standing.vouched

    def due_of_hour(self, hour: EventHour, dispute: Dispute, standing: Standing) -> Iterator[str]:
        """Yield the verified objects of an hour whose copies do not come first yet, if what stands is not vouched for:
        any of them may tell the event, too."""
        if self._stands_unverified(dispute, standing) and not self._is_pending(dispute):
            others = (name for name in self.by_hour[hour.path] if name not in standing.vouched)
            yield from filter(self._is_verified, others)

    def is_open(self, dispute: Dispute, standing: Standing) -> bool:
        """Tell whether what stands is not vouched for, and no digest is waited for. Where corrections are concerned
        that is usual, unless the other file is vouched for."""
        is_usual = dispute.is_correction and not any(map(self._is_verified, dispute.objects))
        return self._stands_unverified(dispute, standing) and not self._is_pending(dispute) and not is_usual

    def _stands_unverified(self, dispute: Dispute, standing: Standing) -> bool:
        names = {name for event_id in dispute.event_ids for name in standing.objects.get(event_id, ())}
        return any(not self._is_verified(name) for name in names)

    def _is_verified(self, name: str) -> bool:
        return self._of(name)[0] == VERIFIED

    def _is_pending(self, dispute: Dispute) -> bool:
        return any(self._of(name) == (UNVERIFIED, PENDING) for name in dispute.objects)

    def _of(self, name: str) -> tuple[str, str]:
        if name not in self.said:
            entry = self.entries.get(name)
            said = self.verdicts.of(*version_of(entry)) if entry else None
            # Not in the ledger: it is being read at this moment, or retention has ended its entry.
            self.said[name] = (said.verdict, said.reason) if said else (UNVERIFIED, PENDING)
        return self.said[name]


def _found(workspace: Workspace, span: Window) -> list[tuple[EventHour, Dispute]]:
    """Give what was noted of hours that retention is not about to end."""
    since = workspace.kept_since()
    pairs = ((parse_event_hour(each.hour), each) for each in disputes.read(workspace.lake, span))
    # A set: of what is read again in another company there may be two notes.
    return sorted({(hour, each) for hour, each in pairs if hour and (since is None or hour.start >= since)})


def _standing(
    workspace: Workspace, found: Sequence[tuple[EventHour, Dispute]]
) -> list[tuple[EventHour, Dispute, Standing]]:
    """Give disputes with what stands in their hours."""
    by_hour: dict[EventHour, list[Dispute]] = defaultdict(list)
    for hour, dispute in found:
        by_hour[hour].append(dispute)
    stands = {
        hour: standing_of(workspace.lake, hour, {event_id for dispute in each for event_id in dispute.event_ids})
        for hour, each in by_hour.items()
    }
    return [(hour, dispute, stands[hour]) for hour, dispute in found]


def _delivered(found: Iterable[tuple[EventHour, Dispute]], span: Window) -> Window:
    """Give a span in which all objects of disputes were delivered, as far as their names tell."""
    names = (parse_key(without_version(name)) for _, dispute in found for name in dispute.objects)
    times = [name.delivered_at for name in names if isinstance(name, TrailKey)]
    return Window(min([span.start, *times]), max([span.end, *(time + HOUR for time in times)]))


def _read_again(workspace: Workspace, due: Sequence[Entry]) -> bool:
    """Let the copies of those objects stand that are there; tell whether any is."""
    there = still_there(workspace, due) if due else []
    if not there:
        return False
    objects = [(trail_object(entry), is_replacement_of(entry)) for entry in there]
    for entry, now in zip(there, normalize.read_again(workspace, objects, is_vouched=True), strict=True):
        if (now.kept, now.duplicate, now.out_of_scope) != (entry["kept"], entry["duplicate"], entry["out_of_scope"]):
            as_now = Withdrawal(*version_of(entry), now.kept, now.duplicate, entry["quarantined"], now.out_of_scope)
            integrity.withdraw(workspace.lake, as_now)
    _log.warning(
        "%d log files are vouched for and others told their events differently, first %r: theirs stand now",
        len(there),
        version_of(there[0]),
    )
    return True
