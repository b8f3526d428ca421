from __future__ import annotations

import os
import select
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from insights.cli.demo.processes import DemoError, Processes, free_ports, is_listening

STAYS = """
import signal
open({ready!r}, "w").close()
while True:
    signal.pause()
"""
IGNORES = """
import signal
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
"""
CLOSES_SLOWLY = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: time.sleep(600))
"""
WITH_A_CHILD = """
import subprocess
with open({ready!r} + ".pipe", "w") as pipe:
    subprocess.Popen(["sleep", "600"], stdout=pipe, process_group=GROUP)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    started = Processes(tmp_path, {**os.environ, "TRAIL": "s3://bucket"})
    yield started
    started.stop()


def start_one_that_stays(processes: Processes, name: str, folder: Path, *, manner: str = "") -> int:
    """Start a program that waits for signals, wait until it does, and give its process id."""
    ready = folder / f"{name}.ready"
    processes.start(name, [sys.executable, "-c", (manner + STAYS).format(ready=str(ready))])
    processes.wait_until(name, ready.exists, seconds=30)
    return processes.running[name].pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_started_and_stopped(processes: Processes, tmp_path: Path) -> None:
    """Whatever was started is gone after the stop."""
    pids = [start_one_that_stays(processes, name, tmp_path) for name in ("api-server", "scheduler")]
    assert all(is_alive(pid) for pid in pids)

    processes.stop()

    assert not any(is_alive(pid) for pid in pids)
    assert processes.running == {}


@pytest.mark.parametrize("manner", [IGNORES, CLOSES_SLOWLY], ids=["ignores signals", "closes slowly"])
def test_one_that_does_not_end(processes: Processes, tmp_path: Path, manner: str) -> None:
    """A program that takes no notice of the polite signal, or its time, is ended all the same."""
    pid = start_one_that_stays(processes, "triggerer", tmp_path, manner=manner)

    began = time.monotonic()
    processes.stop(seconds=0.2)

    assert not is_alive(pid)
    assert time.monotonic() - began < 2


def test_patience_is_for_all_together(processes: Processes, tmp_path: Path) -> None:
    """Several that close slowly are waited for once, not one after the other."""
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        start_one_that_stays(processes, name, tmp_path, manner=CLOSES_SLOWLY)

    began = time.monotonic()
    processes.stop(seconds=1)

    assert time.monotonic() - began < 3


@pytest.mark.parametrize("manner", ["", IGNORES], ids=["ended politely", "killed"])
@pytest.mark.parametrize("group", ["None", "0"], ids=["of its group", "of its own group"])
def test_children_go_too(processes: Processes, tmp_path: Path, manner: str, group: str) -> None:
    """What a program has started does not outlive it, whichever way it ended; Airflow's tasks lead groups of their own.

    (Who has left the group is found on Linux only.)
    """
    # A pipe ends when the last who can write to it has gone.
    os.mkfifo(tmp_path / "scheduler.ready.pipe")
    pipe = os.open(tmp_path / "scheduler.ready.pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        start_one_that_stays(processes, "scheduler", tmp_path, manner=manner + WITH_A_CHILD.replace("GROUP", group))
        assert select.select([pipe], [], [], 0)[0] == []

        processes.stop(seconds=0.2)

        assert select.select([pipe], [], [], 5)[0] == [pipe]
    finally:
        os.close(pipe)


def test_nothing_starts_after_the_stop(processes: Processes, tmp_path: Path) -> None:
    """A thread that is still starting things when Ctrl-C comes starts nothing behind the stop's back."""
    processes.stop()

    with pytest.raises(DemoError, match="it was stopped"):
        processes.start("triggerer", [sys.executable, "-c", "open('started', 'w')"])

    assert processes.running == {}


def test_waiting_ends_with_the_stop(processes: Processes, tmp_path: Path) -> None:
    """A thread that waits, for something to come up or for a program's end, is let go by the stop."""
    with ThreadPoolExecutor(2) as beside:
        ready = tmp_path / "migrate.ready"
        migrating = beside.submit(processes.run, "migrate", [sys.executable, "-c", STAYS.format(ready=str(ready))])
        waiting = beside.submit(processes.wait_until, "Airflow's API", lambda: False, seconds=60)
        while not ready.exists():
            assert not migrating.done()

        processes.stop()

        for each in (migrating, waiting):
            with pytest.raises(DemoError, match="it was stopped"):
                each.result(timeout=5)


def test_ctrl_c_reaches_only_us(processes: Processes, tmp_path: Path) -> None:
    """Each program is in a session of its own, so that a terminal's Ctrl-C does not end it behind our back."""
    pid = start_one_that_stays(processes, "scheduler", tmp_path)

    assert os.getsid(pid) == pid


def test_an_ended_one_is_named(processes: Processes, tmp_path: Path) -> None:
    """Waiting ends at once where a program has ended, and says which, how, and where its log is."""
    processes.start("scheduler", [sys.executable, "-c", "import sys; print('no database'); sys.exit(3)"])

    with pytest.raises(DemoError, match=r"scheduler ended with status 3: see .*scheduler\.log"):
        processes.wait_until("Airflow's API", lambda: False, seconds=30)

    assert (tmp_path / "scheduler.log").read_text() == "no database\n"


def test_time_is_over(processes: Processes, tmp_path: Path) -> None:
    """Waiting ends when its time is over, and says what for."""
    start_one_that_stays(processes, "scheduler", tmp_path)

    with pytest.raises(DemoError, match="Airflow's API is not there after 0 seconds"):
        processes.wait_until("Airflow's API", lambda: False, seconds=0)


def test_run_to_the_end(processes: Processes, tmp_path: Path) -> None:
    """A program that is run to its end has the environment and a log."""
    processes.run("migrate", [sys.executable, "-c", "import os; print(os.environ['TRAIL'])"])

    assert (tmp_path / "migrate.log").read_text() == "s3://bucket\n"


def test_run_fails(processes: Processes) -> None:
    """One that fails is named with its status and log."""
    with pytest.raises(DemoError, match=r"migrate ended with status 7: see .*migrate\.log"):
        processes.run("migrate", [sys.executable, "-c", "raise SystemExit(7)"])


def test_free_ports() -> None:
    """Ports are different and nobody listens on them; once somebody does, that is seen."""
    first, second = free_ports(2)

    assert first != second
    assert not is_listening(first)
    with socket.create_server(("127.0.0.1", first)):
        assert is_listening(first)
