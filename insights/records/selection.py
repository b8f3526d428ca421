"""What Insights are looked for: pairs of an insight type and a category of events, told as AWS's Insight selectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from insights.records.series import InsightType, SeriesKey

CATEGORIES = ("Management", "Data")
"""The categories that have Insights, in AWS's order."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The pairs (insight type, event category) that are looked for; none of them means that Insights are disabled."""

    pairs: frozenset[tuple[InsightType, str]]

    @classmethod
    def of(cls, selectors: Iterable[tuple[InsightType, Iterable[str]]]) -> Selection:
        """Make one of selectors; several of one type add up."""
        return cls(frozenset((kind, category) for kind, categories in selectors for category in categories))

    @property
    def selectors(self) -> list[tuple[InsightType, list[str]]]:
        """The types that are looked for, each with its categories, in AWS's order."""
        found = [(kind, [each for each in CATEGORIES if (kind, each) in self.pairs]) for kind in InsightType]
        return [(kind, categories) for kind, categories in found if categories]

    @property
    def types(self) -> frozenset[InsightType]:
        """The types that are looked for in any category."""
        return frozenset(kind for kind, _ in self.pairs)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that anything is looked for in."""
        return tuple(each for each in CATEGORIES if any(category == each for _, category in self.pairs))

    def includes(self, insight_type: str, event_category: str) -> bool:
        """Tell whether insights of a type are looked for in a category."""
        return (insight_type, event_category) in self.pairs

    def includes_series(self, series: SeriesKey) -> bool:
        """Tell whether a series is looked at."""
        return self.includes(series.insight_type, series.event_category)
