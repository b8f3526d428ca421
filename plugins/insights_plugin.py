"""Registers the product with Airflow: the timetable, the pages with the tab that opens them, and CloudTrail's API."""

from collections.abc import Callable
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from insights.orchestration.timetable import SettledHourTimetable

API_PREFIX = "/cloudtrail"


class _OnFirstRequest:
    """Builds an application when it is first asked for: every task loads plugins, none of them serves pages."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            self._app = self._build()
        await self._app(scope, receive, send)


def _pages() -> Any:
    from insights.api.app import create_app
    from insights.orchestration.web import readers_of_the_dag, window_of_run
    from insights.orchestration.workspace import open_workspace

    return create_app(authorize=readers_of_the_dag(), window_of_run=window_of_run, workspace=open_workspace)


def _api() -> Any:
    from insights.api.caller import Nobody
    from insights.api.protocol import create_api
    from insights.api.service import Service
    from insights.orchestration.web import judge_history
    from insights.orchestration.workspace import open_workspace

    return create_api(
        service=lambda: Service(open_workspace(), on_selected=judge_history),
        authenticator=Nobody(),
    )


class _WithSlash:
    """Leads `/cloudtrail` to what is mounted at `/cloudtrail/`: AWS's clients send to an endpoint as it was given.

    The path that a client signed stays in the scope, as its `raw_path`.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == scope.get("root_path", "") + API_PREFIX:
            scope = dict(scope, path=scope["path"] + "/")
        await self._app(scope, receive, send)


class InsightsPlugin(AirflowPlugin):
    """Trail Insights inside Airflow."""

    name = "trail_insights"
    timetables: ClassVar[list[Any]] = [SettledHourTimetable]
    fastapi_apps: ClassVar[list[Any]] = [
        {"app": _OnFirstRequest(_pages), "url_prefix": "/insights", "name": "Trail Insights"},
        {"app": _OnFirstRequest(_api), "url_prefix": API_PREFIX, "name": "Trail Insights: CloudTrail's API"},
    ]
    fastapi_root_middlewares: ClassVar[list[Any]] = [
        {"middleware": _WithSlash, "args": [], "kwargs": {}, "name": "Trail Insights: the API without a slash"}
    ]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Data quality",
            "href": "/insights/quality/{DAG_ID}/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "quality",
        }
    ]
