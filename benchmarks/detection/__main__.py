"""Measure detection against labelled incidents.

    python -m benchmarks.detection --quick [--causes]    our presets on small development worlds, under two minutes

Without the command's options for development it measures on the seeds kept for the page.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from functools import partial

from benchmarks.detection import ours, runs, scoring, worlds
from insights.statistics.parameters import Parameters

PRESETS = ("low", "medium", "high")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description="Measure detection.")
    parser.add_argument("--quick", action="store_true", help="small worlds of development seeds")
    parser.add_argument("--large", action="store_true", help="full worlds of development seeds")
    parser.add_argument("--presets", default=",".join(PRESETS), help="which sensitivities; default: %(default)s")
    parser.add_argument("--processes", type=int, default=2, help="worlds at a time; default: %(default)s")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    chosen = worlds.worlds(worlds.DEVELOPMENT) if options.large else worlds.quick_worlds()
    methods = {name: partial(ours.alarms, parameters=Parameters.preset(name)) for name in options.presets.split(",")}
    results = runs.run(chosen, methods, processes=options.processes)
    scores = [(name, result.score) for name, result in results.items()]
    print(scoring.summary(scores), "", scoring.by_kind(scores), "", sep="\n")
    for name, result in results.items():
        causes = ", ".join(f"{cause} {number}" for cause, number in result.score.causes.most_common())
        print(f"{name}: false insights by what went on: {causes or 'none'}")
        print(f"  {result.cpu_per_thousand:.1f} CPU s per 1,000 series-weeks, peak {result.peak_megabytes:.0f} MB")
    print(f"{time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
