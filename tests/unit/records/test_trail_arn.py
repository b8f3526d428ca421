from __future__ import annotations

import pytest

from insights.records.trail_arn import TrailArn, is_trail_name, parse_trail_arn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail",
            TrailArn("us-east-2", "123456789012", "MyTrail"),
        ),
        (
            "arn:aws-us-gov:cloudtrail:us-gov-west-1:123456789012:trail/my.trail",
            TrailArn("us-gov-west-1", "123456789012", "my.trail", "aws-us-gov"),
        ),
    ],
)
def test_arn(text: str, expected: TrailArn) -> None:
    """An ARN is read, and written as it was."""
    assert parse_trail_arn(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MyTrail",
        "arn:aws:s3:::bucket",
        "arn:aws:cloudtrail:us-east-2:12345:trail/MyTrail",
        "arn:aws:cloudtrail:us-east-2:123456789012:eventdatastore/EXAMPLE",
        "arn:aws:cloudtrail:us-east-2:123456789012:trail/a..b",
        "arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail\n",
    ],
)
def test_no_arn(text: str) -> None:
    """What is no trail's ARN is refused with the form it should have."""
    with pytest.raises(ValueError, match="no trail ARN like arn:aws:cloudtrail"):
        parse_trail_arn(text)


@pytest.mark.parametrize(
    ("name", "is_good"),
    [
        ("abc", True), ("a" * 128, True), ("my_trail-1.x", True), ("trail_name", True),
        ("ab", False), ("a" * 129, False), ("my--trail", False), ("my._trail", False), ("trail-", False),
        ("192.168.5.4", False), ("my trail", False), ("träil", False),
    ],
)  # fmt: skip
def test_names(name: str, is_good: bool) -> None:
    """Names follow the naming requirements of the CloudTrail User Guide."""
    assert is_trail_name(name) is is_good
