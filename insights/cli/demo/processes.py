"""Programs that run beside us for a while: started with a log file, stopped one by one, never left behind."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from insights.errors import TrailInsightsError

STOP_SECONDS = 20


class DemoError(TrailInsightsError):
    """A part of the demo did not come up or did not do its work."""


@dataclass(slots=True)
class Processes:
    """Named child processes, stopped in reverse order of their start."""

    logs: Path
    environment: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a program in a session of its own, so that Ctrl-C reaches only us."""
        with (self.logs / f"{name}.log").open("wb") as log:
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
            DemoError: it failed.
        """
        with (self.logs / f"{name}.log").open("wb") as log:
            done = subprocess.run(  # noqa: S603 - our own programs
                command, env=dict(self.environment), stdout=log, stderr=subprocess.STDOUT, check=False
            )
        if done.returncode:
            raise DemoError(f"{name} ended with status {done.returncode}: see {self.logs / name}.log")

    def wait_until(self, what: str, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait for something to come up.

        Raises:
            DemoError: a process ended meanwhile, or the time is over.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise DemoError(f"{name} ended with status {process.returncode}: see {self.logs / name}.log")
            if time.monotonic() > deadline:
                raise DemoError(f"{what} is not there after {seconds:.0f} seconds: see the logs in {self.logs}")
            time.sleep(0.5)

    def stop(self) -> None:
        """End everything that was started: each by its own signal, since a group's can leave the scheduler hanging."""
        for process in reversed(self.running.values()):
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in reversed(self.running.values()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0.1))
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        self.running.clear()


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
