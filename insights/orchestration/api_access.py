"""Who may call the API where Airflow serves it: holders of access keys, and of Airflow's own tokens."""

from __future__ import annotations

import os
from typing import Any

from insights.api.auth.keys import CONNECTION, secret_in_environment
from insights.api.auth.opening import BEARER, OpenedLate, open_authenticator
from insights.api.caller import Authenticator, Caller, Headers
from insights.api.errors import AuthError
from insights.errors import SettingsError
from insights.orchestration.workspace import open_workspace
from insights.settings import ApiKeySettings

_READS, _SELECTS = "trail_ingest", "insights_detect"


def api_authenticator() -> Authenticator:
    """Make what recognises callers; settings and connections are read with the first request."""

    def opened() -> Authenticator:
        workspace, is_open_house = open_workspace(), _everybody_is_admin()
        found = open_authenticator(
            workspace.settings.api,
            secret_of=secret_of,
            now=workspace.now,
            tokens=None if is_open_house else AirflowTokens(),
        )
        return _WithoutTokens(found) if is_open_house else found

    return OpenedLate(opened)


def secret_of(key: ApiKeySettings) -> str:
    """Fetch a key's secret: the password of the Airflow connection that it names, or an environment variable.

    Raises:
        SettingsError: there is no such connection or variable, or the connection is of another key.
    """
    if not key.secret.startswith(CONNECTION):
        return secret_in_environment(os.environ)(key)
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    name = key.secret.removeprefix(CONNECTION)
    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException as error:
        raise SettingsError(f"the secret of the API key {key.id} is not there: make the connection {name}") from error
    if connection.login and connection.login != key.id:
        raise SettingsError(f"the connection {name} is of {connection.login}, not of the API key {key.id}")
    return connection.password or ""


class AirflowTokens:
    """Takes the tokens that Airflow's auth manager gives, those of its REST API.

    Who may see the DAG `trail_ingest` may read; who may trigger `insights_detect` may choose what is looked for. Tokens
    are taken from the header only, never from a cookie: no page in a browser can send one unasked.
    """

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        """Give the user of the token."""
        import anyio.from_thread
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
        from jwt import ExpiredSignatureError, InvalidTokenError

        (text,) = (value for name, value in headers if name == "authorization")
        try:
            # Requests are answered in threads; the auth manager lives in the server's event loop.
            user = anyio.from_thread.run(get_auth_manager().get_user_from_token, text.removeprefix(BEARER).strip())
        except ExpiredSignatureError as error:
            raise AuthError("ExpiredTokenException", 403, "The token is expired.") from error
        except InvalidTokenError as error:
            raise AuthError("UnrecognizedClientException", 403, "The token is invalid.") from error
        return Caller(
            name=f"airflow:{user.get_name()}",
            may_read=_may(user, _READS, "GET"),
            may_write_selectors=_may(user, _SELECTS, "POST", access_entity=DagAccessEntity.RUN),
            accounts=None,
        )


class _WithoutTokens:
    """Where Airflow adds an administrator's token to every request, takes tokens out: nobody has shown them."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        """Ask about the rest of the request."""
        sent = [pair for pair in headers if pair[0] != "authorization" or not pair[1].startswith(BEARER)]
        return self._authenticator.authenticate(method, path, query, sent, body)


def _everybody_is_admin() -> bool:
    """Tell whether Airflow's simple auth manager was told to let everybody in as an administrator."""
    from airflow.configuration import conf

    return bool(conf.getboolean("core", "simple_auth_manager_all_admins"))


def _may(user: Any, dag_id: str, method: Any, **what: Any) -> bool:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.models.dag import DagModel

    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return get_auth_manager().is_authorized_dag(method=method, user=user, details=details, **what)
