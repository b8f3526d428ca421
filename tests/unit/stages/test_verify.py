"""The pipeline's step `verify`, on signed trails that somebody may have tampered with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from insights.errors import AccessDeniedError, SettingsError
from insights.settings import parse_settings
from insights.simulate import SignedDigest, SigningKey, Tampering, tampered
from insights.stages import reconcile, verification
from insights.stages.report import VerifyReport
from insights.storage import ledger
from insights.windows import Window
from tests.signed_trails import HOURS, START, WHOLE, Case, body_of, records_of


def test_untouched(case: Callable[..., Case]) -> None:
    """Of a trail as it was delivered every log file that was read and every digest is verified."""
    made = case()
    made.deliver(made.objects)
    made.read()
    report = made.verify()

    assert (report.verified, report.unverified, report.refuted) == (len(made.trail.log_files), 0, 0)
    assert (report.digests_verified, report.digests_refuted, report.problems) == (HOURS, 0, 0)


@pytest.mark.parametrize("how", list(Tampering), ids=str)
def test_tampered(case: Callable[..., Case], forger: SigningKey, how: Tampering) -> None:
    """Whatever was done to a trail, the step names the same objects with the same verdicts as `insights verify`."""
    made = case()
    objects, concerned = tampered(made.objects, how, forger)
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

    assert made.verify().verified == len(made.trail.log_files)


def test_read_before_hashes_were_kept(case: Callable[..., Case]) -> None:
    """What was read while the policy was `off` is fetched once more, if it still is what was read."""
    made = case(policy="off")
    made.deliver(made.objects)
    made.read()
    changed = made.trail.log_files[0]
    made.workspace.trail.put(changed.key, b"something else")
    made.workspace.settings = parse_settings(
        {"integrity": {"keys_file": made.workspace.settings.integrity.keys_file, "policy": "warn"}}
    )
    report = made.verify()

    assert (report.verified, report.unverified) == (len(made.trail.log_files) - 1, 1)
    assert report.reasons == {"not_hashed": 1}


def test_removed_after_it_was_read(case: Callable[..., Case]) -> None:
    """A log file that was read, and is deleted before its digest comes, is verified as it was read, and missed."""
    made = case()
    made.deliver(made.objects)
    made.read()
    gone = made.trail.log_files[3].key
    made.workspace.trail.delete(gone)
    report = made.verify()

    assert (report.refuted, report.verified) == (0, len(made.trail.log_files))
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
    assert report.verified == len(made.trail.log_files)
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
    for each in made.trail.digests:
        made.workspace.trail.delete(each.key)
    report = made.verify()

    assert report.verified == len(made.trail.log_files)
    assert made.trail.digests[-1].key in made.refuted()


def test_late_digest(case: Callable[..., Case]) -> None:
    """A digest that was missed and comes at last is no longer missing, and its log files are verified."""
    made = case()
    late = made.trail.digests[4]
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
    made.deliver(made.trail.log_files)
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


def read_with_a_forgery(made: Case) -> tuple[Any, str]:
    """Read a trail with a file that no digest lists, which tells the events of a true one differently; give both."""
    true = made.trail.log_files[5]
    false = true.key[:-24] + "0" * 16 + ".json.gz"
    made.deliver(made.objects)
    made.workspace.trail.put(false, body_of([each | {"userAgent": "forged"} for each in records_of(true)]))
    made.read()
    return true, false


def test_told_differently(case: Callable[..., Case]) -> None:
    """With `warn` a file that no digest lists stays, but its content does not stand in the place of a true record's."""
    made = case()
    true, false = read_with_a_forgery(made)
    assert false in made.object_keys()
    report = made.verify()

    assert (report.refuted, report.disputed) == (1, 0)
    assert true.key in made.object_keys()
    assert false not in made.object_keys()
    assert reconcile.run(WHOLE, made.workspace).duplicate == true.records


def test_told_differently_and_gone(case: Callable[..., Case]) -> None:
    """Where the true one is gone before its digest comes, the report names both files."""
    made = case()
    true, false = read_with_a_forgery(made)
    made.workspace.trail.delete(true.key)
    report = made.verify()

    assert report.disputed == len(report.first_disputed) > 0
    assert all(repr(true.key) in each and repr(false) in each for each in report.first_disputed)


def two_trails(made: Case, first: str, second: str, *, late_hours: float | None) -> None:
    """Deliver a trail below two prefixes, until now; from the third hour on digests of the second come so much later,
    or none ever does."""
    now, later = made.workspace.now(), timedelta(hours=late_hours or 0)
    for each in made.objects:
        is_digest = isinstance(each, SignedDigest)
        copies = [(first, each.delivered_at)]
        if late_hours is not None or not is_digest:
            is_late = is_digest and each.delivered_at > START + timedelta(hours=3)
            copies.append((second, each.delivered_at + later * is_late))
        made.deliver([replace(each, key=f"{prefix}{each.key}", delivered_at=at) for prefix, at in copies], until=now)


def hour_by_hour(
    made: Case, first: str, second: str, *, late_hours: float | None, hours: range
) -> Iterator[VerifyReport]:
    """Deliver, read and verify two trails 20 minutes after each hour, as the schedule does."""
    for hour in hours:
        now = START + timedelta(hours=hour, minutes=20)
        made.workspace.now = lambda now=now: now
        two_trails(made, first, second, late_hours=late_hours)
        made.read()
        yield made.verify(now=now)


@pytest.mark.parametrize(("first", "second"), [("", "b/"), ("", "0/"), ("a/", "b/")])
@pytest.mark.parametrize("late_hours", [0, 1.5])
def test_two_trails_in_a_bucket(case: Callable[..., Case], first: str, second: str, late_hours: float) -> None:
    """Log files that another trail delivers below a prefix are verified by its digests, and never refuted meanwhile
    because those of the first trail, which come before, do not list them."""
    made = case()
    reports = list(hour_by_hour(made, first, second, late_hours=late_hours, hours=range(2, HOURS + 4)))

    assert [report.refuted for report in reports] == [0] * len(reports)
    assert (reports[-1].verified, reports[-1].unverified) == (2 * len(made.trail.log_files), 0)


@pytest.mark.parametrize(("first", "second"), [("a/", "b/"), ("b/", "a/"), ("", "b/")])
def test_second_trail_without_digests(case: Callable[..., Case], first: str, second: str) -> None:
    """No digest of one trail is missed below the prefix of another that has none."""
    reports = list(hour_by_hour(case(), first, second, late_hours=None, hours=range(4, HOURS + 1)))

    assert [report.digests_refuted for report in reports] == [0] * len(reports)
