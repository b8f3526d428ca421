"""What is wrong with settings, in words: the setting, what was found, and what to write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from insights.errors import SettingsError
from insights.settings.tables import MethodSettings, Settings

SHORTEST_RETENTION_DAYS = 40
"""No table that is deleted from keeps less."""

_LARGEST = 1e9
"""No number of the method needs to be larger; infinity is, and what would not fit into the detector's arrays."""

_WRITTEN = {
    "trail.arn": "write the trail's ARN, like arn:aws:cloudtrail:us-east-1:111122223333:trail/name",
    "trail.accounts": 'write ids of accounts, twelve digits in quotes, like "111122223333"',
    "trail.regions": 'write names of Regions, like "us-east-1"',
    "trail.notifications": "write the queue's URL, like https://sqs.us-east-1.amazonaws.com/111122223333/queue",
    "notify.channels": (
        "write log, sns:arn:aws:sns:us-east-1:111122223333:topic, eventbridge:bus with the name or the ARN of a bus, "
        "or cloudwatch-logs:group with the name or the ARN of a log group"
    ),
    "api.keys.id": "write 3 to 128 letters, digits, underscores and dashes",
    "api.keys.accounts": 'write ids of accounts, twelve digits in quotes, like "111122223333"',
}
"""How texts are written that have a form."""

_IN_ORDER = (
    {"min_size": 3.0, "max_size": 40.0},
    {"drop_max_share": 0.2, "drop_end_share": 0.5},
)
"""Numbers of the method, with their defaults, of which the first must not be above the second."""

_WINDOWS_MINUTES = (1, 5, 15, 60, 240)
"""The default of `method.windows_minutes`."""


def refuse_unknown_keys(document: Mapping[str, Any]) -> None:
    """Refuse tables and keys that there are not.

    Raises:
        SettingsError: there is one; the message names what was meant.
    """
    tables = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    for name, table in document.items():
        if name not in tables:
            raise SettingsError(f"there is no settings table [{name}]{_nearest(name, tables)}")
        if not isinstance(table, Mapping):
            raise SettingsError(f"[{name}] is a table of settings, not a value: write the keys below a line [{name}]")
        keys = {field.name for field in msgspec.structs.fields(tables[name])}
        for key in table:
            if key not in keys:
                raise SettingsError(f"there is no setting {name}.{key}{_nearest(key, keys)}")


def refuse_senseless(settings: Settings) -> None:
    """Refuse values that are fine one by one, and together make no sense.

    Raises:
        SettingsError: there are such; the message says what to change.
    """
    _refuse_short_retention(settings)
    _refuse_unheard_categories(settings)
    _refuse_odd_numbers(settings.method)


def _refuse_short_retention(settings: Settings) -> None:
    """Refuse to delete what runs still look at: they look back up to 31 days, and ask who called eight days earlier."""
    for name, least, why in (
        ("events_days", SHORTEST_RETENTION_DAYS, "that is how far back runs look"),
        (
            "minute_counts_days",
            SHORTEST_RETENTION_DAYS + settings.counts_behind_days,
            "detection needs a quarter and detect.history_days before the oldest hour that a run may look at",
        ),
        ("quality_days", SHORTEST_RETENTION_DAYS, "that is how far back runs look"),
        ("quarantine_days", SHORTEST_RETENTION_DAYS, "that is how far back runs look"),
        ("ledger_days", SHORTEST_RETENTION_DAYS, "without it objects that a run looks back to are read again"),
        ("integrity_days", SHORTEST_RETENTION_DAYS, "without it what a digest refuted could be taken for true again"),
        ("coverage_days", SHORTEST_RETENTION_DAYS, "that is how far back runs look"),
        ("insights_days", SHORTEST_RETENTION_DAYS, "an insight that is judged again would come back"),
    ):
        days = getattr(settings.retention, name)
        if 0 < days < least:
            raise SettingsError(
                f"the setting retention.{name} is {days}, but {why}: make it {least} or more, or 0 to keep everything"
            )


def _refuse_unheard_categories(settings: Settings) -> None:
    """Refuse to judge only what is not kept."""
    judged, kept = settings.detect.categories, settings.trail.categories
    if not set(judged) & set(kept):
        raise SettingsError(
            f"the setting detect.categories is {list(judged)}, and trail.categories keeps {list(kept)} only, so that "
            "nothing would be judged: name one of them in both"
        )


def _refuse_odd_numbers(method: MethodSettings) -> None:
    chosen = {name: value for name, value in msgspec.structs.asdict(method).items() if value is not None}
    for name, value in chosen.items():
        if isinstance(value, int | float) and value > _LARGEST:
            raise SettingsError(f"the setting method.{name} is {value:g}: make it {_LARGEST:,.0f} at most")
    windows = chosen.get("windows_minutes", _WINDOWS_MINUTES)
    for minutes in chosen.get("pool_windows_minutes", ()):
        if minutes not in windows:
            raise SettingsError(
                f"the setting method.pool_windows_minutes has {minutes}, which is none of method.windows_minutes "
                f"({', '.join(map(str, windows))}): name some of those"
            )
    for pair in _IN_ORDER:
        (lower, low), (upper, high) = ((name, chosen.get(name, default)) for name, default in pair.items())
        if low > high:
            raise SettingsError(
                f"the setting method.{lower} ({low:g}) is above method.{upper} ({high:g}): make it at most as large"
            )


def explain(error: msgspec.ValidationError, document: Mapping[str, Any]) -> str:
    """Say which setting of a document is wrong, and how it is written."""
    text, _, path = str(error).partition(" - at `$.")
    place = path.rstrip("`")
    name = re.sub(r"\[.*?\]", "", place)
    setting = re.sub(r"\[[0-9.]*\]$", "", place) or "settings"
    if name == "api.keys.secret":
        # Whatever it is, it may be the secret itself.
        return f"the setting {setting} does not say where the secret is: write env:VARIABLE or airflow:CONNECTION_ID"
    if "matching regex" in text:
        return f"the setting {setting} has {_found(place, document)!r}: {_WRITTEN[name]}"
    if "`array` of length >= 1" in text:
        return f"the setting {setting} is empty, which matches nothing: name at least one, or leave it out"
    if text.startswith("Expected `array`"):
        return f'the setting {setting} is wrong: {text}: write a list, like ["…"]'
    if text == "Expected `str`, got `int`":
        return f"the setting {setting} is wrong: {text}: put it in quotes"
    return f"the setting {setting} is wrong: {text}{_words(name) if text.startswith('Invalid enum value') else ''}"


def _found(place: str, document: Mapping[str, Any]) -> Any:
    """Give the value at a place of the document, like `trail.accounts[0]`."""
    found: Any = document
    for step in re.findall(r"[^.\[\]]+", place):
        found = found[int(step) if isinstance(found, list | tuple) else step]
    return found


def _words(setting: str) -> str:
    """Name the words that a setting, or each member of it, may be."""
    kind = msgspec.inspect.type_info(Settings)
    for name in setting.split("."):
        kind = next(field.type for field in kind.fields if field.name == name)  # type: ignore[attr-defined]
        kind = getattr(kind, "item_type", kind)
    words = getattr(kind, "values", ())
    return f": write one of {', '.join(map(str, words))}" if words else ""


def _nearest(name: str, known: Any) -> str:
    import difflib  # takes as long as all settings

    close = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {close[0]}?" if close else f": known are {', '.join(sorted(known))}"
