"""What Airflow makes of the plugin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest


@pytest.fixture(scope="module")
def registered() -> dict[str, Any]:
    """The plugin as Airflow shows it in Admin → Plugins."""
    from airflow import plugins_manager

    assert plugins_manager.get_import_errors() == {}
    (found,) = [each for each in plugins_manager.get_plugin_info() if each["name"] == "trail_insights"]
    return found


def test_timetable(registered: dict[str, Any]) -> None:
    """The scheduler finds the timetable by the name that serialised DAGs give it."""
    from airflow import plugins_manager

    from insights.orchestration.timetable import SettledHourTimetable

    name = "insights.orchestration.timetable.SettledHourTimetable"
    assert plugins_manager.get_timetables_plugins()[name] is SettledHourTimetable
    assert registered["timetables"] == [name]


def test_apps(registered: dict[str, Any]) -> None:
    """The product's pages are below /insights, CloudTrail's API below /cloudtrail."""
    assert [app["url_prefix"] for app in registered["fastapi_apps"]] == ["/insights", "/cloudtrail"]


@pytest.fixture(scope="module")
def server() -> Any:
    """An application with the plugin in it, put there as Airflow's `init_plugins` does."""
    from airflow import plugins_manager
    from fastapi import FastAPI

    app = FastAPI()
    apps, middlewares = plugins_manager.get_fastapi_plugins()
    for each in apps:
        app.mount(each["url_prefix"], each["app"])
    for each in middlewares:
        app.add_middleware(each["middleware"], *each["args"], **each["kwargs"])
    return app


@pytest.mark.parametrize("path", ["/cloudtrail", "/cloudtrail/"])
def test_api(server: Any, path: str) -> None:
    """The API is there with a slash and without, as AWS's clients send it, and lets nobody in who is not known."""

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://host") as client:
            return await client.post(path, content=b"{}")

    response = asyncio.run(asked())
    assert (response.status_code, response.json()["__type"]) == (403, "UnrecognizedClientException")


def test_tab_of_a_run(registered: dict[str, Any]) -> None:
    """A run's page has a tab that opens the quality report of just that run."""
    (view,) = registered["external_views"]

    assert view["name"] == "Data quality"
    assert view["destination"] == "dag_run"
    assert view["href"] == "/insights/quality/{DAG_ID}/{RUN_ID}"


def test_light_to_load(modules_after: Callable[[str], set[str]]) -> None:
    """Every task loads plugins: that brings neither the web application nor what it needs."""
    modules = modules_after("import runpy; runpy.run_path('plugins/insights_plugin.py')")

    heavy = {"fastapi", "airflow.api_fastapi.core_api.security", "pandas", "pyarrow", "great_expectations", "boto3"}
    assert (
        modules & (heavy | {"insights.api.app", "insights.api.protocol", "insights.stages", "insights.storage"})
        == set()
    )
    assert "insights.orchestration.timetable" in modules
