"""What every DAG of ours promises the people who run it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.airflow_home import PROJECT

STEPS = {
    "trail_arrivals": ["extract", "normalize", "validate", "count", "announce"],
    "trail_ingest": ["extract", "normalize", "verify", "validate", "count", "coverage", "reconcile"],
    "insights_detect": ["detect", "publish", "notify"],
    "lake_maintenance": ["maintain"],
    "initial_analysis": [
        "extract", "normalize", "verify", "validate", "count", "coverage", "detect", "publish", "notify", "reconcile",
    ],
}  # fmt: skip
DAG_IDS = sorted(STEPS)


def test_exactly_these(dag_bag: Any) -> None:
    """The folder holds four DAGs, each in a file of its name, and all of them load."""
    assert dag_bag.import_errors == {}
    assert sorted(dag_bag.dags) == DAG_IDS
    assert sorted(path.stem for path in (PROJECT / "dags").glob("*.py")) == DAG_IDS


@pytest.mark.parametrize("dag_id", DAG_IDS)
class TestEvery:
    def test_steps_in_order(self, dag_bag: Any, dag_id: str) -> None:
        """Task ids are the names of the stages, each of which waits for the one before it."""
        dag = dag_bag.dags[dag_id]

        assert [task.task_id for task in dag.topological_sort()] == STEPS[dag_id]
        for before, after in pairwise(STEPS[dag_id]):
            assert before in dag.get_task(after).upstream_task_ids

    def test_manual(self, dag_bag: Any, dag_id: str) -> None:
        """The DAG's page is the operator's manual: the file's own words, with every step in them."""
        dag = dag_bag.dags[dag_id]
        words = ast.get_docstring(ast.parse((PROJECT / "dags" / f"{dag_id}.py").read_text()))

        assert words
        assert dag.doc_md.strip() == words
        assert [step for step in STEPS[dag_id] if step not in dag.doc_md] == []

    def test_retries(self, dag_bag: Any, dag_id: str) -> None:
        """A passing failure is tried again at least twice, later each time, and nothing hangs for ever."""
        for task in dag_bag.dags[dag_id].tasks:
            settings = task.partial_kwargs if task.is_mapped else vars(task)
            assert settings["retries"] >= 2
            assert settings["retry_exponential_backoff"]
            assert settings["execution_timeout"] is not None

    def test_owner_and_tag(self, dag_bag: Any, dag_id: str) -> None:
        """The DAGs can be found among a company's hundreds."""
        dag = dag_bag.dags[dag_id]

        assert dag.owner == "trail-insights"
        assert dag.tags == {"trail-insights"}

    def test_no_catchup(self, dag_bag: Any, dag_id: str) -> None:
        """Switching a DAG on does not start two years of runs."""
        assert dag_bag.dags[dag_id].catchup is False

    def test_serialised(self, dag_bag: Any, dag_id: str) -> None:
        """What the scheduler and the UI work with has the same schedule and steps."""
        from airflow.serialization.serialized_objects import DagSerialization

        again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag_bag.dags[dag_id]))

        assert sorted(again.task_ids) == sorted(STEPS[dag_id])
        assert again.timetable.summary == {
            "trail_ingest": "hourly, 20 min after the hour",
            "trail_arrivals": "Asset",
            "insights_detect": "Asset",
            "lake_maintenance": "0 0 * * *",
            "initial_analysis": "None",
        }[dag_id]  # fmt: skip


def test_light_to_read(modules_after: Callable[[str], set[str]]) -> None:
    """Airflow reads its file again for every task: that brings none of the libraries that only tasks need.

    (boto3 is not ours to keep out: Airflow looks through the providers' kinds of assets at the first Asset.)
    """
    files = [f"dags/{dag_id}.py" for dag_id in DAG_IDS]

    modules = modules_after(f"import runpy\nfor file in {files}: runpy.run_path(file)")

    assert "insights.orchestration.notifications" not in modules
    heavy = {"pandas", "pyarrow", "great_expectations", "scipy", "numpy", "obstore", "fastapi"}
    assert modules & (heavy | {"insights.stages", "insights.storage", "insights.checks", "insights.api"}) == set()
    assert "insights.orchestration.tasks" in modules


def test_hourly_ingest(dag_bag: Any) -> None:
    """`trail_ingest` takes whole hours once they are settled, at most four at a time."""
    from insights.orchestration.timetable import SettledHourTimetable

    dag = dag_bag.dags["trail_ingest"]

    assert isinstance(dag.timetable, SettledHourTimetable)
    assert dag.timetable.settle_minutes == 20
    assert dag.max_active_runs == 4


def test_settle_time_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits longer for deliveries sets `trail.settle_minutes`; the schedule follows."""
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("TRAIL_INSIGHTS__TRAIL__SETTLE_MINUTES", "45")

    bag = DagBag(str(PROJECT / "dags" / "trail_ingest.py"))

    assert bag.dags["trail_ingest"].timetable.settle_minutes == 45


def test_ingest_can_be_backfilled_by_two_years(dag_bag: Any) -> None:
    """The DAG starts long before anybody installs it."""
    assert dag_bag.dags["trail_ingest"].start_date <= datetime(2024, 11, 1, tzinfo=UTC)


def test_detection_follows_the_counts(dag_bag: Any) -> None:
    """`insights_detect` runs when `count` has changed the counts, one run at a time."""
    from insights.orchestration.schedule import MINUTE_COUNTS

    dag = dag_bag.dags["insights_detect"]

    assert dag.timetable.asset_condition.objects == (MINUTE_COUNTS,)
    assert dag.max_active_runs == 1
    assert dag_bag.dags["trail_ingest"].get_task("count").outlets == [MINUTE_COUNTS]
    # It judges what it counts itself: two at once would tell people twice.
    assert dag_bag.dags["initial_analysis"].get_task("count").outlets == []


def test_maintenance(dag_bag: Any) -> None:
    """The lake is tidied up once a night, one run at a time."""
    dag = dag_bag.dags["lake_maintenance"]

    assert dag.schedule == "@daily"
    assert dag.max_active_runs == 1


def test_insights_can_be_followed(dag_bag: Any) -> None:
    """Users' own DAGs can run whenever records were published."""
    from insights.orchestration.schedule import INSIGHTS

    for dag_id in ("insights_detect", "initial_analysis"):
        assert dag_bag.dags[dag_id].get_task("publish").outlets == [INSIGHTS]


