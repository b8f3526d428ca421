"""An Insight record in plain words. Pure: what a message says, not where it goes.

Whatever a record quotes from the log (API names, user agents, role names, error codes) is text somebody else chose, so
every quoted value is made inert first: one line, no control or direction-changing characters, no markup, no live links.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from insights.records.insight import TOP_VALUES
from insights.records.series import InsightType
from insights.windows import format_instant, parse_instant

SUBJECT_LIMIT = 99
"""Amazon SNS API Reference, "Publish": a subject is less than 100 characters long, without line breaks."""

_VALUE_LIMIT = 200
_PARAGRAPH_LIMIT = 2000
_MARKUP = str.maketrans("<>", "‹›")
_LABELS = {"userIdentityArn": "Identities", "userAgent": "User agents", "errorCode": "Error codes"}


@dataclass(frozen=True, slots=True)
class Message:
    """What every channel sends for one Insight record.

    `message_id` is the record's `eventID`: the same record always makes the same message, so a receiver that gets one
    twice can drop the second. `subject` is printable ASCII of at most 99 characters; `text` has one fact a line;
    `detail` is the record itself, as it was given.
    """

    message_id: str
    subject: str
    text: str
    detail: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class LogFiles:
    """How many of the log files that an insight rests on have which verdict, and why those that are not verified."""

    verified: int = 0
    unverified: int = 0
    refuted: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def message_of(record: dict[str, Any], explanation: str, log_files: LogFiles | None = None) -> Message:
    """Say in words what an Insight record (Start or End, of ours or of AWS) says in numbers.

    Args:
        record: the record in the form AWS writes for trails; durations and attributions may be absent.
        explanation: why the detector spoke up, in a sentence or two.
        log_files: what digests said of the log files by then; None where nothing is known of them.

    Raises:
        KeyError: a member that every Insight record has is missing.
    """
    found = log_files or LogFiles()
    return Message(
        message_id=record["eventID"],
        subject=_subject(record, found),
        text="\n".join(_lines(record, explanation, found)),
        detail=record,
    )


def inert(text: str, limit: int = _VALUE_LIMIT) -> str:
    r"""Give quoted text as one harmless line of at most `limit` characters.

    Characters that do not print (controls, line ends, direction marks, lone surrogates) become U+FFFD, angle brackets
    lose their meaning in HTML and chat markup, and links can no longer be clicked.

    >>> inert("a\nb <script> https://example.com")
    'a�b ‹script› https[:]//example.com'
    """
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return _cut(printable.translate(_MARKUP).replace("://", "[:]//"), limit, "…")


def _cut(text: str, limit: int, ellipsis: str) -> str:
    return text if len(text) <= limit else text[: limit - len(ellipsis)] + ellipsis


def _subject(record: dict[str, Any], log_files: LogFiles) -> str:
    details = record["insightDetails"]
    place = _ascii(f" in {inert(_account(record), 20)} {inert(record['awsRegion'], 25)}")
    verb = "started" if details["state"] == "Start" else "ended"
    verb += " on refuted data" if log_files.refuted else ""
    # The place is what tells one of many such mails from another: a long API name is cut, the place never is.
    return _cut(_ascii(f"Insight {verb}: {_what(details)}"), SUBJECT_LIMIT - len(place), "...") + place


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")


def _account(record: dict[str, Any]) -> str:
    return str(record.get("recipientAccountId", "unknown account"))


def _what(details: dict[str, Any]) -> str:
    statistics = details["insightContext"]["statistics"]
    amount = "many" if statistics["insight"]["average"] >= statistics["baseline"]["average"] else "few"
    api = inert(details["eventName"])
    if details["insightType"] == InsightType.ERROR_RATE:
        errors = f"{inert(details['errorCode'])} errors" if "errorCode" in details else "errors"
        return f"unusually {amount} {errors} of {api}"
    return f"unusually {amount} calls of {api}"


def _lines(record: dict[str, Any], explanation: str, log_files: LogFiles) -> Iterator[str]:
    details = record["insightDetails"]
    statistics = details["insightContext"]["statistics"]
    usual, seen = statistics["baseline"]["average"], statistics["insight"]["average"]
    what = _what(details)
    yield f"{what[0].upper()}{what[1:]} ({inert(details['eventSource'])})"
    yield ""
    yield f"Where: account {inert(_account(record))}, Region {inert(record['awsRegion'])}"
    yield f"When: {_when(record)}"
    yield f"Seen: {_rate(seen)}{_comparison(seen, usual)}"
    yield f"Usual: {_rate(usual)}"
    yield f"Why: {inert(explanation, _PARAGRAPH_LIMIT)}"
    yield from _doubts(log_files)
    for attribution in details["insightContext"].get("attributions", ()):
        yield ""
        yield from _attribution_lines(attribution)
    yield ""
    yield f"Insight: {inert(record['sharedEventID'])}"
    yield f"Record: {inert(record['eventID'])}"


def _when(record: dict[str, Any]) -> str:
    details = record["insightDetails"]
    minutes = details["insightContext"]["statistics"].get("insightDuration")
    at = parse_instant(record["eventTime"])
    if details["state"] == "Start":
        return f"since {format_instant(at)}"
    if minutes is None:
        return f"until {format_instant(at)}"
    # The End record's time is the first minute that is usual again.
    return f"{format_instant(at - timedelta(minutes=minutes))} to {format_instant(at)}, {_counted(minutes, 'minute')}"


def _doubts(log_files: LogFiles) -> Iterator[str]:
    """Say where not all the log files behind an insight are known to be as CloudTrail delivered them."""
    if not (log_files.unverified or log_files.refuted):
        return
    numbers = {
        "refuted by digests": log_files.refuted,
        "not verified": log_files.unverified,
        "verified": log_files.verified,
    }
    said = ", ".join(f"{number} {verdict}" for verdict, number in numbers.items() if number)
    reasons = ", ".join(f"{number} {inert(reason)}" for reason, number in log_files.reasons.items())
    yield f"Log files: {said}{f' ({reasons})' if reasons else ''}"


def _attribution_lines(attribution: dict[str, Any]) -> Iterator[str]:
    usual = {share["value"]: share["average"] for share in attribution["baseline"]}
    yield f"{_LABELS.get(attribution['attribute'], inert(attribution['attribute']))}:"
    # A full list may have a sixth value that is not told: what is missing from it was rare, not absent.
    rest = "none" if len(usual) < TOP_VALUES else f"not in the top {TOP_VALUES}"
    for share in attribution["insight"]:
        value = "no error" if _is_success(attribution, share) else inert(share["value"])
        usually = _rate(usual[share["value"]]) if share["value"] in usual else rest
        yield f"- {value}: {_rate(share['average'])}, usually {usually}"
    if not attribution["insight"]:
        yield "- none"


def _is_success(attribution: dict[str, Any], share: dict[str, Any]) -> bool:
    return bool(attribution["attribute"] == "errorCode" and share["value"] == "null")


def _rate(per_minute: float) -> str:
    """Write a rate as people say it: none, one every 480 minutes, 3,574.6 a minute."""
    if per_minute == 0:
        return "none"
    if per_minute < 0.1:
        return f"one every {1 / per_minute:,.0f} minutes"
    return f"{_decimal(per_minute, 2)} a minute"


def _comparison(seen: float, usual: float) -> str:
    """Set the two averages against each other; nothing is said where one is zero or they are equal."""
    if seen == 0 or usual in (0, seen):
        return ""
    if seen > usual:
        return f", {_decimal(seen / usual, 1)} times the usual"
    return f", {_decimal(100 * seen / usual, 1)} % of the usual"


def _decimal(number: float, places: int) -> str:
    return f"{number:,.{places}f}".rstrip("0").rstrip(".")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
