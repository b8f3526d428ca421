"""What was found out about one account in one Region: how many of each verdict, and everything that is not valid."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from insights.integrity.verdicts import Finding, Kind, Verdict

_COUNTED_APART = (Verdict.VALID, Verdict.MISSING, Verdict.UNLISTED, Verdict.UNCOVERED, Verdict.ELSEWHERE)
_NOTES = (Verdict.RESTARTED,)  # say something about a digest that has a verdict of its own


@dataclass(slots=True)
class Tally:
    """Numbers and findings; what is valid or uncovered is only counted."""

    account_id: str
    region: str
    counts: Counter[tuple[Kind, Verdict]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Take in what was found out about one object."""
        self.counts[finding.kind, finding.verdict] += 1
        if finding.verdict not in (Verdict.VALID, Verdict.UNCOVERED):
            self.findings.append(finding)

    @property
    def problems(self) -> list[Finding]:
        """Everything that is not as it was delivered."""
        return [finding for finding in self.findings if finding.verdict.is_problem]

    def numbers(self, kind: Kind) -> dict[str, int]:
        """Give how many are valid, invalid, missing and so on; `invalid` is whatever has no number of its own."""
        invalid = sum(
            number
            for (of_kind, verdict), number in self.counts.items()
            if of_kind == kind and verdict not in (*_COUNTED_APART, *_NOTES)
        )
        valid, *others = _COUNTED_APART
        apart = {str(verdict): self.counts[kind, verdict] for verdict in others}
        return {str(valid): self.counts[kind, valid], "invalid": invalid, **apart}
