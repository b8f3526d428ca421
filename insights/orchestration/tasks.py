"""One task a stage: context → window and workspace → run → report.

Everything heavy is imported inside the tasks. What they hand on are reports and short lists of keys, never rows.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from insights.orchestration.schedule import INSIGHTS, MINUTE_COUNTS

_LAKE_STEPS = ("detect", "publish", "notify", "maintain")
"""Where no form bounds them these look at all that the lake holds, whoever or whatever triggered the run."""


_JUDGED = "judged"


def _run(step: str, **arguments: Any) -> Any:
    """Run a stage for the current run; what no retry can mend fails at once."""
    from importlib import import_module

    from insights.errors import QualityError, ReconciliationError, SettingsError, WindowError
    from insights.stages.workspace import tune_arrow

    tune_arrow()
    try:
        window, workspace = _window_and_workspace(step)
        return import_module(f"insights.stages.{step}").run(window, workspace, **arguments)
    except (SettingsError, WindowError, QualityError, ReconciliationError) as error:
        raise AirflowFailException(str(error)) from error


def _told(report: Any) -> dict[str, Any]:
    """Give a report without its list of hours, which grows with the window."""
    return {name: value for name, value in report.to_builtins().items() if name != "hours"}


def _window_and_workspace(step: str) -> tuple[Any, Any]:
    from insights.orchestration.arrivals import arrivals
    from insights.orchestration.windows import window_of
    from insights.orchestration.workspace import look_back, open_workspace

    context = get_current_context()
    run = context["dag_run"]
    # Any run can be given a conf; only this DAG has a form, and checks it.
    form = context["params"] if run.dag_id == "initial_analysis" else {}
    workspace = open_workspace(trail=form.get("trail"))
    if step in _LAKE_STEPS and not form:
        return None, workspace
    if run.dag_id == "trail_arrivals":
        return arrivals(run.run_after, workspace.settle), workspace
    window = window_of(
        params=form,
        interval_start=run.data_interval_start,
        interval_end=run.data_interval_end,
        run_after=run.run_after,
    )
    if str(getattr(run.run_type, "value", run.run_type)) == "scheduled":
        look_back(workspace, window)
    return window, workspace


@task
def extract() -> list[str]:
    """Find the trail objects that are new and give the shards they were cut into; the report is XCom `report`."""
    return _extract()


@task(task_id="extract")
def extract_newest() -> list[str]:
    """Find the trail objects that are new, unless newer runs wait: the last of them sees what all are about."""
    context = get_current_context()
    if context["ti"].get_dr_count(dag_id=context["dag_run"].dag_id, states=["queued"]):
        raise AirflowSkipException("a newer run waits and will read this as well")
    return _extract()


def _extract() -> list[str]:
    report = _run("extract").to_builtins()
    # Only the return value can be mapped over.
    shards: list[str] = list(report.pop("shards"))
    get_current_context()["ti"].xcom_push(key="report", value=report)
    return shards


@task
def normalize(shard: str) -> dict[str, Any]:
    """Read one shard's objects into `events`."""
    return _told(_run("normalize", shard=shard))


@task(trigger_rule="none_failed")
def verify() -> dict[str, Any]:
    """Compare what was read with CloudTrail's signed digests, as far as they have come."""
    return _told(_run("verify"))


@task(trigger_rule="none_failed")
def validate() -> dict[str, Any]:
    """Judge the hours; fails, and says so in red, where a critical rule holds one back."""
    from insights.errors import QualityError
    from insights.stages.pipeline import raise_if_held

    report = _run("validate")
    get_current_context()["ti"].xcom_push(key=_JUDGED, value=True)
    try:
        raise_if_held(report)
    except QualityError as error:
        raise AirflowFailException(str(error)) from error
    return _told(report)


@task(task_id="validate")
def validate_silently() -> dict[str, Any]:
    """Judge the hours; that one is held back the hourly run says, in red, once and not at every nudge."""
    return _told(_run("validate"))


# all_done: an hour that is held back must not keep the good ones from being counted.
@task(trigger_rule="all_done", outlets=[MINUTE_COUNTS])
def count(*, outlet_events: Any = None) -> dict[str, Any]:
    """Count the hours whose events changed."""
    report = _count()
    _announce(report, outlet_events)
    return report


@task(task_id="count", trigger_rule="all_done")
def count_unannounced() -> dict[str, Any]:
    """Count the hours whose events changed, for a run that judges them itself."""
    return _count()


@task(task_id="count")
def count_part() -> dict[str, Any]:
    """Count the hours whose events changed, though more of them may be on its way."""
    return _told(_run("count", is_whole=False))


@task(outlets=[MINUTE_COUNTS])
def announce(counted: dict[str, Any], *, outlet_events: Any = None) -> None:
    """Wake detection, where it can make something of what was counted."""
    from insights.orchestration.arrivals import can_be_judged
    from insights.orchestration.workspace import open_workspace

    if not can_be_judged(open_workspace()):
        raise AirflowSkipException("no hour was counted anew that can be judged: there is nothing to judge yet")
    _announce(counted, outlet_events)


def _announce(report: dict[str, Any], outlet_events: Any) -> None:
    outlet_events[MINUTE_COUNTS].extra = {key: report[key] for key in ("window", "counted", "calls")}


def _count() -> dict[str, Any]:
    if not get_current_context()["ti"].xcom_pull(task_ids="validate", key=_JUDGED):
        raise AirflowFailException("the hours were not all read and judged: mend the task that failed and clear it")
    return _told(_run("count"))


@task
def coverage() -> dict[str, Any]:
    """Write down which hours were read, what they brought and how late."""
    return _told(_run("coverage"))


@task
def reconcile() -> dict[str, Any]:
    """Show that every record is accounted for, or fail."""
    return _told(_run("reconcile"))


@task
def detect() -> dict[str, Any]:
    """Judge what has been counted anew."""
    return _told(_run("detect"))


@task(outlets=[INSIGHTS])
def publish() -> dict[str, Any]:
    """Write the Start and End records that are not in the bucket yet."""
    return _told(_run("publish"))


@task
def notify() -> dict[str, Any]:
    """Hand new records to the channels."""
    return _told(_run("notify"))


@task
def maintain() -> dict[str, Any]:
    """Delete what is older than it is to be kept, and put small files together."""
    return _told(_run("maintain"))
