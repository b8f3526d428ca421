"""Insight records: what AWS writes, member by member and number by number.

Expected numbers come from records AWS published (the launch post of 2019, the CloudTrail User Guide) and from real
records of 2020 and 2025 quoted in public issue threads.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from insights.records.insight import (
    Attribution,
    Insight,
    Rate,
    Share,
    attributes_of,
    baseline_minutes,
    baseline_start,
    closing_record,
    end_record,
    insight_id,
    start_record,
)
from insights.records.series import Direction, InsightType, SeriesKey
from insights.windows import parse_instant

AWS_EXAMPLES = Path(__file__).parents[4] / "shared/data/cloudtrail-insight-and-digest-examples"
TRAIL_ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"

CALLS = SeriesKey("111122223333", "us-east-1", "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", "RunInstances")
ERRORS = replace(CALLS, insight_type=InsightType.ERROR_RATE, error_code="Client.UnauthorizedOperation")

ATTRIBUTIONS = tuple(
    Attribution(attribute, insight=(Share("now", 6),), baseline=(Share("before", 21),))
    for attribute in ("userIdentityArn", "userAgent", "errorCode")
)

LAUNCH = Insight(
    series=CALLS,
    direction=Direction.SPIKE,
    start=datetime(2025, 3, 4, 13, 25, tzinfo=UTC),
    end=datetime(2025, 3, 4, 13, 26, tzinfo=UTC),
    baseline=Rate(21, 10080),
    detection=Rate(6, 5),
    total=Rate(6, 1),
    start_attributions=ATTRIBUTIONS,
    end_attributions=ATTRIBUTIONS,
)


def statistics_of(record: dict[str, Any]) -> Any:
    return record["insightDetails"]["insightContext"]["statistics"]


def attributions_of(record: dict[str, Any]) -> Any:
    return record["insightDetails"]["insightContext"]["attributions"]


def members_of(value: Any) -> Any:
    """Give the member names of nested objects in their order; of a list, those of its first item."""
    if isinstance(value, dict):
        return [(name, members_of(part)) for name, part in value.items()]
    if isinstance(value, list):
        return [members_of(part) for part in value[:1]]
    return None


def aws_example(name: str) -> Any:
    path = AWS_EXAMPLES / name
    if not path.exists():
        pytest.skip(f"AWS's own examples are not here: {path}")
    return json.loads(path.read_text())


class TestMembers:
    def test_record(self) -> None:
        """The members of a record stand in the order AWS writes them."""
        assert list(start_record(LAUNCH)) == [
            "eventVersion",
            "eventTime",
            "awsRegion",
            "eventID",
            "eventType",
            "recipientAccountId",
            "sharedEventID",
            "insightDetails",
            "eventCategory",
        ]

    def test_fixed_values(self) -> None:
        """A record calls itself an Insight of version 1.09, the newest that AWS has been seen to write."""
        record = start_record(LAUNCH)

        assert (record["eventVersion"], record["eventType"], record["eventCategory"]) == (
            "1.09",
            "AwsCloudTrailInsight",
            "Insight",
        )

    def test_call_rate_details(self) -> None:
        """A call-rate record names API, type and category, and neither an error code nor a trail."""
        details = start_record(LAUNCH)["insightDetails"]

        assert list(details.items())[:-1] == [
            ("state", "Start"),
            ("eventSource", "ec2.amazonaws.com"),
            ("eventName", "RunInstances"),
            ("insightType", "ApiCallRateInsight"),
            ("sourceEventCategory", "Management"),
        ]

    def test_error_rate_details(self) -> None:
        """An error-rate record names its one error between the type and the category."""
        details = start_record(replace(LAUNCH, series=ERRORS))["insightDetails"]

        assert list(details.items())[3:-1] == [
            ("insightType", "ApiErrorRateInsight"),
            ("errorCode", "Client.UnauthorizedOperation"),
            ("sourceEventCategory", "Management"),
        ]

    def test_data_events_name_their_trail(self) -> None:
        """An insight about data events ends its details with the ARN of the trail."""
        insight = replace(LAUNCH, series=replace(CALLS, event_category="Data"), source_trail_arn=TRAIL_ARN)

        assert list(start_record(insight)["insightDetails"].items())[-1] == ("insightSource", TRAIL_ARN)

    def test_management_events_do_not_name_their_trail(self) -> None:
        """An insight about management events has no insightSource, even where the trail is known."""
        assert "insightSource" not in start_record(replace(LAUNCH, source_trail_arn=TRAIL_ARN))["insightDetails"]

    def test_json(self) -> None:
        """A record is plain JSON: writing and reading gives the same record."""
        record = end_record(replace(LAUNCH, series=ERRORS))

        assert json.loads(json.dumps(record)) == record

    @pytest.mark.parametrize(
        ("name", "pick"),
        [
            pytest.param("streamalert/insight-start.json", ("Records", 0), id="1.08-start"),
            pytest.param("aws-user-guide/view-insights-events-cli.02.json", ("Events", 0), id="1.07-start"),
        ],
    )
    def test_aws_examples(self, name: str, pick: tuple[str, int]) -> None:
        """But for sourceEventCategory, which is newer than the examples, AWS's members are ours, in the same order."""
        member, index = pick
        example = aws_example(name)[member][index]
        record = start_record(LAUNCH)
        del record["insightDetails"]["sourceEventCategory"]

        assert members_of(record) == members_of(example)


