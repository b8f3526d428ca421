"""`insights demo`: a simulated trail through a real Airflow against a real S3 protocol server, and what comes of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from insights.cli.demo import story
from insights.cli.demo.airflow import USER, Airflow, call
from insights.cli.demo.processes import DemoError, Processes, free_ports, is_listening
from insights.cli.look import print_insights
from insights.cli.output import Output, Steps
from insights.cli.simulate import write
from insights.simulate import simulate
from insights.storage import insights as table
from insights.storage.opening import open_store
from insights.windows import HOUR, floor, format_instant

TRAIL, LAKE = "demo-trail", "demo-lake"
_SETTLE = timedelta(minutes=20)
_KEYS = {
    "AWS_ACCESS_KEY_ID": "demo-access-key",
    "AWS_SECRET_ACCESS_KEY": "demo-secret-key",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def demo(
    stay: Annotated[bool, typer.Option(help="Stay up until Ctrl-C.")] = True,
    home: Annotated[Path | None, typer.Option(help="Folder for Airflow's home; default: a temporary one.")] = None,
) -> None:
    """Simulate a trail, analyse it in a real Airflow, and say where to click."""
    # Ctrl-C and a polite kill end it alike: by way of the `finally` below.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    output = Output()
    began = time.monotonic()
    folder = home or Path(tempfile.mkdtemp(prefix="trail-insights-demo-"))
    show = _Demo(folder, output)
    try:
        with output.progress() as steps:
            show.prepare(steps)
            show.analyse(steps)
        show.tell(time.monotonic() - began)
        if stay:
            output.say("\nIt stays up until Ctrl-C.")
            threading.Event().wait()
    except KeyboardInterrupt:
        output.say("\nStopping …")
    finally:
        # Impatience must not leave half of it behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        show.stop()
    # Kept where something went wrong: its logs say what.
    if home is None:
        shutil.rmtree(folder, ignore_errors=True)


class _Demo:
    def __init__(self, home: Path, output: Output) -> None:
        self.output = output
        self.end = floor(datetime.now(UTC) - _SETTLE, HOUR)
        home.mkdir(parents=True, exist_ok=True)
        (s3_port,) = free_ports(1)
        self.s3_port, self.s3_url = s3_port, f"http://127.0.0.1:{s3_port}"
        connection = {
            "conn_type": "aws",
            "login": _KEYS["AWS_ACCESS_KEY_ID"],
            "password": _KEYS["AWS_SECRET_ACCESS_KEY"],
            "extra": {"region_name": _KEYS["AWS_DEFAULT_REGION"], "endpoint_url": self.s3_url},
        }
        self.airflow = Airflow(
            home,
            {
                "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
                "TRAIL_INSIGHTS__TRAIL__URL": f"s3://{TRAIL}",
                "TRAIL_INSIGHTS__LAKE__URL": f"s3://{LAKE}",
            },
        )
        self.server = Processes(self.airflow.processes.logs, self.airflow.processes.environment)

    def prepare(self, steps: Steps) -> None:
        """Bring up the S3 server and Airflow, and meanwhile write the trail."""
        self.server.start("s3", [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.s3_port)])
        self.server.wait_until("the S3 server", lambda: is_listening(self.s3_port), seconds=60)
        os.environ.update(_KEYS | {"AWS_ENDPOINT_URL": self.s3_url})
        for bucket in (TRAIL, LAKE):
            call("PUT", f"{self.s3_url}/{bucket}")
        with ThreadPoolExecutor(1) as beside:
            starting = beside.submit(self.airflow.start)
            try:
                self._write_trail(steps)
                steps.advance("Airflow", 0, 1)
                starting.result()
            except BaseException:
                # The thread would otherwise go on until Airflow is up.
                self.airflow.stop()
                raise
            self.airflow.wait_for_dags("trail_ingest", "insights_detect", "initial_analysis")
            steps.advance("Airflow", 1, 1)

    def analyse(self, steps: Steps) -> None:
        """Run `initial_analysis` over the history, then `trail_ingest` and `insights_detect` over the newest hours."""
        window = story.history(self.end)
        conf = {"window_start": format_instant(window.start), "window_end": format_instant(window.end)}
        self.airflow.unpause("initial_analysis")
        body = {"logical_date": None, "conf": conf}
        run = self.airflow.request("POST", "/dags/initial_analysis/dagRuns", body)
        self._follow(steps, "initial_analysis", run["dag_run_id"])
        self.airflow.unpause("insights_detect")
        self.airflow.unpause("trail_ingest")
        self._follow(steps, "trail_ingest", self._first_run("trail_ingest"))
        self._follow(steps, "insights_detect", self._first_run("insights_detect"))

    def tell(self, seconds: float) -> None:
        """Print what was found, and where to look."""
        rows = list(table.read(open_store(f"s3://{LAKE}")))[::-1]
        if not rows:
            raise DemoError(f"no insight was found: see the logs in {self.airflow.processes.logs}")
        print_insights(self.output, rows)
        newest = next((row for row in rows if row["end_record_json"]), rows[0])
        records = [json.loads(newest[name]) for name in ("start_record_json", "end_record_json") if newest[name]]
        self.output.say(f"\n{newest['explanation']}\n{json.dumps({'Records': records}, indent=2)}")
        self.output.say(
            f"\nDone in {seconds:.0f} seconds. Airflow: {self.airflow.url}   user: {USER}   password: "
            f"{self.airflow.password}"
            "\n  Dags → initial_analysis → the run → tab 'Data quality' shows the quality report."
            f"\nThe trail and the lake: s3://{TRAIL} and s3://{LAKE} at {self.s3_url} (any keys)."
        )

    def stop(self) -> None:
        """Stop everything that was started."""
        self.airflow.stop()
        # Nobody is left who would wait for its answers.
        self.server.stop(seconds=0.5)

    def _write_trail(self, steps: Steps) -> None:
        plan = story.plan(self.end)
        hours = story.DAYS * 24
        with closing(write(open_store(f"s3://{TRAIL}"), simulate(plan))) as written:
            for each in written:
                steps.advance("simulated hours", min(int((each.delivered_at - plan.start) / HOUR), hours), hours)
        steps.advance("simulated hours", hours, hours)

    def _first_run(self, dag_id: str) -> str:
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = self.airflow.runs(dag_id)
            return bool(found)

        self._wait(f"a run of {dag_id}", is_there, seconds=90)
        return str(found[-1]["dag_run_id"])

    def _follow(self, steps: Steps, dag_id: str, run_id: str) -> None:
        """Show a run's progress until it is over.

        Raises:
            DemoError: it failed.
        """
        path = f"/dags/{dag_id}/dagRuns/{run_id.replace('+', '%2B')}"

        def is_over() -> bool:
            tasks = self.airflow.request("GET", f"{path}/taskInstances?limit=1000")["task_instances"]
            done = sum(each["state"] in ("success", "skipped") for each in tasks)
            steps.advance(f"{dag_id} tasks", done, len(tasks))
            state = self.airflow.request("GET", path)["state"]
            if state == "failed":
                failed = ", ".join(each["task_id"] for each in tasks if each["state"] == "failed")
                raise DemoError(f"{dag_id} failed in {failed}: see {self.airflow.home}/logs")
            return bool(state == "success")

        self._wait(f"the end of {dag_id}", is_over, seconds=600)

    def _wait(self, what: str, is_ready: Callable[[], bool], *, seconds: float) -> None:
        self.airflow.processes.wait_until(what, is_ready, seconds=seconds)
