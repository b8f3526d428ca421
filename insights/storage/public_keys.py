"""The public keys CloudTrail signs digests with, asked from AWS (API `ListPublicKeys`)."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import msgspec

from insights.errors import AccessDeniedError
from insights.storage.aws_access import AwsAccess


def _patience() -> Any:
    from botocore.config import Config

    return Config(connect_timeout=10, read_timeout=30, retries={"max_attempts": 2})


def list_public_keys(aws: AwsAccess, region: str, *, since: datetime, until: datetime) -> bytes:
    """Give the keys of a Region that were valid at some time of a span, as the JSON `aws cloudtrail` prints.

    Raises:
        AccessDeniedError: AWS was not reached or did not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    keys: list[dict[str, object]] = []
    request: dict[str, object] = {"StartTime": since, "EndTime": until}
    try:
        client = aws.session().client("cloudtrail", region_name=region, config=_patience())
        while True:
            answer = client.list_public_keys(**request)
            keys += [key | {"Value": base64.b64encode(key["Value"]).decode()} for key in answer["PublicKeyList"]]
            if not answer.get("NextToken"):
                return msgspec.json.encode({"PublicKeyList": keys})
            request["NextToken"] = answer["NextToken"]
    except (BotoCoreError, ClientError) as error:
        raise AccessDeniedError(
            f"the public keys of {region} cannot be had from CloudTrail: {error}: allow cloudtrail:ListPublicKeys, or "
            "name a file that `aws cloudtrail list-public-keys` wrote"
        ) from error
