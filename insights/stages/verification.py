"""Following a trail's digests: whether it is as CloudTrail delivered it. Reads the trail and writes nothing.

`verify_trail` looks at every log file there is, for `insights verify`. `Verification` does one account × Region, and
is what the pipeline's step `verify` uses too: that knows the hashes of what was read, and fetches digests only. Memory
holds the keys of the log files in the span, and the digests and log files of a few seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from insights.errors import NotFoundError, StorageError
from insights.integrity.chain import DUE, follow, select
from insights.integrity.digests import FoundDigest, JudgedDigest, absent_digest, judge_digest
from insights.integrity.layout import Shelf, day_folders, is_root, owners
from insights.integrity.log_files import judge_log_file, unlisted_files
from insights.integrity.places import Place, place_of
from insights.integrity.public_keys import KeysOfRegion, PublicKeys, parse_public_keys
from insights.integrity.tally import Tally
from insights.integrity.verdicts import Finding, Verdict
from insights.records.digest import Chain, Digest, DigestKey, LoggedFile, parse_digest_key
from insights.records.object_keys import TrailKey, parse_key
from insights.stages.workspace import Workspace
from insights.storage.objects import ObjectInfo, ObjectStore
from insights.storage.public_keys import list_public_keys
from insights.storage.read_ahead import read_ahead
from insights.windows import Window

Progress = Callable[[str, int, int], None]

_AT_ONCE = 32
_NO_DIGEST = "(no digest at all: validation was never turned on, or every digest was deleted)"
_FIRST_VALIDATION = datetime(2015, 10, 1, tzinfo=UTC)  # CloudTrail introduced it


def verify_trail(
    window: Window | None, workspace: Workspace, keys: KeysOfRegion | None = None, *, progress: Progress | None = None
) -> list[Tally]:
    """Verify what was delivered in a window, or everything; give a tally for each account × Region.

    Args:
        window: The span of delivery.
        workspace: The trail, and which of its accounts and Regions are wanted.
        keys: Public keys; by default CloudTrail is asked for them.
        progress: Told how many digests of how many are done.

    Raises:
        NotFoundError: there is no folder of an account below the trail's URL.
        StorageError: the trail cannot be read, or the keys cannot be had.
    """
    tell = progress or (lambda step, done, total: None)
    chosen = keys or keys_of_aws(workspace, window.start if window else None)
    shelves = list(_shelves(workspace))
    if not shelves:
        raise NotFoundError(
            f"there are no log files of the accounts and Regions asked for below {workspace.trail.url}: give as trail "
            "what stands before AWSLogs/"
        )
    return [Verification(workspace, shelf, window, chosen, tell).run() for shelf in shelves]


@dataclass(slots=True)
class Verification:
    """One account in one Region.

    Attributes:
        tally: What was found out.
        listed: The log files that valid digests list.
        covered: The times whose deliveries they list.
        etags: The version of each digest that was there.
    """

    workspace: Workspace
    shelf: Shelf
    window: Window | None
    keys: KeysOfRegion
    progress: Progress
    tally: Tally = field(init=False)
    place: Place = field(init=False)
    listed: set[str] = field(default_factory=set)
    covered: list[Window] = field(default_factory=list)
    etags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tally = Tally(self.shelf.account_id, self.shelf.region)
        self.place = place_of(self.workspace.trail.url)

    def run(self) -> Tally:
        """Verify everything, and give the tally."""
        log_files = dict(self._log_files())
        if not self.follow_digests(self.expected(list(log_files.values()))) and log_files:
            self.take(Finding("digest", self.shelf.digests, Verdict.MISSING, _NO_DIGEST))
        for finding in unlisted_files(log_files, self.listed, self.covered):
            self.take(finding)
        return self.tally

    def take(self, finding: Finding, digest_key: str = "") -> None:
        """Take in a finding; of a log file that a digest lists with the digest's key."""
        self.tally.add(finding)

    def digests(self) -> Iterator[ObjectInfo]:
        """List all digests, those outside the window too: whether one is the last must be known."""
        return self._store.list(self.shelf.digests)

    def judge_log_files(self, files: Sequence[tuple[str, LoggedFile]]) -> Iterator[Finding]:
        """Compare log files with what a digest says of them."""
        threads = self.workspace.settings.ingest.fetch_threads
        with closing(read_ahead(self._store, (key for key, _ in files), threads=threads)) as contents:
            for (key, logged), (_, content) in zip(files, contents, strict=True):
                if isinstance(content, StorageError) and not isinstance(content, NotFoundError):
                    raise content
                yield judge_log_file(logged, key, content if isinstance(content, bytes) else None)

    def follow_digests(self, expected: tuple[datetime | None, datetime | None]) -> bool:
        """Take in what the digests say, which are expected from one instant until another; tell if there are any."""
        chains = self._chains()
        since, until = expected
        oldest, newest = _ends(chains)
        for chain, digests in sorted(chains.items()):
            # Closed here, not by the garbage collector: it may run while another thread starts, and joining the pool's
            # threads waits then for a lock of that start.
            with closing(self._judged(chain, self._select(digests))) as judged:
                found = follow(
                    judged,
                    self.place,
                    {key for _, key in digests},
                    since=since if self.window or chain == oldest else None,
                    until=until if chain == newest else None,
                )
                for each in found:
                    self._take(each)
        return bool(chains)

    @property
    def _store(self) -> ObjectStore:
        return self.workspace.trail

    def _log_files(self) -> Iterator[tuple[str, datetime]]:
        """Yield the log files of the window with their time of delivery."""
        for folder in day_folders(self.shelf.log_files, self.window):
            for info in self._store.list(folder):
                name = parse_key(info.key)
                if isinstance(name, TrailKey) and (self.window is None or name.delivered_at in self.window):
                    yield info.key, name.delivered_at

    def _chains(self) -> dict[Chain, list[tuple[DigestKey, str]]]:
        chains: dict[Chain, list[tuple[DigestKey, str]]] = defaultdict(list)
        for info in self.digests():
            name = parse_digest_key(info.key)
            if name is not None:
                chains[name.chain].append((name, info.key))
                self.etags[info.key] = info.etag
        return chains

    def _select(self, digests: Sequence[tuple[DigestKey, str]]) -> list[str]:
        if self.window is None:
            return [key for _, key in sorted(digests, reverse=True)]
        return select(digests, since=self.window.start, until=self.window.end)

    def expected(self, delivered: Sequence[datetime]) -> tuple[datetime | None, datetime | None]:
        """Give from when and until when digests must be there: the window, or as long as log files are."""
        settled = self.workspace.now() - DUE
        if self.window is not None:
            return self.window.start, min(self.window.end, settled)
        if not delivered:
            return None, None
        return min(delivered), min(max(delivered) - DUE, settled)

    def _judged(self, chain: Chain, keys: Sequence[str]) -> Generator[JudgedDigest]:
        """Fetch and judge digests in order, a few ahead."""
        self.keys(chain.home_region)  # asked for once, before threads do
        step = f"{self.shelf.account_id} {self.shelf.region}"
        with ThreadPoolExecutor(self.workspace.settings.ingest.fetch_threads) as pool:
            for first in range(0, len(keys), _AT_ONCE):
                self.progress(step, first, len(keys))
                yield from pool.map(self._judge, keys[first : first + _AT_ONCE])
        self.progress(step, len(keys), len(keys))

    def _judge(self, key: str) -> JudgedDigest:
        name = parse_digest_key(key)
        assert name is not None
        try:
            content, metadata = self._store.get_with_attributes(key)
        except NotFoundError:
            return absent_digest(key, name)
        return judge_digest(FoundDigest(key, name, content, metadata), self.place, self.keys)

    def _take(self, found: JudgedDigest | Finding) -> None:
        if isinstance(found, Finding):
            self.take(found)
            return
        self.take(found.finding)
        if found.digest is not None:
            if not found.name.chain.is_backfill:  # that lists what came late, and none of its hour's own
                self.covered.append(found.covers)
            self._verify_log_files(found.key, found.digest)

    def _verify_log_files(self, digest_key: str, digest: Digest) -> None:
        here = []
        for logged in digest.log_files:
            key = self.place.key_of(digest_key, bucket=logged.bucket, recorded_key=logged.key)
            if key is None:
                self.take(Finding("log file", f"s3://{logged.bucket}/{logged.key}", Verdict.ELSEWHERE), digest_key)
            else:
                here.append((key, logged))
        self.listed.update(key for key, _ in here)
        for finding in self.judge_log_files(here):
            self.take(finding, digest_key)


