from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.detection import peers, worlds
from benchmarks.detection.counting import HOUR, Bins, bins_of
from benchmarks.detection.curves import Point, draw, false_rate_at, recall_at
from benchmarks.detection.page import Findings, figure, render
from benchmarks.detection.peers import Scores
from benchmarks.detection.runs import Result
from benchmarks.detection.scoring import Alarm, Score, score
from insights.records.series import InsightType, SeriesKey
from insights.simulate.habits import ERRORS, Habit
from insights.simulate.injection import Injected, PopulationIncidentKind, Size
from insights.simulate.population import Population, PopulationPlan, populate

PLAN = PopulationPlan(seed=1, apis=40, places=1, incidents=0)
FIRST = (PLAN.days - PLAN.judged_days) * 1440  # the first judged minute


def key(name: str) -> SeriesKey:
    return SeriesKey("111122223333", "us-east-1", "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", name)


def truth(*incidents: Injected) -> Population:
    """Give a population of 1,000 series in which only the truth matters."""
    return replace(populate(PLAN), incidents=incidents, series=1000, habits=())


BURST = Injected(PopulationIncidentKind.BURST, Size.SMALL, (key("Burst"),), FIRST + 600, FIRST + 660, 50)


def test_found() -> None:
    """An alarm on the incident's series and minutes finds it: delay to the window that spoke, start error, overlap."""
    found = score(truth(BURST), [Alarm(key("Burst"), FIRST + 590, FIRST + 650, FIRST + 605)])
    finding = found.findings[0]

    assert (found.recall(), found.false_rate) == (1.0, 0.0)
    assert (finding.delay, finding.start_error, finding.overlap) == (5, -10, 50 / 70)


@pytest.mark.parametrize(
    ("name", "start", "end", "spoke_at"),
    [
        ("Other", FIRST + 600, FIRST + 660, FIRST + 605),  # another series
        ("Burst", FIRST + 690, FIRST + 700, FIRST + 695),  # more than half an hour after
        ("Burst", FIRST + 500, FIRST + 620, FIRST + 510),  # spoke before there was anything to see
    ],
)
def test_false(name: str, start: int, end: int, spoke_at: int) -> None:
    """An alarm that belongs to no incident is false: one in half an account-week of 2,000 series are two a week."""
    found = score(truth(BURST), [Alarm(key(name), start, end, spoke_at)])

    assert (found.recall(), found.false_rate) == (0.0, 2.0)


@pytest.mark.parametrize(("error_code", "cause"), [("Throttling", "errors"), (None, "plain traffic")])
def test_errors_explain_errors(error_code: str | None, cause: str) -> None:
    """That some of an API's calls fail is why its errors are odd, and no reason why its calls are."""
    series = key("Failing")
    kind = InsightType.ERROR_RATE if error_code else InsightType.CALL_RATE
    habit = (series.account_id, series.region, series.event_source, series.event_name, Habit(ERRORS, 0, 0, 50_400))
    alarm = Alarm(replace(series, insight_type=kind, error_code=error_code), FIRST + 5, FIRST + 10, FIRST + 6)

    assert score(replace(truth(), habits=(habit,)), [alarm]).causes == {cause: 1}


def test_neither() -> None:
    """What is real but nobody's duty is neither found nor false, and nothing before the judged days counts."""
    duty_free = replace(BURST, is_counted=False)
    alarms = [Alarm(key("Burst"), FIRST + 600, FIRST + 610, FIRST + 601), Alarm(key("Other"), 100, 110, 105)]
    found = score(truth(duty_free), alarms)

    assert (found.findings, found.false_rate) == ((), 0.0)


def test_pool_finds_an_enumeration() -> None:
    """An insight of newly denied APIs belongs to an enumeration in the same account and Region."""
    enumeration = replace(BURST, kind=PopulationIncidentKind.ENUMERATION)
    pool = SeriesKey(
        "111122223333", "us-east-1", "Management", InsightType.ERROR_RATE, "all-services.amazonaws.com",
        "NewlyDeniedApis", "AccessDenied",
    )  # fmt: skip

    assert score(truth(enumeration), [Alarm(pool, FIRST + 601, FIRST + 610, FIRST + 605)]).recall() == 1.0


def test_recall_is_over_kinds() -> None:
    """Each kind weighs the same, however many incidents of it there are."""
    drop = replace(BURST, kind=PopulationIncidentKind.DROP, series=(key("Drop"),))
    more = [replace(BURST, series=(key(f"Missed{n}"),)) for n in range(3)]
    found = score(truth(BURST, *more, drop), [Alarm(key("Burst"), FIRST + 600, FIRST + 610, FIRST + 601)])

    assert found.recall() == (0.25 + 0.0) / 2


