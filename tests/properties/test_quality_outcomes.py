from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from insights.checks.result import RuleOutcome, not_evaluated
from insights.records.rules import EVENT_RULES

BLANK = not_evaluated(EVENT_RULES[0])


@st.composite
def outcomes(draw: st.DrawFn) -> RuleOutcome:
    checked = draw(st.integers(0, 10**9))
    examples = draw(st.lists(st.text(max_size=5), max_size=5, unique=True))
    return replace(
        BLANK, is_evaluated=True, checked=checked, failed=draw(st.integers(0, checked)), examples=tuple(examples)
    )


@given(outcomes(), outcomes(), outcomes())
def test_grouping_does_not_matter(first, second, third):
    """Slices add up to the same, whichever are added first."""
    assert (first + second) + third == first + (second + third)


@given(outcomes())
def test_a_rule_not_evaluated_is_neutral(outcome):
    """Adding what found nothing changes nothing."""
    assert BLANK + outcome == outcome + BLANK == outcome
