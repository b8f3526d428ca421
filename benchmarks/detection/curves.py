"""Recall against false alarms: points of one method, read off at another's rate, and drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.detection.scoring import Score

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 760, 420, 60, 45
_FEWEST, _MOST = 0.5, 500.0
_COLOURS = (
    "#0b5fff", "#d1495b", "#2e8b57", "#b8860b", "#6a3d9a", "#008080", "#a0522d", "#708090", "#c71585", "#556b2f",
    "#4682b4", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Point:
    """False alarms per account-week, and recall over kinds."""

    false_rate: float
    recall: float


def points(scores: Sequence[Score]) -> list[Point]:
    """Give the points of a method's thresholds, in order of false alarms."""
    return sorted((Point(s.false_rate, s.recall()) for s in scores), key=lambda p: (p.false_rate, p.recall))


def recall_at(curve: Sequence[Point], false_rate: float) -> float | None:
    """Read a curve at a rate of false alarms: the best recall at no more, and between two points in proportion.

    None where even the highest threshold has more false alarms.
    """
    below = [p for p in curve if p.false_rate <= false_rate]
    above = [p for p in curve if p.false_rate > false_rate]
    if not below:
        return None
    best = max(below, key=lambda p: p.recall)
    rising = [p for p in above if p.recall > best.recall]
    if not rising or best.false_rate <= 0:
        return best.recall
    share = math.log(false_rate / best.false_rate) / math.log(rising[0].false_rate / best.false_rate)
    return best.recall + share * (rising[0].recall - best.recall)


def false_rate_at(curve: Sequence[Point], recall: float) -> float | None:
    """Read a curve at a recall: the fewest false alarms with at least as much, and between two points in proportion.

    None where even the lowest threshold finds less.
    """
    enough = [p for p in curve if p.recall >= recall]
    if not enough:
        return None
    first = min(enough, key=lambda p: p.false_rate)
    fewer = [p for p in curve if 0 < p.false_rate < first.false_rate]
    if not fewer:
        return first.false_rate
    best = max(fewer, key=lambda p: p.recall)
    share = (recall - best.recall) / (first.recall - best.recall)
    return best.false_rate * (first.false_rate / best.false_rate) ** share


def draw(curves: Mapping[str, Sequence[Point]]) -> str:
    """Draw curves as SVG; false alarms on a logarithmic scale."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 220} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
    ]
    for rate in (1, 3, 10, 30, 100, 300):
        x = _x(rate)
        parts.append(f'<path d="M{x:.0f} 10V{_HEIGHT - _BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.0f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{rate}</text>')
    for percent in range(0, 101, 20):
        y = _y(percent / 100)
        parts.append(f'<path d="M{_LEFT} {y:.0f}H{_WIDTH}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{percent} %</text>')
    parts.append(
        f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 10}" text-anchor="middle">'
        "false insights per account-week of 2,000 series</text>"
    )
    for number, (name, curve) in enumerate(curves.items()):
        colour, y = _COLOURS[number % len(_COLOURS)], 20 + number * 18
        seen = [p for p in curve if _FEWEST <= p.false_rate <= _MOST]
        path = "L".join(f"{_x(p.false_rate):.1f} {_y(p.recall):.1f}" for p in seen)
        width = 3 if number == 0 else 1.5
        if seen:
            parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        parts += [
            f'<circle cx="{_x(p.false_rate):.1f}" cy="{_y(p.recall):.1f}" r="{width}" fill="{colour}"/>' for p in seen
        ]
        parts.append(f'<path d="M{_WIDTH + 15} {y - 4}h18" stroke="{colour}" stroke-width="{width}"/>')
        parts.append(f'<text x="{_WIDTH + 38}" y="{y}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(rate: float) -> float:
    return _LEFT + (_WIDTH - _LEFT) * math.log(rate / _FEWEST) / math.log(_MOST / _FEWEST)


def _y(recall: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - 10) * recall
