from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from insights.cli.demo.processes import DemoError, Processes, free_ports, is_listening

STAYS = "import signal; open({ready!r}, 'w').close(); signal.pause()"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    started = Processes(tmp_path, {**os.environ, "TRAIL": "s3://bucket"})
    yield started
    started.stop()


def start_one_that_stays(processes: Processes, name: str, folder: Path) -> int:
    """Start a program that waits for a signal, wait until it does, and give its process id."""
    ready = folder / f"{name}.ready"
    processes.start(name, [sys.executable, "-c", STAYS.format(ready=str(ready))])
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


def test_one_that_does_not_listen(processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that ignores the polite signal is ended all the same."""
    monkeypatch.setattr("insights.cli.demo.processes.STOP_SECONDS", 0.2)
    ready = tmp_path / "ready"
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STAYS.format(ready=str(ready))
    processes.start("scheduler", [sys.executable, "-c", stubborn])
    processes.wait_until("scheduler", ready.exists, seconds=30)
    pid = processes.running["scheduler"].pid

    processes.stop()

    assert not is_alive(pid)


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
