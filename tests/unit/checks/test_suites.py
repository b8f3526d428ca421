from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from insights.checks.result import QualityResult, RuleOutcome, Verdict
from insights.checks.suites import COLUMNS, check_events
from insights.errors import QualityError

HOUR = datetime(2026, 11, 1, 13, tzinfo=UTC)
INSTANT = pa.timestamp("us", tz="UTC")
FACTS = {
    "records_in": 100.0,
    "kept": 90.0,
    "duplicate": 9.0,
    "out_of_scope": 1.0,
    "quarantined": 0.0,
    "unaccounted_records": 0.0,
    "quarantined_share": 0.0,
    "future_events": 0.0,
    "inferred_share": 0.0,
}


def events(count: int = 4, *, hour: datetime = HOUR, **first_row: object) -> pa.Table:
    """Give `count` faultless events of an hour, the first of them with other values where some are given."""
    rows: list[dict[str, object]] = [
        {
            "event_time": hour + timedelta(seconds=n),
            "event_id": f"{hour:%H}-{n}",
            "event_source": "s3.amazonaws.com",
            "event_name": "CreateBucket",
            "event_category": "Management",
            "source_ip_address": "192.0.2.1",
            "recipient_account_id": "111122223333",
            "partition_hour": hour,
        }
        for n in range(count)
    ]
    rows[0] |= first_row
    types = {name: pa.string() for name in COLUMNS} | {"event_time": INSTANT, "partition_hour": INSTANT}
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))


def check(*batches: pa.Table, **facts: float) -> QualityResult:
    return check_events(batches, {**FACTS, **facts}, partition="account_id=111122223333/region=eu-central-1")


def outcome_of(result: QualityResult, rule_id: str) -> RuleOutcome:
    return next(outcome for outcome in result.outcomes if outcome.rule_id == rule_id)


def test_faultless_events_pass_every_rule():
    """Ordinary events with facts that add up: everything evaluated, nothing failed."""
    result = check(events())

    assert (result.verdict, result.rows) == (Verdict.PASSED, 4)
    assert all(outcome.is_evaluated and outcome.is_success for outcome in result.outcomes)


