"""A real attack, recorded by an incident-response firm, after a quiet simulated month of the same account."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from insights.records.schemas import INSTANT
from insights.records.series import InsightType
from insights.settings import parse_settings
from insights.simulate.population import PopulationPlan, populate
from insights.stages import count, extract, normalize
from insights.stages.workspace import Workspace
from insights.statistics.attribution import Tally, attributions
from insights.statistics.detector import detect
from insights.statistics.episodes import Episode
from insights.storage.attribution import Question, tally
from insights.windows import Window, parse_instant

TRAIL = Path(__file__).parents[2] / "../shared/data/cloudtrail-invictus"
ACCOUNT, REGION = "123837392027", "us-east-1"  # every record's recipientAccountId
ATTACK = Window(parse_instant("2023-07-10T11:00"), parse_instant("2023-07-10T13:00"))
MONTH = PopulationPlan(seed=5, apis=150, places=1, incidents=0, start=parse_instant("2023-06-12"))

# The trail's README: the largest bursts of its writes, and of its denied calls.
BURSTS = (
    ("ssm.amazonaws.com", "PutParameter", "2023-07-10T11:58"),
    ("ssm.amazonaws.com", "DeleteParameter", "2023-07-10T12:08"),
    ("secretsmanager.amazonaws.com", "CreateSecret", "2023-07-10T11:57"),
    ("secretsmanager.amazonaws.com", "DeleteSecret", "2023-07-10T12:07"),
)
DENIED = ("ec2.amazonaws.com", "GetPasswordData", "Client.UnauthorizedOperation", "2023-07-10T11:54")

pytestmark = pytest.mark.skipif(not TRAIL.is_dir(), reason="needs the published trails of ../shared/data")


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    """Judge the two hours of the attack; in the month before, each of its APIs was called now and then."""
    month = populate(MONTH).minute_counts
    month = month.filter(pc.less(month["minute"], pa.scalar(parse_instant("2023-07-10T11:40"), INSTANT)))
    for name, value in (("account_id", ACCOUNT), ("region", REGION)):
        month = month.set_column(month.schema.get_field_index(name), name, pa.array([value] * month.num_rows))
    counts = pa.concat_tables([plain(month), attack_counts(), usual_calls()], promote_options="permissive")
    return list(detect(counts, window=ATTACK).episodes)


def plain(table: pa.Table) -> pa.Table:
    return pa.table({name: column(table[name]) for name in table.column_names})


def column(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values


def rows_of(cells: Iterator[tuple[Any, ...]]) -> pa.Table:
    names = ("minute", "account_id", "region", "event_category", "is_read_only", "event_source", "event_name")
    columns = dict(zip((*names, "error_code", "count"), zip(*cells, strict=True), strict=True))
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    return table.set_column(0, "minute", table["minute"].cast(INSTANT))


def attack_counts() -> pa.Table:
    """Read the counts that were summed from the trail without this product."""
    with (TRAIL / "expected_minute_counts.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    return rows_of(
        (parse_instant(r[0]), ACCOUNT, r[2], r[3], r[4] == "true", *r[5:7], r[7] or None, int(r[8])) for r in rows
    )


def usual_calls() -> pa.Table:
    """Let every API of the bursts be called once on five days of the month."""
    days = [f"2023-06-{day}T09:30" for day in (13, 16, 20, 26, 29)]
    apis = [(source, name, False) for source, name, _ in BURSTS] + [(*DENIED[:2], True)]
    return rows_of(
        (parse_instant(day), ACCOUNT, REGION, "Management", is_read, source, name, None, 1)
        for day in days
        for source, name, is_read in apis
    )


def only(episodes: list[Episode], source: str, name: str, error_code: str | None = None) -> Episode:
    kind = InsightType.CALL_RATE if error_code is None else InsightType.ERROR_RATE
    wanted = (kind, source, name, error_code)
    found = [
        e
        for e in episodes
        if (e.series.insight_type, e.series.event_source, e.series.event_name, e.series.error_code) == wanted
    ]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Read the trail into a lake."""
    lake = tmp_path_factory.mktemp("lake")
    workspace = Workspace(parse_settings({"trail": {"url": str(TRAIL)}, "lake": {"url": str(lake)}}))
    span = Window(parse_instant("2023-07-10"), parse_instant("2023-07-11"))
    for shard in extract.run(span, workspace).shards:
        normalize.run(span, workspace, shard)
    count.run(span, workspace)
    return workspace


def first_identity(episode: Episode, workspace: Workspace) -> str:
    """Give the identity that the attribution of an episode names first."""
    span = Window(episode.start, episode.end or ATTACK.end)
    during = tally(workspace.lake, [Question(episode.series, span, writes_only=False)])[0]
    found = attributions(during, Tally(), episode.series.insight_type)
    return next(a.insight[0].value for a in found if a.attribute == "userIdentityArn")


def busiest_caller(name: str) -> str:
    """Give the user or role that made most calls of an API, from the raw records."""
    records = [r for path in (TRAIL / "CloudTrail").glob("*.json") for r in json.loads(path.read_bytes())["Records"]]
    callers = Counter(r["userIdentity"]["arn"] for r in records if r["eventName"] == name)
    arn = callers.most_common(1)[0][0]
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


@pytest.mark.parametrize(("source", "name", "minute"), BURSTS)
def test_bursts(episodes: list[Episode], workspace: Workspace, source: str, name: str, minute: str) -> None:
    """Each burst of parameters and secrets is one insight that holds its largest minute, by who made it."""
    episode = only(episodes, source, name)

    assert episode.start <= parse_instant(minute) < (episode.end or ATTACK.end)
    assert first_identity(episode, workspace) == busiest_caller(name)


def test_denied_calls(episodes: list[Episode], workspace: Workspace) -> None:
    """The refused attempts to read passwords of instances are one insight, by who made them."""
    source, name, code, minute = DENIED
    episode = only(episodes, source, name, code)

    assert episode.start <= parse_instant(minute) < (episode.end or ATTACK.end)
    assert first_identity(episode, workspace) == busiest_caller(name)
