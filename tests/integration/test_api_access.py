"""Who may call, as boto3 and the AWS command line see it: against `insights serve` with access keys."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks import lakes

BIN = Path(sys.executable).parent
SECRETS = {name: f"{name}-secret-{'0123456789' * 3}" for name in ("READER", "WRITER", "ELSEWHERE", "HASTY")}
KEYS = """[
    {id = "READER", secret = "env:READER_SECRET"},
    {id = "WRITER", secret = "env:WRITER_SECRET", may = ["read", "write-selectors"]},
    {id = "ELSEWHERE", secret = "env:ELSEWHERE_SECRET", accounts = ["999999999999"]},
    {id = "HASTY", secret = "env:HASTY_SECRET"},
]"""


@dataclass(frozen=True)
class Endpoint:
    url: str
    folder: Path
    log: Path

    def client(self, key: str, *, secret: str | None = None, token: str | None = None) -> Any:
        import boto3

        return boto3.client(
            "cloudtrail",
            endpoint_url=self.url,
            region_name=lakes.REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret or SECRETS[key],
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = lakes.make(tmp_path_factory.mktemp("lake"), event_count=240, days=1, insight_count=2).folder
    log = tmp_path_factory.mktemp("log") / "server.log"
    settings = {
        "TRAIL_INSIGHTS__API__KEYS": KEYS.replace("\n", " ").replace(", ]", "]"),
        "TRAIL_INSIGHTS__API__BURST": "30",
        "TRAIL_INSIGHTS__API__REQUESTS_PER_SECOND": "5",
        **{f"{name}_SECRET": secret for name, secret in SECRETS.items()},
    }
    command = [str(BIN / "insights"), "serve", "--lake", str(folder), "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=output, text=True)
        try:
            assert process.stdout is not None
            found = re.match(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found is not None, log.read_text()
            yield Endpoint(found[0], folder, log)
        finally:
            process.terminate()
            process.communicate()


def refusal(call: Callable[[], Any], endpoint: Endpoint) -> tuple[str, int, str]:
    """Give code, status and message of a refusal, which says nothing about the lake."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    told = json.dumps(response)
    assert str(endpoint.folder) not in told
    assert lakes.ACCOUNT not in told
    assert "trail-insights" not in told
    assert not [secret for secret in SECRETS.values() if secret in told]
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def test_let_in(endpoint: Endpoint) -> None:
    """A key of the settings opens the API, with a session token beside it or without."""
    for token in (None, "a-session-token"):
        trails = endpoint.client("READER", token=token).list_trails()["Trails"]
        assert [each["Name"] for each in trails] == ["trail-insights"]


def test_wrong_secret(endpoint: Endpoint) -> None:
    client = endpoint.client("READER", secret=SECRETS["WRITER"])
    code, status, message = refusal(client.list_trails, endpoint)

    assert (code, status) == ("InvalidSignatureException", 400)
    assert "does not match the signature you provided" in message


def test_unknown_key(endpoint: Endpoint) -> None:
    client = endpoint.client("AKIAIOSFODNN7EXAMPLE", secret=SECRETS["READER"])
    code, status, message = refusal(client.list_trails, endpoint)

    assert (code, status) == ("UnrecognizedClientException", 403)
    assert message == "The security token included in the request is invalid."


@pytest.mark.parametrize("minutes", [-6, 6])
def test_clock(endpoint: Endpoint, minutes: int) -> None:
    """A request signed too long ago, or not yet, is refused: nobody can send again what was overheard."""
    then = (datetime.now(UTC) + timedelta(minutes=minutes)).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=then):
        code, status, message = refusal(endpoint.client("READER").list_trails, endpoint)

    assert (code, status) == ("InvalidSignatureException", 400)
    assert message.startswith("Signature expired" if minutes < 0 else "Signature not yet current")


def _alter_body(request: Any, **_: Any) -> None:
    request.body = b'{"MaxResults":1}'
    request.headers["Content-Length"] = "16"


def _alter_target(request: Any, **_: Any) -> None:
    request.headers["X-Amz-Target"] = request.headers["X-Amz-Target"].replace(b"ListTrails", b"LookupEvents")


@pytest.mark.parametrize("alter", [_alter_body, _alter_target])
def test_altered(endpoint: Endpoint, alter: Callable[..., None]) -> None:
    """What was altered after it was signed is refused."""
    client = endpoint.client("READER")
    client.meta.events.register_last("before-send.cloudtrail", alter)

    assert refusal(client.list_trails, endpoint)[:2] == ("InvalidSignatureException", 400)


def test_unsigned(endpoint: Endpoint) -> None:
    """A client without credentials is told that some are missing."""
    import boto3
    from botocore import UNSIGNED

    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    client = boto3.client("cloudtrail", endpoint_url=endpoint.url, region_name=lakes.REGION, config=config)

    assert refusal(client.list_trails, endpoint)[:2] == ("MissingAuthenticationTokenException", 403)


def test_no_right(endpoint: Endpoint) -> None:
    """A key that only reads turns nothing on or off; one that may, does."""
    change = {"TrailName": "trail-insights", "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}]}
    with pytest.raises(ClientError, match="READER is not authorized to perform: cloudtrail:PutInsightSelectors") as no:
        endpoint.client("READER").put_insight_selectors(**change)
    answer = endpoint.client("WRITER").put_insight_selectors(**change)

    assert no.value.response["Error"]["Code"] == "AccessDeniedException"
    assert no.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert answer["InsightSelectors"][0]["InsightType"] == "ApiCallRateInsight"


def test_accounts(endpoint: Endpoint) -> None:
    """A key of other accounts sees nothing of this one's."""
    assert endpoint.client("READER").lookup_events()["Events"]
    assert endpoint.client("ELSEWHERE").lookup_events()["Events"] == []
    assert endpoint.client("ELSEWHERE").lookup_events(EventCategory="insight")["Events"] == []


def test_throttled(endpoint: Endpoint) -> None:
    """Who is too hasty gets AWS's error, which SDKs wait and try again after; others are not slowed down."""
    client = endpoint.client("HASTY")
    calls = (client.list_trails() for _ in range(1000))
    with pytest.raises(ClientError, match="Rate exceeded") as caught:
        list(calls)

    assert caught.value.response["Error"]["Code"] == "ThrottlingException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert endpoint.client("READER").list_trails()["Trails"]


def test_command_line(endpoint: Endpoint) -> None:
    """The AWS command line fails and names the error."""
    keys = {"AWS_ACCESS_KEY_ID": "READER", "AWS_SECRET_ACCESS_KEY": "wrong", "AWS_DEFAULT_REGION": lakes.REGION}
    command = [str(BIN / "aws"), "cloudtrail", "list-trails", "--endpoint-url", endpoint.url]
    done = subprocess.run(command, env=os.environ | keys, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 255
    assert "(InvalidSignatureException)" in done.stderr


def test_log(endpoint: Endpoint) -> None:
    """Refusals leave neither secrets nor tracebacks in the server's log."""
    refusal(endpoint.client("READER", secret="wrong").list_trails, endpoint)
    text = endpoint.log.read_text()

    assert "Traceback" not in text
    assert not [secret for secret in SECRETS.values() if secret in text]
