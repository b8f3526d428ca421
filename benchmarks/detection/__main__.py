"""Measure detection against labelled incidents.

    python -m benchmarks.detection --quick                our presets on small development worlds, a minute or two
    python -m benchmarks.detection --large                the same on full development worlds
    python -m benchmarks.detection --page docs/benchmarks-detection.md

With a page, everything is measured on the seeds that are kept for it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.detection import page, runs, scoring, variants, worlds
from benchmarks.detection.measuring import measure
from benchmarks.detection.worlds import World


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if one is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description="Measure detection.")
    parser.add_argument("--quick", action="store_true", help="small worlds of development seeds")
    parser.add_argument("--large", action="store_true", help="full worlds of development seeds")
    parser.add_argument("--presets", default="low,medium,high", help="which sensitivities; default: %(default)s")
    parser.add_argument("--processes", type=int, default=2, help="worlds at a time; default: %(default)s")
    parser.add_argument("--seeds", type=int, default=len(worlds.TEST), help="how many of the page's; default: all")
    parser.add_argument("--page", type=Path, help="where the results page goes; its figure goes beside it")
    options = parser.parse_args(arguments)
    if options.page:
        found = measure(worlds.worlds(worlds.TEST[: options.seeds]), options.processes)
        options.page.write_text(page.render(found), encoding="utf-8")
        options.page.with_suffix(".svg").write_text(page.figure(found), encoding="utf-8")
        print(options.page.read_text(encoding="utf-8"))
    else:
        chosen = worlds.worlds(worlds.DEVELOPMENT) if options.large else worlds.quick_worlds()
        develop(chosen, options.presets.split(","), options.processes)
    return 0


def develop(chosen: list[World], presets: list[str], processes: int) -> None:
    """Print the figures of some presets, and what went on where they spoke falsely."""
    begun = time.monotonic()
    results = runs.run(chosen, {name: variants.preset(name) for name in presets}, processes=processes)
    scores = [(name, result.score) for name, result in results.items()]
    print(scoring.summary(scores), "", scoring.by_kind(scores), "", sep="\n")
    for name, result in results.items():
        causes = ", ".join(f"{cause} {number}" for cause, number in result.score.causes.most_common())
        print(f"{name}: false insights by what went on: {causes or 'none'}")
        print(f"  {result.cpu_per_thousand:.1f} CPU s per 1,000 series-weeks, peak {result.peak_megabytes:.0f} MB")
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
