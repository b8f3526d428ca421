"""What a validation found, as plain values that survive JSON.

Outcomes form an algebra: those of one rule over several slices, hours or partitions add up to one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from insights.records.rules import Rule, Severity

MAX_EXAMPLES = 5
"""As many values that failed are kept for each rule."""


class Verdict(StrEnum):
    """What the rules say together."""

    PASSED = "passed"
    WARNED = "warned"
    """A warning failed: usable, with a remark."""
    FAILED = "failed"
    """A critical rule failed: must not be counted."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule found.

    `checked` and `failed` count rows that have a value, or partitions for a fact (`column` None). A rule that had
    nothing to look at, no row or no fact, is not evaluated; that is no failure.
    """

    rule_id: str
    title: str
    column: str | None
    severity: Severity
    why: str
    remedy: str
    is_evaluated: bool
    checked: int
    failed: int
    examples: tuple[str, ...]

    @property
    def is_success(self) -> bool:
        """Tell whether nothing failed."""
        return self.failed == 0

    def __add__(self, other: RuleOutcome) -> RuleOutcome:
        """Add what the same rule found elsewhere; the first five different examples stay."""
        if self.rule_id != other.rule_id:
            raise ValueError(f"outcomes of {self.rule_id} and {other.rule_id} do not add up to anything")
        return replace(
            self,
            is_evaluated=self.is_evaluated or other.is_evaluated,
            checked=self.checked + other.checked,
            failed=self.failed + other.failed,
            examples=tuple(dict.fromkeys(self.examples + other.examples))[:MAX_EXAMPLES],
        )


@dataclass(frozen=True, slots=True)
class HourQuality:
    """One partition hour: its rows, and the verdict on them together with the facts that hold for the whole call."""

    hour: datetime
    rows: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class QualityResult:
    """What all rules found in one partition.

    `great_expectations` holds the documents Great Expectations returned, one for every validation, unchanged but for
    texts cut at 200 characters.
    """

    partition: str
    rows: int
    hours: tuple[HourQuality, ...]
    outcomes: tuple[RuleOutcome, ...]
    facts: dict[str, float]
    great_expectations: tuple[dict[str, Any], ...]

    @property
    def verdict(self) -> Verdict:
        """The worst the rules say."""
        return verdict_of(self.outcomes)

    @property
    def is_success(self) -> bool:
        """Tell whether no critical rule failed."""
        return self.verdict is not Verdict.FAILED

    def to_json(self) -> bytes:
        """Write the result with its verdicts spelled out, for readers that are not this class."""
        document = msgspec.to_builtins(self)
        outcomes = [
            {**fields, "is_success": outcome.is_success}
            for fields, outcome in zip(document["outcomes"], self.outcomes, strict=True)
        ]
        verdicts = {"verdict": self.verdict, "is_success": self.is_success}
        return msgspec.json.encode({**document, **verdicts, "outcomes": outcomes})

    @classmethod
    def from_json(cls, content: bytes) -> QualityResult:
        """Read what `to_json` wrote.

        Raises:
            msgspec.MsgspecError: the content is something else.
        """
        return msgspec.json.decode(content, type=cls)


def not_evaluated(rule: Rule) -> RuleOutcome:
    """Give the outcome of a rule before it has looked at anything: neutral in additions."""
    return RuleOutcome(
        rule.id,
        rule.title,
        rule.column,
        rule.severity,
        rule.why,
        rule.remedy,
        is_evaluated=False,
        checked=0,
        failed=0,
        examples=(),
    )


def verdict_of(outcomes: Iterable[RuleOutcome]) -> Verdict:
    """Give the worst verdict; without any outcome it is passed."""
    failed = {outcome.severity for outcome in outcomes if not outcome.is_success}
    if Severity.CRITICAL in failed:
        return Verdict.FAILED
    return Verdict.WARNED if failed else Verdict.PASSED
