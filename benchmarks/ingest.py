"""Measure reading a trail into the lake: the product against others, small objects against large, S3, growth.

    python -m benchmarks.ingest [--events 1000000] [--rounds 1] [--only ours,with_duckdb] [--page PAGE.md]

Every candidate is a process of its own that reads the same folder and writes typed, de-duplicated Parquet, partitioned
by account, Region, date and hour, and calls by minute. CPU seconds are the measure, process start included: on a
machine that does other things too, clock time says little. The counts of all of them must be equal.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure, page, trails

PROJECT = Path(__file__).parents[1]
OWN_PYTHON = Path(sys.executable)
RIVALS_FOLDER = PROJECT / ".venv-bench" / "bin"
OURS, OURS_HASHING = "ours", "ours_hashing"
CANDIDATES = {
    OURS: "Trail Insights",
    OURS_HASHING: "Trail Insights, with hashes",
    "with_duckdb": "DuckDB, expert",
    "with_polars": "Polars, expert",
    "with_pandas": "pandas",
    "with_duckdb_plain": "DuckDB, as most write it",
    "with_pyspark": "PySpark, local",
}
OBJECT_SIZES = (50, 5_000)
_FEW_EVENTS = 300


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    events: int
    rounds: int
    growth: tuple[int, ...]
    only: tuple[str, ...]
    page: Path | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if one is named; the status is 1 where the counts differ."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="trail-insights-bench-") as name:
        work = _Work(Path(name), options)
        race = work.race()
        sizes = work.object_sizes()
        growth = work.growth()
    text = page.render(race=race, sizes=sizes, growth=growth, python=RIVALS_FOLDER / "python")
    print(text)
    if options.page:
        options.page.write_text(text, encoding="utf-8")
    return 0 if race.is_agreed else 1


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="size of the common trail (100000: a quick look)")
    parser.add_argument(
        "--rounds", type=int, default=1, help="how often each candidate runs, in turn; the median counts"
    )
    parser.add_argument("--growth", default="100000,1000000", help="sizes of the growth table; 10000000 takes minutes")
    parser.add_argument("--only", default=",".join(CANDIDATES), help="some of: " + ",".join(CANDIDATES))
    parser.add_argument("--page", type=Path, help="where the results page goes")
    found = parser.parse_args(arguments)
    only = tuple(found.only.split(","))
    if unknown := set(only) - set(CANDIDATES):
        parser.error(f"no candidate is called {', '.join(sorted(unknown))}")
    growth = tuple(int(size) for size in found.growth.split(",") if size)
    return Options(found.events, found.rounds, growth, only, found.page)


@dataclass
class _Work:
    folder: Path
    options: Options

    def race(self) -> page.Race:
        """Run all candidates on one trail and compare what they counted."""
        trail = trails.make(trails.ordinary(self.options.events), self.folder / "trails" / "common")
        able = {name: CANDIDATES[name] for name in self.options.only if self._is_able(name)}
        usages: dict[str, list[measure.Usage]] = {name: [] for name in able}
        counted = {}
        for _ in range(self.options.rounds):
            for name in able:
                usages[name].append(self._run(name, str(trail.folder)))
                counted[name] = measure.counts(self.folder / "out")
        reference = next(iter(counted.values()))
        differing = [CANDIDATES[name] for name, table in counted.items() if not table.equals(reference)]
        results = {CANDIDATES[name]: tuple(runs) for name, runs in usages.items()}
        return page.Race(trail, results, tuple(differing))

    def object_sizes(self) -> page.Sizes:
        """Run the product on objects of few and of many records, from the folder and from an S3 server."""
        few = self._both_ways(_FEW_EVENTS, OBJECT_SIZES[0])
        rows = [self._both_ways(self.options.events // 5, size) for size in OBJECT_SIZES]
        return page.Sizes(few, tuple(rows))

    def _both_ways(self, events: int, records_per_object: int) -> page.SizeRow:
        name = f"{events}-in-objects-of-{records_per_object}"
        plan = trails.one_place(events, records_per_object=records_per_object)
        trail = trails.make(plan, self.folder / "trails" / name)
        rclone = RIVALS_FOLDER / "rclone"
        local, served = [], []
        for _ in range(self.options.rounds):
            local.append(self._run(OURS, str(trail.folder)))
            if rclone.exists():
                with trails.served(trail.folder.parent, rclone) as access:
                    served.append(self._run(OURS, f"s3://{name}", access))
        return page.SizeRow(
            records_per_object, trail, measure.middle(local), measure.middle(served) if served else None
        )

    def growth(self) -> list[tuple[trails.Trail, measure.Usage]]:
        """Run the product once on each of the trails of more and more days: memory counts, and varies little."""
        rows = []
        for events in self.options.growth:
            trail = trails.make(trails.ordinary(events), self.folder / "trails" / f"growth-{events}")
            rows.append((trail, self._run(OURS, str(trail.folder))))
            shutil.rmtree(trail.folder)
        return rows

    def _run(self, name: str, trail: str, environment: dict[str, str] | None = None) -> measure.Usage:
        python = OWN_PYTHON if name in (OURS, OURS_HASHING) else RIVALS_FOLDER / "python"
        usage = measure.run(python, name, trail, self.folder / "out", environment)
        print(
            f"{CANDIDATES[name]}, {Path(trail).name}: {usage.cpu_seconds:.1f} CPU s, {usage.peak_megabytes:.0f} MB",
            file=sys.stderr,
        )
        return usage

    def _is_able(self, name: str) -> bool:
        missing = None
        if name not in (OURS, OURS_HASHING) and not (RIVALS_FOLDER / "python").exists():
            missing = "no .venv-bench: run make bench-ingest"
        elif name == "with_pyspark" and shutil.which("java") is None:
            missing = "no Java on this machine"
        if missing:
            print(f"{CANDIDATES[name]} is skipped: {missing}", file=sys.stderr)
        return missing is None


if __name__ == "__main__":
    sys.exit(main())
