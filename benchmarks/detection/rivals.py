"""Every other method at every threshold, on a drawn population: our own forms of the known ones, and packages."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.detection import peers, plain
from benchmarks.detection.counting import HOUR, Bins, bins_of
from benchmarks.detection.peers import PEERS, Scores
from benchmarks.detection.plain_counts import cells_of
from benchmarks.detection.plain_memory import Factors
from benchmarks.detection.scoring import Score, score
from insights.simulate.population import Population

PYTHON = Path(__file__).parents[2] / ".venv-bench" / "bin" / "python"
_SCRIPT = Path(__file__).parent / "packages.py"
PACKAGES: dict[str, tuple[str, tuple[float, ...]]] = {
    "STL (statsmodels)": ("statsmodels", (3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 45, 70, 110, 200)),
    "SPOT (libspot)": ("libspot", (2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 8, 10, 13, 17, 22, 29)),
    "isolation forest (scikit-learn)": (
        "scikit-learn",
        (0.5, 0.55, 0.58, 0.61, 0.64, 0.66, 0.68, 0.7, 0.72, 0.74, 0.76, 0.78, 0.8),
    ),
}
"""Name: the package, the thresholds it is shown at."""

PLAIN = "plain records"
PLAIN_FACTORS = (
    Factors(1.0, 1.2), Factors(1.2, 1.4), Factors(1.4, 1.7), Factors(1.7, 2.0), Factors(2.3, 2.5), Factors(2.6, 3.0),
    Factors(3.0, 3.5), Factors(4.0, 5.0),
)  # fmt: skip
"""Plain records brings its own thresholds and cool-down; its knobs are two factors, of which the first names a run."""

Rivals = dict[tuple[str, float], Score]


def judge(population: Population) -> tuple[Rivals, dict[str, float]]:
    """Score every method at every threshold.

    Returns:
        The scores by (method, threshold), and the CPU seconds of each method.
    """
    all_bins = {minutes: bins_of(population, minutes) for minutes in (5, HOUR)}
    found, seconds = _by_plain_records(population)
    used = {PLAIN: seconds}
    for name, (peer, lengths, thresholds) in PEERS.items():
        begun = time.process_time()
        scores = [peer(all_bins[minutes]) for minutes in lengths]
        used[name] = time.process_time() - begun
        found |= {(name, t): score(population, peers.alarms(scores, t)) for t in thresholds}
    if PYTHON.exists():
        for name, (package, thresholds) in PACKAGES.items():
            scores, used[name] = _by_package(package, all_bins[HOUR])
            found |= {(name, t): score(population, peers.alarms(scores, t)) for t in thresholds}
    return found, used


def _by_plain_records(population: Population) -> tuple[Rivals, float]:
    """Give its scores, and the CPU seconds of one run."""
    begun = time.process_time()
    cells = cells_of(population)
    counted = time.process_time()
    found = {(PLAIN, f.score): plain.alarms(cells, f) for f in PLAIN_FACTORS}
    used = counted - begun + (time.process_time() - counted) / len(PLAIN_FACTORS)
    return {key: score(population, alarms) for key, alarms in found.items()}, used


def _by_package(package: str, bins: Bins) -> tuple[list[Scores], float]:
    """Run a package's method in the environment that has it."""
    with tempfile.TemporaryDirectory(prefix="trail-insights-bench-") as folder:
        source, target = Path(folder) / "counts.npz", Path(folder) / "result.npz"
        np.savez(source, counts=bins.counts, first_judged=bins.first_judged)
        begun = _children_seconds()
        subprocess.run([PYTHON, _SCRIPT, package, source, target], check=True, stdout=sys.stderr)
        with np.load(target) as result:
            return [Scores(bins, result["score"], result["expected"])], _children_seconds() - begun


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
