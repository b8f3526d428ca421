"""The policy `refuse` on signed trails: what digests refute is not counted."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from insights.records.object_keys import without_version
from insights.settings import parse_settings
from insights.simulate import SignedDigest, SigningKey, TrailObject
from insights.stages import count, maintain, reconcile, validate, withdrawal
from insights.storage import events, integrity, parts
from insights.storage.counts import read_counts
from insights.storage.quarantine import IDENTITY
from insights.storage.tables import read_columns
from insights.windows import Window, parse_instant
from tests.signed_trails import START, WHOLE, Case, body_of, records_of


def keys_in_events(made: Case) -> set[str]:
    return set(map(without_version, made.object_keys()))


@pytest.fixture
def changed(case: Callable[..., Case]) -> tuple[Case, str]:
    """A trail one of whose log files was changed before it was read: it tells of calls nobody made."""
    made = case(policy="refuse")
    victim = made.trail.log_files[5]
    made.deliver(made.objects)
    records = records_of(victim)
    invented = [record | {"eventID": f"{n:08x}-0000-4000-8000-000000000000"} for n, record in enumerate(records)]
    made.workspace.trail.put(victim.key, body_of(invented))
    made.read()
    return made, victim.key


def test_withdrawn(changed: tuple[Case, str]) -> None:
    """The records of a refuted file leave the events for the quarantine, and the four numbers add up."""
    made, key = changed
    count.run(WHOLE, made.workspace)
    before = reconcile.run(WHOLE, made.workspace)
    assert key in keys_in_events(made)
    report = made.verify()
    count.run(WHOLE, made.workspace)
    after = reconcile.run(WHOLE, made.workspace)

    assert key not in keys_in_events(made)
    assert report.withdrawn > 0
    assert after.refused == {"refuted_object": report.withdrawn}
    assert (after.records_in, after.kept) == (before.records_in, before.kept - report.withdrawn)


def test_twice_is_once(changed: tuple[Case, str]) -> None:
    """Nothing is withdrawn twice."""
    made, _ = changed
    made.verify()
    before = made.lake()

    assert made.verify().withdrawn == 0
    assert made.lake() == before


def test_warn_leaves_them(changed: tuple[Case, str]) -> None:
    """With `warn` the file is named and its records stay."""
    made, key = changed
    file = made.workspace.settings.integrity.keys_file
    made.workspace.settings = parse_settings({"integrity": {"keys_file": file}})
    report = made.verify()

    assert (report.refuted, report.withdrawn) == (1, 0)
    assert key in keys_in_events(made)


def test_the_true_version_stays(changed: tuple[Case, str]) -> None:
    """Where the true file was read as well, in place of the false one, its records are there afterwards, whoever
    looks how often."""
    made, key = changed
    true = next(each for each in made.trail.log_files if each.key == key)
    made.workspace.trail.put(key, true.body)
    made.read()
    report = made.verify()
    before = made.lake()

    assert report.withdrawn > 0
    assert [key_ for key_ in map(without_version, made.object_keys()) if key_ == key] == [key] * true.records
    assert (made.verify().withdrawn, made.lake()) == (0, before)


def delete_digests(made: Case) -> None:
    for info in list(made.workspace.trail.list("")):
        if "CloudTrail-Digest" in info.key:
            made.workspace.trail.delete(info.key)


def test_deleted_digests_take_nothing_back(changed: tuple[Case, str]) -> None:
    """A file that was refuted stays so, and its records in quarantine, though somebody deletes the digests since."""
    made, key = changed
    made.verify()
    said = made.refuted()
    delete_digests(made)
    made.verify()

    assert made.refuted().items() >= said.items()
    assert key in said
    assert reconcile.run(WHOLE, made.workspace).refused.keys() == {"refuted_object"}


@pytest.mark.parametrize("is_deleted", [False, True], ids=["digests kept", "digests deleted"])
def test_what_was_refuted_before_does_not_come_back(changed: tuple[Case, str], is_deleted: bool) -> None:
    """When copies in other files of an hour are looked for, those that an earlier run refuted are left alone."""
    made, first = changed
    made.verify()
    refuted = next(row for row in made.rows() if row["object_key"] == first)
    if is_deleted:
        delete_digests(made)
        made.verify()
    folder = first.rpartition("/")[0].replace("/02", "/03")
    late, later = (f"{folder}/111122223333_CloudTrail_us-east-1_20261103T00{n}Z_{'0' * 16}.json.gz" for n in (30, 35))
    next_hour = Window(START + timedelta(hours=24), START + timedelta(hours=25))
    made.workspace.now = lambda: next_hour.end
    for each in (late, later):
        made.workspace.trail.put(each, made.workspace.trail.get(first)[0])
    made.read(next_hour)
    etag = made.workspace.trail.get(late)[1]
    changes = {"object_key": late, "object_etag": etag, "delivered_at": next_hour.start + timedelta(minutes=30)}
    integrity.write(made.workspace.lake, "111122223333", "us-east-1", [refuted | changes])
    withdrawal.run(made.workspace, next_hour)

    assert later in keys_in_events(made)
    assert not {first, late} & keys_in_events(made)


def test_killed_between_two_hours(case: Callable[..., Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a refuted file every record is in quarantine, though a run was killed when half of its hours were done,
    and the day's quarantine was put together since."""
    made = case(policy="refuse")
    made.deliver(made.objects)
    victim = made.trail.log_files[5]
    one, *_ = records_of(victim)
    times = [f"2026-11-02T0{n}:30:00Z" for n in (0, 0, 1, 1)]
    invented = [one | {"eventID": f"{n:08x}-0000-4000-8000-000000000000", "eventTime": t} for n, t in enumerate(times)]
    made.workspace.trail.put(victim.key, body_of(invented))
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
    tables = parts.read(made.workspace.lake, "quarantine/date=2026-11-02/", IDENTITY)
    held = {json.loads(content)["eventID"] for table in tables for content in table["content"].to_pylist()}

    assert held == {each["eventID"] for each in invented}
    assert reconcile.run(WHOLE, made.workspace).quarantined == len(invented)


