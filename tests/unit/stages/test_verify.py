"""The pipeline's step `verify`, on signed trails that somebody may have tampered with."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from insights.errors import AccessDeniedError, SettingsError
from insights.records.object_keys import without_version
from insights.settings import parse_settings
from insights.simulate import (
    SignedDigest,
    SigningKey,
    Tampering,
    TrailObject,
    TrailPlan,
    public_key_list,
    scenario,
    simulate,
    tampered,
    with_digests,
)
from insights.stages import count, extract, maintain, normalize, reconcile, validate, verification, verify, withdrawal
from insights.stages.report import VerifyReport
from insights.stages.workspace import Workspace
from insights.storage import events, integrity, ledger, parts
from insights.storage.counts import read_counts
from insights.storage.objects import ObjectInfo, open_store
from insights.storage.tables import read_columns
from insights.windows import Window, parse_instant

Delivered = TrailObject | SignedDigest
START = datetime(2026, 11, 2, tzinfo=UTC)
HOURS = 8
WHOLE = Window(START, START + timedelta(hours=12))
NOW = START + timedelta(hours=10)


@dataclass
class Case:
    """A signed trail, and a lake that reads it."""

    workspace: Workspace
    objects: list[Delivered]
    delivered: set[str] = field(default_factory=set)

    def deliver(self, objects: Iterable[Delivered], *, until: datetime = WHOLE.end) -> None:
        for each in objects:
            if each.delivered_at <= until and each.key not in self.delivered:
                self.delivered.add(each.key)
                attributes = each.attributes if isinstance(each, SignedDigest) else None
                self.workspace.trail.put(each.key, each.body, attributes=attributes)

    def read(self, window: Window = WHOLE) -> None:
        for shard in extract.run(window, self.workspace).shards:
            normalize.run(window, self.workspace, shard)

    def verify(self, window: Window = WHOLE, *, now: datetime = NOW) -> VerifyReport:
        self.workspace.now = lambda: now
        return verify.run(window, self.workspace)

    def rows(self) -> list[integrity.Row]:
        places = integrity.places(self.workspace.lake)
        return [row for place in sorted(places) for row in integrity.read_days(self.workspace.lake, *place, WHOLE)]

    def refuted(self) -> dict[str, str]:
        return {row["object_key"]: row["reason"] for row in self.rows() if row["verdict"] == "refuted"}

    def events(self) -> list[ObjectInfo]:
        return list(self.workspace.lake.list("events/"))

    def lake(self) -> dict[str, bytes]:
        return {info.key: self.workspace.lake.get(info.key)[0] for info in self.workspace.lake.list("")}


@pytest.fixture(scope="module")
def plan() -> TrailPlan:
    small = scenario("quiet", start=START, days=HOURS / 24, seed=3, calls_per_hour=20)
    one = {"accounts": ("111122223333",), "regions": ("us-east-1",), "late_share": 0, "duplicate_share": 0}
    return replace(small, **one)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def forger() -> SigningKey:
    return SigningKey(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def signed(plan: TrailPlan, key: SigningKey) -> list[Delivered]:
    return list(with_digests(plan, simulate(plan), key))


@pytest.fixture
def case(signed: list[Delivered], plan: TrailPlan, key: SigningKey, tmp_path: Path) -> Callable[..., Case]:
    """Opens a trail of nothing and an empty lake, with a file of the right keys; keyword arguments are settings."""

    def opened(**settings: Any) -> Case:
        keys = tmp_path / "keys.json"
        keys.write_bytes(public_key_list(plan, key))
        workspace = Workspace(parse_settings({"integrity": {"keys_file": str(keys)} | settings}))
        workspace.trail, workspace.lake = open_store("memory://"), open_store("memory://")
        return Case(workspace, signed)

    return opened


def log_files(objects: Iterable[Delivered]) -> list[TrailObject]:
    return [each for each in objects if isinstance(each, TrailObject)]


def digests(objects: Iterable[Delivered]) -> list[SignedDigest]:
    return [each for each in objects if isinstance(each, SignedDigest)]


def test_untouched(case: Callable[..., Case]) -> None:
    """Of a trail as it was delivered every log file that was read and every digest is verified."""
    made = case()
    made.deliver(made.objects)
    made.read()
    report = made.verify()

    assert (report.verified, report.unverified, report.refuted) == (len(log_files(made.objects)), 0, 0)
    assert (report.digests_verified, report.digests_refuted, report.problems) == (HOURS, 0, 0)


@pytest.mark.parametrize("how", list(Tampering), ids=str)
def test_tampered(case: Callable[..., Case], signed: list[Delivered], forger: SigningKey, how: Tampering) -> None:
    """Whatever was done to a trail, the step names the same objects with the same verdicts as `insights verify`."""
    objects, concerned = tampered(signed, how, forger)
    made = case()
    made.deliver(objects)
    made.read()
    report = made.verify()
    file = Path(made.workspace.settings.integrity.keys_file)
    keys = verification.parse_public_keys(file.read_bytes())
    (tally,) = verification.verify_trail(WHOLE, made.workspace, lambda region: keys)

    assert sorted(made.refuted()) == concerned
    assert made.refuted() == {finding.key: str(finding.verdict) for finding in tally.problems}
    assert report.problems == len(concerned)


def test_log_files_are_not_fetched_again(case: Callable[..., Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is compared by the hash that the ledger has: only digests are fetched."""
    made = case()
    made.deliver(made.objects)
    made.read()

    def refuse(key: str) -> Any:
        raise AssertionError(f"{key} was fetched")

    monkeypatch.setattr(made.workspace.trail, "get", refuse)

    assert made.verify().verified == len(log_files(made.objects))


