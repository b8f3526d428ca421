"""What must hold for one account × Region's events before they are counted: the data-quality rules, as data.

`checks/suites.py` turns them into a Great Expectations suite; nothing here evaluates anything. A rule either states
something about every row (it names a column) or about one number of the whole partition (a fact, supplied by the stage
that read it). AWS adds Regions, services and record versions every week: none of that may ever fail a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a failed rule means for the hour; the words are Great Expectations' own."""

    CRITICAL = "critical"
    """The hour must not be counted."""
    WARNING = "warning"
    """The hour is counted, and people are told."""


@dataclass(frozen=True, slots=True)
class NotNull:
    """The column has a value."""


@dataclass(frozen=True, slots=True)
class UniqueInHour:
    """No two rows of one partition hour share the value; rows without one do not count."""


@dataclass(frozen=True, slots=True)
class WithinHour:
    """The instant lies in the hour its partition stands for: hour <= value < hour + 60 minutes."""


@dataclass(frozen=True, slots=True)
class InSet:
    """The value, where there is one, is one of `values`."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    r"""The value, where there is one, matches a Python regular expression from its start.

    End it in `\Z`, for `$` allows a newline; write groups as `(?:…)`, for pandas warns of others.
    """

    pattern: str


@dataclass(frozen=True, slots=True)
class FactBetween:
    """One number of the whole partition lies between two bounds, both allowed."""

    fact: str
    minimum: float
    maximum: float


Check = NotNull | UniqueInHour | WithinHour | InSet | Matches | FactBetween


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise. `why` says what breaks without it, `remedy` what to do; `column` is None for a fact."""

    id: str
    title: str
    column: str | None
    check: Check
    severity: Severity
    why: str
    remedy: str


EVENT_RULES = (
    Rule(
        id="records-reconcile",
        title="Every record read is accounted for",
        column=None,
        check=FactBetween("unaccounted_records", 0, 0),
        severity=Severity.CRITICAL,
        why="Records in must equal kept + duplicate + out of scope + quarantined; else calls were lost or invented.",
        remedy="Run the hour again. If the difference stays, report it: it is a defect of Trail Insights.",
    ),
    Rule(
        id="event-time-in-hour",
        title="Event times lie in their partition's hour",
        column="event_time",
        check=WithinHour(),
        severity=Severity.CRITICAL,
        why="A row in the wrong hour is counted in a minute in which the call was not made.",
        remedy="Run the hour again; if something else writes to the events table, stop it from doing so.",
    ),
    Rule(
        id="event-id-unique",
        title="No event is there twice",
        column="event_id",
        check=UniqueInHour(),
        severity=Severity.CRITICAL,
        why="Trails that overlap deliver an event several times; one counted twice looks like a burst of calls.",
        remedy="Run the hour again: it is rewritten without duplicates.",
    ),
    Rule(
        id="event-category-known",
        title="Events are management or data events",
        column="event_category",
        check=InSet(("Management", "Data")),
        severity=Severity.CRITICAL,
        why="Insight and network activity records are not calls of an API; counted, insights would feed on themselves.",
        remedy="Check that the trail prefix leads to CloudTrail/ folders, not to CloudTrail-Insight/ beside them.",
    ),
    Rule(
        id="quarantine-not-the-rule",
        title="At least half of the records could be read",
        column=None,
        check=FactBetween("quarantined_share", 0, 0.5),
        severity=Severity.CRITICAL,
        why="When most records are refused, the counts of what is left say nothing about the account.",
        remedy="Look at the reasons in the quarantine table: usually the prefix holds something that is no trail.",
    ),
    Rule(
        id="quarantine-rare",
        title="Hardly any record is in quarantine",
        column=None,
        check=FactBetween("quarantined_share", 0, 0.01),
        severity=Severity.WARNING,
        why="More than 1 % refused records point to damaged objects or to a writer other than CloudTrail.",
        remedy="Look at the reasons in the quarantine table; once the cause is removed, run the hour again.",
    ),
    Rule(
        id="event-id-present",
        title="Every event has an id",
        column="event_id",
        check=NotNull(),
        severity=Severity.WARNING,
        why="An event without an id can only be told from a duplicate by its whole content (version 1.0 had no ids).",
        remedy="Nothing, for trails of 2013; for newer ones find out which program rewrites the records.",
    ),
    Rule(
        id="event-source-shape",
        title="Event sources look like service hosts",
        column="event_source",
        check=Matches(r"^[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+\Z"),
        severity=Severity.WARNING,
        why="The source names the series; one that is no host, like s3.amazonaws.com, was not written by CloudTrail.",
        remedy="Look at the objects these events came from (object_key): who can write to the trail bucket?",
    ),
    Rule(
        id="event-name-shape",
        title="Event names look like API names",
        column="event_name",
        check=Matches(r"^[A-Za-z0-9][A-Za-z0-9 _.:/@-]{0,127}\Z"),
        severity=Severity.WARNING,
        why="The name tells the series; markup, control characters or sentences in it were put there by somebody.",
        remedy="Look at the objects these events came from (object_key): who can write to the trail bucket?",
    ),
    Rule(
        id="account-id-shape",
        title="Account ids have twelve digits",
        column="recipient_account_id",
        check=Matches(r"^[0-9]{12}\Z"),
        severity=Severity.WARNING,
        why="An account id that is none makes partitions and series of its own; the usual cause is lost leading zeros.",
        remedy="Find the program that rewrites the records: account ids are text, not numbers.",
    ),
    Rule(
        id="source-address-present",
        title="Every event says where the call came from",
        column="source_ip_address",
        check=NotNull(),
        severity=Severity.WARNING,
        why="Counts are right without it, but nobody can trace these calls when an insight names them.",
        remedy="Look at the events below: CloudTrail writes an address or a service name into every record.",
    ),
    Rule(
        id="events-not-ahead",
        title="No event is later than its delivery",
        column=None,
        check=FactBetween("future_events", 0, 0),
        severity=Severity.WARNING,
        why="An event from the future has a wrong clock or a made-up time; its minute will look busier than it was.",
        remedy="Compare event_time with the delivery time in object_key; copied or edited objects are the usual cause.",
    ),
    Rule(
        id="read-write-known",
        title="Events say whether they read or write",
        column=None,
        check=FactBetween("inferred_share", 0, 0.05),
        severity=Severity.WARNING,
        why="Call rates are judged for writes; a record without readOnly was told a read or write by its API's name.",
        remedy="Nothing, for record versions before 1.05; for newer ones take call rate insights with care.",
    ),
)
"""The rules of the `events` table, in the order people should read them."""
