"""Who may call the API inside Airflow: users with its tokens, and access keys whose secrets are in its connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.signing import LIST_TRAILS, SECRET, TARGET, Sent, sign
from tests import airflow_home

# Airflow's auth manager loads Starlette's test client, which warns of the library it finds.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx`")
SELECTORS = b'{"TrailName": "trail-insights", "InsightSelectors": []}'


@pytest.fixture(scope="module")
def auth_manager() -> Iterator[Any]:
    airflow_home.set_up_database()
    from airflow.api_fastapi.app import create_auth_manager

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret for tests " * 4)
        manager = create_auth_manager()
        manager.init()
        yield manager


@pytest.fixture
def api(auth_manager: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The API as the plugin makes it, over an empty lake."""
    from insights.api.protocol import create_api
    from insights.api.service import Service
    from insights.orchestration.api_access import api_authenticator
    from insights.orchestration.workspace import open_workspace

    monkeypatch.setenv("TRAIL_INSIGHTS__LAKE__URL", str(tmp_path))
    monkeypatch.setenv("TRAIL_INSIGHTS__API__KEYS", '[{id = "READER", secret = "airflow:readers"}]')
    monkeypatch.setenv("AIRFLOW_CONN_READERS", f'{{"conn_type": "aws", "login": "READER", "password": "{SECRET}"}}')
    return create_api(service=lambda: Service(open_workspace()), authenticator=api_authenticator())


@pytest.fixture
def token(auth_manager: Any) -> Callable[..., str]:
    """Makes tokens as Airflow gives them to users who log in."""
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    def made(role: str | None, **more: Any) -> str:
        user = SimpleAuthManagerUser(username="alice", role=role)
        text: str = auth_manager.generate_jwt(user, **more)
        return text

    return made


def asked(api: Any, headers: Any, body: bytes = b"{}") -> tuple[int, str]:
    """Give the status, and the error's name or what was answered."""

    async def sent() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://localhost:4580") as client:
            return await client.post("/", content=body, headers=headers)

    response = asyncio.run(sent())
    return response.status_code, response.json().get("__type", "answered")


def bearing(token: str, operation: str = "LookupEvents") -> dict[str, str]:
    return dict(LIST_TRAILS) | {"X-Amz-Target": f"{TARGET}.{operation}", "Authorization": f"Bearer {token}"}


def test_users_read(api: Any, token: Callable[..., str]) -> None:
    """Who may see the DAGs may look events up."""
    assert asked(api, bearing(token("VIEWER"))) == (200, "answered")


def test_users_without_a_role(api: Any, token: Callable[..., str]) -> None:
    """Who may not, may not."""
    assert asked(api, bearing(token(None))) == (403, "AccessDeniedException")


def test_users_who_trigger(api: Any, token: Callable[..., str]) -> None:
    """Who may trigger the detection may choose what it looks for; who only sees it may not."""
    assert asked(api, bearing(token("VIEWER"), "PutInsightSelectors"), SELECTORS) == (403, "AccessDeniedException")
    assert asked(api, bearing(token("USER"), "PutInsightSelectors"), SELECTORS) == (200, "answered")


def test_expired(api: Any, token: Callable[..., str]) -> None:
    """An old token is told to be old."""
    assert asked(api, bearing(token("ADMIN", expiration_time_in_seconds=-60))) == (403, "ExpiredTokenException")


@pytest.mark.parametrize("text", ["token", "a.b.c", "\xe9"])
def test_no_token(api: Any, text: str) -> None:
    """What is no token opens nothing."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in bearing(text).items()]

    assert asked(api, headers) == (403, "UnrecognizedClientException")


def test_cookies(api: Any, token: Callable[..., str]) -> None:
    """The session of a browser opens nothing: a page elsewhere could use it."""
    headers = bearing(token("ADMIN")) | {"Cookie": f"_token={token('ADMIN')}"}
    del headers["Authorization"]

    assert asked(api, headers) == (403, "MissingAuthenticationTokenException")


def test_everybody_is_an_administrator(api: Any, token: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Airflow lets everybody in, by a token it adds to each request, this API still wants a signature."""
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    added = ("authorization", f"Bearer {token('ADMIN')}")

    assert asked(api, [*dict(LIST_TRAILS).items(), added]) == (403, "MissingAuthenticationTokenException")
    assert asked(api, [*sign(secret="x" * 40).headers, added]) == (400, "InvalidSignatureException")
    assert asked(api, [*_lookup().headers, added]) == (200, "answered")


def _lookup() -> Sent:
    return sign(headers=(("X-Amz-Target", f"{TARGET}.LookupEvents"), LIST_TRAILS[1]))


def test_key(api: Any) -> None:
    """The secret of an access key may be the password of a connection."""
    assert asked(api, list(_lookup().headers)) == (200, "answered")
    assert asked(api, list(sign(secret="another" * 5).headers)) == (400, "InvalidSignatureException")


@pytest.mark.parametrize(
    ("connection", "words"), [(None, "make the connection readers"), ('{"login": "OTHER"}', "is of OTHER")]
)
def test_wrong_connection(
    api: Any,
    connection: str | None,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A connection that is missing, or another's, is told in the log, and to the client only that it must wait."""
    monkeypatch.delenv("AIRFLOW_CONN_READERS")
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_READERS", connection)

    assert asked(api, list(sign().headers)) == (503, "ServiceUnavailable")
    assert words in caplog.text
