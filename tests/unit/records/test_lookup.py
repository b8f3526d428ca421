from __future__ import annotations

import json

import pytest

from insights.records.lookup import resources, username


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"type": "IAMUser", "userName": "alice"}, "alice"),
        ({"type": "AssumedRole", "principalId": "AROAEXAMPLE:session-1", "arn": "arn:x/s"}, "session-1"),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/role/session-2"}, "session-2"),
        ({"type": "Root"}, "root"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "ec2.amazonaws.com"),
        ({"type": "AWSAccount", "accountId": "1"}, None),
        ({"userName": 7}, None),
        (["no identity"], None),
    ],
)  # fmt: skip
def test_username(identity: object, name: str | None) -> None:
    """A user goes by its name, a role by its session, a service by its own name; who has none has none."""
    assert username(json.dumps(identity)) == name


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ([{"ARN": "arn:b", "type": "AWS::S3::Bucket", "accountId": "1"}], [("AWS::S3::Bucket", "arn:b")]),
        ([{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/"}], [("AWS::S3::Object", "arn:aws:s3:::b/")]),
        ([{}, "text"], [("", "")]),
        ({"no": "list"}, []),
    ],
)  # fmt: skip
def test_resources(found: object, named: list[tuple[str, str]]) -> None:
    """A resource is named by its type and ARN; whatever else stands there breaks nothing."""
    assert resources(json.dumps(found)) == named


def test_what_python_does_not_read() -> None:
    """Long numbers hide no name, half characters are question marks, and too deep a nesting names nobody."""
    assert username('{"type": "IAMUser", "accountId": %s, "userName": "al\\ud800"}' % ("1" * 5000)) == "al?"
    assert resources('[{"type": "t", "ARN": "a\\udc00", "size": %s}]' % ("1" * 5000)) == [("t", "a?")]
    deep = "[" * 200_000 + "]" * 200_000
    assert (username(deep), resources(deep)) == (None, [])