@pytest.mark.parametrize(
    ("bad", "rule_id", "verdict", "example"),
    [
        ({"event_id": "13-1"}, "event-id-unique", Verdict.FAILED, "13-1"),
        (
            {"event_time": HOUR + timedelta(hours=1)},
            "event-time-in-hour",
            Verdict.FAILED,
            "2026-11-01T14:00:00Z in the hour of 2026-11-01T13:00:00Z",
        ),
        (
            {"event_time": HOUR - timedelta(seconds=1)},
            "event-time-in-hour",
            Verdict.FAILED,
            "2026-11-01T12:59:59Z in the hour of 2026-11-01T13:00:00Z",
        ),
        ({"event_category": "Insight"}, "event-category-known", Verdict.FAILED, "Insight"),
        ({"event_id": None}, "event-id-present", Verdict.WARNED, "CreateBucket at 2026-11-01T13:00:00Z"),
        ({"source_ip_address": None}, "source-address-present", Verdict.WARNED, "CreateBucket at 2026-11-01T13:00:00Z"),
        ({"event_source": "s3"}, "event-source-shape", Verdict.WARNED, "s3"),
        ({"event_name": "<script>\n"}, "event-name-shape", Verdict.WARNED, r"<script>\n"),
        ({"recipient_account_id": "1"}, "account-id-shape", Verdict.WARNED, "1"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value else "",
)
def test_a_bad_row_is_caught_by_its_rule_only(bad, rule_id, verdict, example):
    """One faulty row fails exactly one rule, with that rule's severity, and is shown."""
    result = check(events(**bad))

    assert [outcome.rule_id for outcome in result.outcomes if not outcome.is_success] == [rule_id]
    assert result.verdict is verdict
    assert outcome_of(result, rule_id).examples == (example,)


@pytest.mark.parametrize(
    ("fact", "value", "rule_id", "verdict"),
    [
        ("unaccounted_records", 1, "records-reconcile", Verdict.FAILED),
        ("unaccounted_records", -1, "records-reconcile", Verdict.FAILED),
        ("quarantined_share", 0.02, "quarantine-rare", Verdict.WARNED),
        ("future_events", 3, "events-not-ahead", Verdict.WARNED),
        ("inferred_share", 0.5, "read-write-known", Verdict.WARNED),
    ],
)
def test_a_bad_fact_is_caught(fact, value, rule_id, verdict):
    """A number out of its bounds fails its rule and says both."""
    result = check(events(), **{fact: value})

    assert [outcome.rule_id for outcome in result.outcomes if not outcome.is_success] == [rule_id]
    assert result.verdict is verdict
    assert outcome_of(result, rule_id).examples[0].startswith(f"{fact} is {value}, allowed is 0 to ")


def test_mostly_unreadable_records_forbid_counting():
    """More than half of the records in quarantine is critical, one per cent is not."""
    assert check(events(), quarantined_share=0.51).verdict is Verdict.FAILED
    assert check(events(), quarantined_share=0.01).verdict is Verdict.PASSED


def test_a_missing_fact_leaves_its_rule_open():
    """Without its fact, or with one that is no number, a rule is not evaluated, and says so."""
    result = check_events([events()], {"future_events": float("nan")}, partition="p")

    open_rules = {outcome.rule_id for outcome in result.outcomes if not outcome.is_evaluated}
    assert open_rules == {
        "records-reconcile",
        "quarantine-not-the-rule",
        "quarantine-rare",
        "events-not-ahead",
        "read-write-known",
    }
    assert (result.verdict, result.facts) == (Verdict.PASSED, {})


def test_slices_find_what_the_whole_finds():
    """However rows are cut into batches, counts, verdicts and hours are the same."""
    table = pa.concat_tables(
        [events(6, event_name="<b>"), events(6, hour=HOUR + timedelta(hours=1), event_source="s3")]
    )

    whole = check(table)
    sliced = check(*(table.slice(start, 5) for start in range(0, 12, 5)))

    assert sliced.outcomes == whole.outcomes
    assert (sliced.rows, sliced.hours) == (whole.rows, whole.hours)


def test_many_rows_are_validated_in_slices():
    """More than 50,000 rows never meet in one validation, yet are all counted."""
    batches = [events(30_000, hour=HOUR + timedelta(hours=n)) for n in range(2)]
    result = check_events(batches, {}, partition="p")

    sizes = {
        validation["result"]["element_count"]
        for document in result.great_expectations
        for validation in document["results"]
        if validation["expectation_config"]["meta"]["rule"] == "event-name-shape"
    }
    assert (result.rows, sizes) == (60_000, {30_000})


def test_a_duplicate_in_another_slice_is_found():
    """An id that comes again in a later batch of the same hour is twice there."""
    result = check(events(), events(1))

    assert outcome_of(result, "event-id-unique").failed == 2


def test_the_same_id_in_two_hours_is_no_duplicate():
    """Uniqueness is promised inside a partition hour."""
    result = check(events(1, event_id="a"), events(1, hour=HOUR + timedelta(hours=1), event_id="a"))

    assert result.verdict is Verdict.PASSED


def test_events_without_an_id_are_not_duplicates():
    """Rows without an id are not compared with each other."""
    result = check(events(1, event_id=None), events(1, event_id=None))

    unique = outcome_of(result, "event-id-unique")
    assert (unique.checked, unique.failed) == (0, 0)


def test_a_bad_row_spoils_its_own_hour_only():
    """Each hour gets the verdict its rows deserve, in order of time."""
    later = HOUR + timedelta(hours=1)
    result = check(events(3, hour=later, event_category="Insight"), events(2))

    assert [(hour.hour, hour.rows, hour.verdict) for hour in result.hours] == [
        (HOUR, 2, Verdict.PASSED),
        (later, 3, Verdict.FAILED),
    ]


def test_a_bad_fact_spoils_every_hour():
    """Records lost somewhere may be missing in any of the hours."""
    result = check(events(), events(hour=HOUR + timedelta(hours=1)), unaccounted_records=1)

    assert {hour.verdict for hour in result.hours} == {Verdict.FAILED}


@pytest.mark.parametrize("batches", [[], [events().slice(0, 0)]], ids=["no batch", "an empty batch"])
def test_no_rows_are_no_failure(batches):
    """An hour without events passes, and its row rules say that they looked at nothing."""
    result = check_events(batches, FACTS, partition="p")

    assert (result.verdict, result.rows, result.hours) == (Verdict.PASSED, 0, ())
    assert {outcome.is_evaluated for outcome in result.outcomes if outcome.column} == {False}


def test_long_values_are_cut_wherever_they_are_kept():
    """A name of a megabyte costs a result 200 characters, in examples and in Great Expectations' document."""
    result = check(events(event_name="<" * 1_000_000))

    assert len(result.to_json()) < 50_000
    assert QualityResult.from_json(result.to_json()) == result


def test_a_rule_that_cannot_be_evaluated_is_an_error(monkeypatch):
    """A broken rule stops the check with its name: it neither passes nor fails."""
    from insights.checks import suites
    from insights.records.rules import Matches, Rule, Severity

    broken = Rule("broken", "Broken", "event_name", Matches("("), Severity.WARNING, "Why.", "What.")
    monkeypatch.setattr(suites, "_ROW_RULES", (broken,))

    with pytest.raises(QualityError, match="could not evaluate the rule broken"):
        check(events())