def test_read_before_hashes_were_kept(case: Callable[..., Case]) -> None:
    """What was read while the policy was `off` is fetched once more, if it still is what was read."""
    made = case(policy="off")
    made.deliver(made.objects)
    made.read()
    changed = log_files(made.objects)[0]
    made.workspace.trail.put(changed.key, b"something else")
    made.workspace.settings = parse_settings(
        {"integrity": {"keys_file": made.workspace.settings.integrity.keys_file, "policy": "warn"}}
    )
    report = made.verify()

    assert (report.verified, report.unverified) == (len(log_files(made.objects)) - 1, 1)
    assert report.reasons == {"not_hashed": 1}


def test_removed_after_it_was_read(case: Callable[..., Case]) -> None:
    """A log file that was read, and is deleted before its digest comes, is verified as it was read, and missed."""
    made = case()
    made.deliver(made.objects)
    made.read()
    gone = log_files(made.objects)[3].key
    made.workspace.trail.delete(gone)
    report = made.verify()

    assert (report.refuted, report.verified) == (0, len(log_files(made.objects)))
    assert report.first_problems == (f"log file {gone}: missing",)


def test_hour_by_hour(case: Callable[..., Case]) -> None:
    """Run as hours pass, each log file is first `pending`, then verified, as its digest comes; all of them in the
    end, and digests are looked at only since the newest that is known."""
    made = case()
    seen = []
    fetched: list[str] = []
    inner = made.workspace.trail.get_with_attributes
    made.workspace.trail.get_with_attributes = lambda key: fetched.append(key) or inner(key)  # type: ignore[func-returns-value,method-assign]
    for hour in range(HOURS + 1):
        now = START + timedelta(hours=hour + 1, minutes=20)
        window = Window(START + timedelta(hours=hour), START + timedelta(hours=hour + 1))
        made.workspace.lookback = timedelta(hours=24)
        made.deliver(made.objects, until=now)
        made.read(window)
        fetched.clear()
        report = made.verify(window, now=now)
        seen.append((report.unverified, report.problems, len(fetched)))

    assert all(problems == 0 for _, problems, _ in seen)
    assert seen[3][0] > 0
    assert seen[-1][0] == 0
    assert report.verified == len(log_files(made.objects))
    # Two for the link, and those not settled yet.
    assert max(number for *_, number in seen) <= 4


def test_an_earlier_hour_again(case: Callable[..., Case]) -> None:
    """An hour that is read again, though all that came since is verified already, changes no byte of the lake."""
    made = case()
    made.deliver(made.objects)
    made.read()
    made.verify()
    before = made.lake()
    report = made.verify(Window(START + timedelta(hours=3), START + timedelta(hours=4)))

    assert (report.unverified, report.problems, made.lake()) == (0, 0, before)
    assert report.verified > 0


def test_twice_is_once(case: Callable[..., Case]) -> None:
    """A second run changes no byte of the lake."""
    made = case()
    made.deliver(made.objects)
    made.read()
    first, before = made.verify(), made.lake()

    assert msgspec.structs.replace(made.verify(), list_requests=first.list_requests) == first
    assert made.lake() == before


def test_deleted_digests_take_nothing_back(case: Callable[..., Case]) -> None:
    """What was verified stays verified when all digests are deleted later; that they are gone is told."""
    made = case()
    made.deliver(made.objects)
    made.read()
    made.verify()
    for each in digests(made.objects):
        made.workspace.trail.delete(each.key)
    report = made.verify()

    assert report.verified == len(log_files(made.objects))
    assert digests(made.objects)[-1].key in made.refuted()


