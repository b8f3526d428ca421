"""Judging what was read of one account × Region by its digests: the pipeline's way to follow them.

Where `insights verify` fetches every log file, this compares the hashes that the ledger has, and lists only the days
it is about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from insights.integrity.chain import FOLLOWING
from insights.integrity.layout import Shelf
from insights.integrity.log_files import SETTLED, fingerprint, judge_fingerprint, unlisted_files
from insights.integrity.public_keys import KeysOfRegion
from insights.integrity.verdicts import Finding, Verdict
from insights.records.digest import FOLDER, Chain, LoggedFile, digest_before, parse_digest_key
from insights.records.object_keys import TrailKey, parse_key
from insights.stages.verification import Verification
from insights.stages.workspace import Workspace
from insights.storage import integrity
from insights.storage.integrity import DIGEST, GAP, LOG_FILE, NOT_HASHED, PENDING, REFUTED, UNVERIFIED, VERIFIED, Row
from insights.storage.objects import ObjectInfo
from insights.storage.read_ahead import read_ahead
from insights.windows import HOUR, Window

WAITED_FOR = timedelta(hours=4)
"""So long a digest is waited for: an hour may pass until it begins, one until it ends, two until it is there."""

_NOTES = (Verdict.RESTARTED, Verdict.ELSEWHERE)  # about a digest that has a verdict of its own


@dataclass(frozen=True, slots=True)
class Question:
    """What a run asks of every place: about which deliveries, with which keys, and from when on digests are missed
    where none is known."""

    span: Window
    due_from: datetime
    keys: KeysOfRegion


@dataclass
class Judging(Verification):
    """One account × Region in the pipeline.

    Attributes:
        due_from: From when on digests are missed.
        entries: What the ledger has that is not verified yet.
        known: The verdicts there were before.
        list_requests: How many listings it took.
    """

    due_from: datetime = field(kw_only=True)
    entries: list[dict[str, Any]] = field(default_factory=list)
    known: list[Row] = field(default_factory=list)
    list_requests: int = 0
    rows: list[Row] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    versions: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    folders: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: Workspace, shelf: Shelf, question: Question, entries: Sequence[dict[str, Any]]) -> Judging:
        """Choose what of a place's entries in the ledger is still to be judged, and from when on digests are needed."""
        span = question.span
        known = integrity.read_days(workspace.lake, shelf.account_id, shelf.region, span)
        verified = {(row["object_key"], row["object_etag"]) for row in known if row["verdict"] == VERIFIED}
        open_ = [entry for entry in entries if (entry["object_key"], entry["object_etag"]) not in verified]
        newest = max(_newest_digests(row for row in known if _is_on(shelf, row)).values(), default=None)
        # The newest digest that is known is looked at once more: the next one must continue it.
        # It may lie after the span: an earlier hour is read again.
        since = [entry["delivered_at"] for entry in open_] + ([newest - HOUR] if newest else [span.start])
        window = Window(max(min(*since, span.end - HOUR), span.start), span.end)
        due_from = max(window.start, min(question.due_from, newest or question.due_from))
        return cls(workspace, shelf, window, question.keys, _tell_nobody, due_from=due_from, entries=open_, known=known)

    def judge(self) -> None:
        """Follow the digests, and enter what they say of what was read."""
        for entry in self.entries:
            self.versions[entry["object_key"]].append(entry)
        _, until = self.expected([])
        assert self.window is not None
        if not self.follow_digests((self.due_from, until)):
            self._miss_all(until)
        if self.etags or self.known:
            self._judge_unlisted()
        integrity.write(
            self.workspace.lake,
            self.shelf.account_id,
            self.shelf.region,
            self.rows,
            present=self.present | self.etags.keys(),
        )

    def digests(self) -> Iterator[ObjectInfo]:
        """List the days of the digests that the span needs."""
        assert self.window is not None
        until = min(self.window.end + FOLLOWING, max(self.workspace.now(), self.window.start + HOUR))
        for day in Window(self.window.start, until).days():
            self.list_requests += 1
            yield from self.workspace.trail.list(f"{self.shelf.digests}{day.start:%Y/%m/%d}/")

    def take(self, finding: Finding, digest_key: str = "") -> None:
        """Keep the verdict on a digest; those on log files are kept where their version is known."""
        Verification.take(self, finding, digest_key)
        name = parse_digest_key(finding.key)
        if finding.kind == DIGEST and finding.verdict not in _NOTES and name is not None:
            self._enter(finding, self.etags.get(finding.key, ""), name.ends_at)

    def judge_log_files(self, files: Sequence[tuple[str, LoggedFile]]) -> Iterator[Finding]:
        """Compare the log files that were read with what a digest says, and see that the others are there."""
        fetched = self._fetched([key for key, _ in files])
        for key, logged in files:
            there = self._etag(key)
            if there is None:
                yield self._enter(Finding("log file", key, Verdict.MISSING), "", self._delivered_at(key))
            else:
                self.present.add(key)
            for entry in self.versions.get(key, ()):
                found = entry.get("content_hash") or fetched.get((key, entry["object_etag"]))
                if found is None:
                    self._enter_unverified(entry, NOT_HASHED)
                else:
                    finding = judge_fingerprint(logged, key, found)
                    yield self._enter(finding, entry["object_etag"], entry["delivered_at"])

    def _fetched(self, keys: Sequence[str]) -> dict[tuple[str, str], str]:
        """Fetch what was read before hashes were kept, where it still is the version that was read."""
        wanted = [
            (key, entry["object_etag"])
            for key in keys
            for entry in self.versions.get(key, ())
            if entry.get("content_hash") is None and self._etag(key) == entry["object_etag"]
        ]
        threads = self.workspace.settings.ingest.fetch_threads
        with closing(read_ahead(self.workspace.trail, (key for key, _ in wanted), threads=threads)) as contents:
            return {
                version: fingerprint(content)
                for version, (_, content) in zip(wanted, contents, strict=True)
                if isinstance(content, bytes)
            }

    def _etag(self, key: str) -> str | None:
        """Give the version of a log file that is there now, by a listing of its day."""
        folder = key.rpartition("/")[0] + "/"
        if folder not in self.folders:
            self.list_requests += 1
            self.folders[folder] = {info.key: info.etag for info in self.workspace.trail.list(folder)}
        return self.folders[folder].get(key)

    def _miss_all(self, until: datetime | None) -> None:
        """Tell of every digest that is missing where there were some before and there is none at all now."""
        digests = [row for row in self.known if _is_valid_digest(row) and _is_on(self.shelf, row)]
        newest = max(digests, key=lambda row: row["delivered_at"], default=None)
        if newest is None or until is None:
            return
        for number in range(int((until - newest["delivered_at"]) / HOUR), -1, -1):
            key = digest_before(newest["object_key"], -number)
            self.take(Finding("digest", key, Verdict.MISSING, "(an hour without a digest)"))

    def _judge_unlisted(self) -> None:
        newest = _newest_digests([*self.known, *self.rows]).values()
        for finding in unlisted_files(list(self.versions), self.listed, self.covered):
            for entry in self.versions[finding.key]:
                delivered_at = entry["delivered_at"]
                is_young = self.workspace.now() - delivered_at < WAITED_FOR
                # Of several trails the digests of one may be there before those of another that list it.
                is_awaited = is_young and any(end - SETTLED <= delivered_at < end + WAITED_FOR for end in newest)
                if finding.verdict is Verdict.UNLISTED and not is_awaited:
                    self._enter(finding, entry["object_etag"], delivered_at)
                else:
                    self._enter_unverified(entry, PENDING if is_young else GAP)

    def _delivered_at(self, key: str) -> datetime:
        name = parse_key(key)
        assert self.window is not None
        return name.delivered_at if isinstance(name, TrailKey) else self.window.start

    def _enter(self, finding: Finding, etag: str, delivered_at: datetime) -> Finding:
        is_valid = finding.verdict is Verdict.VALID
        self._add(finding.kind, finding.key, etag, delivered_at, VERIFIED if is_valid else REFUTED, finding.verdict)
        return finding

    def _enter_unverified(self, entry: dict[str, Any], reason: str) -> None:
        self._add(LOG_FILE, entry["object_key"], entry["object_etag"], entry["delivered_at"], UNVERIFIED, reason)

    def _add(self, kind: str, key: str, etag: str, delivered_at: datetime, verdict: str, reason: str) -> None:
        self.rows.append(
            {
                "kind": kind,
                "object_key": key,
                "object_etag": etag,
                "delivered_at": delivered_at,
                "verdict": verdict,
                "reason": str(reason),
            }
        )


def _newest_digests(rows: Iterable[Row]) -> dict[tuple[str, Chain], datetime]:
    """Give the end of the newest digest of each trail that is known and valid; backfilled ones come in no order."""
    newest: dict[tuple[str, Chain], datetime] = {}
    for row in filter(_is_valid_digest, rows):
        name = parse_digest_key(row["object_key"])
        if name and not name.chain.is_backfill:
            trail = row["object_key"].partition(f"{FOLDER}/")[0], name.chain
            newest[trail] = max(newest.get(trail, name.ends_at), name.ends_at)
    return newest


def _is_valid_digest(row: Row) -> bool:
    return bool(row["kind"] == DIGEST and row["verdict"] == VERIFIED)


def _is_on(shelf: Shelf, row: Row) -> bool:
    """Tell whether a digest is one of a shelf's: a place has several where trails deliver below several prefixes."""
    return str(row["object_key"]).startswith(shelf.digests)


def _tell_nobody(step: str, done: int, total: int) -> None:
    pass
