"""Rules, schema and Great Expectations agree with each other."""

import logging
import subprocess
import sys

import pytest

from insights.checks.suites import COLUMNS, expectation_of
from insights.records.rules import EVENT_RULES, FactBetween
from insights.records.schemas import EVENTS


@pytest.mark.parametrize("rule", EVENT_RULES, ids=lambda rule: rule.id)
def test_every_rule_has_an_expectation(rule):
    """No rule is only prose: each becomes an expectation that carries its id and severity."""
    expectation = expectation_of(rule)

    assert (expectation.meta, expectation.severity) == ({"rule": rule.id}, rule.severity)


@pytest.mark.parametrize("rule", EVENT_RULES, ids=lambda rule: rule.id)
def test_a_rule_is_about_a_column_or_a_fact(rule):
    """A rule names a column of the events table, or it is about a fact; never both, never neither."""
    assert isinstance(rule.check, FactBetween) == (rule.column is None)
    assert rule.column is None or rule.column in EVENTS.names


def test_callers_read_the_columns_that_rules_need():
    """What a caller reads is what the rules look at, and nothing that is secret or large."""
    assert set(COLUMNS) == {rule.column for rule in EVENT_RULES} - {None}


def test_great_expectations_is_imported_by_the_first_validation_only():
    """Importing the checks costs neither the three seconds nor the memory of Great Expectations."""
    code = "import sys, insights.checks.suites, insights.checks.report; sys.exit('great_expectations' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_great_expectations_stays_quiet():
    """Its hundreds of information lines never reach a task's log."""
    expectation_of(EVENT_RULES[0])

    assert logging.getLogger("great_expectations.expectations.registry").getEffectiveLevel() == logging.WARNING
