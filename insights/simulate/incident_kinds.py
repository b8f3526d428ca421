"""What happens in each kind of incident, in three sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from insights.records.series import SeriesKey
from insights.simulate.draft import DAY_MINUTES, Row
from insights.simulate.injection import Injected, Injector, PopulationIncidentKind, Range, Size, WholeRange

Found = list[Injected]
_BURST: tuple[Range, Range, Range] = ((1.5, 3), (4, 8), (10, 25))
_RISE: tuple[Range, Range, Range] = ((1.2, 2.2), (3, 6), (7, 15))


def inject(at: Injector, kind: PopulationIncidentKind, size: Size) -> list[Injected]:
    """Add an incident to a place; none where it has no series that it could happen to."""
    return _INJECTIONS[kind](at, list(Size).index(size), size)


def _rise(
    kind: PopulationIncidentKind,
    minutes: tuple[WholeRange, WholeRange, WholeRange],
    multiples: tuple[Range, Range, Range],
    least: tuple[WholeRange, WholeRange, WholeRange],
    *,
    quiet: bool = False,
) -> Callable[[Injector, int, Size], Found]:
    """Make the injection of more calls of one API, evenly over the span or, for a ramp, more and more."""

    def inject(at: Injector, level: int, size: Size) -> Found:
        rng = at.draft.rng
        busy = rng.random() < 0.5 and not quiet
        row = at.pick((lambda r: (r > 0.1).astype(float)) if busy else (lambda r: (r < 0.2).astype(float)))
        span = at.span(int(rng.integers(*minutes[level], endpoint=True)))
        if row is None or span is None:
            return []
        start, end = span
        calls = at.excess(at.api_rows(row), span, multiples[level], least[level])
        weight = np.exp2(np.arange(end - start) / 45) if kind is PopulationIncidentKind.RAMP else None
        at.spread(row, start, end, calls, weight)
        return [Injected(kind, size, (at.draft.call_series(at.draft.rows[row]),), start, end, calls)]

    return inject


def _off_peak(at: Injector, level: int, size: Size) -> Found:
    """Let a series do at night what it usually does in its busiest hour, neither more nor less in the middle size."""
    rng, draft = at.draft.rng, at.draft
    for _ in range(8):
        row = at.pick(lambda r: (r > 0.05).astype(float))
        if row is None:
            return []
        by_hour = at.days_before(at.api_rows(row), 7).reshape(7, 24, 60).sum(axis=2)[:5].mean(axis=0)
        peak, low = by_hour.max(), by_hour.min()
        hours = np.flatnonzero(by_hour <= max(low * 1.5, peak / 20))
        if peak < 15 or low > peak / 5:
            continue
        minutes = int(rng.integers(60, 150))
        days = rng.permutation(np.arange(at.first, at.end - DAY_MINUTES, DAY_MINUTES))
        start = int(days[0] // DAY_MINUTES * DAY_MINUTES + rng.choice(hours) * 60 + rng.integers(60))
        if start < at.first or start + minutes > at.end or not at.is_delivered(start, start + minutes):
            continue
        factor = rng.uniform(*((0.6, 0.9), (1.0, 1.5), (2.0, 3.0))[level])
        calls = int(max(peak * factor * minutes / 60, 6))
        at.spread(row, start, start + minutes, calls)
        series = (draft.call_series(draft.rows[row]),)
        return [Injected(PopulationIncidentKind.OFF_PEAK, size, series, start, start + minutes, calls)]
    return []


def _new_api(at: Injector, level: int, size: Size) -> Found:
    rng, draft = at.draft.rng, at.draft
    span = at.span(int(rng.integers(5, 60)))
    if span is None:
        return []
    source = str(rng.choice([row.event_source for row in draft.rows]))
    row = draft.number(Row(source, f"NeverSeen{len(draft.rows)}"))
    at.used.add(row)
    calls = int(rng.integers(*((14, 26), (40, 80), (100, 300))[level]))
    at.spread(row, *span, calls)
    return [Injected(PopulationIncidentKind.NEW_API, size, (draft.call_series(draft.rows[row]),), *span, calls)]


def _enumeration(at: Injector, level: int, size: Size) -> Found:
    """Let many APIs, some never seen before, be denied once or twice each, one after the other."""
    rng, draft = at.draft.rng, at.draft
    span = at.span(int(rng.integers(5, 40)))
    if span is None:
        return []
    number = int(rng.integers(*((10, 17), (25, 46), (70, 121))[level]))
    known = sorted({(row.event_source, row.event_name, row.is_read_only) for row in draft.rows})
    apis = [known[n] for n in rng.permutation(len(known))[: int(number * 0.6)].tolist()]
    apis += [(known[n % len(known)][0], f"Unknown{size}{n}", bool(n % 2)) for n in range(number - len(apis))]
    minutes = np.sort(np.append(span[0], rng.integers(*span, number - 1)))
    series: list[SeriesKey] = []
    for (source, name, is_read), minute in zip(apis, minutes.tolist(), strict=True):
        code = "Client.UnauthorizedOperation" if source.startswith("ec2") else "AccessDenied"
        row = Row(source, name, is_read, code)
        at.used.add(draft.number(row))
        draft.add(draft.number(row), minute, int(rng.integers(1, 3)))
        series += [draft.call_series(row), draft.error_series(row)]
    return [Injected(PopulationIncidentKind.ENUMERATION, size, tuple(series), *span, number)]


def _errors(at: Injector, level: int, size: Size) -> Found:
    rng, draft = at.draft.rng, at.draft
    row = at.pick(lambda r: (r > 0.002).astype(float))
    span = at.span(int(rng.integers(5, 60)))
    if row is None or span is None:
        return []
    of = draft.rows[row]
    errors = [n for n in at.api_rows(row) if draft.rows[n].error_code]
    code = str(rng.choice(["AccessDenied", "ThrottlingException", "InternalFailure"]))
    failed = errors[0] if errors else draft.number(Row(of.event_source, of.event_name, of.is_read_only, code))
    multiple, least = (_BURST[level], ((12, 22), (30, 60), (80, 200))[level])
    calls = at.excess([failed], span, multiple, least)
    at.used.add(failed)
    at.spread(failed, *span, calls)
    series = (draft.error_series(draft.rows[failed]), draft.call_series(of))
    return [Injected(PopulationIncidentKind.ERRORS, size, series, *span, calls)]


def _drop(at: Injector, level: int, size: Size) -> Found:
    """Silence a busy API: for one to two hours, three to four, or six to eight."""
    rng, draft = at.draft.rng, at.draft
    for _ in range(12):
        row = at.pick(lambda r: (r > 0.4).astype(float))
        if row is None:
            return []
        rows = at.api_rows(row)
        span = at.span(int(rng.integers(*((70, 120), (180, 240), (360, 480))[level])))
        if span is None:
            return []
        first, end = span
        week = at.days_before(rows, 7).reshape(7, DAY_MINUTES).mean(axis=0)
        expected = np.resize(np.roll(week, -(first % DAY_MINUTES)), end - first)
        if expected.mean() * 60 < 40 or expected[:60].mean() * 60 < 40:
            continue
        where, minute, calls = draft.cells()
        silenced = np.isin(where, rows) & (minute >= first) & (minute < end)
        series = tuple(draft.call_series(draft.rows[n]) for n in rows[:1])
        found = Injected(PopulationIncidentKind.DROP, size, series, first, end, int(calls[silenced].sum()))
        draft.replace(where[~silenced], minute[~silenced], calls[~silenced])
        return [found]
    return []


def _doubling(at: Injector, level: int, size: Size) -> Found:
    """Let a burst come back one or two days later, more than twice as large: that is news again."""
    rng, draft = at.draft.rng, at.draft
    row = at.pick()
    minutes = int(rng.integers(4, 15))
    span = at.span(minutes)
    if row is None or span is None:
        return []
    later = span[0] + int(rng.integers(18 * 60, 48 * 60))
    if later + minutes > at.end or not at.is_delivered(later, later + minutes):
        later, span = span[0], (span[0] - 30 * 60, span[0] - 30 * 60 + minutes)
    calls = at.excess(at.api_rows(row), span, (4, 8), (25, 40))
    series = (draft.call_series(draft.rows[row]),)
    again = int(calls * rng.uniform(*((2, 2.5), (3, 4), (5, 8))[level]))
    at.spread(row, *span, calls)
    at.spread(row, later, later + minutes, again)
    kind = PopulationIncidentKind.DOUBLING
    return [
        Injected(kind, size, series, *span, calls, is_counted=False),
        Injected(kind, size, series, later, later + minutes, again),
    ]


def _many_apis(at: Injector, level: int, size: Size) -> Found:
    """Let one caller use several APIs that are seldom called, a little more than anybody does."""
    rng, draft = at.draft.rng, at.draft
    span = at.span(int(rng.integers(20, 60)))
    if span is None:
        return []
    number = int(rng.integers(*((4, 7), (8, 13), (15, 26))[level]))
    calls = 0
    series = []
    for _ in range(number):
        row = at.pick(lambda r: (r < 0.02).astype(float))
        if row is None:
            break
        each = int(rng.integers(*((10, 18), (20, 36), (40, 100))[level]))
        at.spread(row, *span, each)
        calls += each
        series.append(draft.call_series(draft.rows[row]))
    return [Injected(PopulationIncidentKind.MANY_APIS, size, tuple(series), *span, calls)] if series else []


def _new_region(at: Injector, level: int, size: Size) -> Found:
    """Use a Region in which the account never did anything; the draft is empty."""
    rng, draft = at.draft.rng, at.draft
    start = int(rng.integers(at.first, at.end - 120))
    end = start + int(rng.integers(30, 90))
    calls, series = 0, []
    for number in range(int(rng.integers(*((3, 6), (6, 13), (15, 31))[level]))):
        row = draft.number(Row("ec2.amazonaws.com", f"{('Run', 'Create', 'Modify')[number % 3]}Thing{number}"))
        each = int(rng.integers(*((5, 11), (10, 31), (30, 101))[level]))
        at.spread(row, start, end, each)
        calls += each
        series.append(draft.call_series(draft.rows[row]))
    draft.delivered[:] = False
    draft.delivered[start // 60 :] = True  # from its first use on, a Region is part of the trail
    return [Injected(PopulationIncidentKind.NEW_REGION, size, tuple(series), start, end, calls)]


_KIND = PopulationIncidentKind
_INJECTIONS: dict[PopulationIncidentKind, Callable[[Injector, int, Size], Found]] = {
    _KIND.BURST: _rise(_KIND.BURST, ((1, 5),) * 3, _BURST, ((12, 22), (30, 60), (80, 200))),
    _KIND.SUSTAINED: _rise(_KIND.SUSTAINED, ((60, 240),) * 3, _RISE, ((20, 35), (50, 90), (120, 300))),
    _KIND.DRIP: _rise(_KIND.DRIP, ((360, 600),) * 3, _RISE, ((20, 35), (50, 90), (120, 300)), quiet=True),
    _KIND.RAMP: _rise(_KIND.RAMP, ((120, 300),) * 3, _RISE, ((20, 35), (50, 90), (120, 300))),
    _KIND.OFF_PEAK: _off_peak,
    _KIND.NEW_API: _new_api,
    _KIND.ENUMERATION: _enumeration,
    _KIND.ERRORS: _errors,
    _KIND.DROP: _drop,
    _KIND.DOUBLING: _doubling,
    _KIND.MANY_APIS: _many_apis,
    _KIND.NEW_REGION: _new_region,
}
