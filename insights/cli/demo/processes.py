"""Programs that run beside us for a while: started with a log file, stopped one by one, never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from insights.errors import TrailInsightsError

STOP_SECONDS = 3
"""Airflow's triggerer would take ten, waiting for a child that has ended; nothing here is worth more patience."""


class DemoError(TrailInsightsError):
    """A part of the demo did not come up or did not do its work."""


@dataclass(slots=True)
class Processes:
    """Named child processes, stopped together. Once stopped, it starts none any more, in whatever thread."""

    logs: Path
    environment: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_stopped: bool = False

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a program in a session of its own, so that Ctrl-C reaches only us.

        Raises:
            DemoError: all was stopped meanwhile.
        """
        with self._lock, (self.logs / f"{name}.log").open("wb") as log:
            self._refuse_if_stopped()
            self.running[name] = subprocess.Popen(  # noqa: S603 - our own programs
                command,
                env=dict(self.environment),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def run(self, name: str, command: Sequence[str]) -> None:
        """Run a program to its end.

        Raises:
            DemoError: it failed, or was stopped.
        """
        self.start(name, command)
        status = self.running[name].wait()
        self._refuse_if_stopped()
        del self.running[name]
        if status:
            raise DemoError(f"{name} ended with status {status}: see {self.logs / name}.log")

    def wait_until(self, what: str, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait for something to come up.

        Raises:
            DemoError: a process ended meanwhile, all were stopped, or the time is over.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            self._refuse_if_stopped()
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise DemoError(f"{name} ended with status {process.returncode}: see {self.logs / name}.log")
            if time.monotonic() > deadline:
                raise DemoError(f"{what} is not there after {seconds:.0f} seconds: see the logs in {self.logs}")
            time.sleep(0.5)

    def stop(self, *, seconds: float = STOP_SECONDS) -> None:
        """End everything that was started, and what that has started: politely, and not so after `seconds`."""
        with self._lock:
            self._is_stopped = True
        # Each by its own signal first: a group's can leave the scheduler hanging.
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0))
        for process in self.running.values():
            _kill_session(process.pid)
            process.wait()
        self.running.clear()

    def _refuse_if_stopped(self) -> None:
        if self._is_stopped:
            raise DemoError("it was stopped before everything was up")


def _kill_session(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    # Airflow's tasks lead groups of their own. Who belongs to a session only Linux tells.
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(entry.name)) == leader:
                os.kill(int(entry.name), signal.SIGKILL)


def free_ports(count: int) -> list[int]:
    """Find TCP ports that nobody listens on at the loopback address."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def is_listening(port: int) -> bool:
    """Tell whether somebody listens on a port at the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
