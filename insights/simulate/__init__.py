"""Seeded, realistic trails with labelled incidents, for demonstrations, benchmarks and tests. Does no I/O."""

from insights.simulate.incidents import truth
from insights.simulate.plan import Incident, IncidentKind, Layout, Routine, TrailPlan
from insights.simulate.scenarios import SCENARIOS, scenario
from insights.simulate.trail import TrailObject, simulate

__all__ = [
    "SCENARIOS",
    "Incident",
    "IncidentKind",
    "Layout",
    "Routine",
    "TrailObject",
    "TrailPlan",
    "scenario",
    "simulate",
    "truth",
]
