"""Send the API what no client would: random, malformed, and valid signed requests with something altered.

    python -m benchmarks.api_fuzz [--requests 100000] [--raw 5000] [--seed 1] [--lake FOLDER]

Most requests go to the application in this process, some as raw bytes to `insights serve` over the loopback interface.
An answer is a finding if it is a 500 or 503, is not of the protocol, takes over a second, or tells more than it should.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks import lakes
from benchmarks.odd_requests import bent, requests
from benchmarks.signing import KEY_ID, SECRET, Sent
from insights.api.auth.keys import secret_in_environment
from insights.api.auth.opening import open_authenticator
from insights.api.protocol import create_api
from insights.api.service import Service
from insights.settings import parse_settings
from insights.stages.workspace import Workspace

SLOW_SECONDS = 1.0
_TELLS_TOO_MUCH = re.compile(r"Traceback|\.py\b|site-packages|botocore|pyarrow|/tmp/|" + re.escape(SECRET))


@dataclass
class Findings:
    """What came of the requests."""

    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def note(self, sent: Sent, status: int, text: str, seconds: float) -> None:
        """Judge an answer."""
        self.slowest = max(self.slowest, seconds)
        try:
            document = json.loads(text)
            code = document["__type"] if status != 200 else "answered"
        except (ValueError, KeyError, TypeError):
            code = "no document"
            # An answer to HEAD has none.
            is_wrong = sent.method != "HEAD" or bool(text)
        else:
            is_wrong = status >= 500 or bool(status != 200 and _TELLS_TOO_MUCH.search(text))
        self.answers[f"{status} {code}"] += 1
        if is_wrong or seconds > SLOW_SECONDS:
            self.wrong.append(f"{status} in {seconds:.2f} s: {sent!r:.600} -> {text[:300]!r}")


def application(workspace: Workspace) -> Any:
    """Make the application, with one key that may do everything as often as it likes."""
    key = {"id": KEY_ID, "secret": "env:SECRET", "may": ["read", "write-selectors"]}
    settings = parse_settings({"api": {"keys": [key], "burst": 10**9, "requests_per_second": 10**9}}).api
    door = open_authenticator(settings, secret_of=secret_in_environment({"SECRET": SECRET}), now=workspace.now)
    service = Service(workspace)
    return create_api(service=lambda: service, authenticator=door)


async def ask_in_process(app: Any, number: int, seed: int) -> Findings:
    """Send requests to the application itself."""
    findings, source = Findings(), requests(seed)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:4580") as client:
        for _ in range(number):
            sent = next(source)
            url = f"http://localhost:4580{sent.path}" + (f"?{sent.query}" if sent.query else "")
            headers = [(name.encode(), value.encode("latin-1")) for name, value in sent.headers]
            begin = time.perf_counter()
            response = await client.request(sent.method, url, headers=headers, content=sent.body)
            findings.note(sent, response.status_code, response.text, time.perf_counter() - begin)
    return findings


def ask_over_socket(port: int, number: int, seed: int) -> Findings:
    """Send requests as bytes, one in ten of them bent so that it is hardly HTTP."""
    findings, source, chance = Findings(), requests(seed), random.Random(seed)
    for _ in range(number):
        sent = next(source)
        raw, is_bent = _raw(sent), chance.random() < 0.1
        if is_bent:
            raw = bent(chance, raw)
        begin = time.perf_counter()
        status, text = _exchanged(port, raw, ends=is_bent)
        seconds = time.perf_counter() - begin
        if text.startswith("{"):
            findings.note(sent, status, text, seconds)
        else:
            findings.answers[f"{status or 'closed'} by the HTTP server"] += 1
            if status >= 500 or seconds > SLOW_SECONDS:
                findings.wrong.append(f"{status} in {seconds:.2f} s: {raw[:600]!r} -> {text[:300]!r}")
    return findings


def _raw(sent: Sent) -> bytes:
    url = sent.path + (f"?{sent.query}" if sent.query else "")
    lines = [f"{sent.method} {url} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.headers)]
    lines += [f"Content-Length: {len(sent.body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + sent.body


def _exchanged(port: int, raw: bytes, *, ends: bool) -> tuple[int, str]:
    """Send bytes and give status and body of what comes back, status 0 where nothing does.

    Where the client ends its side, the server has nothing to wait for; nor has it anybody to answer.
    """
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(raw)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except OSError:
            # The server may stop listening to what is too long.
            pass
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1.1 (\d{3})", head)
    return int(status[1]) if status else 0, body.decode("utf-8", "replace")


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[int]:
    """Run `insights serve` with an access key that may do everything; what it says is written to a file."""
    key = '{id = "READER", secret = "env:FUZZ_SECRET", may = ["read", "write-selectors"]}'
    settings = {
        "TRAIL_INSIGHTS__API__KEYS": f"[{key}]",
        "TRAIL_INSIGHTS__API__BURST": "1000000",
        "TRAIL_INSIGHTS__API__REQUESTS_PER_SECOND": "1000000",
        "FUZZ_SECRET": SECRET,
    }
    program = "from insights.cli.main import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--lake", str(folder)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=output, text=True)
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
            if found is None:
                raise RuntimeError(f"the server did not start: {log.read_text(encoding='utf-8')}")
            yield int(found[1])
        finally:
            process.terminate()
            process.communicate()


def main(arguments: Sequence[str] | None = None) -> int:
    """Send, print what came of it, and end with status 1 where something is wrong."""
    parser = argparse.ArgumentParser(description="Send the API what no client would.")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--raw", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lake", type=Path)
    options = parser.parse_args(arguments)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="trail-insights-fuzz-") as name:
        folder = options.lake or lakes.make(Path(name) / "lake", event_count=12_000, days=2).folder
        begin = time.perf_counter()
        app = application(Workspace(parse_settings({"lake": {"url": str(folder)}})))
        inside = asyncio.run(ask_in_process(app, options.requests, options.seed))
        _tell("in this process", options.requests, inside, time.perf_counter() - begin)
        log = Path(name) / "server.log"
        begin = time.perf_counter()
        with serving(folder, log) as port:
            outside = ask_over_socket(port, options.raw, options.seed + 1)
        _tell("over a socket", options.raw, outside, time.perf_counter() - begin)
        is_quiet = "Traceback" not in log.read_text(encoding="utf-8", errors="replace")
        print(
            "the server wrote no traceback" if is_quiet else log.read_text(encoding="utf-8", errors="replace")[-3000:]
        )
    return int(bool(inside.wrong or outside.wrong or not is_quiet))


def _tell(where: str, number: int, findings: Findings, seconds: float) -> None:
    print(f"{number} requests {where} in {seconds:.0f} s, the slowest took {findings.slowest * 1000:.0f} ms")
    for answer, times in findings.answers.most_common():
        print(f"  {times:7} {answer}")
    for text in findings.wrong[:20]:
        print(f"  WRONG {text}")
    print(f"  {len(findings.wrong)} are wrong")


if __name__ == "__main__":
    sys.exit(main())
