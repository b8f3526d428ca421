"""The form and the arithmetic of Insight records: what AWS's own examples keep, ours have to keep as well.

`schemas/` has a JSON Schema for each form AWS has written, from the CloudTrail User Guide's "CloudTrail record contents
for Insights events for trails" and its examples. A schema lists members in AWS's order, which ours keep too. The
arithmetic was derived from AWS's samples: averages are whole calls over whole minutes, rounded to ten decimals.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from insights.records.insight import Attribution, Insight, Rate, Share, end_record, start_record
from insights.records.series import Direction, InsightType, SeriesKey
from insights.settings import parse_settings
from insights.simulate import scenario, simulate
from insights.stages import count, detect, extract, normalize, publish
from insights.stages.workspace import Workspace
from insights.statistics.subjects import POOL_EVENT_SOURCE
from insights.storage.opening import open_store
from insights.windows import DAY, Window, parse_instant

Record = dict[str, Any]

SCHEMAS = {
    path.stem.removeprefix("insight-record-"): json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "schemas").glob("insight-record-*.json"))
}
EXAMPLES = Path(__file__).parents[2] / "../shared/data/cloudtrail-insight-and-digest-examples"
ROUNDING = Decimal("0.00000000005")

FILES = {
    "aws-user-guide/cloudtrail-event-reference.01.json": "1.07",
    "aws-user-guide/cloudtrail-log-file-examples.09.json": "1.07-launch",
    "aws-user-guide/view-insights-events-cli.02.json": "1.07",
    "streamalert/insight-start.json": "1.08",
}
WITH_ALTERED_TIMES = {"aws-user-guide/view-insights-events-cli.02.json", "streamalert/insight-start.json"}
"""Examples whose editors gave them other times: their durations are those of the record they were made from."""


def statistics(record: Record) -> Record:
    found: Record = record["insightDetails"]["insightContext"]["statistics"]
    return found


def is_whole(average: Any, minutes: int) -> bool:
    """Tell whether an average is that of a whole number of calls, as far as ten decimals tell it."""
    calls = Decimal(str(average)) * minutes
    return abs(calls - round(calls)) <= ROUNDING * minutes


def check_form(record: Record, version: str) -> None:
    """The members are those of the version, and in AWS's order."""
    Draft202012Validator(SCHEMAS[version]).validate(record)
    check_order(record, SCHEMAS[version])


def check_order(value: Any, schema: Record) -> None:
    if isinstance(value, dict):
        known = list(schema["properties"])
        assert [known.index(name) for name in value] == sorted(known.index(name) for name in value), list(value)
        for name, member in value.items():
            check_order(member, schema["properties"][name])


def check_averages(record: Record) -> None:
    """Every average has at most ten decimals, and is a whole number of calls over its minutes."""
    found, context = statistics(record), record["insightDetails"]["insightContext"]
    before, seen = found.get("baselineDuration", 10080), found.get("insightDuration", 1)
    averages = [(found["baseline"]["average"], before), (found["insight"]["average"], seen)]
    for attribution in context.get("attributions", ()):
        averages += [(share["average"], seen) for share in attribution["insight"]]
        averages += [(share["average"], before) for share in attribution["baseline"]]
    for average, minutes in averages:
        assert Decimal(str(average)) == round(Decimal(str(average)), 10)
        assert is_whole(average, minutes), (average, minutes)


def check_attributions(record: Record) -> None:
    """At most five values, most calls first, each once, together no more than what they explain."""
    found = statistics(record)
    attributions = record["insightDetails"]["insightContext"].get("attributions", ())
    order = ["userIdentityArn", "userAgent", "errorCode"]
    names = [attribution["attribute"] for attribution in attributions]
    assert names == order[: len(names)]
    for attribution, period in product(attributions, ("insight", "baseline")):
        shares = attribution[period]
        assert all(one["average"] >= other["average"] for one, other in pairwise(shares))
        assert len({share["value"] for share in shares}) == len(shares)
        if record["insightDetails"]["eventSource"] == POOL_EVENT_SOURCE:
            continue  # Our own, which AWS has not: it counts operations, and is attributed by the calls of them.
        total = sum(Decimal(str(share["average"])) for share in shares)
        stated = Decimal(str(found[period]["average"]))
        assert total <= stated + 6 * ROUNDING
        if len(shares) < 5:  # then all there is is told
            assert abs(total - stated) <= 6 * ROUNDING


def check_baseline(record: Record, start: datetime) -> None:
    """The baseline runs from 00:00 UTC seven days before the day of the start, up to the start."""
    assert statistics(record)["baselineDuration"] == 10080 + start.hour * 60 + start.minute


def check_pair(start: Record, end: Record) -> None:
    """A Start and its End tell of the same, and the End's duration leads from one time to the other."""
    began, over = parse_instant(start["eventTime"]), parse_instant(end["eventTime"])
    assert over - began == timedelta(minutes=statistics(end)["insightDuration"])
    assert start["sharedEventID"] == end["sharedEventID"]
    assert len({start["eventID"], end["eventID"], start["sharedEventID"]}) == 3
    assert statistics(start)["baseline"] == statistics(end)["baseline"]
    same = ("eventSource", "eventName", "insightType", "errorCode", "sourceEventCategory", "insightSource")
    for name in same:
        assert start["insightDetails"].get(name) == end["insightDetails"].get(name)


