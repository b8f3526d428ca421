"""The order of things: what happens in an hour of one account × Region."""

from __future__ import annotations

from insights.statistics.counts import Cells
from insights.statistics.drops import end_drops, judge_drops
from insights.statistics.episodes import Episode
from insights.statistics.expectation import expect
from insights.statistics.learning import learn_hour, pass_hour
from insights.statistics.levels import review_levels
from insights.statistics.parameters import Parameters
from insights.statistics.place import Hour, PlaceMemory
from insights.statistics.reasons import Reason, Verdict, of_scores
from insights.statistics.spikes import end_spikes, judge_spikes, judged_rows
from insights.statistics.thresholds import begin_day
from insights.statistics.unusual import score_hour


def step(
    memory: PlaceMemory, cells: Cells | None, parameters: Parameters, *, is_silent: bool, is_partial: bool = False
) -> tuple[list[Episode], list[Reason]]:
    """Judge and learn the next hour, and move the memory past it.

    Args:
        memory: changed in place.
        cells: the hour's counts; None for an hour without data.
        parameters: the method's numbers.
        is_silent: learn, and tell nothing that begins here.
        is_partial: more calls of the hour may come: it has no drops, and no spikes that they could explain.

    Returns:
        The episodes that opened or closed in this hour, in their latest form, and what became of every candidate.
    """
    hour = Hour(memory, memory.next_hour, parameters, is_silent, is_partial)
    if hour.index % 24 == 0:
        begin_day(hour)
    review_levels(hour)
    expect(hour)
    memory.clear_hour()
    if cells is None:
        told = [*end_spikes(hour), *end_drops(hour)]
        pass_hour(hour)
    else:
        memory.take(cells, parameters)
        is_judged = hour.index - memory.first_hour >= parameters.warm_up_hours
        told = judge_drops(hour) if is_judged and not is_partial else []
        spikes, scores = judge_spikes(hour) if is_judged else ([], score_hour(hour, judged_rows(hour)))
        if not is_judged:
            hour.reasons.extend(of_scores(hour, scores, scores.is_unusual, Verdict.TOO_YOUNG))
        learn_hour(hour, scores)
        told += spikes
    memory.next_hour = hour.index + 1
    return told, hour.reasons
