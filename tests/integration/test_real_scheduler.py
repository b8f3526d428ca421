"""Airflow's four components as real processes: what only they together can show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from insights.cli.demo.airflow import Airflow
from insights.cli.demo.processes import DemoError
from insights.storage.opening import open_store

RUN_SECONDS = 120
ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events"
KEY, SECRET = "REVIEWER", "a-secret-of-tests-and-long-enough"
RIGHTS = '["read", "write-selectors"]'


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, two_hours: Any, lake: Path) -> Iterator[Airflow]:
    """An Airflow on a trail of two hours in a folder."""
    trail = tmp_path_factory.mktemp("trail")
    for each in two_hours:
        open_store(str(trail)).put(each.key, each.body)
    settings = {
        "TRAIL_INSIGHTS__TRAIL__URL": str(trail),
        "TRAIL_INSIGHTS__LAKE__URL": str(lake),
        "TRAIL_INSIGHTS__TRAIL__ARN": ARN,
        "TRAIL_INSIGHTS__API__KEYS": f'[{{id = "{KEY}", secret = "env:{KEY}_SECRET", may = {RIGHTS}}}]',
        f"{KEY}_SECRET": SECRET,
    }
    running = Airflow(tmp_path_factory.mktemp("home"), settings)
    try:
        running.start()
        running.wait_for_dags("trail_ingest", "insights_detect", "initial_analysis")
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def run_id(airflow: Airflow) -> str:
    """A successful `initial_analysis` of all the trail, triggered as the form does."""
    # Airflow remembers changed assets only for DAGs that are switched on.
    airflow.unpause("insights_detect")
    airflow.unpause("initial_analysis")
    form = {"window_start": "2026-11-01T12:00:00Z", "window_end": "2026-11-02T00:00:00Z"}
    body = {"logical_date": None, "dag_run_id": "first", "conf": form}
    airflow.request("POST", "/dags/initial_analysis/dagRuns", body)
    states: list[str] = []

    def is_over() -> bool:
        states.append(airflow.request("GET", "/dags/initial_analysis/dagRuns/first")["state"])
        return states[-1] in ("success", "failed")

    airflow.processes.wait_until("the end of the run", is_over, seconds=RUN_SECONDS)
    tasks = airflow.request("GET", "/dags/initial_analysis/dagRuns/first/taskInstances")["task_instances"]
    assert {each["task_id"]: each["state"] for each in tasks if each["state"] != "success"} == {}
    assert states[-1] == "success"
    return "first"


def visit(url: str, token: str | None = None) -> tuple[int, str]:
    """Ask for a page; gives its status and text."""
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - our own loopback address
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def token_of(airflow: Airflow) -> str:
    """Log in anew, as a browser would."""
    from insights.cli.demo.airflow import USER, call

    body = {"username": USER, "password": airflow.password}
    return str(call("POST", f"{airflow.url}/auth/token", body)["access_token"])


@pytest.mark.usefixtures("run_id")
def test_tables(lake: Path, two_hours: Any, rows_of: Callable[..., Any]) -> None:
    """The run leaves every delivered object in the ledger, and as many calls counted as events kept."""
    store = open_store(str(lake))

    assert sorted(row["object_key"] for row in rows_of(store, "ledger")) == sorted(each.key for each in two_hours)
    events = rows_of(store, "events")
    assert events
    assert sum(row["count"] for row in rows_of(store, "minute_counts")) == len(events)


def test_quality_page(airflow: Airflow, run_id: str) -> None:
    """The run's quality report is for people who are logged in, and for nobody else."""
    page = f"{airflow.url}/insights/quality/initial_analysis/{run_id}"

    status, text = visit(page)
    assert status == 401
    assert "Data quality" not in text

    status, text = visit(page, token_of(airflow))
    assert status == 200
    assert "Data quality 2026-11-01T12:00:00Z/2026-11-02T00:00:00Z" in text


def test_quality_page_of_no_run(airflow: Airflow) -> None:
    """A run that is not there has a page that says so."""
    status, text = visit(f"{airflow.url}/insights/quality/initial_analysis/never", token_of(airflow))

    assert status == 404
    assert "there is no run never of initial_analysis" in text


