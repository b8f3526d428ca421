import json
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from insights.checks.result import HourQuality, QualityResult, RuleOutcome, Verdict, not_evaluated, verdict_of
from insights.records.rules import EVENT_RULES, Severity

HOUR = datetime(2026, 11, 1, 13, tzinfo=UTC)


def outcome(rule_id: str, *, checked: int = 10, failed: int = 0, examples: tuple[str, ...] = ()) -> RuleOutcome:
    rule = next(rule for rule in EVENT_RULES if rule.id == rule_id)
    return replace(not_evaluated(rule), is_evaluated=True, checked=checked, failed=failed, examples=examples)


WARNING = outcome("event-name-shape", failed=1, examples=("<b>",))
CRITICAL = outcome("event-id-unique", failed=2)
RESULT = QualityResult(
    partition="account_id=111122223333/region=eu-central-1/date=2026-11-01",
    rows=10,
    hours=(HourQuality(HOUR, 10, Verdict.WARNED),),
    outcomes=(WARNING, not_evaluated(EVENT_RULES[0])),
    facts={"kept": 10.0},
    great_expectations=({"success": False, "meta": {"great_expectations_version": "1.24.1"}},),
)


def test_a_result_survives_json():
    """What is stored is what comes back, Great Expectations' own document included."""
    assert QualityResult.from_json(RESULT.to_json()) == RESULT


def test_json_spells_out_the_verdicts():
    """A reader without this package finds verdict and success of the whole and of each rule."""
    document = json.loads(RESULT.to_json())

    assert (document["verdict"], document["is_success"]) == ("warned", True)
    assert [rule["is_success"] for rule in document["outcomes"]] == [False, True]
    assert document["hours"] == [{"hour": "2026-11-01T13:00:00Z", "rows": 10, "verdict": "warned"}]


def test_something_else_is_not_read_as_a_result():
    """A document of another shape is refused, not half read."""
    with pytest.raises(msgspec.MsgspecError):
        QualityResult.from_json(b'{"partition": "p"}')


@pytest.mark.parametrize(
    ("outcomes", "verdict", "is_success"),
    [
        ((), Verdict.PASSED, True),
        ((outcome("event-id-unique"),), Verdict.PASSED, True),
        ((WARNING,), Verdict.WARNED, True),
        ((WARNING, CRITICAL), Verdict.FAILED, False),
    ],
    ids=["nothing evaluated", "all hold", "a warning failed", "a critical rule failed"],
)
def test_the_worst_severity_makes_the_verdict(outcomes, verdict, is_success):
    """Warnings leave the hour usable, critical rules do not."""
    assert verdict_of(outcomes) is verdict
    assert replace(RESULT, outcomes=outcomes).is_success is is_success


def test_outcomes_of_one_rule_add_up():
    """Counts are sums, examples the first five different ones."""
    first = outcome("event-name-shape", checked=10, failed=3, examples=("a", "b", "c"))
    second = outcome("event-name-shape", checked=7, failed=4, examples=("c", "d", "e", "f"))

    total = first + second

    assert (total.checked, total.failed, total.examples) == (17, 7, ("a", "b", "c", "d", "e"))


def test_outcomes_of_different_rules_do_not_add_up():
    """Adding apples to pears is an error of the caller."""
    with pytest.raises(ValueError, match="event-name-shape and event-id-unique"):
        WARNING + CRITICAL


def test_a_rule_that_was_not_evaluated_is_no_failure():
    """Without anything to look at a rule neither holds nor fails, and carries all its texts."""
    rule = EVENT_RULES[0]

    blank = not_evaluated(rule)

    assert (blank.is_evaluated, blank.is_success, blank.checked) == (False, True, 0)
    assert (blank.title, blank.why, blank.remedy) == (rule.title, rule.why, rule.remedy)
    assert blank.severity is Severity.CRITICAL
