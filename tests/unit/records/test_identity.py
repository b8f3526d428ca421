"""The examples follow the CloudTrail User Guide's pages on `userIdentity` and on service events."""

import json
from typing import Any

import pytest

from insights.records.identity import NOBODY, Identity, parse_identity, without_session

ACCOUNT = "111122223333"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin"


def parsed(value: Any) -> Identity:
    return parse_identity(json.dumps(value).encode())


def test_root() -> None:
    """Root goes by its ARN."""
    root = parsed({"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT})

    assert root == Identity("Root", f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)


def test_iam_user() -> None:
    """A user goes by the ARN; name and key are kept."""
    arn = f"arn:aws:iam::{ACCOUNT}:user/Alice"
    user = parsed(
        {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": arn,
            "accountId": ACCOUNT,
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "Alice",
        }
    )

    assert (user.key, user.user_name, user.access_key_id) == (arn, "Alice", "AKIAIOSFODNN7EXAMPLE")


def test_failed_sign_in() -> None:
    """Whose sign-in failed is told by name alone (CloudTrail User Guide, "AWS Management Console sign-in events")."""
    user = parsed({"type": "IAMUser", "accountId": ACCOUNT, "accessKeyId": "", "userName": "Alice"})

    assert (user.key, user.arn, user.account_id) == ("Alice", None, ACCOUNT)


def test_assumed_role() -> None:
    """A role goes by its ARN without the session, and by its issuer's name."""
    role = parsed(
        {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:build-7",
            "arn": f"{ROLE}/build-7",
            "accountId": ACCOUNT,
            "accessKeyId": "",
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Admin"}, "attributes": {}},
        }
    )

    assert (role.arn, role.key, role.user_name) == (f"{ROLE}/build-7", ROLE, "Admin")
    assert role.access_key_id is None


def test_federated_user() -> None:
    """A federated user goes by the ARN of the federation; nothing is cut off."""
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/Bob"

    assert parsed({"type": "FederatedUser", "arn": arn, "accountId": ACCOUNT}).key == arn


def test_account_without_arn() -> None:
    """A caller of another account can have no ARN; it goes by the principal, else by the account."""
    assert parsed({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": ACCOUNT}).key == "AIDAEXAMPLE"
    assert parsed({"type": "AWSAccount", "accountId": ACCOUNT}).key == ACCOUNT


def test_service() -> None:
    """A service goes by its host name."""
    service = parsed({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"})

    assert (service.type, service.key) == ("AWSService", "cloudtrail.amazonaws.com")


def test_service_event_without_type() -> None:
    """Service events can have an account and a service, and no type."""
    event = parsed({"accountId": ACCOUNT, "invokedBy": "secretsmanager.amazonaws.com"})

    assert (event.type, event.key, event.account_id) == (None, "secretsmanager.amazonaws.com", ACCOUNT)


def test_identity_center_user() -> None:
    """An Identity Center user without an ARN goes by the account."""
    user = parsed(
        {
            "type": "IdentityCenterUser",
            "accountId": ACCOUNT,
            "onBehalfOf": {"userId": "544894e8-80c1-707f-60e3-3ba6510dfac1", "identityStoreArn": "arn:aws:x"},
            "credentialId": "EXAMPLEVHULjJdTUdPJfofVa1sufHDoj7aYcOYcxFVllWR",
        }
    )

    assert (user.type, user.key) == ("IdentityCenterUser", ACCOUNT)


def test_role_without_arn() -> None:
    """A role without an ARN does not go by its principal, which has the session's name in it."""
    assert parsed({"type": "AssumedRole", "principalId": "AROAEXAMPLE:build-7", "accountId": ACCOUNT}).key == ACCOUNT


@pytest.mark.parametrize("text", [None, b"null", b"[]", b'"root"', b'{"type": 7}', b'{"arn": {}}', b"{", b'"\xff"'])
def test_nobody(text: bytes | None) -> None:
    """An identity that is absent, null, or of an unknown shape is nobody's."""
    assert parse_identity(text) == NOBODY


def test_null_members() -> None:
    """Members that are null are absent."""
    assert parsed({"type": "Unknown", "arn": None, "sessionContext": {"sessionIssuer": None}}) == Identity("Unknown")


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (f"{ROLE}/build-7", ROLE),
        (f"{ROLE}/a/b", ROLE),
        (ROLE, ROLE),
        ("arn:aws-cn:sts::111122223333:assumed-role/Admin/x", "arn:aws-cn:sts::111122223333:assumed-role/Admin"),
        ("arn:aws:iam::111122223333:user/team/Alice", "arn:aws:iam::111122223333:user/team/Alice"),
        ("", ""),
    ],
)
def test_without_session(arn: str, expected: str) -> None:
    """Only an assumed role's ARN loses what follows the role."""
    assert without_session(arn) == expected