def test_late_digest(case: Callable[..., Case]) -> None:
    """A digest that was missed and comes at last is no longer missing, and its log files are verified."""
    made = case()
    late = digests(made.objects)[4]
    made.deliver(each for each in made.objects if each is not late)
    made.read()
    before = made.verify()
    made.deliver([late])
    after = made.verify()

    assert before.first_problems == (f"digest {late.key}: missing",)
    assert before.reasons == {"gap": before.unverified}
    assert (after.problems, after.unverified) == (0, 0)


def test_trail_without_digests(case: Callable[..., Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without digests there is no noise: no rows, no keys asked for, a listing for each account, all unverified."""
    made = case(keys_file="")
    monkeypatch.setattr(verification, "list_public_keys", lambda *args, **kwargs: pytest.fail("asked for keys"))
    made.deliver(log_files(made.objects))
    made.read()
    report = made.verify()

    assert (report.problems, report.verified, report.list_requests) == (0, 0, 3)
    assert report.reasons == {"no_digest": report.unverified}
    assert list(made.workspace.lake.list("integrity/")) == []


def test_off(case: Callable[..., Case]) -> None:
    """With the policy `off` nothing is hashed, listed or asked for."""
    made = case(policy="off")
    made.deliver(made.objects)
    made.read()
    del made.workspace.trail

    assert made.verify() == VerifyReport(window=str(WHOLE), policy="off")
    assert {entry["content_hash"] for entry in ledger.entries(made.workspace.lake, WHOLE)} == {None}


@pytest.mark.parametrize("policy", ["warn", "refuse"])
def test_no_keys(case: Callable[..., Case], monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    """Where CloudTrail gives no keys, `warn` says so and verifies nothing; `refuse` fails."""
    made = case(keys_file="", policy=policy)
    made.deliver(made.objects)
    made.read()

    def refuse(*args: Any, **kwargs: Any) -> bytes:
        raise AccessDeniedError("the public keys cannot be had: allow cloudtrail:ListPublicKeys")

    monkeypatch.setattr(verification, "list_public_keys", refuse)
    if policy == "refuse":
        with pytest.raises(AccessDeniedError, match="allow cloudtrail:ListPublicKeys"):
            made.verify()
    else:
        report = made.verify()
        assert "allow cloudtrail:ListPublicKeys" in report.note
        assert (report.verified, report.problems) == (0, 0)


def test_keys_file_that_is_not_there(case: Callable[..., Case]) -> None:
    """A file of keys that cannot be read is named with its setting."""
    made = case(keys_file="nowhere.json", policy="refuse")
    made.deliver(made.objects)
    made.read()

    with pytest.raises(SettingsError, match=r"nowhere\.json cannot be read: .*: check integrity\.keys_file"):
        made.verify()


class TestRefuse:
    @pytest.fixture
    def changed(self, case: Callable[..., Case]) -> tuple[Case, str]:
        """A trail one of whose log files was changed before it was read: it tells of calls nobody made."""
        made = case(policy="refuse")
        victim = log_files(made.objects)[5]
        made.deliver(made.objects)
        records = json.loads(_gunzip(victim.body))["Records"]
        invented = [record | {"eventID": f"{n:08x}-0000-4000-8000-000000000000"} for n, record in enumerate(records)]
        made.workspace.trail.put(victim.key, _gzip({"Records": invented}))
        made.read()
        return made, victim.key

    def keys_in_events(self, made: Case) -> set[str]:
        return set(self.object_keys_in_events(made))

    def object_keys_in_events(self, made: Case) -> list[str]:
        tables = [read_columns(made.workspace.lake.get(info.key)[0]) for info in made.events()]
        return [without_version(key) for table in tables for key in table["object_key"].to_pylist()]

    def test_withdrawn(self, changed: tuple[Case, str]) -> None:
        """The records of a refuted file leave the events for the quarantine, and the four numbers add up."""
        made, key = changed
        count.run(WHOLE, made.workspace)
        before = reconcile.run(WHOLE, made.workspace)
        assert key in self.keys_in_events(made)
        report = made.verify()
        count.run(WHOLE, made.workspace)
        after = reconcile.run(WHOLE, made.workspace)

        assert key not in self.keys_in_events(made)
        assert report.withdrawn > 0
        assert after.refused == {"refuted_object": report.withdrawn}
        assert (after.records_in, after.kept) == (before.records_in, before.kept - report.withdrawn)

    def test_twice_is_once(self, changed: tuple[Case, str]) -> None:
        """Nothing is withdrawn twice."""
        made, _ = changed
        made.verify()
        before = made.lake()

        assert made.verify().withdrawn == 0
        assert made.lake() == before

    def test_warn_leaves_them(self, changed: tuple[Case, str]) -> None:
        """With `warn` the file is named and its records stay."""
        made, key = changed
        file = made.workspace.settings.integrity.keys_file
        made.workspace.settings = parse_settings({"integrity": {"keys_file": file}})
        report = made.verify()

        assert (report.refuted, report.withdrawn) == (1, 0)
        assert key in self.keys_in_events(made)

    def test_the_true_version_stays(self, changed: tuple[Case, str]) -> None:
        """Where the true file was read as well, in place of the false one, its records are there afterwards, whoever
        looks how often."""
        made, key = changed
        true = next(each for each in log_files(made.objects) if each.key == key)
        made.workspace.trail.put(key, true.body)
        made.read()
        report = made.verify()
        before = made.lake()

        assert report.withdrawn > 0
        assert [key_ for key_ in self.object_keys_in_events(made) if key_ == key] == [key] * true.records
        assert (made.verify().withdrawn, made.lake()) == (0, before)

    def test_what_was_refuted_before_does_not_come_back(self, changed: tuple[Case, str]) -> None:
        """When copies in other files of an hour are looked for, those that an earlier run refuted are left alone."""
        made, first = changed
        made.verify()
        folder = first.rpartition("/")[0].replace("/02", "/03")
        late, later = (
            f"{folder}/111122223333_CloudTrail_us-east-1_20261103T00{n}Z_{'0' * 16}.json.gz" for n in (30, 35)
        )
        next_hour = Window(START + timedelta(hours=24), START + timedelta(hours=25))
        made.workspace.now = lambda: next_hour.end
        for each in (late, later):
            made.workspace.trail.put(each, made.workspace.trail.get(first)[0])
        made.read(next_hour)
        refuted = next(row for row in made.rows() if row["object_key"] == first)
        etag = made.workspace.trail.get(late)[1]
        changes = {"object_key": late, "object_etag": etag, "delivered_at": next_hour.start + timedelta(minutes=30)}
        integrity.write(made.workspace.lake, "111122223333", "us-east-1", [refuted | changes])
        withdrawal.run(made.workspace, next_hour)

        assert later in self.keys_in_events(made)
        assert not {first, late} & self.keys_in_events(made)

    def test_killed_between_two_hours(self, case: Callable[..., Case], monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a refuted file every record is in quarantine, though a run was killed when half of its hours were done,
        and the day's quarantine was put together since."""
        made = case(policy="refuse")
        made.deliver(made.objects)
        victim = log_files(made.objects)[5]
        one, *_ = json.loads(_gunzip(victim.body))["Records"]
        times = [f"2026-11-02T0{n}:30:00Z" for n in (0, 0, 1, 1)]
        invented = [
            one | {"eventID": f"{n:08x}-0000-4000-8000-000000000000", "eventTime": t} for n, t in enumerate(times)
        ]
        made.workspace.trail.put(victim.key, _gzip({"Records": invented}))
        made.read()
        take_out, hours = events.take_out, []

        def killed(lake: Any, hour: Any, keys: Any) -> None:
            if hours:
                raise KeyboardInterrupt
            hours.append(hour)
            take_out(lake, hour, keys)

        with monkeypatch.context() as patch:
            patch.setattr(events, "take_out", killed)
            with pytest.raises(KeyboardInterrupt):
                made.verify()
        made.verify()
        made.workspace.now = lambda: START + timedelta(days=9)
        maintain.run(None, made.workspace)
        tables = parts.read(made.workspace.lake, "quarantine/date=2026-11-02/")
        held = {json.loads(content)["eventID"] for table in tables for content in table["content"].to_pylist()}

        assert held == {each["eventID"] for each in invented}
        assert reconcile.run(WHOLE, made.workspace).quarantined == len(invented)

    def test_an_hour_is_not_held_back_for_it(self, case: Callable[..., Case]) -> None:
        """Where most of an hour's files are refuted, the others alone are counted: what went is not what could not be
        read."""
        made = case(policy="refuse")
        made.deliver(made.objects)
        true = log_files(made.objects)
        for each in true[: len(true) * 2 // 3]:
            made.workspace.trail.put(each.key, _gzip({"Records": json.loads(_gunzip(each.body))["Records"]}))
        made.read()
        validate.run(WHOLE, made.workspace)
        count.run(WHOLE, made.workspace)
        made.verify()
        judged = validate.run(WHOLE, made.workspace)
        count.run(WHOLE, made.workspace)
        left = sum(read_columns(made.workspace.lake.get(info.key)[0]).num_rows for info in made.events())

        assert judged.held == {}
        assert sum(sum(rows["count"].to_pylist()) for _, rows in read_counts(made.workspace.lake, WHOLE)) == left > 0

    def test_copies_take_their_place(self, case: Callable[..., Case]) -> None:
        """Of a record that a refuted file and a true one hold, the true one's copy stays, whichever was kept before."""
        made = case(policy="refuse")
        true = log_files(made.objects)[5]
        false = true.key[:-24] + "0" * 16 + ".json.gz"
        made.deliver(made.objects)
        made.workspace.trail.put(false, true.body)
        made.read()
        assert false in self.keys_in_events(made)
        report = made.verify()
        after = reconcile.run(WHOLE, made.workspace)

        assert made.refuted() == {false: "unlisted"}
        assert true.key in self.keys_in_events(made)
        assert false not in self.keys_in_events(made)
        assert after.kept == sum(each.records for each in log_files(made.objects))
        assert after.refused == {"refuted_object": report.withdrawn}

    def test_a_backfill_digest_lists_it(self, case: Callable[..., Case], key: SigningKey) -> None:
        """A log file that came late is in no digest, and withdrawn; once a backfill digest lists it, it is back."""
        made = case(policy="refuse")
        true = log_files(made.objects)[5]
        late = TrailObject(true.key[:-24] + "0" * 16 + ".json.gz", _gzip({"Records": []}), START, 0)
        records = json.loads(_gunzip(true.body))["Records"]
        own = [record | {"eventID": f"{n:08x}-0000-4000-8000-000000000000"} for n, record in enumerate(records)]
        late = replace(late, body=_gzip({"Records": own}))
        made.deliver([*made.objects, late])
        made.read()
        withdrawn = made.verify()
        assert (withdrawn.withdrawn, late.key in self.keys_in_events(made)) == (len(own), False)
        made.deliver([_backfill_digest(digests(made.objects)[0], late, key)])
        after = made.verify()
        count.run(WHOLE, made.workspace)

        assert (after.refuted, after.withdrawn) == (0, 0)
        assert late.key in self.keys_in_events(made)
        assert reconcile.run(WHOLE, made.workspace).quarantined == 0

    def test_hour_of_which_nothing_is_left(self, case: Callable[..., Case]) -> None:
        """An hour all of whose files are refuted counts nothing, and is validated and counted without complaint."""
        made = case(policy="refuse")
        made.deliver(made.objects)
        for each in log_files(made.objects):
            made.workspace.trail.put(each.key, _gzip({"Records": json.loads(_gunzip(each.body))["Records"]}))
        made.read()
        made.verify()
        validate.run(WHOLE, made.workspace)
        counted = count.run(WHOLE, made.workspace)

        assert self.keys_in_events(made) == set()
        assert (counted.calls, counted.held) == (0, 0)


def _backfill_digest(hourly: SignedDigest, late: TrailObject, key: SigningKey) -> SignedDigest:
    """Give a digest of an hour that lists one late log file, signed as the hourly ones are."""
    name = hourly.key.replace("Z.json.gz", "Z_backfill.json.gz")
    ends_at = f"{parse_instant(name.rpartition('_backfill')[0][-16:]):%Y-%m-%dT%H:%M:%SZ}"
    bucket = "simulated-trail-bucket"
    listed = {
        "s3Bucket": bucket,
        "s3Object": late.key,
        "hashValue": hashlib.sha256(_gunzip(late.body)).hexdigest(),
    }
    document = {
        "digestStartTime": f"{START:%Y-%m-%dT%H:%M:%SZ}",
        "digestEndTime": ends_at,
        "digestS3Bucket": bucket,
        "digestS3Object": name,
        "digestPublicKeyFingerprint": key.fingerprint,
        "previousDigestSignature": None,
        "logFiles": [listed],
    }
    content = json.dumps(document).encode()
    signed = f"{ends_at}\n{bucket}/{name}\n{hashlib.sha256(content).hexdigest()}\nnull"
    metadata = {"signature": key.sign(signed.encode()), "backfill-generation-timestamp": "2026-11-02T09:00:00.000Z"}
    return SignedDigest(name, gzip.compress(content), hourly.delivered_at, metadata)


def _gunzip(content: bytes) -> bytes:
    return gzip.decompress(content)


def _gzip(document: Any) -> bytes:
    return gzip.compress(json.dumps(document, indent=1).encode())
