"""That enabling Insights through the API inside Airflow has their history judged at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests import airflow_home

BUNDLE = "dags-folder"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives the runs of `insights_detect`, in an Airflow that knows the DAGs; takes them away in the end."""
    airflow_home.set_up_database()
    monkeypatch.chdir(airflow_home.PROJECT)
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select

    with create_session() as session:
        session.merge(DagBundleModel(name=BUNDLE))
    sync_bag_to_db(DagBag("dags"), BUNDLE, None)
    of_detect = DagRun.dag_id == "insights_detect"

    def found(*, new_of: frozenset[str] = frozenset()) -> dict[str, Any]:
        with create_session() as session:
            rows = session.execute(select(DagRun.run_id, DagRun.state).where(of_detect))
            return {run_id: state for run_id, state in rows if run_id not in new_of}

    before = frozenset(found())
    yield lambda: list(found(new_of=before).values())
    with create_session() as session:
        session.execute(delete(DagRun).where(of_detect))


def test_triggered(runs: Any) -> None:
    """A run of `insights_detect` waits for the scheduler."""
    from insights.orchestration.web import judge_history

    judge_history()

    assert [str(state) for state in runs()] == ["queued"]


def test_no_such_dag(runs: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where the DAG is not there the request is answered all the same, and the log says what happens instead."""
    from airflow.api.common import trigger_dag
    from airflow.exceptions import DagNotFound

    from insights.orchestration.web import judge_history

    def missing(*arguments: object, **more: object) -> None:
        raise DagNotFound("insights_detect")

    monkeypatch.setattr(trigger_dag, "trigger_dag", missing)
    judge_history()

    assert runs() == []
    assert "it runs after the next hour that is counted" in caplog.text
