"""verify: compare what was read with CloudTrail's digests, as far as they have arrived, and keep the verdicts.

A digest comes an hour or more after the log files it lists. So each run looks at the digests since the newest that was
found valid, and since the oldest log file it looks back on that is not verified yet; where all is settled that is one
listing and two digests for each account × Region. Log files are not fetched again: the ledger has their hashes.

A trail without digests costs a listing for each account and gives no rows: what no row speaks of is unverified.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from insights.errors import AccessDeniedError, SettingsError
from insights.integrity.chain import DUE
from insights.integrity.layout import Shelf, account_folder_of
from insights.integrity.public_keys import KeysOfRegion, PublicKeys, parse_public_keys
from insights.records.object_keys import TrailKey, parse_key
from insights.records.partitions import is_usable_name
from insights.stages import disputed, restoration, vouching, withdrawal
from insights.stages.digests import Judging, Question
from insights.stages.report import VerifyReport
from insights.stages.verification import account_folders, is_wanted, keys_of_aws
from insights.stages.workspace import Workspace
from insights.storage import integrity, ledger
from insights.storage.integrity import DIGEST, REFUTED, UNVERIFIED, VERIFIED, Verdicts
from insights.windows import HOUR, Window

LATE = DUE + HOUR
"""So long before a run's deliveries digests are looked for in any case: they had not come when those were read."""

NAMED_PROBLEMS = 20

_log = logging.getLogger(__name__)