def test_tab(airflow: Airflow) -> None:
    """Airflow's UI is told of the tab on the pages of runs."""
    plugins = {each["name"]: each for each in airflow.request("GET", "/plugins")["plugins"]}

    (view,) = plugins["trail_insights"]["external_views"]
    assert (view["name"], view["destination"]) == ("Data quality", "dag_run")
    assert airflow.request("GET", "/plugins/importErrors")["total_entries"] == 0


def test_form_is_checked(airflow: Airflow) -> None:
    """A form that cannot be right is refused before there is a run."""
    body = {"logical_date": None, "conf": {"days_back": 0}}

    with pytest.raises(DemoError, match="was answered 400"):
        airflow.request("POST", "/dags/initial_analysis/dagRuns", body)


@pytest.mark.usefixtures("run_id")
def test_detection_is_triggered(airflow: Airflow) -> None:
    """Switched on, `trail_ingest` runs the newest settled hour at once; its counts wake `insights_detect`."""
    airflow.unpause("trail_ingest")

    def has_succeeded() -> bool:
        runs = [(run["run_type"], run["state"]) for run in airflow.runs("insights_detect")]
        assert ("asset_triggered", "failed") not in runs
        return ("asset_triggered", "success") in runs

    airflow.processes.wait_until("a run of insights_detect", has_succeeded, seconds=RUN_SECONDS)


def aws(airflow: Airflow, *arguments: str, secret: str = SECRET) -> subprocess.CompletedProcess[str]:
    """Run the AWS command line as it is installed, with Airflow as its endpoint."""
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_CLOUDTRAIL": f"{airflow.url}/cloudtrail",
        "AWS_PAGER": "",
    }
    command = [str(Path(sys.executable).with_name("aws")), "cloudtrail", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def answer(airflow: Airflow, *arguments: str) -> Any:
    done = aws(airflow, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_selectors_by_the_command_line(airflow: Airflow) -> None:
    """AWS's own command turns Insights on; the next one says so."""
    selectors = ("--insight-selectors", '{"InsightType": "ApiCallRateInsight"}')
    put = answer(airflow, "put-insight-selectors", "--trail-name", "management-events", *selectors)
    got = answer(airflow, "get-insight-selectors", "--trail-name", "management-events")

    assert [each["InsightType"] for each in put["InsightSelectors"]] == ["ApiCallRateInsight"]
    assert (got["TrailARN"], got["InsightSelectors"]) == (ARN, put["InsightSelectors"])


@pytest.mark.usefixtures("run_id")
def test_events_by_the_command_line(airflow: Airflow, lake: Path, rows_of: Callable[..., Any]) -> None:
    """AWS's own command lists the events that Airflow has read, and no insight where there is none."""
    in_region = {
        row["event_id"] for row in rows_of(open_store(str(lake)), "events") if row["aws_region"] == "us-east-1"
    }
    listed = answer(airflow, "lookup-events", "--start-time", "2026-11-01", "--end-time", "2026-11-02")["Events"]

    assert listed
    assert {each["EventId"] for each in listed} <= in_region
    assert answer(airflow, "lookup-events", "--event-category", "insight") == {"Events": []}


def test_a_wrong_secret_by_the_command_line(airflow: Airflow) -> None:
    """Who signs with another secret is refused by the name AWS gives it."""
    done = aws(airflow, "lookup-events", secret="guessed")

    assert done.returncode != 0
    assert "InvalidSignatureException" in done.stderr


def test_nothing_is_left(airflow: Airflow) -> None:
    """Stopped, no process of it is left: neither the four components nor their workers. (The last test of the file.)"""
    sessions = {process.pid for process in airflow.processes.running.values()}
    assert len(sessions) == 4
    assert sessions <= {session_of(pid) for pid in running_pids()}

    airflow.stop()

    # What was killed is gone as soon as the kernel comes to it.
    deadline = time.monotonic() + 5
    while (left := [pid for pid in running_pids() if session_of(pid) in sessions]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def running_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def session_of(pid: int) -> int | None:
    """Give the session a process belongs to, None where it has ended meanwhile."""
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
