"""One plain sentence for a person: what was called how often, when, by whom, and what is normal.

Names come from the log, which an attacker can write: control characters are replaced and long ones cut. The sentence is
plain text; whoever puts it into HTML or CSV escapes it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from insights.records.insight import Attribution, Rate, Share
from insights.records.series import Direction, InsightType
from insights.statistics.attribution import MISSING
from insights.statistics.episodes import Episode
from insights.statistics.subjects import POOL_EVENT_SOURCE

_LONGEST_NAME = 100
_FOUR_WEEKS = 28


def explain(episode: Episode, attributions: Sequence[Attribution]) -> str:
    """Say what happened.

    "RunInstances was called 6 times at 13:25 UTC by role CI; normally once in 8 hours; never more than 2 in an hour in
    four weeks."
    """
    happened = f"{_happening(episode)} {_when(episode)}{_by_whom(episode, attributions)}"
    region = ["the account has only begun to use this Region"] if episode.is_new_region else []
    return f"{'; '.join([happened, _normally(episode), *_at_most(episode), *region])}."


def _happening(episode: Episode) -> str:
    series, calls = episode.series, _rate(episode).calls
    if series.event_source == POOL_EVENT_SOURCE:
        return f"{calls} operations were denied for the first time in 7 days"
    name = printable(series.event_name)
    if series.insight_type is InsightType.ERROR_RATE:
        return f"{name} failed with {printable(series.error_code or MISSING)} {_times(calls)}"
    only = "only " if episode.direction is Direction.DROP and calls else ""
    return f"{name} was {f'called {only}{_times(calls)}' if calls else 'not called'}"


def _rate(episode: Episode) -> Rate:
    return episode.total or episode.detection


def _times(calls: int) -> str:
    return "once" if calls == 1 else f"{calls:,} times"


def _when(episode: Episode) -> str:
    start = episode.start.strftime("%H:%M")
    if episode.end is None:
        return (
            f"within {episode.detection.minutes} minutes, from {start} UTC"
            if episode.detection.minutes > 1
            else _at(start)
        )
    if _rate(episode).minutes == 1:
        return _at(start)
    same_day = episode.end.date() == episode.start.date()
    return f"from {start} to {episode.end.strftime('%H:%M' if same_day else '%H:%M on %d %B')} UTC"


def _at(start: str) -> str:
    return f"at {start} UTC"


def _by_whom(episode: Episode, attributions: Sequence[Attribution]) -> str:
    """Name the identity that has most of the excess: its average in the episode less that of its baseline."""
    if episode.direction is Direction.DROP:
        return ""
    for attribution in attributions:
        if attribution.attribute == "userIdentityArn" and attribution.insight:
            before = {share.value: share.calls / episode.baseline.minutes for share in attribution.baseline}
            minutes = _rate(episode).minutes

            def excess(share: Share, before: dict[str, float] = before, minutes: int = minutes) -> float:
                return share.calls / minutes - before.get(share.value, 0.0)

            top = max(attribution.insight, key=excess)
            if top.value == MISSING:
                return ""
            others = len(attribution.insight) > 1
            return f", mostly by {identity_name(top.value)}" if others else f" by {identity_name(top.value)}"
    return ""


def _normally(episode: Episode) -> str:
    if episode.baseline.calls == 0 and episode.direction is Direction.SPIKE:
        return "never in the 7 days before"
    return f"normally {frequency(episode.expected_calls / episode.window_minutes)}"


def _at_most(episode: Episode) -> Iterator[str]:
    """Name the busiest hour of the last weeks where the insight beats it; in a busy series at night it need not."""
    most, days = episode.most_in_an_hour, episode.known_days
    if episode.direction is Direction.SPIKE and 0 < most < _rate(episode).calls and days > 1:
        yield f"never more than {most:,} in an hour in {'four weeks' if days >= _FOUR_WEEKS else f'{days} days'}"


def frequency(calls_per_minute: float) -> str:
    """Say a rate (above 0) in the largest unit that gives a whole number.

    >>> frequency(21.5 / 10080), frequency(0.5), frequency(12.2)
    ('once in 8 hours', '30 times an hour', '12 times a minute')
    """
    for unit, minutes in (("a minute", 1), ("an hour", 60)):
        if (times := round(calls_per_minute * minutes)) >= 1:
            return f"{_times(times)} {unit}"
    hours = 1 / (calls_per_minute * 60)
    if round(hours) < 48:
        return f"once in {round(hours)} hours"
    return f"once in {round(hours / 24)} days" if hours < 24 * 14 else "hardly ever"


def identity_name(arn: str) -> str:
    """Shorten an identity's ARN to what a person calls it.

    >>> identity_name("arn:aws:sts::111122223333:assumed-role/CI"), identity_name("arn:aws:iam::111122223333:user/a/Bo")
    ('role CI', 'user Bo')
    >>> identity_name("arn:aws:iam::111122223333:root")
    'the root user'
    """
    kind, _, path = arn.rpartition(":")[2].partition("/")
    if kind == "root" and not path:
        return "the root user"
    if kind == "assumed-role" and path:
        return f"role {printable(path.partition('/')[0])}"
    if kind in ("role", "user") and path:
        return f"{kind} {printable(path.rpartition('/')[2])}"
    return printable(arn)


def printable(text: str) -> str:
    """Make a text from the log fit for a line of a message."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return shown if len(shown) <= _LONGEST_NAME else shown[: _LONGEST_NAME - 1] + "…"
