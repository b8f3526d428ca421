"""Settings that name channels, and the channels that need nobody else."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from insights.errors import SettingsError
from insights.notify.channels import LogChannel, MemoryChannel, open_channels
from insights.notify.cloudwatch import CloudWatchLogsChannel
from insights.notify.eventbridge import EventBridgeChannel
from insights.notify.message import Message
from insights.notify.sns import SnsChannel

TOPIC = "arn:aws:sns:eu-west-1:111122223333:insights"


def no_clients(service: str, region: str | None) -> Any:
    raise AssertionError(f"opening a channel asked for a client of {service}")


class TestOpenChannels:
    def test_none(self) -> None:
        """No settings, no channels."""
        assert open_channels([], no_clients) == []

    def test_order(self) -> None:
        """Channels open in the order they are named, and connect to nothing yet."""
        assert open_channels([f"sns:{TOPIC}", "log", "eventbridge:security", "cloudwatch-logs:trail"], no_clients) == [
            SnsChannel(TOPIC, no_clients),
            LogChannel(),
            EventBridgeChannel("security", no_clients),
            CloudWatchLogsChannel("trail", no_clients),
        ]

    def test_twice(self) -> None:
        """A channel named twice opens once, or every notification would arrive twice."""
        assert open_channels(["log", "log"], no_clients) == [LogChannel()]

    @pytest.mark.parametrize(
        "spec",
        [
            f"sns:{TOPIC}",
            f"sns:{TOPIC}.fifo",
            "sns:arn:aws-us-gov:sns:us-gov-west-1:111122223333:insights",
            "eventbridge:default",
            "eventbridge:arn:aws:events:eu-west-1:111122223333:event-bus/security",
            "cloudwatch-logs:/aws/cloudtrail/my-trail",
            "cloudwatch-logs:arn:aws:logs:eu-west-1:111122223333:log-group:aws-cloudtrail-logs:*",
        ],
    )
    def test_name(self, spec: str) -> None:
        """A channel's name is the setting that opened it."""
        assert [channel.name for channel in open_channels([spec], no_clients)] == [spec]

    @pytest.mark.parametrize(
        "spec",
        [
            pytest.param("", id="empty"),
            pytest.param("slack:#security", id="unknown"),
            pytest.param("log:file", id="log-with-a-target"),
            pytest.param("sns:insights", id="topic-name-without-arn"),
            pytest.param("sns:arn:aws:sqs:eu-west-1:111122223333:insights", id="queue"),
            pytest.param(f"sns:{TOPIC}\n", id="line-end"),
            pytest.param("eventbridge:", id="no-bus"),
            pytest.param("cloudwatch-logs:", id="no-group"),
            pytest.param("cloudwatch-logs:a group", id="group-with-a-space"),
            pytest.param("logs:trail", id="half-a-name"),
            pytest.param("eventbridge:arn:aws:events:eu-west-1:111122223333:rule/security", id="rule"),
        ],
    )
    def test_unknown(self, spec: str) -> None:
        """Any other setting is refused, naming it and what may be written."""
        with pytest.raises(SettingsError) as refusal:
            open_channels(["log", spec], no_clients)

        assert repr(spec) in str(refusal.value)
        assert all(kind in str(refusal.value) for kind in ("log", "sns:arn:", "eventbridge:", "cloudwatch-logs:"))


class TestMemoryChannel:
    def test_keeps(self, message: Message) -> None:
        """What was sent can be looked at, in order."""
        channel = MemoryChannel()
        channel.send([message])
        channel.send([replace(message, message_id="another")])

        assert [kept.message_id for kept in channel.messages] == [message.message_id, "another"]


class TestLogChannel:
    def test_line(self, message: Message, caplog: pytest.LogCaptureFixture) -> None:
        """A message is one line: its subject, then the record as JSON."""
        LogChannel().send([message])

        (line,) = caplog.messages
        assert line.startswith(f"{message.subject} {{")
        assert json.loads(line.removeprefix(message.subject)) == message.detail

    def test_level(self, message: Message, caplog: pytest.LogCaptureFixture) -> None:
        """An insight is a warning, which shows even where logging was not set up."""
        LogChannel().send([message])

        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    def test_control_characters(self, message: Message, caplog: pytest.LogCaptureFixture) -> None:
        """No character of a record reaches a terminal as anything but printable ASCII."""
        hostile = "".join(map(chr, range(0x20))) + "\x7f\x9b2J\u202e\u2028"
        LogChannel().send([replace(message, detail=message.detail | {"userAgent": hostile})])

        (line,) = caplog.messages
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line.removeprefix(message.subject))["userAgent"] == hostile
