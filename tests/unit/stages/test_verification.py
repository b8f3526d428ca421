from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from insights.errors import AccessDeniedError, NotFoundError
from insights.integrity.public_keys import parse_public_keys
from insights.integrity.tally import Tally
from insights.settings import parse_settings
from insights.simulate import SignedDigest, SigningKey, Tampering, TrailObject, tampered, with_digests
from insights.stages import verification
from insights.stages.workspace import Workspace
from insights.storage.opening import open_store
from insights.windows import Window, parse_instant
from tests.signed_trails import START, WHOLE, Delivered, SignedTrail, put

CLEAN = {"invalid": 0, "missing": 0, "unlisted": 0, "uncovered": 0, "elsewhere": 0}


class Trail(SignedTrail):
    """A signed trail that can be verified, as it is or as a test left it."""

    def verify(
        self,
        objects: Sequence[Delivered] | None = None,
        *,
        window: Window | None = None,
        now: datetime = WHOLE.end,
        **trail: Any,
    ) -> list[Tally]:
        workspace = Workspace(parse_settings({"trail": trail}), now=lambda: now)
        workspace.trail = open_store("memory://")
        for each in self.objects if objects is None else objects:
            put(workspace.trail, each)
        keys = parse_public_keys(self.public_keys)
        return verification.verify_trail(window, workspace, lambda region: keys)


@pytest.fixture(scope="module")
def trail() -> Trail:
    return Trail()


def problems(tally: Tally) -> list[tuple[str, str]]:
    """Give verdicts with the time in the key."""
    return sorted((str(each.verdict), each.key.rpartition("_2026")[2][:9]) for each in tally.problems)


def test_untouched(trail: Trail) -> None:
    """A trail as it was delivered has nothing but valid digests and log files."""
    (tally,) = trail.verify()

    assert (tally.account_id, tally.region, tally.findings) == ("111122223333", "us-east-1", [])
    assert tally.numbers("digest") == {"valid": 8} | CLEAN
    assert tally.numbers("log file") == {"valid": len(trail.log_files)} | CLEAN


@pytest.mark.parametrize(
    ("how", "verdicts"),
    [
        (Tampering.CHANGED_LOG_FILE, {"changed"}),
        (Tampering.CHANGED_DIGEST, {"forged"}),
        (Tampering.REMOVED_LOG_FILE, {"missing"}),
        (Tampering.REMOVED_DIGEST, {"missing"}),
        (Tampering.TWO_REMOVED_DIGESTS, {"missing"}),
        (Tampering.NEWEST_DIGESTS_REMOVED, {"missing"}),
        (Tampering.CUT_CHAIN, {"missing"}),
        (Tampering.MOVED_LOG_FILE, {"missing", "unlisted"}),
        (Tampering.MOVED_DIGEST, {"missing", "moved"}),
        (Tampering.APPENDED_LOG_FILE, {"appended"}),
        (Tampering.ADDED_LOG_FILE, {"unlisted"}),
        (Tampering.FORGED_SIGNATURE, {"forged"}),
        (Tampering.WRONG_FINGERPRINT, {"key_not_found"}),
    ],
    ids=lambda value: str(value) if isinstance(value, Tampering) else "",
)
def test_tampered(trail: Trail, forger: SigningKey, how: Tampering, verdicts: set[str]) -> None:
    """Whatever was done to a trail, exactly the objects concerned are named, with what was done to them."""
    objects, concerned = tampered(trail.objects, how, forger)
    (tally,) = trail.verify(objects, window=WHOLE, now=START + timedelta(hours=10))

    assert {str(finding.verdict) for finding in tally.problems} == verdicts
    assert sorted(finding.key for finding in tally.problems) == concerned


def test_every_tampering_is_tested() -> None:
    """The table above has every way to tamper that the simulation knows."""
    (table,) = [mark for mark in test_tampered.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]

    assert {how for how, _ in table.args[1]} == set(Tampering)