class TestStatistics:
    @pytest.mark.parametrize(
        ("start", "minutes"),
        [
            pytest.param("2025-01-02T10:43:00Z", 10723, id="real-2025"),
            pytest.param("2020-09-09T22:59:00Z", 11459, id="real-2020"),
            pytest.param("2024-12-11T16:52:00Z", 11092, id="user-guide"),
            pytest.param("2025-03-04T00:00:00Z", 10080, id="midnight-is-the-shortest"),
            pytest.param("2025-03-04T23:59:00Z", 11519, id="last-minute-is-the-longest"),
            pytest.param("2025-03-04T01:30:00+02:00", 11490, id="the-day-is-that-of-utc"),
        ],
    )
    def test_baseline_minutes(self, start: str, minutes: int) -> None:
        """The reported baseline is seven days and the start's minute of the UTC day."""
        assert baseline_minutes(parse_instant(start)) == minutes

    def test_baseline_start(self) -> None:
        """The reported baseline begins at midnight UTC, seven days before the day of the start."""
        assert baseline_start(datetime(2025, 1, 2, 10, 43, tzinfo=UTC)) == datetime(2024, 12, 26, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("calls", "minutes", "average"),
        [
            pytest.param(21, 10080, 0.0020833333, id="launch-baseline"),
            pytest.param(861036, 10080, 85.4202380952, id="user-guide-2019"),
            pytest.param(17702, 10080, 1.7561507937, id="user-guide-2019-small"),
            pytest.param(1652026, 10723, 154.063788119, id="real-2025-baseline"),
            pytest.param(432526, 121, 3574.5950413223, id="real-2025-end"),
            pytest.param(1, 11336, 0.0000882145, id="user-guide-2020"),
            pytest.param(3, 5, 0.6, id="user-guide-window"),
            pytest.param(0, 10080, 0, id="nothing"),
        ],
    )
    def test_averages(self, calls: int, minutes: int, average: float) -> None:
        """An average is a whole count over whole minutes, to ten decimals."""
        record = start_record(replace(LAUNCH, baseline=Rate(calls, minutes)))

        assert statistics_of(record)["baseline"]["average"] == average

    def test_whole_averages(self) -> None:
        """A whole average is written as AWS writes it: 6, not 6.0."""
        assert json.dumps(statistics_of(end_record(LAUNCH))["insight"]["average"]) == "6"

    def test_start(self) -> None:
        """A Start tells the window that gave the alarm: 6 calls in 5 minutes are 1.2 a minute."""
        assert statistics_of(start_record(LAUNCH)) == {
            "baseline": {"average": 0.0020833333},
            "insight": {"average": 1.2},
            "insightDuration": 5,
            "baselineDuration": 10080,
        }

    def test_end(self) -> None:
        """An End tells the whole span, which may be shorter than the window that gave the alarm."""
        assert statistics_of(end_record(LAUNCH)) == {
            "baseline": {"average": 0.0020833333},
            "insight": {"average": 6},
            "insightDuration": 1,
            "baselineDuration": 10080,
        }

    def test_aws_numbers(self) -> None:
        """The counts behind AWS's example give its statistics and attributions exactly."""
        example = aws_example("streamalert/insight-start.json")["Records"][0]
        roles = [f"arn:aws:sts::012345678901:assumed-role/CodeDeployRole{number}" for number in (1, 2, 3)]
        insight = replace(
            LAUNCH,
            baseline=Rate(1, 11336),
            detection=Rate(3, 5),
            start_attributions=(
                Attribution("userIdentityArn", tuple(Share(role, 1) for role in roles), (Share(roles[0], 1),)),
                Attribution(
                    "userAgent", (Share("codedeploy.amazonaws.com", 3),), (Share("codedeploy.amazonaws.com", 1),)
                ),
                Attribution("errorCode", (Share("null", 3),), (Share("null", 1),)),
            ),
        )

        assert start_record(insight)["insightDetails"]["insightContext"] == example["insightDetails"]["insightContext"]


