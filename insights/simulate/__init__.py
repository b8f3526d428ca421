"""Seeded, realistic trails with labelled incidents, for demonstrations, benchmarks and tests. Does no I/O."""

from insights.simulate.digests import SignedDigest, SigningKey, public_key_list, seeded_key, with_digests
from insights.simulate.incidents import truth
from insights.simulate.plan import Incident, IncidentKind, Layout, Routine, TrailPlan
from insights.simulate.scenarios import SCENARIOS, scenario
from insights.simulate.tampering import Tampering, tampered
from insights.simulate.trail import TrailObject, simulate

__all__ = [
    "SCENARIOS",
    "Incident",
    "IncidentKind",
    "Layout",
    "Routine",
    "SignedDigest",
    "SigningKey",
    "Tampering",
    "TrailObject",
    "TrailPlan",
    "public_key_list",
    "scenario",
    "seeded_key",
    "simulate",
    "tampered",
    "truth",
    "with_digests",
]
