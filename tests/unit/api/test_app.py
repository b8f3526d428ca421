from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request

from insights.api.app import create_app
from insights.errors import NotFoundError
from insights.windows import Window, parse_instant

WINDOW = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))


@dataclass(frozen=True)
class Visitor:
    """Asks an application in this process."""

    app: FastAPI

    def get(self, path: str) -> httpx.Response:
        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://host") as client:
                return await client.get(path)

        return asyncio.run(answer())


@pytest.fixture
def visit(pipeline: Any) -> Callable[..., Visitor]:
    """Opens the application on a validated lake; `lets_in` and `window_of_run` stand for the host."""

    def window_of_run(dag_id: str, run_id: str) -> Window:
        if run_id != "scheduled__2026-11-01":
            raise NotFoundError(f"there is no run {run_id} of {dag_id}")
        return WINDOW

    def opened(*, lets_in: Callable[[Request], None] = lambda request: None, **answers: Any) -> Visitor:
        def authorize(request: Request) -> None:
            lets_in(request)

        host = {"window_of_run": window_of_run, "workspace": lambda: pipeline.workspace} | answers
        return Visitor(create_app(authorize=authorize, **host))

    return opened


@pytest.fixture
def validated(pipeline: Any, record: Callable[..., dict[str, Any]]) -> Any:
    from insights.stages import validate

    pipeline.deliver(record(1), record(2, eventName="<b>Bold</b>"))
    pipeline.normalize()
    validate.run(pipeline.window, pipeline.workspace)
    return pipeline


@pytest.mark.usefixtures("validated")
class TestPage:
    def test_shown(self, visit: Callable[..., Visitor]) -> None:
        """Who may look sees the report of the run's window, with DAG and run named."""
        page = visit().get("/quality/trail_ingest/scheduled__2026-11-01")

        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert str(WINDOW) in page.text
        assert "trail_ingest" in page.text
        assert "scheduled__2026-11-01" in page.text

    def test_log_text_is_inert(self, visit: Callable[..., Visitor]) -> None:
        """Markup in a record, which any caller of an API can put there, is shown and not run."""
        page = visit().get("/quality/trail_ingest/scheduled__2026-11-01")

        assert "<b>Bold" not in page.text
        assert "&lt;b&gt;Bold&lt;/b&gt;" in page.text

    def test_headers(self, visit: Callable[..., Visitor]) -> None:
        """A page loads and runs nothing, is framed by its own host only, and stays in no cache."""
        headers = visit().get("/quality/trail_ingest/scheduled__2026-11-01").headers

        policy = {part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")}
        assert policy >= {("default-src", "'none'"), ("frame-ancestors", "'self'"), ("form-action", "'none'")}
        assert "script-src" not in dict(policy)
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_refused(visit: Callable[..., Visitor]) -> None:
    """Whom the host refuses gets neither the report nor the answer whether there is such a run."""
    asked: list[str] = []

    def nobody(request: Request) -> None:
        asked.append(request.path_params["dag_id"])
        raise HTTPException(401, "not you")

    def unreachable(*_: str) -> Window:
        raise AssertionError("a refused request must not reach the run")

    page = visit(lets_in=nobody, window_of_run=unreachable).get("/quality/trail_ingest/scheduled__2026-11-01")

    assert page.status_code == 401
    assert asked == ["trail_ingest"]


def test_unknown_run(visit: Callable[..., Visitor]) -> None:
    """A run that is not there gives a page that says so, under the same headers."""
    page = visit().get("/quality/trail_ingest/manual__never")

    assert page.status_code == 404
    assert "there is no run manual__never of trail_ingest" in page.text
    assert "content-security-policy" in page.headers


def test_hostile_run_id(visit: Callable[..., Visitor]) -> None:
    """Markup in a run's id, which whoever triggers a run chooses, is shown and not run."""
    page = visit().get("/quality/trail_ingest/%3Cscript%3Ealert(1)")

    assert page.status_code == 404
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_hostile_names_on_a_report(visit: Callable[..., Visitor]) -> None:
    """Nor is it run where there is a report."""
    page = visit(window_of_run=lambda *_: WINDOW).get("/quality/%3Cimg%20src=x%3E/%22%3E%3Cscript%3Ex")

    assert page.status_code == 200
    assert "<img" not in page.text
    assert "<script" not in page.text
    assert "&lt;img src=x&gt;" in page.text


def test_lake_out_of_reach(visit: Callable[..., Visitor]) -> None:
    """A lake that cannot be opened is explained, not a stack of code lines."""

    def closed() -> Any:
        raise NotFoundError("s3://lake is not there: check the name of the bucket or folder, and the Region")

    page = visit(window_of_run=lambda *_: WINDOW, workspace=closed).get("/quality/trail_ingest/run")

    assert page.status_code == 404
    assert "s3://lake is not there" in page.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/", "/quality", "/quality/trail_ingest"])
def test_nothing_else(visit: Callable[..., Visitor], path: str) -> None:
    """There is no page beside the reports; the application does not describe itself."""
    assert visit().get(path).status_code == 404


def test_every_route_asks(visit: Callable[..., Visitor]) -> None:
    """No route answers before the host was asked."""
    routes = [route for route in visit().app.routes if hasattr(route, "dependant")]
    assert routes
    for route in routes:
        names = [dependency.call.__name__ for dependency in route.dependant.dependencies]
        assert names == ["authorize"], route.path
