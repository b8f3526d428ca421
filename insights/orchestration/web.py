"""What the product's pages and its API ask of Airflow: who may look, what a run is about, and that one begins."""

from __future__ import annotations

import logging
from typing import Any

from insights.errors import NotFoundError, WindowError
from insights.orchestration.schedule import WINDOW_PARAMS
from insights.orchestration.windows import window_of
from insights.windows import Window

DAGS_WITH_WINDOWS = ("trail_ingest", "initial_analysis")
_log = logging.getLogger(__name__)


def readers_of_the_dag() -> Any:
    """Give the dependency that lets in whoever may read the DAG of the path."""
    from airflow.api_fastapi.core_api.security import requires_access_dag

    return requires_access_dag(method="GET")


def window_of_run(dag_id: str, run_id: str) -> Window:
    """Give the window of a run from Airflow's database.

    Only of the two DAGs that have windows: the right to read some other DAG is none to read this product's reports.

    Raises:
        TrailInsightsError: there is no such run, or it has no window of its own.
    """
    if dag_id not in DAGS_WITH_WINDOWS:
        raise WindowError(f"the runs of {dag_id} have no report: those of {' and '.join(DAGS_WITH_WINDOWS)} have")
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run is None:
            raise NotFoundError(f"there is no run {run_id} of {dag_id}")
        defaults = {name: param.value for name, param in WINDOW_PARAMS.items()}
        form = defaults | (run.conf or {}) if dag_id == "initial_analysis" else {}
        return window_of(
            params=form,
            interval_start=run.data_interval_start,
            interval_end=run.data_interval_end,
            run_after=run.run_after,
        )


def judge_history() -> None:
    """Let the hours that wait to be judged be judged now; where that fails, they are after the next hour's counts."""
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.sdk.exceptions import AirflowException
    from airflow.utils.types import DagRunTriggeredByType

    try:
        trigger_dag("insights_detect", triggered_by=DagRunTriggeredByType.REST_API)
    except AirflowException:
        _log.exception("insights_detect could not be triggered; it runs after the next hour that is counted")
