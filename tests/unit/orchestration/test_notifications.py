from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

FOLDER = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01"
KEY = f"{FOLDER}/111122223333_CloudTrail_us-east-1_20261101T1310Z_AAAAAAAAAAAAAAAA.json.gz"
DELIVERY = json.dumps({"s3Bucket": "trail-bucket", "s3ObjectKey": [KEY]})
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/trail"


class Queue:
    """SQS as the trigger sees it, with a clock that moves only where somebody waits."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, str]] = []
        self.deleted: list[str] = []
        self.due: list[tuple[float, list[str]]] = []
        self.clock = 0.0
        self.failures = 0
        self.polls: list[float] = []

    def put(self, *bodies: str, at: float = 0.0) -> None:
        self.due.append((at, list(bodies)))

    async def sleep(self, seconds: float) -> None:
        self.clock += seconds

    def receive_message(self, **request: Any) -> dict[str, Any]:
        self.polls.append(self.clock)
        if self.failures:
            self.failures -= 1
            raise OSError("no route to SQS")
        self._arrive()
        taken = self.waiting[: request["MaxNumberOfMessages"]]
        return {"Messages": taken} if taken else {}

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        gone = [each["ReceiptHandle"] for each in request["Entries"]]
        assert len({each["Id"] for each in request["Entries"]}) == len(gone)
        self.waiting = [each for each in self.waiting if each["ReceiptHandle"] not in gone]
        self.deleted += gone
        return {}

    def _arrive(self) -> None:
        for at, bodies in [each for each in self.due if each[0] <= self.clock]:
            self.due.remove((at, bodies))
            start = len(self.waiting) + len(self.deleted)
            self.waiting += [{"ReceiptHandle": str(start + n), "Body": body} for n, body in enumerate(bodies)]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    from insights.orchestration import notifications

    made = Queue()
    monkeypatch.setattr(notifications.asyncio, "sleep", made.sleep)
    monkeypatch.setattr(notifications.DeliveryTrigger, "_connect", lambda _: made)
    return made


@pytest.fixture
def trigger() -> Any:
    from insights.orchestration.notifications import DeliveryTrigger

    return DeliveryTrigger(QUEUE, "trail-bucket", "AWSLogs/", (), (), "aws_default", minutes=5)


@pytest.fixture
def events(queue: Queue, trigger: Any) -> Callable[[int], list[tuple[float, Any]]]:
    """Gives the trigger's first events with the second in which each came."""

    async def first(count: int) -> list[tuple[float, Any]]:
        found: list[tuple[float, Any]] = []
        async for event in trigger.run():
            found.append((queue.clock, event.payload))
            if len(found) == count:
                break
        return found

    return lambda count: asyncio.run(first(count))


def test_one_event_for_a_burst(queue: Queue, events: Callable[[int], list[tuple[float, Any]]]) -> None:
    """Of 35 messages and those that follow within the minute, one event is made; all are deleted."""
    queue.put(*[DELIVERY] * 35)
    queue.put(*[DELIVERY] * 5, at=59)

    assert events(1) == [(60, {"messages": 40, "objects": 40})]
    assert len(queue.deleted) == 40


def test_at_most_once_in_so_many_minutes(queue: Queue, events: Callable[[int], list[tuple[float, Any]]]) -> None:
    """Objects that keep coming make one event in five minutes, and none of them goes unseen."""
    for second in range(0, 1200, 30):
        queue.put(DELIVERY, at=second)

    found = events(4)

    assert [second for second, _ in found] == [60, 360, 660, 960]
    assert sum(payload["objects"] for _, payload in found) == len([s for s in range(0, 1200, 30) if s <= 960])


def test_text_of_strangers_is_not_kept(queue: Queue, events: Callable[[int], list[tuple[float, Any]]]) -> None:
    """Airflow stores what an event says: numbers, whatever the messages say."""
    queue.put(DELIVERY, json.dumps({"s3Bucket": "trail-bucket", "s3ObjectKey": ["<script>" * 1000]}), "garbage")

    assert events(1) == [(60, {"messages": 3, "objects": 1})]


def test_what_is_no_delivery_wakes_nobody(queue: Queue, events: Callable[[int], list[tuple[float, Any]]]) -> None:
    """S3's test message, garbage and other buckets' objects are taken from the queue, and no event is made of them."""
    elsewhere = json.dumps({"s3Bucket": "other-bucket", "s3ObjectKey": [KEY]})
    queue.put('{"Event": "s3:TestEvent"}', "garbage", elsewhere, elsewhere)
    queue.put(DELIVERY, at=90)

    assert events(1) == [(150, {"messages": 1, "objects": 1})]
    assert len(queue.deleted) == 5


def test_an_unreachable_queue(
    queue: Queue, events: Callable[[int], list[tuple[float, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The trigger lives on, says what to do, and asks again after a pause, not at once."""
    queue.failures = 2
    queue.put(DELIVERY)

    found = events(1)

    assert [payload for _, payload in found] == [{"messages": 1, "objects": 1}]
    assert queue.polls[:3] == [0, 300, 600]
    assert "allow sqs:ReceiveMessage and sqs:DeleteMessage" in capsys.readouterr().out


def test_a_flood_is_cut(
    queue: Queue, events: Callable[[int], list[tuple[float, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More messages than can be taken in one go do not keep the nudge from going out."""
    monkeypatch.setattr("insights.orchestration.notifications.MAXIMUM_BATCHES", 3)
    queue.put(*[DELIVERY] * 100)

    assert events(1) == [(60, {"messages": 60, "objects": 60})]


def test_made_again(trigger: Any) -> None:
    """The triggerer, another process, makes the same trigger from what the DAG file's has said, as JSON."""
    from airflow.sdk.module_loading import import_string

    path, arguments = json.loads(json.dumps(trigger.serialize()))

    again = import_string(path)(**arguments)

    assert again.serialize() == trigger.serialize()
    assert (again.queue_url, again.minutes) == (QUEUE, 5)
    assert again.part == trigger.part


@pytest.mark.parametrize(("url", "region"), [(QUEUE, "eu-west-1"), ("http://127.0.0.1:5000/1/trail", "us-east-1")])
def test_region_of_the_queue(url: str, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue is asked in its own Region; where its URL names none, in the connection's."""
    from insights.orchestration.notifications import DeliveryTrigger

    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": {"region_name": "us-east-1"}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    made = DeliveryTrigger(url, "trail-bucket", "", (), (), "aws_default", minutes=5)

    assert made._connect().meta.region_name == region