def _ends(chains: dict[Chain, list[tuple[DigestKey, str]]]) -> tuple[Chain | None, Chain | None]:
    """Give the chains with the oldest and the newest digest: several trails may have delivered one after the other."""
    hourly = {chain: digests for chain, digests in chains.items() if not chain.is_backfill}
    if not hourly:
        return None, None
    oldest = min(hourly, key=lambda chain: min(name.ends_at for name, _ in hourly[chain]))
    newest = max(hourly, key=lambda chain: max(name.ends_at for name, _ in hourly[chain]))
    return oldest, newest


def _shelves(workspace: Workspace) -> Iterator[Shelf]:
    """Find the accounts and Regions that are wanted."""
    found = set()
    for account_folder in account_folders(workspace.trail):
        for folder in ("CloudTrail/", "CloudTrail-Digest/"):
            regions = workspace.trail.list_folder(f"{account_folder}{folder}").folders
            found |= {Shelf(account_folder, region.rstrip("/").rpartition("/")[2]) for region in regions}
    return (shelf for shelf in sorted(found) if is_wanted(workspace, shelf.account_id, shelf.region))


def is_wanted(workspace: Workspace, account_id: str, region: str) -> bool:
    """Tell whether the settings ask for an account and Region."""
    wanted = workspace.settings.trail
    return account_id in (wanted.accounts or (account_id,)) and region in (wanted.regions or (region,))


def account_folders(store: ObjectStore, prefix: str = "") -> Iterator[str]:
    """Find the accounts' folders in the `AWSLogs/` right here, or else in those further below."""
    folders = store.list_folder(prefix).folders
    roots = [folder for folder in folders if is_root(folder)]
    for root in roots:
        yield from _accounts_in(store, root)
    if not roots:
        for folder in folders:
            yield from account_folders(store, folder)


def _accounts_in(store: ObjectStore, folder: str) -> Iterator[str]:
    for owner in owners(store.list_folder(folder).folders):
        if owner.rstrip("/").rpartition("/")[2].startswith("o-"):
            yield from _accounts_in(store, owner)
        else:
            yield owner


def keys_of_aws(workspace: Workspace, since: datetime | None) -> KeysOfRegion:
    """Give the keys that were valid since an instant, or ever; each Region is asked once, when it is needed."""

    @cache
    def of(region: str) -> PublicKeys:
        return parse_public_keys(
            list_public_keys(workspace.aws, region, since=since or _FIRST_VALIDATION, until=workspace.now())
        )

    return of