def test_newest_digests_are_missed_by_the_log_files(trail: Trail) -> None:
    """Without a window it is the log files that tell how long digests should have been written."""
    left = [each for each in trail.objects if each not in trail.digests[4:]]

    assert problems(trail.verify(left)[0]) == [("missing", "1102T0500"), ("missing", "1102T0600")]


def test_all_digests_removed(trail: Trail) -> None:
    """Log files without a single digest are told as one problem that names the folder."""
    (tally,) = trail.verify(trail.log_files)

    assert [finding.key for finding in tally.problems] == ["AWSLogs/111122223333/CloudTrail-Digest/us-east-1/"]
    assert tally.numbers("log file") == {"valid": 0} | CLEAN | {"uncovered": len(trail.log_files)}


def test_everything_of_some_hours_removed(trail: Trail) -> None:
    """Where log files and digests of hours are gone together, the digests after them tell."""
    hours = Window(START + timedelta(hours=2, minutes=1), START + timedelta(hours=4))
    left = [each for each in trail.objects if not hours.start <= each.delivered_at <= hours.end]

    assert problems(trail.verify(left)[0]) == [("missing", "1102T0300"), ("missing", "1102T0400")]
    assert problems(trail.verify(left, window=hours)[0]) == [("missing", "1102T0300"), ("missing", "1102T0400")]


def test_window(trail: Trail) -> None:
    """Of a window, the digests that overlap it are verified and those of two hours more, which may list its files."""
    window = Window(START + timedelta(hours=2), START + timedelta(hours=4))

    assert trail.verify(window=window)[0].numbers("digest") == {"valid": 4} | CLEAN


def test_digest_that_is_not_due(trail: Trail) -> None:
    """Until an hour after its end, nobody misses an hour's digest."""
    left, window = trail.objects[: trail.objects.index(trail.digests[-1])], Window(START, START + timedelta(hours=8))
    due = START + timedelta(hours=9)

    assert problems(trail.verify(left, window=window, now=due)[0]) == []
    assert problems(trail.verify(left, window=window, now=due + timedelta(minutes=1))[0]) == [("missing", "1102T0800")]


def test_hours_without_log_files() -> None:
    """Hours in which nothing was delivered have digests too, and are valid."""
    quiet = Trail(calls_per_hour=0)
    (tally,) = quiet.verify()

    assert quiet.log_files == []
    assert tally.numbers("digest") == {"valid": 8} | CLEAN


def test_organization() -> None:
    """In an organization's trail every account and Region is told by itself, below whatever prefix."""
    several = Trail(
        layout="organization",
        prefix="my/logs",
        accounts=("111122223333", "444455556666"),
        regions=("us-east-1", "eu-west-1"),
    )
    tallies = several.verify()

    assert [(tally.account_id, tally.region) for tally in tallies] == [
        ("111122223333", "eu-west-1"),
        ("111122223333", "us-east-1"),
        ("444455556666", "eu-west-1"),
        ("444455556666", "us-east-1"),
    ]
    assert {tuple(tally.numbers("digest").items()) for tally in tallies} == {tuple(({"valid": 9} | CLEAN).items())}
    chosen = several.verify(accounts=["444455556666"], regions=["eu-west-1"])
    assert [(tally.account_id, tally.region) for tally in chosen] == [("444455556666", "eu-west-1")]


