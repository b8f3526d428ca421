from __future__ import annotations

from typing import Any

import pytest

from insights.api.errors import ApiError
from insights.api.validation import validated
from insights.windows import parse_instant


@pytest.mark.parametrize("time", [1762002307, 1762002307.0, "2025-11-01T13:05:07Z", "2025-11-01T14:05:07+01:00"])
def test_times(time: Any) -> None:
    """A time comes as seconds since 1970, which boto3 sends, or as ISO 8601."""
    assert validated("LookupEvents", {"StartTime": time}) == {"StartTime": parse_instant("2025-11-01T13:05:07Z")}


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 1e300, -1e300, "yesterday", ""])
def test_impossible_times(time: Any) -> None:
    """What is no time of the calendar is an invalid time range."""
    with pytest.raises(ApiError) as caught:
        validated("LookupEvents", {"StartTime": time})
    assert caught.value.code == "InvalidTimeRangeException"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("LookupEvents", {"MaxResults": "5"}),
        ("LookupEvents", {"MaxResults": True}),
        ("LookupEvents", {"MaxResults": 1.5}),
        ("LookupEvents", {"LookupAttributes": {}}),
        ("LookupEvents", {"LookupAttributes": ["EventName"]}),
        ("LookupEvents", {"StartTime": []}),
        ("LookupEvents", {"EventCategory": 1}),
        ("DescribeTrails", {"includeShadowTrails": "yes"}),
        ("ListInsightsData", {"Dimensions": [], "InsightSource": "abc", "DataType": "InsightsEvents"}),
        ("LookupEvents", []),
        ("LookupEvents", None),
    ],
)
def test_types(operation: str, parameters: Any) -> None:
    """A value of another JSON type cannot be read, whatever it would mean."""
    with pytest.raises(ApiError) as caught:
        validated(operation, parameters)
    assert (caught.value.code, caught.value.status) == ("SerializationException", 400)


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("GetTrail", {}, "ValidationError"),
        ("PutInsightSelectors", {"TrailName": "abc"}, "InvalidInsightSelectorsException"),
        ("ListInsightsData", {"DataType": "InsightsEvents"}, "InvalidParameterException"),
        ("LookupEvents", {"LookupAttributes": [{"AttributeKey": "EventName"}]}, "InvalidLookupAttributesException"),
    ],
)
def test_required(operation: str, parameters: dict[str, Any], code: str) -> None:
    """What must be there and is not has the operation's own error."""
    with pytest.raises(ApiError, match="must not be null") as caught:
        validated(operation, parameters)
    assert caught.value.code == code


@pytest.mark.parametrize(("member", "text"), [("EventName", "RunInstances\n"), ("EventSource", "ec2.amazonaws.com\n")])
def test_line_break_at_the_end(member: str, text: str) -> None:
    """A pattern is about all of a text, its last line break too."""
    asked = {"EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight"}
    with pytest.raises(ApiError, match="pattern") as caught:
        validated("ListInsightsMetricData", asked | {member: text})
    assert caught.value.code == "InvalidParameterException"


def test_unknown_members() -> None:
    """Members that the model does not know are left out: a newer client may send them."""
    assert validated("LookupEvents", {"MaxResults": 50, "Sensitivity": "high"}) == {"MaxResults": 50}


def test_null() -> None:
    """A null is a member that was left out."""
    assert validated("LookupEvents", {"NextToken": None}) == {}