def check_all(records: list[Record]) -> None:
    """Hold records of today's form to everything."""
    starts = {record["sharedEventID"]: record for record in records if record["insightDetails"]["state"] == "Start"}
    assert len({record["eventID"] for record in records}) == len(records)
    for record in records:
        check_form(record, "1.09")
        assert "sourceEventCategory" in record["insightDetails"]
        check_averages(record)
        check_attributions(record)
        check_baseline(record, parse_instant(starts[record["sharedEventID"]]["eventTime"]))
        for attribution in record["insightDetails"]["insightContext"]["attributions"]:
            for share in attribution["insight"] + attribution["baseline"]:
                # Sessions of a role are one caller.
                assert ":assumed-role/" not in share["value"] or share["value"].count("/") == 1
        if record["insightDetails"]["state"] == "End":
            check_pair(starts[record["sharedEventID"]], record)


class TestExamplesOfAws:
    """What the checks below ask of our records, AWS's own keep: else they would be inventions."""

    @pytest.fixture(params=FILES)
    def name(self, request: pytest.FixtureRequest) -> str:
        if not EXAMPLES.is_dir():
            pytest.skip("needs AWS's examples in ../shared/data")
        return str(request.param)

    @pytest.fixture
    def examples(self, name: str) -> list[Record]:
        document = json.loads((EXAMPLES / name).read_text())
        found: list[Record] = document.get("Records") or document.get("Events") or [document]
        return found

    def test_form(self, name: str, examples: list[Record]) -> None:
        """Each is of the form its version has."""
        for record in examples:
            check_form(record, FILES[name])

    def test_form_is_told_apart(self, name: str, examples: list[Record]) -> None:
        """No example passes as another version: the schemas are not so wide that they take anything."""
        others = [version for version in SCHEMAS if version != FILES[name]]
        assert not any(Draft202012Validator(SCHEMAS[other]).is_valid(examples[-1]) for other in others)

    def test_arithmetic(self, name: str, examples: list[Record]) -> None:
        """Averages are whole calls over whole minutes, and attributions add up to them."""
        for record in examples:
            check_averages(record)
            check_attributions(record)

    def test_times(self, name: str, examples: list[Record]) -> None:
        """The baseline and the span are as long as the times say."""
        if name in WITH_ALTERED_TIMES:
            pytest.skip("the publisher altered the times of this example")
        start = parse_instant(examples[0]["eventTime"])
        if "baselineDuration" in statistics(examples[0]):
            check_baseline(examples[0], start)
        if len(examples) == 2:
            check_pair(*examples)


FORMS = list(product(InsightType, ("Management", "Data"), Direction))


@pytest.mark.parametrize(("insight_type", "category", "direction"), FORMS, ids=str)
def test_every_form(insight_type: InsightType, category: str, direction: Direction) -> None:
    """Both types, of management and of data events, spikes and drops: all keep form and arithmetic."""
    start = datetime(2025, 3, 4, 14, 7, tzinfo=UTC)
    code = "AccessDenied" if insight_type is InsightType.ERROR_RATE else None
    names = ["userIdentityArn", "userAgent", "errorCode"]
    found = Insight(
        series=SeriesKey("111122223333", "us-east-1", category, insight_type, "s3.amazonaws.com", "GetObject", code),
        direction=direction,
        start=start,
        end=start + timedelta(minutes=3),
        baseline=Rate(22, 10927),
        detection=Rate(7, 5),
        total=Rate(20, 3),
        start_attributions=tuple(Attribution(name, shares(7), shares(22)) for name in names),
        end_attributions=tuple(Attribution(name, shares(20), shares(22)) for name in names),
        source_trail_arn="arn:aws:cloudtrail:us-east-1:111122223333:trail/audit",
    )
    records = [start_record(found), end_record(found)]

    check_all(records)
    assert all(("insightSource" in record["insightDetails"]) == (category == "Data") for record in records)
    assert all(("errorCode" in record["insightDetails"]) == (code is not None) for record in records)


def shares(calls: int) -> tuple[Share, ...]:
    """Share calls among six values, the first the most: more than are told."""
    return (Share("value 0", calls - 5), *(Share(f"value {number}", 1) for number in range(1, 6)))


@pytest.fixture(scope="module", params=["default", "announcement"])
def published(request: pytest.FixtureRequest) -> list[Record]:
    """What a simulated trail's incidents become, as it lies in the bucket."""
    start = parse_instant("2026-10-25T00:00")
    workspace = Workspace(parse_settings({}))
    workspace.trail, workspace.lake = open_store("memory://trail"), open_store("memory://lake")
    workspace.now = lambda: start + 9 * DAY
    plan = scenario(request.param, start=start, calls_per_hour=12)
    # All in one place, which takes a ninth of the time.
    here = {"account_id": plan.accounts[0], "region": plan.regions[0]}
    incidents = tuple(replace(incident, **here) for incident in plan.incidents)
    for each in simulate(replace(plan, accounts=plan.accounts[:1], regions=plan.regions[:1], incidents=incidents)):
        workspace.trail.put(each.key, each.body)
    window = Window(start, start + 8 * DAY)
    for shard in extract.run(window, workspace).shards:
        normalize.run(window, workspace, shard)
    count.run(window, workspace)
    detect.run(None, workspace)
    publish.run(None, workspace)
    return list(_records(workspace))


def _records(workspace: Workspace) -> Iterator[Record]:
    for info in workspace.lake.list("AWSLogs/"):
        yield from json.loads(gzip.decompress(workspace.lake.get(info.key)[0]))["Records"]


def test_scenarios(published: list[Record]) -> None:
    """Every record that comes of a simulated trail keeps form and arithmetic."""
    said = [record["insightDetails"] for record in published]
    assert {each["state"] for each in said} == {"Start", "End"}
    assert any(each["eventSource"] != POOL_EVENT_SOURCE for each in said)
    check_all(published)
