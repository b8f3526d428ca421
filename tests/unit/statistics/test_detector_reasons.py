"""What was said and what was not, to be asked like any table."""

from __future__ import annotations

from insights.statistics.detector import detect
from insights.statistics.episodes import Rule
from insights.statistics.parameters import Parameters
from insights.windows import Window
from tests.unit.statistics.hand_made import At, Rows, Table


def verdicts(table: Table, at: At, rows: Rows) -> list[tuple[str, str]]:
    found = detect(table(rows), window=Window(at(9), at(12))).reasons.to_pylist()
    return [(row["event_name"], row["verdict"]) for row in found]


def test_what_is_told_has_its_evidence(table: Table, at: At, heartbeat: Rows) -> None:
    """An insight's reason names the episode, the window, the score and what the score had to reach."""
    burst = {"minute": at(9, 12), "event_name": "RunInstances", "count": 45}
    found = detect(table([*heartbeat, burst]), window=Window(at(9), at(10)))
    (reason,), (episode,) = found.reasons.to_pylist(), found.episodes

    assert (reason["verdict"], reason["insight_id"]) == ("told", episode.episode_id)
    assert (reason["rule"], reason["calls"], reason["window_minutes"]) == (Rule.NEW_SERIES, 45, 1)
    assert reason["score"] == episode.score >= reason["threshold"] == 14
    assert reason["window_end"] == at(9, 12, 1)


def test_a_repeat_says_that_it_is_one(table: Table, at: At, heartbeat: Rows) -> None:
    """The same burst a day later is seen, and held back."""
    usual = [{"minute": at(hours=8 * i), "event_name": "RunInstances"} for i in range(36)]
    bursts = [{"minute": at(day, 9), "event_name": "RunInstances", "count": 100} for day in (9, 10)]

    assert verdicts(table, at, [*heartbeat, *usual, *bursts]) == [
        ("RunInstances", "told"),
        ("RunInstances", "repeats an insight of the last days"),
    ]


def test_a_new_service_says_that_it_is_one(table: Table, at: At, heartbeat: Rows) -> None:
    """The second operation of a service that was taken into use is held back."""
    bursts = [{"minute": at(10, 12 + n), "event_name": f"Create{n}", "count": 80} for n in range(2)]

    assert verdicts(table, at, [*heartbeat, *bursts]) == [
        ("Create0", "told"),
        ("Create1", "it is new, and its service has had an insight"),
    ]


def test_too_few_calls_say_so(table: Table, at: At, heartbeat: Rows) -> None:
    """Where fifty calls are asked for, a burst of 45 is seen and not worth a word."""
    burst = {"minute": at(9, 12), "event_name": "RunInstances", "count": 45}
    parameters = Parameters(min_excess_calls=50)
    found = detect(table([*heartbeat, burst]), window=Window(at(9), at(10)), parameters=parameters)

    assert found.episodes == ()
    assert found.reasons["verdict"].to_pylist() == ["too few calls above what is expected"]


def test_an_account_without_a_past_says_so(table: Table, at: At, heartbeat: Rows) -> None:
    """On the first day nothing is told."""
    burst = {"minute": at(hours=20), "event_name": "RunInstances", "count": 500}
    reasons = detect(table([*heartbeat, burst]), window=Window(at(), at(1))).reasons

    assert reasons["verdict"].to_pylist() == ["its account has too little history"]
