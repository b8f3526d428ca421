import sys
from pathlib import Path

import pyarrow.compute as pc
import pytest

from benchmarks import ingest, measure, page, trails


def test_candidates() -> None:
    """Every script among the candidates is measured, and every candidate has a script."""
    scripts = {path.stem for path in measure.CANDIDATES.glob("*.py")} - {"shape"}

    assert scripts == set(ingest.CANDIDATES)


def test_ours(tmp_path: Path) -> None:
    """Our own candidate counts every call of a small trail, deliveries of the same record once."""
    trail = trails.make(trails.ordinary(2_000), tmp_path / "trail")
    usage = measure.run(Path(sys.executable), ingest.OURS, str(trail.folder), tmp_path / "out")
    calls = pc.sum(measure.counts(tmp_path / "out")["count_sum"]).as_py()

    assert usage.cpu_seconds > 0
    assert 0.98 * trail.records < calls <= trail.records


def test_failure(tmp_path: Path) -> None:
    """A candidate that fails is no result."""
    with pytest.raises(RuntimeError, match="ours ended with status 1"):
        measure.run(Path(sys.executable), ingest.OURS, str(tmp_path / "nowhere"), tmp_path / "out")


def test_disagreement_is_told() -> None:
    """The page names who counted otherwise."""
    trail, usage = trails.Trail(Path(), 1, 10, 100), measure.Usage(1.0, 1.0, 1.0)
    sizes = page.Sizes(page.SizeRow(50, trail, usage, None), ())
    race = page.Race(trail, {"Trail Insights": (usage,), "pandas": (usage,)}, ("pandas",))

    assert "These counted otherwise than the first: pandas" in page.render(
        race=race, sizes=sizes, growth=[], python=Path("/nowhere")
    )


def test_ratios_are_of_one_round() -> None:
    """A machine that is twice as slow in one round changes no ratio."""
    trail = trails.Trail(Path(), 1, 10, 100)
    sizes = page.Sizes(page.SizeRow(50, trail, measure.Usage(1.0, 1.0, 1.0), None), ())
    ours = tuple(measure.Usage(seconds, 1.0, 1.0) for seconds in (1.0, 2.0, 4.0))
    theirs = tuple(measure.Usage(seconds, 1.0, 1.0) for seconds in (3.0, 6.0, 10.0))
    race = page.Race(trail, {"Trail Insights": ours, "pandas": theirs}, ())

    text = page.render(race=race, sizes=sizes, growth=[], python=Path("/nowhere"))

    assert "| pandas | 6.0 | 3.00 (2.50–3.00) |" in text