def test_seeds_are_apart() -> None:
    """No seed of the page serves for development or selection."""
    assert len({*worlds.DEVELOPMENT, *worlds.SELECTION, *worlds.TEST}) == sum(
        len(seeds) for seeds in (worlds.DEVELOPMENT, worlds.SELECTION, worlds.TEST)
    )


def bins(counts: Sequence[int], judged: int) -> Bins:
    """Give the hours of one series, the last of them judged."""
    values = np.array([counts], dtype=float)
    return Bins([key("Any")], HOUR, values, np.ones_like(values, dtype=bool), len(counts) - judged)


def scores(counts: Sequence[int]) -> Scores:
    of = bins([0, *counts], len(counts))
    return Scores(of, np.array([counts], dtype=float), np.zeros((1, len(counts))))


def test_alarms_join() -> None:
    """Hours next to each other are one alarm, that spoke at the end of the first; four calls are none."""
    found = peers.alarms([scores([0, 9, 8, 0, 0, 0, 4])], 3)

    assert [(a.start, a.end, a.spoke_at) for a in found] == [(120, 240, 180)]


def test_alarms_cool_down() -> None:
    """A repeat within eight days is muted, one of more than half as many again is not."""
    found = peers.alarms([scores([0, 10, 0, 0, 0, 15, 0, 0, 0, 16])], 3)

    assert [a.start for a in found] == [120, 600]


@pytest.mark.parametrize("name", list(peers.PEERS))
def test_peers(name: str) -> None:
    """Every method scores a burst of a hundred calls an hour over ten as the most unusual of its week."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(10, 35 * 24)
    counts[30 * 24 + 5] += 100
    found = peers.PEERS[name][0](bins(counts.tolist(), 7 * 24))

    assert int(found.score[0].argmax()) in (2 * 24 + 5, 2 * 24 + 6)  # charts carry a burst on


def test_bins() -> None:
    """Bins hold every call of the judged series: writes among the calls, errors once more as errors."""
    population = populate(PLAN)
    found, table = bins_of(population, HOUR), population.minute_counts.to_pandas()
    delivered = np.where(found.delivered, found.counts, 0).sum()

    errors = table[table["error_code"].notna()]["count"].sum()
    assert round(delivered) == table[~table["is_read_only"]]["count"].sum() + errors


def test_recall_at() -> None:
    """A curve is read in proportion to the logarithm of the false alarms; left of it there is nothing to read."""
    curve = [Point(1.0, 0.2), Point(100.0, 0.6)]

    assert recall_at(curve, 10.0) == pytest.approx(0.4)
    assert recall_at(curve, 200.0) == 0.6
    assert recall_at(curve, 0.5) is None


def test_false_rate_at() -> None:
    """The other way round: what finding a share costs in false alarms; above the curve there is nothing to read."""
    curve = [Point(1.0, 0.2), Point(100.0, 0.6)]

    assert false_rate_at(curve, 0.4) == pytest.approx(10.0)
    assert false_rate_at(curve, 0.1) == 1.0
    assert false_rate_at(curve, 0.7) is None


def test_page() -> None:
    """The page and its figure show each method by name."""
    alarm = Alarm(key("Other"), FIRST, FIRST + 5, FIRST + 5)
    one = Result(score(truth(BURST), [alarm]), 1.0, 1000.0, 100.0)
    ours = dict.fromkeys(("low", "medium", "high", "aws"), one)
    found = Findings(ours, {"clustered": ours}, {("EWMA", 3.0): one.score}, {"EWMA": 2.0}, {}, {}, {}, 1)

    assert "| EWMA | 0% | 0% | 0% | 2.0 |" in render(found)
    assert "| EWMA | 2.0 | 2.0 | 2.0 |" in render(found)
    assert "| `medium` | 0.2 | 0.5 | 2.0 | 5.0 | 20.0 |" in render(found)
    assert "EWMA" in figure(found)


def test_figure_is_xml() -> None:
    """The figure is XML, with a line for each method."""
    root = ElementTree.fromstring(draw({"Ours": [Point(1, 0.5), Point(10, 0.7)]}))  # noqa: S314 - our own

    assert [element.text for element in root if element.text == "Ours"] == ["Ours"]


def test_scores_add_up() -> None:
    """False alarms of two populations are counted over the account-weeks of both."""
    alarm = Alarm(key("Other"), FIRST, FIRST + 5, FIRST + 5)
    both = score(truth(), [alarm]) + score(truth(), []) + Score()

    assert both.false_rate == 1.0
