"""The populations that detection is measured on, and which seeds are for what.

`DEVELOPMENT` is for working on the method, `SELECTION` for choosing between finished variants (presets, thresholds of
the other methods), `TEST` for the page and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.detection.observed import is_available, observed_series
from insights.simulate.population import Population, PopulationPlan, populate
from insights.simulate.rhythms import Making

DEVELOPMENT = (101, 102, 103)
SELECTION = (2001, 2002)
TEST = (30011, 30012)


@dataclass(frozen=True, slots=True)
class World:
    """One population by name."""

    name: str
    plan: PopulationPlan

    def draw(self) -> Population:
        """Draw the population; the same every time."""
        return populate(self.plan, observed_series() if self.plan.making is Making.OBSERVED else ())


def makings() -> tuple[Making, ...]:
    """Give the makings that can be drawn here: real counts only where their files are."""
    return tuple(making for making in Making if making is not Making.OBSERVED or is_available())


def worlds(seeds: tuple[int, ...], *, apis: int = 1200, places: int = 4, incidents: int = 3) -> list[World]:
    """Give a world of every making for every seed."""
    return [
        World(
            f"{making} {seed}", PopulationPlan(seed=seed, making=making, apis=apis, places=places, incidents=incidents)
        )
        for seed in seeds
        for making in makings()
    ]


def quick_worlds() -> list[World]:
    """Give small worlds for development: one of each making, with as many incidents as large ones have."""
    return [
        World(world.name, replace(world.plan, places=2)) for world in worlds(DEVELOPMENT[:1], apis=500, incidents=3)
    ]
