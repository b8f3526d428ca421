"""Registers the product with Airflow: the timetable, the pages, and the tab that opens them from a run."""

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from insights.orchestration.timetable import SettledHourTimetable


class _OnFirstRequest:
    """Builds the application when it is first asked for: every task loads plugins, none of them serves pages."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            from insights.api.app import create_app
            from insights.orchestration.web import readers_of_the_dag, window_of_run
            from insights.orchestration.workspace import open_workspace

            self._app = create_app(
                authorize=readers_of_the_dag(), window_of_run=window_of_run, workspace=open_workspace
            )
        await self._app(scope, receive, send)


class InsightsPlugin(AirflowPlugin):
    """Trail Insights inside Airflow."""

    name = "trail_insights"
    timetables: ClassVar[list[Any]] = [SettledHourTimetable]
    fastapi_apps: ClassVar[list[Any]] = [
        {"app": _OnFirstRequest(), "url_prefix": "/insights", "name": "Trail Insights"}
    ]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Data quality",
            "href": "/insights/quality/{DAG_ID}/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "quality",
        }
    ]
