"""Measure what checking signatures costs: requests a second and latency of a cheap operation, signed and not.

    python -m benchmarks.api_load [--seconds 8] [--clients 4]

`ListTrails` is asked over the loopback interface of `insights serve`, once with access keys and once with `--no-auth`.
The signed requests are made before the clock starts, so that signing them takes nothing from the server's cores.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks import api, api_fuzz, lakes
from benchmarks.signing import Sent, sign

_SIGNED = 200


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second, and latencies in milliseconds."""

    per_second: float
    median: float
    p99: float


def measure(port: int, requests: Sequence[Sent], *, clients: int, seconds: float) -> Load:
    """Ask for so long with so many clients at once, each on a connection that is kept open.

    Raises:
        RuntimeError: a request was refused.
    """
    begin = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        took = [each for share in pool.map(lambda _: _ask(port, requests, seconds), range(clients)) for each in share]
    rate = len(took) / (time.perf_counter() - begin)
    took.sort()
    return Load(rate, took[len(took) // 2] * 1000, took[min(int(len(took) * 0.99), len(took) - 1)] * 1000)


def _ask(port: int, requests: Sequence[Sent], seconds: float) -> list[float]:
    took: list[float] = []
    end = time.perf_counter() + seconds
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        while not took or time.perf_counter() < end:
            sent = requests[len(took) % len(requests)]
            begin = time.perf_counter()
            connection.request(sent.method, sent.path, sent.body, dict(sent.headers))
            response = connection.getresponse()
            text = response.read()
            took.append(time.perf_counter() - begin)
            if response.status != 200:
                raise RuntimeError(f"{response.status} {text!r}")
    return took


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what checking signatures costs.")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="trail-insights-load-") as name:
        folder = lakes.make(Path(name) / "lake", event_count=2_400, days=1, insight_count=1).folder
        with api_fuzz.serving(folder, Path(name) / "server.log") as port:
            requests = [sign(url=f"http://127.0.0.1:{port}/", body=b"{}" + b" " * each) for each in range(_SIGNED)]
            _tell("signed", measure(port, requests, clients=options.clients, seconds=options.seconds))
        with api.serving(folder) as (port, _):
            requests = [sign(url=f"http://127.0.0.1:{port}/")]
            _tell("--no-auth", measure(port, requests, clients=options.clients, seconds=options.seconds))
    return 0


def _tell(what: str, load: Load) -> None:
    print(f"{what:10} {load.per_second:6.0f} requests/s, p50 {load.median:.1f} ms, p99 {load.p99:.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