def test_an_hour_is_not_held_back_for_it(case: Callable[..., Case]) -> None:
    """Where most of an hour's files are refuted, the others alone are counted: what went is not what could not be
    read."""
    made = case(policy="refuse")
    made.deliver(made.objects)
    true = made.trail.log_files
    for each in true[: len(true) * 2 // 3]:
        made.workspace.trail.put(each.key, body_of(records_of(each)))
    made.read()
    validate.run(WHOLE, made.workspace)
    count.run(WHOLE, made.workspace)
    made.verify()
    judged = validate.run(WHOLE, made.workspace)
    count.run(WHOLE, made.workspace)
    left = sum(read_columns(made.workspace.lake.get(info.key)[0]).num_rows for info in made.events())

    assert judged.held == {}
    assert sum(sum(rows["count"].to_pylist()) for _, rows in read_counts(made.workspace.lake, WHOLE)) == left > 0


def test_copies_take_their_place(case: Callable[..., Case]) -> None:
    """Of a record that a refuted file and a true one hold, the true one's copy stays, whichever was kept before."""
    made = case(policy="refuse")
    true = made.trail.log_files[5]
    false = true.key[:-24] + "0" * 16 + ".json.gz"
    made.deliver(made.objects)
    made.workspace.trail.put(false, true.body)
    made.read()
    assert false in keys_in_events(made)
    report = made.verify()
    after = reconcile.run(WHOLE, made.workspace)

    assert made.refuted() == {false: "unlisted"}
    assert true.key in keys_in_events(made)
    assert false not in keys_in_events(made)
    assert after.kept == sum(each.records for each in made.trail.log_files)
    assert after.refused == {"refuted_object": report.withdrawn}


def test_copies_of_a_file_that_is_gone(case: Callable[..., Case]) -> None:
    """Where the true file is gone by then, no copy takes their place: the report names it until it is put back."""
    made = case(policy="refuse")
    true = made.trail.log_files[5]
    made.deliver(made.objects)
    made.workspace.trail.put(true.key[:-24] + "0" * 16 + ".json.gz", true.body)
    made.read()
    made.workspace.trail.delete(true.key)
    reports = [made.verify(), made.verify()]
    assert [(each.gone, each.first_gone) for each in reports] == [(1, (true.key,))] * 2
    assert true.key not in keys_in_events(made)
    made.workspace.trail.put(true.key, true.body)
    made.read()

    assert made.verify().gone == 0
    assert true.key in keys_in_events(made)


def test_a_backfill_digest_lists_it(case: Callable[..., Case]) -> None:
    """A log file that came late is in no digest, and withdrawn; once a backfill digest lists it, it is back."""
    made = case(policy="refuse")
    true = made.trail.log_files[5]
    late = TrailObject(true.key[:-24] + "0" * 16 + ".json.gz", body_of([]), START, 0)
    records = records_of(true)
    own = [record | {"eventID": f"{n:08x}-0000-4000-8000-000000000000"} for n, record in enumerate(records)]
    late = replace(late, body=body_of(own))
    made.deliver([*made.objects, late])
    made.read()
    withdrawn = made.verify()
    assert (withdrawn.withdrawn, late.key in keys_in_events(made)) == (len(own), False)
    made.deliver([_backfill_digest(made.trail.digests[0], late, made.trail.key)])
    after = made.verify()
    count.run(WHOLE, made.workspace)

    assert (after.refuted, after.withdrawn) == (0, 0)
    assert late.key in keys_in_events(made)
    assert reconcile.run(WHOLE, made.workspace).quarantined == 0


def test_hour_of_which_nothing_is_left(case: Callable[..., Case]) -> None:
    """An hour all of whose files are refuted counts nothing, and is validated and counted without complaint."""
    made = case(policy="refuse")
    made.deliver(made.objects)
    for each in made.trail.log_files:
        made.workspace.trail.put(each.key, body_of(records_of(each)))
    made.read()
    made.verify()
    validate.run(WHOLE, made.workspace)
    counted = count.run(WHOLE, made.workspace)

    assert keys_in_events(made) == set()
    assert (counted.calls, counted.held) == (0, 0)


def _backfill_digest(hourly: SignedDigest, late: TrailObject, key: SigningKey) -> SignedDigest:
    """Give a digest of an hour that lists one late log file, signed as the hourly ones are."""
    name = hourly.key.replace("Z.json.gz", "Z_backfill.json.gz")
    ends_at = f"{parse_instant(name.rpartition('_backfill')[0][-16:]):%Y-%m-%dT%H:%M:%SZ}"
    bucket = "simulated-trail-bucket"
    listed = {
        "s3Bucket": bucket,
        "s3Object": late.key,
        "hashValue": hashlib.sha256(gzip.decompress(late.body)).hexdigest(),
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
