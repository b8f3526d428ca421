"""What tests of several packages share: CloudTrail records, trail objects of them, and a trail and lake in memory."""

from __future__ import annotations

import gzip
import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from insights.settings import parse_settings
from insights.stages import count, extract, normalize
from insights.stages.report import CountReport, ExtractReport, NormalizeReport
from insights.stages.workspace import Workspace
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.windows import Window, parse_instant

ACCOUNT, REGION = "111122223333", "us-east-1"
FIRST_OF_NOVEMBER = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))
Record = dict[str, Any]

# How fast an example runs depends on the machine, and promises nothing.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the files of tests/golden anew, then review")
    parser.addoption(
        "--thorough", action="store_true", help="tests/fault: 1,000 damaged objects, 50 kills, more orders (minutes)"
    )


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """The address of an AWS of our own on the loopback; what is made there, all tests see."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


def make_record(number: int = 1, **members: Any) -> Record:
    """Give one write call as CloudTrail records it; records of different numbers are different events."""
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLEEXA:session",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/session",
            "accountId": ACCOUNT,
        },
        "eventTime": "2026-11-01T13:05:07Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "RunInstances",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "aws-cli/2.31",
        "requestParameters": {"instancesSet": {"items": [{"minCount": 1}]}},
        "responseElements": None,
        "requestID": f"{number:08x}-1111-4111-8111-111111111111",
        "eventID": f"{number:08x}-2222-4222-8222-222222222222",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    return record | members


def make_body(*records: Any) -> bytes:
    """Give a trail object's content."""
    return gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)


def make_key(delivered: str = "20261101T1310Z", unique: str = "A" * 16, *, account: str = ACCOUNT) -> str:
    """Give a trail object's key as the CloudTrail User Guide spells it."""
    folder = f"{delivered[:4]}/{delivered[4:6]}/{delivered[6:8]}"
    return f"AWSLogs/{account}/CloudTrail/{REGION}/{folder}/{account}_CloudTrail_{REGION}_{delivered}_{unique}.json.gz"


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether the fault tests take minutes instead of seconds."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture(scope="session")
def record() -> Callable[..., Record]:
    return make_record


@pytest.fixture(scope="session")
def body() -> Callable[..., bytes]:
    return make_body


@pytest.fixture(scope="session")
def key() -> Callable[..., str]:
    return make_key


@dataclass
class Pipeline:
    """A trail and a lake in memory, with the stages that lead from one to the other."""

    workspace: Workspace
    window: Window = FIRST_OF_NOVEMBER

    def deliver(self, *records: Any, at: str = "20261101T1310Z", unique: str = "A" * 16) -> str:
        return self.put(make_key(at, unique), make_body(*records))

    def put(self, key: str, content: bytes) -> str:
        self.workspace.trail.put(key, content)
        return key

    def extract(self) -> ExtractReport:
        return extract.run(self.window, self.workspace)

    def normalize(self) -> NormalizeReport:
        report = NormalizeReport(window=str(self.window))
        for shard in self.extract().shards:
            report += normalize.run(self.window, self.workspace, shard)
        return report

    def count(self) -> CountReport:
        return count.run(self.window, self.workspace)

    def ingest(self) -> NormalizeReport:
        report = self.normalize()
        self.count()
        return report

    def rows(self, table: str) -> list[Record]:
        """Give all rows of a table, read with pyarrow alone, each with the folder it lies in, in a fixed order."""
        found = []
        for info in self.workspace.lake.list(f"{table}/"):
            content = pq.ParquetFile(io.BytesIO(self.workspace.lake.get(info.key)[0])).read()
            found += [{"folder": info.key.rpartition("/")[0]} | row for row in content.to_pylist()]
        return sorted(found, key=lambda row: (row["folder"], json.dumps(row, default=str, sort_keys=True)))

    def tables(self) -> dict[str, list[Record]]:
        return {name: self.rows(name) for name in ("events", "minute_counts", "quarantine", "ledger")}


@pytest.fixture(scope="session")
def open_pipeline() -> Callable[..., Pipeline]:
    """Opens pipelines of their own; keyword arguments are settings tables."""

    def opened(**tables: Any) -> Pipeline:
        workspace = Workspace(parse_settings(tables))
        workspace.trail, workspace.lake = open_store("memory://trail"), open_store("memory://lake")
        return Pipeline(workspace)

    return opened


@pytest.fixture
def pipeline(open_pipeline: Callable[..., Pipeline]) -> Pipeline:
    return open_pipeline()


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., list[dict[str, Any]]]:
    """Gives the rows of a table, read with pyarrow alone, in a fixed order."""

    def rows(lake: ObjectStore, table: str) -> list[dict[str, Any]]:
        found = []
        for info in lake.list(f"{table}/"):
            content = pq.ParquetFile(io.BytesIO(lake.get(info.key)[0])).read()
            found += [{"folder": info.key.rpartition("/")[0]} | row for row in content.to_pylist()]
        return sorted(found, key=lambda row: json.dumps(row, default=str, sort_keys=True))

    return rows
