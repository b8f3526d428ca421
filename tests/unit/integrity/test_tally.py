from __future__ import annotations

import pytest

from insights.integrity.tally import Tally
from insights.integrity.verdicts import Finding, Verdict


def test_numbers() -> None:
    """Every object is in one number; a note about a digest that has its own verdict is in none."""
    tally = Tally("111122223333", "us-east-1")
    for verdict in (Verdict.VALID, Verdict.VALID, Verdict.FORGED, Verdict.MOVED, Verdict.MISSING, Verdict.RESTARTED):
        tally.add(Finding("digest", "key", verdict))
    tally.add(Finding("log file", "key", Verdict.UNLISTED))

    assert tally.numbers("digest") == {
        "valid": 2, "invalid": 2, "missing": 1, "unlisted": 0, "uncovered": 0, "elsewhere": 0
    }  # fmt: skip
    assert tally.numbers("log file")["unlisted"] == 1


def test_findings() -> None:
    """What is valid or merely uncovered is counted, not kept; what is harmless is no problem."""
    tally = Tally("111122223333", "us-east-1")
    for verdict in (Verdict.VALID, Verdict.UNCOVERED, Verdict.RESTARTED, Verdict.CHANGED):
        tally.add(Finding("log file", str(verdict), verdict))

    assert [finding.key for finding in tally.findings] == ["restarted", "changed"]
    assert [finding.key for finding in tally.problems] == ["changed"]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_words(verdict: Verdict) -> None:
    """Whatever is found out, people are told what it is called and what it means."""
    assert verdict.words
    assert verdict.meaning.endswith(".")