class TestTimes:
    def test_start(self) -> None:
        """A Start carries the first unusual minute, its seconds zero."""
        assert start_record(LAUNCH)["eventTime"] == "2025-03-04T13:25:00Z"

    def test_end(self) -> None:
        """An End carries the first minute that is usual again: start plus duration."""
        insight = replace(
            LAUNCH,
            start=datetime(2025, 1, 2, 10, 43, tzinfo=UTC),
            end=datetime(2025, 1, 2, 12, 44, tzinfo=UTC),
            total=Rate(432526, 121),
        )

        assert end_record(insight)["eventTime"] == "2025-01-02T12:44:00Z"

    @pytest.mark.parametrize("missing", ["end", "total"])
    def test_end_of_an_open_insight(self, missing: str) -> None:
        """An insight that is not over has no End record, and saying so names the insight."""
        insight = replace(LAUNCH, **{missing: None})

        with pytest.raises(ValueError, match=f"{insight.insight_id} is not over yet"):
            end_record(insight)


class TestIds:
    def test_pair(self) -> None:
        """Start and End share the insight's id and have an eventID each."""
        start, end = start_record(LAUNCH), end_record(LAUNCH)

        assert start["sharedEventID"] == end["sharedEventID"] == LAUNCH.insight_id
        assert len({start["sharedEventID"], start["eventID"], end["eventID"]}) == 3

    def test_guids(self) -> None:
        """Ids are GUIDs as AWS writes them: lower case, with hyphens."""
        record = start_record(LAUNCH)

        assert [record["eventID"], record["sharedEventID"]] == [
            str(UUID(record["eventID"])),
            str(UUID(record["sharedEventID"])),
        ]

    def test_judged_again(self) -> None:
        """Judged again on later data, an insight keeps both ids: they hang on series, direction and start alone."""
        again = replace(
            LAUNCH, baseline=Rate(30, 10080), detection=Rate(9, 5), start_attributions=(), end=None, total=None
        )

        before, after = start_record(LAUNCH), start_record(again)
        assert (before["eventID"], before["sharedEventID"]) == (after["eventID"], after["sharedEventID"])

    @pytest.mark.parametrize(
        "change",
        [
            {"account_id": "444455556666"},
            {"region": "eu-west-1"},
            {"event_category": "Data"},
            {"insight_type": InsightType.ERROR_RATE},
            {"event_source": "rds.amazonaws.com"},
            {"event_name": "TerminateInstances"},
            {"error_code": "AccessDenied"},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_other_series(self, change: dict[str, Any]) -> None:
        """Insights of different series that start together have different ids, whatever the difference is."""
        assert insight_id(CALLS, Direction.SPIKE, LAUNCH.start) != insight_id(
            replace(CALLS, **change), Direction.SPIKE, LAUNCH.start
        )

    def test_other_direction_or_start(self) -> None:
        """A drop is not a spike, and the next minute is another insight."""
        ids = {
            insight_id(CALLS, Direction.SPIKE, LAUNCH.start),
            insight_id(CALLS, Direction.DROP, LAUNCH.start),
            insight_id(CALLS, Direction.SPIKE, datetime(2025, 3, 4, 13, 26, tzinfo=UTC)),
        }

        assert len(ids) == 3


class TestClosing:
    """An End of which nothing but the Start is known."""

    def test_says_what_the_start_said(self) -> None:
        """It has the Start's numbers and callers, an id of its own, and ends with the Start's window."""
        start = start_record(LAUNCH)
        end = closing_record(start, not_after=datetime(2025, 3, 4, 14, tzinfo=UTC))

        assert list(end) == list(start)
        assert (end["eventTime"], end["eventID"]) == ("2025-03-04T13:30:00Z", end_record(LAUNCH)["eventID"])
        assert end["insightDetails"] == start["insightDetails"] | {"state": "End"}
        assert {name for name in start if start[name] != end[name]} == {"eventTime", "eventID", "insightDetails"}

    def test_ends_with_its_hour(self) -> None:
        """A window of four hours that began before the first unusual minute does not end in the future."""
        start = start_record(replace(LAUNCH, detection=Rate(60, 240)))

        assert closing_record(start, not_after=datetime(2025, 3, 4, 14, tzinfo=UTC))["eventTime"] == (
            "2025-03-04T14:00:00Z"
        )


class TestAttributions:
    def test_call_rate(self) -> None:
        """Call-rate records attribute to identities, user agents and error codes, in this order however given."""
        record = start_record(replace(LAUNCH, start_attributions=ATTRIBUTIONS[::-1]))

        assert [a["attribute"] for a in attributions_of(record)] == ["userIdentityArn", "userAgent", "errorCode"]

    def test_error_rate(self) -> None:
        """Error-rate records attribute to identities and user agents only: they are about one error code."""
        record = start_record(replace(LAUNCH, series=ERRORS))

        assert [a["attribute"] for a in attributions_of(record)] == ["userIdentityArn", "userAgent"]

    @pytest.mark.parametrize(
        ("insight_type", "attributes"),
        [
            (InsightType.CALL_RATE, ("userIdentityArn", "userAgent", "errorCode")),
            (InsightType.ERROR_RATE, ("userIdentityArn", "userAgent")),
        ],
    )
    def test_attributes_of(self, insight_type: InsightType, attributes: tuple[str, ...]) -> None:
        """Each type names the attributes its records have."""
        assert attributes_of(insight_type) == attributes

    def test_each_side_over_its_own_minutes(self) -> None:
        """An attribution divides by the minutes of the statistic it explains: those of the window, span or baseline."""
        start, end = attributions_of(start_record(LAUNCH))[0], attributions_of(end_record(LAUNCH))[0]

        assert start["insight"] == [{"value": "now", "average": 1.2}]
        assert end["insight"] == [{"value": "now", "average": 6}]
        assert start["baseline"] == end["baseline"] == [{"value": "before", "average": 0.0020833333}]

    def test_top_five(self) -> None:
        """Of many values the five with most calls are named, most first, on either side."""
        shares = tuple(Share(f"role-{calls}", calls) for calls in (3, 7, 1, 5, 2, 6, 4))
        insight = replace(LAUNCH, start_attributions=(Attribution("userAgent", shares, shares),))

        attribution = attributions_of(start_record(insight))[0]
        top = ["role-7", "role-6", "role-5", "role-4", "role-3"]
        assert [share["value"] for share in attribution["insight"]] == top
        assert [share["value"] for share in attribution["baseline"]] == top

    def test_no_baseline(self) -> None:
        """Where there was nothing before, the baseline side is an empty list."""
        insight = replace(LAUNCH, start_attributions=(Attribution("userAgent", (Share("aws-cli", 6),), ()),))

        assert attributions_of(start_record(insight))[0]["baseline"] == []

    def test_unknown(self) -> None:
        """Where nothing is known about callers, the member is left out, as AWS may."""
        record = start_record(replace(LAUNCH, start_attributions=()))

        assert list(record["insightDetails"]["insightContext"]) == ["statistics"]
