"""What a stage tells when it is done: small, JSON-able, safe to log and to hand to an orchestrator."""

from __future__ import annotations

import msgspec

RECORD_COUNTS = ("records_in", "kept", "duplicate", "out_of_scope", "quarantined")
"""How many records went in, and where they went: the others add up to the first."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the reports. `window` is the run's span as text."""

    window: str

    def to_builtins(self) -> dict[str, object]:
        """Give the report as what its JSON reads as: lists, not tuples."""
        return dict(msgspec.json.decode(msgspec.json.encode(self)))


class ExtractReport(Report, frozen=True, kw_only=True):
    """What the trail holds and what of it is new. listed = to_read + already_read + Σ skipped."""

    listed: int
    to_read: int
    already_read: int
    skipped: dict[str, int]
    bytes_to_read: int
    list_requests: int
    shards: tuple[str, ...]


class NormalizeReport(Report, frozen=True, kw_only=True):
    """What became of the records of the objects read: records_in = kept + duplicate + out_of_scope + quarantined.

    `refused` counts quarantine rows by reason, records and whole objects alike; `unreadable` counts objects the store
    listed but did not give: they stay unread and are tried again.
    """

    objects: int = 0
    unreadable: int = 0
    records_in: int = 0
    kept: int = 0
    duplicate: int = 0
    out_of_scope: int = 0
    quarantined: int = 0
    refused: dict[str, int] = {}
    hours: tuple[str, ...] = ()

    def __add__(self, other: NormalizeReport) -> NormalizeReport:
        """Give the report of both together."""
        reasons = sorted({*self.refused, *other.refused})
        return NormalizeReport(
            window=self.window,
            objects=self.objects + other.objects,
            unreadable=self.unreadable + other.unreadable,
            records_in=self.records_in + other.records_in,
            kept=self.kept + other.kept,
            duplicate=self.duplicate + other.duplicate,
            out_of_scope=self.out_of_scope + other.out_of_scope,
            quarantined=self.quarantined + other.quarantined,
            refused={reason: self.refused.get(reason, 0) + other.refused.get(reason, 0) for reason in reasons},
            hours=tuple(sorted({*self.hours, *other.hours})),
        )

    @property
    def unaccounted(self) -> int:
        """Records that went in and are nowhere; always 0 unless we are wrong."""
        return self.records_in - self.kept - self.duplicate - self.out_of_scope - self.quarantined


class VerifyReport(Report, frozen=True, kw_only=True):
    """What CloudTrail's digests say of the log files that were delivered in the window and some hours before.

    `verified`, `unverified` and `refuted` count the log files that were read, `reasons` those that are not verified.
    `problems` are refuted log files and digests and such as are missing; the first are named. `withdrawn` counts the
    records taken out of `events`. `gone` counts the files that are not there to be read again and brought more records
    to the same hours than these have of them: maybe the only true copies, maybe what another file brings too; the first
    are named. `disputed` counts the pairs of files that tell the same events differently where no digest vouches for
    the copy that stands; the first are named. `note` says why nothing could be verified.
    """

    policy: str
    digests_verified: int = 0
    digests_refuted: int = 0
    verified: int = 0
    unverified: int = 0
    refuted: int = 0
    reasons: dict[str, int] = {}
    problems: int = 0
    first_problems: tuple[str, ...] = ()
    withdrawn: int = 0
    gone: int = 0
    first_gone: tuple[str, ...] = ()
    disputed: int = 0
    first_disputed: tuple[str, ...] = ()
    list_requests: int = 0
    note: str = ""


class ValidateReport(Report, frozen=True, kw_only=True):
    """Verdicts by event hour; `held` names the hours a critical rule stopped, with the rules."""

    checked: int
    unchanged: int
    passed: int
    warned: int
    held: dict[str, tuple[str, ...]]


class CountReport(Report, frozen=True, kw_only=True):
    """Event hours counted anew, those whose counts were up to date, those held back by a critical rule."""

    counted: int
    unchanged: int
    held: int
    calls: int
    hours: tuple[str, ...]


class CoverageReport(Report, frozen=True, kw_only=True):
    """What the hours of the window brought: hours by status over all accounts and Regions; the first gaps are named."""

    places: int
    data: int
    partial: int
    no_data: int
    longest_lag_minutes: int
    verified: int
    unverified: int
    refuted: int
    first_gaps: tuple[str, ...]


class DetectReport(Report, frozen=True, kw_only=True):
    """What detection found new, what it closed, and in how many account × Regions there was anything to judge.

    `early` is what it found before its hour was complete.
    """

    judged: int
    started: int
    ended: int
    insights: tuple[str, ...]
    early: int = 0


class PublishReport(Report, frozen=True, kw_only=True):
    """Records written now, of them those that are too old to be news; `keys` are their objects."""

    started: int
    ended: int
    too_old: int
    keys: tuple[str, ...]


class NotifyReport(Report, frozen=True, kw_only=True):
    """Messages handed over now, over all channels."""

    sent: int


class ReconcileReport(Report, frozen=True, kw_only=True):
    """What became of everything the window's deliveries hold, by the ledger, the quarantine and a fresh listing.

    records_in = kept + duplicate + out_of_scope + quarantined; listed = read + unread + Σ skipped.
    """

    listed: int
    read: int
    unread: int
    skipped: dict[str, int]
    records_in: int
    kept: int
    duplicate: int
    out_of_scope: int
    quarantined: int
    refused: dict[str, int]


class MergedFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Small files of a table that were put together: of how many account × Region × days, and the bytes written."""

    days: int
    files: int
    bytes: int
    bytes_written: int


class DeletedFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Files of a table that retention deleted."""

    files: int
    bytes: int


class MaintainReport(Report, frozen=True, kw_only=True):
    """What was put together and what was deleted, by table; tables without any are left out.

    A dry run reports what there is to do: nothing is changed, and `bytes_written` is 0.
    """

    is_dry_run: bool
    merged: dict[str, MergedFiles]
    deleted: dict[str, DeletedFiles]
