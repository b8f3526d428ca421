"""The calls of incidents and routines, and what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insights.simulate.bodies import failure_place
from insights.simulate.callers import Caller, named_caller
from insights.simulate.calls import SUCCESS, Calls, make_calls, no_calls
from insights.simulate.plan import Incident, IncidentKind, Routine, TrailPlan
from insights.simulate.services import APIS, ApiKind, place_of
from insights.windows import Window, format_instant


@dataclass(frozen=True, slots=True)
class PlannedCalls:
    """All calls of an account and Region that are fixed from the start, in order of time, and the spans of silence.

    `usual` gives the ordinary calls per hour of the APIs that have a fixed rate; `callers` are those who make the
    planned calls, counted on from the ordinary callers.
    """

    calls: Calls
    callers: tuple[Caller, ...]
    usual: dict[int, float]
    silences: tuple[tuple[int, int, int], ...]  # API, first second, end

    def between(self, begin: int, end: int) -> Calls:
        """Give the calls with begin <= time < end, in seconds since 1970."""
        first, last = np.searchsorted(self.calls["at"], (begin, end))
        return self.calls[first:last]

    def without_silenced(self, calls: Calls) -> Calls:
        """Drop ordinary calls that a silence swallows."""
        for api, begin, end in self.silences:
            calls = calls[(calls["api"] != api) | (calls["at"] < begin) | (calls["at"] >= end)]
        return calls


def planned_calls(plan: TrailPlan, account_id: str, region: str, *, first_caller: int) -> PlannedCalls:
    """Work out the incidents and routines of one account and Region."""
    incidents = [i for i in plan.incidents if (i.account_id, i.region) == (account_id, region)]
    routines = [r for r in plan.routines if (r.account_id, r.region) == (account_id, region)]
    parts: list[Incident | Routine] = [*incidents, *routines]
    tables, callers = [no_calls()], list[Caller]()
    for part in parts:
        tables.append(_calls_of(part, plan, caller=first_caller + len(callers)))
        callers.append(named_caller(account_id, part.caller, plan.seed))
    calls = np.concatenate(tables)
    return PlannedCalls(
        calls=calls[np.argsort(calls["at"], kind="stable")],
        callers=tuple(callers),
        usual=_usual_rates(incidents, routines),
        silences=tuple(
            (i.api, *_seconds(i.window)) for i in incidents if i.kind is IncidentKind.DROP and i.api is not None
        ),
    )


def truth(plan: TrailPlan) -> list[dict[str, Any]]:
    """Give what is wrong in a trail, one JSON-ready row an incident, in order of start.

    `calls` are the calls that `identity` makes in [start, end), `usual_calls_per_hour` the others' where it is fixed.
    `event_source` and `event_name` are null for an incident of many APIs.
    """
    ordered = sorted(plan.incidents, key=lambda i: (i.start, i.account_id, i.region))
    return [
        {
            "kind": str(incident.kind),
            "account_id": incident.account_id,
            "region": incident.region,
            "event_source": incident.event_source,
            "event_name": incident.event_name,
            "error_code": incident.error_code,
            "insight_type": str(incident.insight_type),
            "start": format_instant(incident.start),
            "end": format_instant(incident.end),
            "calls": incident.calls,
            "identity": named_caller(incident.account_id, incident.caller, plan.seed).arn if incident.calls else None,
            "usual_calls_per_hour": incident.usual_calls_per_hour,
        }
        for incident in ordered
    ]


def _calls_of(part: Incident | Routine, plan: TrailPlan, *, caller: int) -> Calls:
    begin, end = _seconds(Window(part.start, part.end))
    if isinstance(part, Routine):
        at = begin + ((np.arange(part.calls) + 0.5) * (end - begin) / max(part.calls, 1)).astype(np.int64)
        api = place_of(part.event_source, part.event_name)
        return make_calls(at, api=api, caller=caller, failure=SUCCESS, is_planned=True)
    rng = np.random.default_rng([plan.seed, int(part.account_id), begin, *part.caller.encode()])
    failure = SUCCESS if part.error_code is None else failure_place(part.error_code)
    at = np.sort(rng.integers(begin, end, part.calls))
    return make_calls(at, api=_apis_of(part), caller=caller, failure=failure, is_planned=True)


def _apis_of(incident: Incident) -> int | NDArray[np.int64]:
    """Give the API of every call: one for all, or one after the other of all that say AccessDenied."""
    if incident.api is not None:
        return incident.api
    # EC2 words a denial differently, and what is global is not recorded in every Region.
    denied = [
        n for n, api in enumerate(APIS) if api.kind is ApiKind.CALL and api.service != "ec2" and not api.is_global
    ]
    return np.resize(np.array(denied)[::3], incident.calls)


def _usual_rates(incidents: Sequence[Incident], routines: Sequence[Routine]) -> dict[int, float]:
    silent = {place_of(routine.event_source, routine.event_name): 0.0 for routine in routines}
    fixed = {
        i.api: i.usual_calls_per_hour for i in incidents if i.api is not None and i.usual_calls_per_hour is not None
    }
    return fixed | silent


def _seconds(window: Window) -> tuple[int, int]:
    return int(window.start.timestamp()), int(window.end.timestamp())
