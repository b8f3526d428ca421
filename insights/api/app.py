"""The web pages of the product, as an application that a host mounts.

The host says who may look (`authorize`) and which window a run is about; nothing is served to anybody else, and the
application's own descriptions are closed.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

from insights.errors import TrailInsightsError
from insights.stages import quality_report
from insights.stages.workspace import Workspace
from insights.windows import Window

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(
    *,
    authorize: Callable[..., Any],
    window_of_run: Callable[[str, str], Window],
    workspace: Callable[[], Workspace],
) -> FastAPI:
    """Make the application.

    Args:
        authorize: A FastAPI dependency that refuses who may not see the DAG of the path parameter `dag_id`.
        window_of_run: Gives the window of a run from its DAG id and run id; raises `TrailInsightsError` where it has
            none.
        workspace: Opens the workspace whose lake is shown.
    """
    app = FastAPI(title="Trail Insights", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/quality/{dag_id}/{run_id}", dependencies=[Depends(authorize)], response_class=HTMLResponse)
    def quality(dag_id: str, run_id: str) -> HTMLResponse:
        """Show the data-quality report of a run's window."""
        try:
            window = window_of_run(dag_id, run_id)
            page = quality_report.render(window, workspace(), run={"DAG": dag_id, "Run": run_id, "Window": str(window)})
        except TrailInsightsError as error:
            return _explained(error)
        return HTMLResponse(page.html, headers=_HEADERS)

    return app


def _explained(error: TrailInsightsError) -> HTMLResponse:
    """Say in plain words why there is no page."""
    style = "font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; color-scheme: light dark"
    html = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>No report</title><body style="{style}">'
    return HTMLResponse(f"{html}<h1>There is no report</h1><p>{escape(str(error))}</p>", 404, headers=_HEADERS)
