"""What a notification says."""

from __future__ import annotations

from typing import Any

import pytest

from insights.notify.message import SUBJECT_LIMIT, LogFiles, Message, inert, message_of


def details_of(record: dict[str, Any]) -> dict[str, Any]:
    details: dict[str, Any] = record["insightDetails"]
    return details


def with_averages(record: dict[str, Any], *, baseline: float, insight: float) -> dict[str, Any]:
    details_of(record)["insightContext"]["statistics"] |= {
        "baseline": {"average": baseline},
        "insight": {"average": insight},
    }
    return record


def end_of(record: dict[str, Any]) -> dict[str, Any]:
    """Make the Start record its End nine minutes later."""
    details_of(record)["state"] = "End"
    details_of(record)["insightContext"]["statistics"]["insightDuration"] = 9
    return record | {"eventTime": "2025-03-04T14:16:00Z"}


def error_rate(record: dict[str, Any], error_code: str | None) -> dict[str, Any]:
    details_of(record)["insightType"] = "ApiErrorRateInsight"
    if error_code is not None:
        details_of(record)["errorCode"] = error_code
    return record


class TestLogFiles:
    def test_verified(self, start: dict[str, Any]) -> None:
        """Nothing is said where all log files are verified, or where nothing is known of them."""
        assert message_of(start, "why", LogFiles(verified=4)) == message_of(start, "why")
        assert "Log files" not in message_of(start, "why").text

    def test_not_verified(self, start: dict[str, Any]) -> None:
        """Log files that no digest has vouched for by then are told with the reasons, below why."""
        text = message_of(start, "why", LogFiles(verified=3, unverified=2, reasons={"pending": 2})).text

        assert "Why: why\nLog files: 2 not verified, 3 verified (2 pending)\n" in text

    def test_refuted(self, start: dict[str, Any]) -> None:
        """Log files that are not as they were delivered come first."""
        found = LogFiles(unverified=1, refuted=1, reasons={"changed": 1, "no_digest": 1})

        message = message_of(start, "why", found)

        assert "\nLog files: 1 refuted by digests, 1 not verified (1 changed, 1 no_digest)\n" in message.text
        assert message.subject.startswith("Insight started on refuted data: unusually many")
        assert len(message.subject) <= SUBJECT_LIMIT


class TestMessageOf:
    def test_id(self, start: dict[str, Any], message: Message) -> None:
        """The record's eventID is the message's id, so that receivers can tell a message that came twice."""
        assert message.message_id == start["eventID"]

    def test_detail(self, start: dict[str, Any], message: Message) -> None:
        """The record travels with the words, as it is."""
        assert message.detail == start

    def test_again(self, start: dict[str, Any]) -> None:
        """The same record and reason always make the same message."""
        assert message_of(start, "why") == message_of(start, "why")

    def test_text(self, message: Message) -> None:
        """The text tells what, where, when, how unusual, why and who, one fact a line."""
        assert message.text.splitlines() == [
            "Unusually many calls of RunInstances (ec2.amazonaws.com)",
            "",
            "Where: account 111122223333, Region us-east-1",
            "When: since 2025-03-04T14:07:00Z",
            "Seen: 6 a minute, 3,122 times the usual",
            "Usual: one every 520 minutes",
            "Why: 30 calls in 5 minutes; 2 would have been usual.",
            "",
            "Identities:",
            "- arn:aws:sts::111122223333:assumed-role/CI: 5.6 a minute, usually one every 780 minutes",
            "- arn:aws:iam::111122223333:user/Alice: 0.4 a minute, usually none",
            "",
            "User agents:",
            "- aws-cli/2.15.0: 6 a minute, usually none",
            "",
            "Error codes:",
            "- no error: 6 a minute, usually one every 520 minutes",
            "",
            "Insight: 5d3f2c0a-8f5e-4c39-9a7e-2f1f4f0f9b22",
            "Record: 0b0a4f0e-6a55-4a57-8d0f-0d5a3c1f7e11",
        ]

    def test_end(self, start: dict[str, Any]) -> None:
        """An End tells the whole span: from its time less its duration to its time."""
        text = message_of(end_of(start), "why").text

        assert "When: 2025-03-04T14:07:00Z to 2025-03-04T14:16:00Z, 9 minutes" in text

    def test_drop(self, start: dict[str, Any]) -> None:
        """A rate below the usual is told as few calls and a share of the usual."""
        message = message_of(with_averages(start, baseline=12.5, insight=0.5), "why")

        assert message.subject.startswith("Insight started: unusually few calls")
        assert "Seen: 0.5 a minute, 4 % of the usual" in message.text

    def test_silence(self, start: dict[str, Any]) -> None:
        """A rate of nothing is called none."""
        assert (
            "Seen: none\nUsual: 12.5 a minute" in message_of(with_averages(start, baseline=12.5, insight=0), "why").text
        )

    def test_never_before(self, start: dict[str, Any]) -> None:
        """Where nothing was usual there is nothing to compare with."""
        assert "Seen: 6 a minute\nUsual: none" in message_of(with_averages(start, baseline=0, insight=6), "why").text

    def test_full_baseline(self, start: dict[str, Any]) -> None:
        """A value missing from a baseline that names its top five may have been the sixth: it is not called new."""
        agents = details_of(start)["insightContext"]["attributions"][1]
        agents["baseline"] = [{"value": f"agent-{number}", "average": 1} for number in range(5)]

        assert "- aws-cli/2.15.0: 6 a minute, usually not in the top 5" in message_of(start, "why").text

    @pytest.mark.parametrize("missing", ["attributions", "recipientAccountId", "insightDuration"])
    def test_older_records(self, start: dict[str, Any], missing: str) -> None:
        """What AWS's records of 2019 or its field list leave out may be absent."""
        record = end_of(start)
        for part in (
            record,
            record["insightDetails"]["insightContext"],
            record["insightDetails"]["insightContext"]["statistics"],
        ):
            part.pop(missing, None)

        assert message_of(record, "why").message_id == record["eventID"]

    def test_not_an_insight(self, start: dict[str, Any]) -> None:
        """A record without a member every Insight record has is refused by that member's name."""
        del start["insightDetails"]

        with pytest.raises(KeyError, match="insightDetails"):
            message_of(start, "why")