class _NoKeysError(Exception):
    """The public keys cannot be had; `reason` says why."""

    def __init__(self, reason: AccessDeniedError | SettingsError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def run(window: Window, workspace: Workspace) -> VerifyReport:
    """Judge what was delivered for a window, and some hours before, by the digests that are there by now.

    With the policy `refuse`, the records of log files that are refuted are withdrawn from `events`, and those of files
    that turn out to be true are put back.

    Raises:
        AccessDeniedError, SettingsError: the policy is `refuse`, and the public keys cannot be had.
    """
    policy = workspace.settings.integrity.policy
    if policy == "off":
        return VerifyReport(window=str(window), policy=policy)
    span = workspace.delivered(window).widened(before=LATE)
    entries = list(ledger.entries(workspace.lake, span))
    shelves, requests = _shelves(workspace, entries)
    question = Question(span, workspace.delivered(window).start, _keys(workspace, span))
    by_place = _by_place(entries)
    steps = [Judging.of(workspace, shelf, question, by_place[shelf.account_id, shelf.region]) for shelf in shelves]
    note = _judge(steps, is_strict=policy == "refuse")
    withdrawn, gone = 0, []
    if policy == "refuse":
        restoration.run(workspace, span)
        withdrawn = withdrawal.run(workspace, span)
        gone = restoration.owed(workspace.lake, span)
    for key in gone[:NAMED_PROBLEMS]:
        _log.warning("gone, and maybe missed since records were withdrawn: put %r back and run its hours again", key)
    differing = disputed.run(workspace, span)
    for words in differing[:NAMED_PROBLEMS]:
        _log.warning("told differently by two files, and nobody vouches for what stands: %s", words)
    # Always: a late log file is one more that an insight rests on, whether or not a digest speaks of it.
    vouching.refresh(workspace, span)
    return VerifyReport(
        window=str(window),
        policy=policy,
        list_requests=requests + sum(step.list_requests for step in steps),
        withdrawn=withdrawn,
        gone=len(gone),
        first_gone=tuple(gone[:NAMED_PROBLEMS]),
        disputed=len(differing),
        first_disputed=tuple(differing[:NAMED_PROBLEMS]),
        note=note,
        **_verdicts(workspace, span, entries),
    )


def _judge(steps: Sequence[Judging], *, is_strict: bool) -> str:
    """Judge every place; give the reason where nothing can be judged for want of keys."""
    try:
        for step in steps:
            step.judge()
    except _NoKeysError as error:
        if is_strict:
            raise error.reason from None
        _log.warning("nothing is verified: %s", error.reason)
        return str(error.reason)
    return ""


def _keys(workspace: Workspace, span: Window) -> KeysOfRegion:
    """Give the keys of the settings' file, else CloudTrail's; both are only read once a digest asks for them."""
    file = workspace.settings.integrity.keys_file
    of_aws = keys_of_aws(workspace, span.start)

    def of(region: str) -> PublicKeys:
        try:
            return _read_keys(Path(file)) if file else of_aws(region)
        except (AccessDeniedError, SettingsError) as error:
            raise _NoKeysError(error) from error

    return of


def _read_keys(file: Path) -> PublicKeys:
    try:
        return parse_public_keys(file.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"the list of public keys {file} cannot be read: {error.strerror}: check integrity.keys_file"
        ) from error


def _by_place(entries: Iterable[dict[str, Any]]) -> defaultdict[tuple[str, str], list[dict[str, Any]]]:
    places = defaultdict(list)
    for entry in entries:
        name = parse_key(entry["object_key"])
        if isinstance(name, TrailKey):
            places[name.account_id, name.region].append(entry)
    return places


def _shelves(workspace: Workspace, entries: Iterable[dict[str, Any]]) -> tuple[list[Shelf], int]:
    """Find the places that have digests, or had some before; give the listings it took too.

    Where accounts lie right here, those that other trails deliver below prefixes are found by what was read of them.
    """
    before = defaultdict(set)
    for account_id, region in integrity.places(workspace.lake):
        before[account_id].add(region)
    found: set[Shelf] = set()
    requests = 2  # what stands above the accounts' folders
    read = {folder for entry in entries if (folder := account_folder_of(entry["object_key"]))}
    at_root = set(account_folders(workspace.trail))
    for account_folder in sorted(at_root | read):
        requests += 1
        folders = workspace.trail.list_folder(f"{account_folder}CloudTrail-Digest/").folders
        regions = {folder.rstrip("/").rpartition("/")[2] for folder in folders}
        if account_folder in at_root:  # not below each prefix that somebody put a file: that costs listings a Region
            regions |= before[Shelf(account_folder, "").account_id]
        found |= {Shelf(account_folder, region) for region in regions}
    wanted = (each for each in sorted(found) if is_wanted(workspace, each.account_id, each.region))
    return [each for each in wanted if is_usable_name(each.region)], requests


def _verdicts(workspace: Workspace, span: Window, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give the numbers of a report: what the tables say now of the log files read and the digests of a span."""
    verdicts = Verdicts(workspace.lake)
    said = [verdicts.of(entry["object_key"], entry["object_etag"]) for entry in entries]
    numbers = Counter(each.verdict for each in said)
    digests: Counter[str] = Counter()
    problems = []
    for row in _rows(workspace, span):
        if row["kind"] == DIGEST:
            digests[row["verdict"]] += 1
        if row["verdict"] == REFUTED:
            problems.append(f"{row['kind']} {row['object_key']}: {row['reason']}")
    for problem in problems[:NAMED_PROBLEMS]:
        _log.warning("not as it was delivered: %r", problem)
    return {
        "digests_verified": digests[VERIFIED],
        "digests_refuted": digests[REFUTED],
        "verified": numbers[VERIFIED],
        "unverified": numbers[UNVERIFIED],
        "refuted": numbers[REFUTED],
        "reasons": dict(sorted(Counter(each.reason for each in said if each.verdict != VERIFIED).items())),
        "problems": len(problems),
        "first_problems": tuple(problems[:NAMED_PROBLEMS]),
    }


def _rows(workspace: Workspace, span: Window) -> Iterator[integrity.Row]:
    for account_id, region in sorted(integrity.places(workspace.lake)):
        if is_wanted(workspace, account_id, region):
            for row in integrity.read_days(workspace.lake, account_id, region, span):
                if row["delivered_at"] in span:
                    yield row
