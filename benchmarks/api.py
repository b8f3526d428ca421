"""Measure how fast the API answers over a large lake: latency by question, and requests a second.

    python -m benchmarks.api [--events 10000000] [--days 30] [--requests 100] [--lake FOLDER] [--page PAGE.md]

A server of its own process is asked over the loopback interface, without an SDK, by one client for latencies and by
several for the rate. Each question is asked once first: "cold" is that first answer, the percentiles are of the rest.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import lakes
from insights.records.partitions import EventHour
from insights.storage import counts
from insights.windows import HOUR

TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
CLIENTS = 4
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Question:
    """One request, and what is asked by it in words."""

    words: str
    operation: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """How long the first answer and the others took, in milliseconds, and how many came a second from four clients."""

    question: Question
    cold: float
    median: float
    p99: float
    per_second: float
    entries: int


def questions(lake: lakes.Lake) -> list[Question]:
    """Give what is asked of a lake."""
    names = _names(lake)
    day = (lake.newest - timedelta(days=1)).timestamp()

    def lookup(words: str, key: str, value: str, **more: Any) -> Question:
        return Question(
            words, "LookupEvents", {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}], **more}
        )

    graph = {"EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight"}
    insight = {"EventCategory": "insight"}
    return [
        lookup("events of the API called most", "EventName", names[0][0]),
        lookup(f"events of the API called least (calls an hour: {names[-1][1]})", "EventName", names[-1][0]),
        lookup("events of an API that was called once, in the oldest hour", "EventName", lakes.RARE_NAME),
        lookup("events of an API that was never called", "EventName", "NeverCalled"),
        lookup("events of a caller, of one day", "Username", "nobody", StartTime=day),
        Question("events, newest 50", "LookupEvents", {}),
        Question("Insight records, newest 50", "LookupEvents", insight),
        lookup("Insight records of one API", "EventName", "NeverCalled", **insight),
        Question(
            "the graph of a day by minutes",
            "ListInsightsMetricData",
            graph | {"StartTime": day, "Period": 60, "DataType": "FillWithZeros"},
        ),
        Question("the graph of 90 days by hours", "ListInsightsMetricData", graph),
    ]


def _names(lake: lakes.Lake) -> list[tuple[str, int]]:
    """Give the APIs of the newest hour that are management events, with their calls, the most called first."""
    newest = EventHour(lakes.ACCOUNT, lakes.REGION, lake.newest - HOUR)
    table = pq.read_table(lake.folder / counts.hour_key(newest), partitioning=None)
    calls: Counter[str] = Counter()
    for row in table.filter(pc.equal(table["event_category"], "Management")).to_pylist():
        calls[row["event_name"]] += row["count"]
    return calls.most_common()


class Client:
    """A connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)

    def close(self) -> None:
        self._connection.close()

    def ask(self, question: Question, token: str | None = None) -> dict[str, Any]:
        parameters = question.parameters | ({"NextToken": token} if token else {})
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGET}.{question.operation}"}
        self._connection.request("POST", "/", json.dumps(parameters), headers)
        response = self._connection.getresponse()
        document: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{question.words}: {response.status} {document}")
        return document

    def ask_all(self, question: Question) -> int:
        """Follow the tokens to the end; give the number of entries."""
        entries, token = 0, None
        while True:
            document = self.ask(question, token)
            entries += len(document.get("Events", document.get("Timestamps", [])))
            token = document.get("NextToken")
            if not token or (question.operation == "LookupEvents" and entries):
                return entries


def measure(port: int, question: Question, requests: int) -> Answer:
    """Ask a question again and again."""
    with closing(Client(port)) as client:
        begin = time.perf_counter()
        entries = client.ask_all(question)
        cold = time.perf_counter() - begin
        took = sorted(_timed(client, question) for _ in range(requests))
    begin = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in pool.map(lambda share: _repeat(port, question, share), [requests // CLIENTS] * CLIENTS):
            pass
    rate = requests // CLIENTS * CLIENTS / (time.perf_counter() - begin)
    middle, late = took[len(took) // 2], took[min(int(len(took) * 0.99), len(took) - 1)]
    return Answer(question, cold * 1000, middle * 1000, late * 1000, rate, entries)


def _timed(client: Client, question: Question) -> float:
    begin = time.perf_counter()
    client.ask(question)
    return time.perf_counter() - begin


def _repeat(port: int, question: Question, times: int) -> None:
    with closing(Client(port)) as client:
        for _ in range(times):
            client.ask(question)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int]]:
    """Run `insights serve`; gives its port and process id."""
    command = [sys.executable, "-c", "from insights.cli.main import main; main()", "serve", "--no-auth", "--port", "0"]
    process = subprocess.Popen([*command, "--lake", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        if found is None:
            raise RuntimeError("the server did not start")
        yield int(found[1]), process.pid
    finally:
        process.terminate()
        process.communicate()


def memory_megabytes(pid: int, name: str = "VmHWM") -> float:
    """Give the peak memory of a process, as Linux tells it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def render(lake: lakes.Lake, answers: Sequence[Answer], peak: float) -> str:
    """Write the results as a page."""
    lines = [
        "# How fast does the API answer?",
        "",
        f"A lake of {lake.events:,} events in {lake.hours} hours and 500 insights, in a folder; one server process on",
        f"{os.cpu_count()} cores, measured {datetime.now(UTC):%Y-%m-%d} with `make bench-api`. *Cold* is the first "
        f"answer after the start, the",
        f"percentiles are of one client that asks again, the rate is that of {CLIENTS} clients at once. Peak memory: "
        f"{peak:.0f} MB.",
        "",
        "| question | cold ms | p50 ms | p99 ms | requests/s | entries |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {each.question.words} | {each.cold:.0f} | {each.median:.1f} | {each.p99:.1f} | {each.per_second:.0f} | "
        f"{each.entries} |"
        for each in answers
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if one is named."""
    parser = argparse.ArgumentParser(description="Measure how fast the API answers.")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--lake", type=Path, help="keep the lake there, and use the one that is there")
    parser.add_argument("--page", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="trail-insights-bench-") as name:
        lake = _lake(options.lake or Path(name), options.events, options.days)
        with serving(lake.folder) as (port, pid):
            answers = [measure(port, question, options.requests) for question in questions(lake)]
            peak = memory_megabytes(pid)
    text = render(lake, answers, peak)
    print(text)
    if options.page:
        options.page.write_text(text, encoding="utf-8")
    return 0


def _lake(folder: Path, events: int, days: int) -> lakes.Lake:
    note = folder / "lake.json"
    if note.exists():
        found = json.loads(note.read_text(encoding="utf-8"))
        return lakes.Lake(folder, found["events"], found["hours"], datetime.fromisoformat(found["newest"]))
    lake = lakes.make(folder, event_count=events, days=days)
    note.write_text(
        json.dumps({"events": lake.events, "hours": lake.hours, "newest": lake.newest.isoformat()}), encoding="utf-8"
    )
    return lake


if __name__ == "__main__":
    sys.exit(main())