class TestSubject:
    def test_call_rate(self, message: Message) -> None:
        """The subject of a call-rate insight names state, API, account and Region."""
        assert message.subject == "Insight started: unusually many calls of RunInstances in 111122223333 us-east-1"

    def test_error_rate(self, start: dict[str, Any]) -> None:
        """The subject of an error-rate insight names the error too."""
        assert (
            message_of(end_of(error_rate(start, "AccessDenied")), "why").subject
            == "Insight ended: unusually many AccessDenied errors of RunInstances in 111122223333 us-east-1"
        )

    def test_error_rate_without_code(self, start: dict[str, Any]) -> None:
        """An error-rate record without its optional error code is still a sentence."""
        assert "unusually many errors of RunInstances" in message_of(error_rate(start, None), "why").subject

    def test_long_names(self, start: dict[str, Any]) -> None:
        """A long API name is cut; account and Region are not."""
        details_of(start)["eventName"] = "A" * 500

        subject = message_of(start, "why").subject
        assert len(subject) == SUBJECT_LIMIT
        assert subject.endswith("AAA... in 111122223333 us-east-1")

    def test_ascii(self, start: dict[str, Any]) -> None:
        """Letters outside ASCII become question marks: not every mail relay takes them in a subject."""
        details_of(start)["eventName"] = "Größe"

        assert "calls of Gr??e in" in message_of(start, "why").subject


class TestInert:
    @pytest.mark.parametrize(
        ("text", "harmless"),
        [
            pytest.param("aws-cli/2.15.0 Python/3.11", "aws-cli/2.15.0 Python/3.11", id="ordinary"),
            pytest.param("a\r\nBcc: everyone", "a��Bcc: everyone", id="line-ends"),
            pytest.param("a\u2028b\x85c", "a�b�c", id="unicode-line-ends"),
            pytest.param("\x1b[2Jgone\x00", "�[2Jgone�", id="terminal-controls"),
            pytest.param("user\u202egpj.exe", "user�gpj.exe", id="direction-override"),
            pytest.param("\ud800", "�", id="lone-surrogate"),
            pytest.param("<img src=x>", "‹img src=x›", id="html"),
            pytest.param("<!channel>", "‹!channel›", id="chat-mention"),
            pytest.param("http://example.com", "http[:]//example.com", id="link"),
            pytest.param("naïve 東京", "naïve 東京", id="other-scripts-stay"),
        ],
    )
    def test_inert(self, text: str, harmless: str) -> None:
        """Quoted text can neither start a line, steer a terminal, carry markup nor be clicked."""
        assert inert(text) == harmless

    def test_limit(self) -> None:
        """Quoted text is cut, and seen to be."""
        assert inert("x" * 1000, 10) == "xxxxxxxxx…"

    @pytest.mark.parametrize("member", ["eventName", "eventSource"])
    def test_names(self, start: dict[str, Any], member: str) -> None:
        """An API name in a record cannot add a line to the text or to the subject."""
        lines = message_of(start, "why").text.count("\n")
        details_of(start)[member] = "Run\nWhere: nowhere"

        message = message_of(start, "why")
        assert message.text.count("\n") == lines
        assert "\n" not in message.subject

    def test_attributed_values(self, start: dict[str, Any]) -> None:
        """A user agent can neither add a line nor put a link under the reader's finger."""
        details_of(start)["insightContext"]["attributions"][1]["insight"][0]["value"] = "x\n<a href='http://e.example'>"

        assert "- x�‹a href='http[:]//e.example'›: 6 a minute" in message_of(start, "why").text