@pytest.mark.parametrize(
    ("url", "verdicts"),
    [
        ("s3://my-bucket/p", {"valid"}),
        ("s3://other/p", {"moved"}),
        ("s3://my-bucket", {"moved"}),
        ("memory://", {"valid"}),
    ],
    ids=["its bucket", "another bucket", "another prefix", "a copy"],
)
def test_place(trail: Trail, url: str, verdicts: set[str]) -> None:
    """Digests are valid in the bucket and below the prefix they were delivered to, and in a copy that is no bucket."""
    workspace = Workspace(parse_settings({}), now=lambda: WHOLE.end)
    workspace.trail = open_store("memory://")
    workspace.trail.url = url
    for each in with_digests(trail.plan, trail.log_files, trail.key, bucket="my-bucket", root="p/"):
        put(workspace.trail, each)
    keys = parse_public_keys(trail.public_keys)
    (tally,) = verification.verify_trail(None, workspace, lambda region: keys)

    assert {verdict for (kind, verdict) in tally.counts if kind == "digest"} == verdicts
    assert tally.numbers("log file")["valid"] == (len(trail.log_files) if verdicts == {"valid"} else 0)


def test_backfill(trail: Trail) -> None:
    """Backfill digests are a chain of their own beside the hourly one, and what they list is vouched for."""
    late = TrailObject(
        trail.log_files[0].key.replace("1102T00", "1102T04")[:-24] + "B" * 16 + ".json.gz",
        gzip.compress(b'{"Records":[]}'),
        START,
        0,
    )
    key = trail.digests[0].key.replace("Z.json.gz", "Z_backfill.json.gz")
    document = {
        "digestStartTime": "2026-11-02T00:00:00Z",
        "digestEndTime": "2026-11-02T01:00:00Z",
        "digestS3Bucket": "simulated-trail-bucket",
        "digestS3Object": key,
        "digestPublicKeyFingerprint": trail.key.fingerprint,
        "previousDigestSignature": None,
        "logFiles": [
            {
                "s3Bucket": "simulated-trail-bucket",
                "s3Object": late.key,
                "hashValue": hashlib.sha256(b'{"Records":[]}').hexdigest(),
            }
        ],
    }
    content = json.dumps(document).encode()
    text = f"2026-11-02T01:00:00Z\nsimulated-trail-bucket/{key}\n{hashlib.sha256(content).hexdigest()}\nnull"
    metadata = {
        "signature": trail.key.sign(text.encode()),
        "backfill-generation-timestamp": "2026-11-02T09:00:00.000Z",
    }
    backfill = SignedDigest(key, gzip.compress(content), START, metadata)
    (without,), (tally,) = trail.verify([*trail.objects, late]), trail.verify([*trail.objects, late, backfill])

    assert [finding.key for finding in without.problems] == [late.key]
    assert (tally.findings, tally.numbers("digest")["valid"]) == ([], 9)


def test_nothing_there() -> None:
    """A trail's URL below which there is no account is wrong, not valid."""
    workspace = Workspace(parse_settings({}))
    workspace.trail = open_store("memory://")
    workspace.trail.put("other/AWSLogs/elasticloadbalancing/x.log", b"")

    with pytest.raises(NotFoundError, match="what stands before AWSLogs/"):
        verification.verify_trail(None, workspace, lambda region: {})


def test_unreadable_object(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that may not be read is no verdict on the trail: the run fails and says so."""

    def refuse(store: Any, keys: Any, *, threads: int) -> Any:
        yield from ((key, AccessDeniedError(f"access to {key} was refused")) for key in keys)

    monkeypatch.setattr(verification, "read_ahead", refuse)

    with pytest.raises(AccessDeniedError, match="was refused"):
        trail.verify()


def test_keys_are_asked_of_the_home_region(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keys CloudTrail is asked once, in the trail's home Region, for those valid since the window began."""
    asked = []

    def answer(aws: Any, region: str, *, since: datetime, until: datetime) -> bytes:
        asked.append((region, since, until))
        return trail.public_keys

    monkeypatch.setattr(verification, "list_public_keys", answer)
    workspace = Workspace(parse_settings({}), now=lambda: parse_instant("2026-12-01"))
    workspace.trail = open_store("memory://")
    for each in trail.digests:
        put(workspace.trail, each)
    (tally,) = verification.verify_trail(WHOLE, workspace)

    assert tally.numbers("digest")["valid"] == 8
    assert asked == [("us-east-1", START, parse_instant("2026-12-01"))]
