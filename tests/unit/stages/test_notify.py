import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from insights.errors import DeliveryError, UnreachableError
from insights.notify.channels import MemoryChannel
from insights.notify.message import Message
from insights.stages import notify, publish
from insights.storage import insights, publications
from insights.windows import parse_instant

NOW = parse_instant("2026-11-01T15:00")


@dataclass
class FakeChannel:
    """Keeps the titles it is sent, but for those of the APIs that it refuses; unreachable, it takes nothing."""

    name: str
    refuses: set[str] = field(default_factory=set)
    is_unreachable: bool = False
    sent: list[str] = field(default_factory=list)
    calls: int = 0

    def send(self, messages: Sequence[Message]) -> None:
        self.calls += 1
        if self.is_unreachable:
            raise UnreachableError(f"{self.name} does not answer")
        refused = []
        for message in messages:
            details = message.detail["insightDetails"]
            if details["eventName"] in self.refuses:
                refused.append(message.message_id)
            else:
                self.sent.append(f"{details['state']} {details['eventName']}")
        if refused:
            raise DeliveryError(f"{self.name} refuses {len(refused)}", frozenset(refused))


@pytest.fixture
def told(pipeline, insight):
    """A pipeline with an open and a closed insight of the hour before now, both published."""
    pipeline.workspace.now = lambda: NOW
    insights.write(pipeline.workspace.lake, insight("RunInstances", "2026-11-01T14:07"))
    insights.write(pipeline.workspace.lake, insight("CreateUser", "2026-11-01T14:20", minutes=9))
    publish.run(None, pipeline.workspace)
    return pipeline


EVERYTHING = ["Start RunInstances", "Start CreateUser", "End CreateUser"]


def test_every_channel_once(told) -> None:
    """Each channel gets each record once, oldest first, however often notify runs."""
    channels = [FakeChannel("a"), FakeChannel("b")]
    first = notify.run(None, told.workspace, channels)
    second = notify.run(None, told.workspace, channels)

    assert [channel.sent for channel in channels] == [EVERYTHING, EVERYTHING]
    assert (first.sent, second.sent) == (6, 0)


@pytest.mark.parametrize("numbers", [{"verified": 1, "refuted": 2, "reasons": {"changed": 2}}, None])
def test_integrity(pipeline, insight, numbers: dict[str, Any] | None) -> None:
    """A message says what digests say of the log files its insight rests on, where anything is known of them."""
    pipeline.workspace.now = lambda: NOW
    row = insight("RunInstances", "2026-11-01T14:07") | {"integrity_json": numbers and json.dumps(numbers)}
    insights.write(pipeline.workspace.lake, row)
    publish.run(None, pipeline.workspace)
    channel = MemoryChannel()
    notify.run(None, pipeline.workspace, [channel])

    (message,) = channel.messages
    assert ("Log files: 2 refuted by digests, 1 verified (2 changed)" in message.text) == (numbers is not None)
    assert message.detail == json.loads(row["start_record_json"])


def test_waiting_since_an_earlier_version(told) -> None:
    """What an earlier version left to be told, when log files were not spoken of, is told as it was."""
    lake = told.workspace.lake
    for info in list(lake.list("outbox/")):
        item = json.loads(lake.get(info.key)[0])
        del item["integrity_json"]
        lake.put(info.key, json.dumps(item).encode())
    channel = FakeChannel("a")
    notify.run(None, told.workspace, [channel])

    assert channel.sent == EVERYTHING


def test_only_what_is_published(pipeline, insight) -> None:
    """Nobody is told of a record that is not in the bucket yet."""
    pipeline.workspace.now = lambda: NOW
    insights.write(pipeline.workspace.lake, insight("RunInstances", "2026-11-01T14:07"))
    channel = FakeChannel("a")

    assert notify.run(None, pipeline.workspace, [channel]).sent == 0
    assert channel.calls == 0


def test_what_was_told_long_ago_is_not_looked_at(told, monkeypatch) -> None:
    """What an hour costs does not grow with all that was ever told: marks are listed by the days of the news."""
    listed: list[str] = []
    inner = told.workspace.lake.list
    monkeypatch.setattr(told.workspace.lake, "list", lambda prefix: listed.append(prefix) or inner(prefix))
    notify.run(None, told.workspace, [FakeChannel("a")])

    marks = [prefix for prefix in listed if prefix.startswith("notified/")]
    assert [prefix.rpartition("/date=")[2] for prefix in marks] == ["2026-11-01/"]


