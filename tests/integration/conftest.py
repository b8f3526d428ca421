"""A server that speaks AWS's protocols, an Airflow, simulated trails, and lakes: as pyarrow reads them, and served."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.request import Request, urlopen

import pytest

from insights.settings import Settings
from insights.simulate import TrailObject, TrailPlan, scenario, simulate
from insights.stages import count, detect, extract, normalize, publish
from insights.stages.workspace import Workspace
from insights.storage.aws_access import AwsAccess
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.windows import Window, parse_instant
from tests import airflow_home
from tests.integration.endpoints import Endpoint, serving

ACCOUNT, REGION = "111122223333", "us-east-1"
TRAIL, LAKE = "s3://trail-bucket", "s3://lake-bucket"
KEYS = {"AWS_ACCESS_KEY_ID": "testing-key", "AWS_SECRET_ACCESS_KEY": "testing-secret", "AWS_DEFAULT_REGION": REGION}


@pytest.fixture(scope="session", autouse=True)
def _airflow_home() -> None:
    airflow_home.set_up()


@pytest.fixture(scope="session")
def announcement() -> list[TrailObject]:
    """The trail of AWS's announcement (News Blog, 2019-11-20): 21 calls in a week, then six in the minute 13:25.

    There is hardly any other traffic, which keeps the objects few.
    """
    return list(simulate(scenario("announcement", start=parse_instant("2019-10-31"), calls_per_hour=0.5)))


@pytest.fixture(scope="session")
def announcement_window() -> Window:
    """All that was delivered of it, late records included."""
    return Window(parse_instant("2019-10-31"), parse_instant("2019-11-08T12:00"))


@pytest.fixture(scope="session")
def two_hours() -> list[TrailObject]:
    """Calls from 12:00 to 14:00 on 2026-11-01."""
    start = parse_instant("2026-11-01T12:00")
    return list(simulate(TrailPlan(1, start, 2 / 24, (ACCOUNT,), (REGION,), calls_per_hour=60)))


@dataclass(frozen=True)
class Cloud:
    """An AWS of our own with two empty buckets."""

    url: str

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(service, endpoint_url=self.url, region_name=REGION)

    def access(self) -> AwsAccess:
        return AwsAccess(endpoint_url=self.url)

    def store(self, url: str) -> ObjectStore:
        return open_store(url, aws=self.access())

    def deliver(self, objects: Iterable[TrailObject]) -> None:
        trail = self.store(TRAIL)
        for each in objects:
            trail.put(each.key, each.body)

    def post(self, path: str, body: str = "") -> None:
        request = Request(f"{self.url}/moto-api/{path}", body.encode(), {"Content-Type": "text/plain"})  # noqa: S310
        urlopen(request).close()  # noqa: S310

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Take no credentials for a while."""
        self.post("reset-auth", "0")
        try:
            yield
        finally:
            self.post("reset-auth", "inf")

    def subscribe(self) -> tuple[str, Callable[[], list[dict[str, Any]]]]:
        """Make a topic with a queue behind it; gives the channel's setting, and what takes the queue's messages."""
        sns, sqs = self.client("sns"), self.client("sqs")
        topic = sns.create_topic(Name="insights")["TopicArn"]
        queue = sqs.create_queue(QueueName="insights")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

        def received() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                for each in messages:
                    found.append(json.loads(each["Body"]))
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
            return found

        return f"sns:{topic}", received


@pytest.fixture
def cloud(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An empty AWS, which this process, its children, and Airflow's connection lead to; settings name its buckets."""
    connection = {
        "conn_type": "aws",
        "login": KEYS["AWS_ACCESS_KEY_ID"],
        "password": KEYS["AWS_SECRET_ACCESS_KEY"],
        "extra": {"region_name": REGION, "endpoint_url": aws_endpoint},
    }
    settings = {
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
        "TRAIL_INSIGHTS__TRAIL__URL": TRAIL,
        "TRAIL_INSIGHTS__LAKE__URL": LAKE,
    }
    for name, value in (KEYS | settings).items():
        monkeypatch.setenv(name, value)
    found = Cloud(aws_endpoint)
    found.post("reset")
    for url in (TRAIL, LAKE):
        found.client("s3").create_bucket(Bucket=url.removeprefix("s3://"))
    return found


@pytest.fixture
def run_dag(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Runs a DAG in this process as `airflow dags test` does; gives the state of each task, and of the run as ''."""
    airflow_home.set_up_database()
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.dagrun import DagRun

    from insights.orchestration.schedule import DEFAULT_ARGS

    # A failure would otherwise be waited for: in a test run nothing is passing.
    monkeypatch.setitem(DEFAULT_ARGS, "retries", 0)
    monkeypatch.chdir(airflow_home.PROJECT)
    bag = DagBag(str(airflow_home.PROJECT / "dags"))

    def ran(dag_id: str, *, at: datetime | None = None, **conf: Any) -> dict[str, str]:
        run: DagRun = bag.dags[dag_id].test(logical_date=at, run_after=at, run_conf=conf)
        states = {each.task_id: str(each.state) for each in run.get_task_instances()}
        return states | {"": str(run.state)}

    return ran


@pytest.fixture(scope="session")
def open_lake() -> Callable[..., Workspace]:
    """Opens a trail of some objects and an empty lake, both in memory."""

    def opened(objects: Iterable[TrailObject]) -> Workspace:
        made = Workspace(Settings())
        made.trail, made.lake = open_store("memory://trail"), open_store("memory://lake")
        for each in objects:
            made.trail.put(each.key, each.body)
        return made

    return opened


@pytest.fixture(scope="session")
def ingest() -> Callable[..., None]:
    """Brings a window from trail to counts; unless `is_whole`, as a nudge does."""

    def done(window: Window, workspace: Workspace, *, is_whole: bool = True) -> None:
        for shard in extract.run(window, workspace).shards:
            normalize.run(window, workspace, shard)
        count.run(window, workspace, is_whole=is_whole)

    return done


@pytest.fixture(scope="session")
def analyse(ingest: Callable[[Window, Workspace], None]) -> Callable[[Window, Workspace], None]:
    """Brings a window from trail to published records."""

    def done(window: Window, workspace: Workspace) -> None:
        ingest(window, workspace)
        detect.run(None, workspace)
        publish.run(None, workspace)

    return done


@pytest.fixture(scope="session")
def announced(
    announcement: Any,
    announcement_window: Window,
    analyse: Callable[..., None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Endpoint]:
    """A server over the lake of the announcement's trail."""
    folder = tmp_path_factory.mktemp("announced")
    workspace = Workspace(Settings())
    workspace.trail, workspace.lake = open_store("memory://trail"), open_store(str(folder))
    for each in announcement:
        workspace.trail.put(each.key, each.body)
    analyse(announcement_window, workspace)
    with serving(folder) as endpoint:
        yield endpoint