def test_a_held_hour_does_not_stop_the_others(dag_bag: Any) -> None:
    """Counting goes on when validation is red, and an hour without anything to read is validated all the same."""
    ingest = dag_bag.dags["trail_ingest"]

    assert ingest.get_task("count").trigger_rule == "all_done"
    assert ingest.get_task("validate").trigger_rule == "none_failed"


class TestTrailArrivals:
    def read(self, monkeypatch: pytest.MonkeyPatch, url: str) -> Any:
        """Read the DAG file anew with a queue and this trail set."""
        from airflow.dag_processing.dagbag import DagBag

        monkeypatch.setenv("TRAIL_INSIGHTS__TRAIL__NOTIFICATIONS", "https://sqs.us-east-1.amazonaws.com/111122223333/q")
        monkeypatch.setenv("TRAIL_INSIGHTS__TRAIL__URL", url)
        return DagBag(str(PROJECT / "dags" / "trail_arrivals.py"))

    def test_without_a_queue(self, dag_bag: Any) -> None:
        """Where no queue is named the asset has no watcher: the triggerer has nothing to do."""
        (asset,) = dag_bag.dags["trail_arrivals"].timetable.asset_condition.objects

        assert asset.name == "trail_insights.deliveries"
        assert asset.watchers == []

    def test_with_a_queue(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Named, the queue is watched for the objects of the settings' trail; one run at a time."""
        monkeypatch.setenv("TRAIL_INSIGHTS__TRAIL__REGIONS", '["us-east-1"]')

        dag = self.read(monkeypatch, "s3://trail-bucket/logs/of/all").dags["trail_arrivals"]

        (asset,) = dag.timetable.asset_condition.objects
        (watcher,) = asset.watchers
        assert asset.name == "trail_insights.deliveries"
        assert watcher.trigger.serialize()[1] == {
            "queue_url": "https://sqs.us-east-1.amazonaws.com/111122223333/q",
            "bucket": "trail-bucket",
            "prefix": "logs/of/all",
            "accounts": [],
            "regions": ["us-east-1"],
            "connection_id": "aws_default",
            "minutes": 5,
        }
        assert dag.max_active_runs == 1

    def test_a_folder_has_no_queue(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A queue beside a trail in a folder is a mistake, and said so in the UI's import errors."""
        (error,) = self.read(monkeypatch, "/var/trail").import_errors.values()

        assert "trail.notifications is set, but the trail '/var/trail' is in no bucket" in error

    def test_nothing_new_is_skipped(self, dag_bag: Any) -> None:
        """Every task runs only where the one before it had something to do; only the last wakes detection."""
        from insights.orchestration.schedule import MINUTE_COUNTS

        dag = dag_bag.dags["trail_arrivals"]

        assert {task.trigger_rule for task in dag.tasks} == {"all_success"}
        assert {task.task_id: task.outlets for task in dag.tasks if task.outlets} == {"announce": [MINUTE_COUNTS]}


class TestFormOfInitialAnalysis:
    def accept(self, dag_bag: Any, **conf: Any) -> dict[str, Any]:
        from copy import deepcopy

        form = deepcopy(dag_bag.dags["initial_analysis"].params)
        for name, value in conf.items():
            form[name] = value
        return dict(form.validate())

    def test_schedule(self, dag_bag: Any) -> None:
        """It runs by hand only, one run at a time."""
        dag = dag_bag.dags["initial_analysis"]

        assert dag.schedule is None
        assert dag.max_active_runs == 1

    def test_defaults(self, dag_bag: Any) -> None:
        """Pressing Trigger without filling anything in takes a week of the settings' trail."""
        form = self.accept(dag_bag)

        assert form == {"trail": None, "window_start": None, "window_end": None, "days_back": 7}

    def test_filled_in(self, dag_bag: Any) -> None:
        """A window and a trail can be named."""
        form = {"window_start": "2026-11-01T00:00:00Z", "window_end": "2026-11-08T00:00:00Z", "trail": "s3://bucket"}

        assert self.accept(dag_bag, **form).items() >= form.items()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("days_back", 0),
            ("days_back", 91),
            ("days_back", "seven"),
            ("days_back", None),
            ("window_start", "yesterday"),
            ("window_end", 20261101),
            ("trail", 5),
        ],
        ids=["no days", "too many days", "days in words", "days left out", "no instant", "a number", "no text"],
    )
    def test_refused(self, dag_bag: Any, field: str, value: object) -> None:
        """What cannot be a window is refused before there is a run."""
        from airflow.sdk.exceptions import ParamValidationError

        with pytest.raises(ParamValidationError):
            self.accept(dag_bag, **{field: value})

    def test_explained(self, dag_bag: Any) -> None:
        """Every field of the form has a title and says what it is for."""
        form = dag_bag.dags["initial_analysis"].params

        for name in form:
            param = form.get_param(name)
            assert param.schema["title"]
            assert param.description