def test_new_record(told, insight) -> None:
    """An insight that ends later is told by its End only."""
    channel = FakeChannel("a")
    notify.run(None, told.workspace, [channel])
    (known,) = [row for row in insights.read(told.workspace.lake) if row["end_record_json"] is None]
    insights.write(told.workspace.lake, known | insight("RunInstances", "2026-11-01T14:07", minutes=20))
    publish.run(None, told.workspace)
    notify.run(None, told.workspace, [channel])

    assert channel.sent == [*EVERYTHING, "End RunInstances"]


def test_new_channel(told) -> None:
    """A channel that is added later gets what is still news."""
    notify.run(None, told.workspace, [FakeChannel("a")])
    later = FakeChannel("b")
    notify.run(None, told.workspace, [FakeChannel("a"), later])

    assert later.sent == EVERYTHING


def test_failure(told) -> None:
    """A channel that refuses is told, the others are served, and only what it missed is sent again."""
    failing, working = FakeChannel("failing", refuses={"RunInstances"}), FakeChannel("working")
    with pytest.raises(DeliveryError, match="failing refuses 1"):
        notify.run(None, told.workspace, [failing, working])
    assert (failing.sent, working.sent) == (EVERYTHING[1:], EVERYTHING)

    failing.refuses = set()
    assert notify.run(None, told.workspace, [failing, working]).sent == 1
    assert (failing.sent, working.sent) == ([*EVERYTHING[1:], EVERYTHING[0]], EVERYTHING)


def test_every_failure_is_logged(told, caplog: pytest.LogCaptureFixture) -> None:
    """Where several channels fail the run raises the first one's message, and the log has them all."""
    with pytest.raises(DeliveryError, match="a refuses 1"):
        notify.run(None, told.workspace, [FakeChannel("a", {"RunInstances"}), FakeChannel("b", is_unreachable=True)])

    assert caplog.messages == ["a refuses 1", "b does not answer"]


def test_kept_until_taken(told) -> None:
    """What a channel did not take is sent when it answers again, though it has long become history; then it is gone."""
    channel, other = FakeChannel("a", is_unreachable=True), FakeChannel("b")
    for days in range(4):
        told.workspace.now = lambda days=days: NOW + timedelta(days=days)
        with pytest.raises(UnreachableError):
            notify.run(None, told.workspace, [channel, other])
    channel.is_unreachable = False
    notify.run(None, told.workspace, [channel, other])

    assert (channel.sent, other.sent) == (EVERYTHING, EVERYTHING)
    assert list(publications.waiting(told.workspace.lake)) == []


def test_what_all_took_goes(told) -> None:
    """Once a day is history, what all took of it is forgotten, also where a channel still misses something else."""
    channel = FakeChannel("a", refuses={"RunInstances"})
    told.workspace.now = lambda: NOW + timedelta(days=3)
    with pytest.raises(DeliveryError):
        notify.run(None, told.workspace, [channel])

    assert len(list(publications.waiting(told.workspace.lake))) == 1


def test_unreachable_is_asked_once(pipeline, insight) -> None:
    """A channel that does not answer is not asked for each of many records; one that refuses does not end the rest."""
    pipeline.workspace.now = lambda: NOW
    for number in range(25):
        insights.write(pipeline.workspace.lake, insight(f"Api{number}", "2026-11-01T14:07"))
    publish.run(None, pipeline.workspace)
    silent, strict = FakeChannel("a", is_unreachable=True), FakeChannel("b", refuses={"Api0"})
    with pytest.raises(UnreachableError):
        notify.run(None, pipeline.workspace, [silent, strict])

    assert (silent.calls, strict.calls, len(strict.sent)) == (1, 3, 24)


def test_cost(told, monkeypatch) -> None:
    """Where all is told, no record is read again."""
    notify.run(None, told.workspace, [FakeChannel("a")])
    monkeypatch.setattr(publications, "read_waiting", None)

    assert notify.run(None, told.workspace, [FakeChannel("a")]).sent == 0


def test_max_age(open_pipeline, insight) -> None:
    """How old news may be is a setting."""
    pipeline = open_pipeline(notify={"max_age_hours": 1})
    pipeline.workspace.now = lambda: parse_instant("2026-11-01T15:08")
    insights.write(pipeline.workspace.lake, insight("RunInstances", "2026-11-01T14:07"))
    channel = FakeChannel("a")

    assert publish.run(None, pipeline.workspace).too_old == 1
    notify.run(None, pipeline.workspace, [channel])
    assert channel.sent == []


def test_channels_of_the_settings(told, caplog: pytest.LogCaptureFixture) -> None:
    """Without channels handed over, those of the settings are served: by default the log."""
    report = notify.run(None, told.workspace)

    assert report.sent == 3
    assert sum("RunInstances" in line for line in caplog.messages) == 1
