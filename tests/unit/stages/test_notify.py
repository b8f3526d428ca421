from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from insights.errors import DeliveryError
from insights.notify.message import Message
from insights.stages import notify
from insights.storage import insights
from insights.windows import parse_instant


def rewrite(lake, row) -> None:
    """Put an insight over what is known of it."""
    (known,) = [each for each in insights.read(lake) if each["insight_id"] == row["insight_id"]]
    insights.write(lake, known | row)


@dataclass
class FakeChannel:
    """Keeps the titles it is sent, until it is asked for more than it takes."""

    name: str
    capacity: int = 100
    sent: list[str] = field(default_factory=list)

    def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if len(self.sent) >= self.capacity:
                raise DeliveryError(f"{self.name} is full")
            details = message.detail["insightDetails"]
            self.sent.append(f"{details['state']} {details['eventName']}")


@pytest.fixture
def told(pipeline, insight):
    """A pipeline with an open and a closed insight of the hour before now."""
    pipeline.workspace.now = lambda: parse_instant("2026-11-01T15:00")
    insights.write(pipeline.workspace.lake, insight("RunInstances", "2026-11-01T14:07"))
    insights.write(pipeline.workspace.lake, insight("CreateUser", "2026-11-01T14:20", minutes=9))
    return pipeline


EVERYTHING = ["Start RunInstances", "Start CreateUser", "End CreateUser"]


def test_every_channel_once(told) -> None:
    """Each channel gets each record once, oldest insight first, however often notify runs."""
    channels = [FakeChannel("a"), FakeChannel("b")]
    first = notify.run(None, told.workspace, channels)
    second = notify.run(None, told.workspace, channels)

    assert [channel.sent for channel in channels] == [EVERYTHING, EVERYTHING]
    assert (first.sent, second.sent) == (6, 0)


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
    rewrite(told.workspace.lake, insight("RunInstances", "2026-11-01T14:07", minutes=20))
    notify.run(None, told.workspace, [channel])

    assert channel.sent == [*EVERYTHING, "End RunInstances"]


def test_new_channel(told) -> None:
    """A channel that is added later gets what is still news."""
    notify.run(None, told.workspace, [FakeChannel("a")])
    later = FakeChannel("b")
    notify.run(None, told.workspace, [FakeChannel("a"), later])

    assert later.sent == EVERYTHING


def test_failure(told) -> None:
    """A channel that fails is told, the others are served, and only what it missed is sent again."""
    failing, working = FakeChannel("failing", capacity=1), FakeChannel("working")
    with pytest.raises(DeliveryError, match="failing is full"):
        notify.run(None, told.workspace, [failing, working])
    assert working.sent == EVERYTHING

    failing.capacity = 100
    assert notify.run(None, told.workspace, [failing, working]).sent == 2
    assert (failing.sent, working.sent) == (EVERYTHING, EVERYTHING)


def test_old_records(told, insight) -> None:
    """What is older than a day is history: it is counted and wakes nobody, now or later."""
    insights.write(told.workspace.lake, insight("DeleteUser", "2026-10-31T14:59", minutes=1))
    channel = FakeChannel("a")
    report = notify.run(None, told.workspace, [channel])

    assert (report.sent, report.too_old) == (4, 1)
    assert channel.sent == ["End DeleteUser", *EVERYTHING]


def test_max_age(open_pipeline, insight) -> None:
    """How old news may be is a setting."""
    pipeline = open_pipeline(notify={"max_age_hours": 1})
    pipeline.workspace.now = lambda: parse_instant("2026-11-01T15:08")
    insights.write(pipeline.workspace.lake, insight("RunInstances", "2026-11-01T14:07"))
    channel = FakeChannel("a")

    assert notify.run(None, pipeline.workspace, [channel]).too_old == 1
    assert channel.sent == []


def test_channels_of_the_settings(told, caplog: pytest.LogCaptureFixture) -> None:
    """Without channels handed over, those of the settings are served: by default the log."""
    report = notify.run(None, told.workspace)

    assert report.sent == 3
    assert sum("RunInstances" in line for line in caplog.messages) == 1
