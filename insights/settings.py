"""What a user may set, and how it is read: one TOML file, overridden by the environment.

`parse_settings` is pure; `load_settings` reads the file and the environment. Both refuse a key or value they do not
know with a message that names it and the remedy. An environment variable `TRAIL_INSIGHTS__TRAIL__URL` sets `url` of
table `[trail]`; its value is read as TOML where it is TOML (`["a", "b"]`, `true`, `20`) and as plain text otherwise.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from insights.errors import SettingsError

ENVIRONMENT_PREFIX = "TRAIL_INSIGHTS__"
SETTINGS_VARIABLE = "TRAIL_INSIGHTS_SETTINGS"
DEFAULT_PATH = Path("include/trail-insights.toml")

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class TrailSettings(Struct, frozen=True, kw_only=True):
    """Where the trail is and which part of it is read."""

    url: str = ""
    arn: str = ""
    public_keys: str = ""
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    categories: tuple[Literal["Management", "Data"], ...] = ("Management", "Data")
    loose_files: Literal["auto", "read", "skip"] = "auto"
    settle_minutes: Annotated[int, Meta(ge=0, le=1440)] = 20
    lookback_hours: Annotated[int, Meta(ge=0, le=744)] = 24


class LakeSettings(Struct, frozen=True, kw_only=True):
    """Where tables, reports and Insight records are written."""

    url: str = ""


class IngestSettings(Struct, frozen=True, kw_only=True):
    """How the work of reading is cut up."""

    shard_megabytes: Annotated[int, Meta(ge=1, le=1024)] = 64
    fetch_threads: Annotated[int, Meta(ge=1, le=64)] = 8


class DetectSettings(Struct, frozen=True, kw_only=True):
    """What is judged, and how easily it is called unusual."""

    sensitivity: Literal["low", "medium", "high", "aws"] = "medium"
    call_rate: bool = True
    error_rate: bool = True
    categories: tuple[Literal["Management", "Data"], ...] = ("Management",)
    include_reads: bool = False
    history_days: Annotated[int, Meta(ge=36, le=400)] = 56


class NotifySettings(Struct, frozen=True, kw_only=True):
    """Who is told, and up to which age of the news."""

    channels: tuple[str, ...] = ("log",)
    max_age_hours: Positive = 24


class ApiKeySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An access key for the API: where its secret is, and what it opens."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{3,128}$")]
    secret: Annotated[str, Meta(pattern=r"^(env|airflow):[A-Za-z0-9_.-]+$")]
    may: tuple[Literal["read", "write-selectors"], ...] = ("read",)
    accounts: tuple[Annotated[str, Meta(pattern=r"^[0-9]{12}$")], ...] = ()


class ApiSettings(Struct, frozen=True, kw_only=True):
    """Who may call CloudTrail's API here, and how often."""

    keys: tuple[ApiKeySettings, ...] = ()
    requests_per_second: Positive = 20
    burst: Positive = 100
    clock_skew_minutes: Annotated[int, Meta(ge=1, le=15)] = 5


class AirflowSettings(Struct, frozen=True, kw_only=True):
    """Names of things that live in Airflow."""

    aws_connection: str = "aws_default"


class Settings(Struct, frozen=True, kw_only=True):
    """Everything a user may set."""

    trail: TrailSettings = TrailSettings()
    lake: LakeSettings = LakeSettings()
    ingest: IngestSettings = IngestSettings()
    detect: DetectSettings = DetectSettings()
    notify: NotifySettings = NotifySettings()
    api: ApiSettings = ApiSettings()
    airflow: AirflowSettings = AirflowSettings()


def load_settings(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings file and the environment.

    Args:
        path: The file; by default what `TRAIL_INSIGHTS_SETTINGS` names, else `include/trail-insights.toml` if there is
            one.
        environment: Overrides, `TRAIL_INSIGHTS__TABLE__KEY`.

    Raises:
        SettingsError: a file that was named is missing or no TOML, or a key or value is wrong.
    """
    named = path or (Path(environment[SETTINGS_VARIABLE]) if SETTINGS_VARIABLE in environment else None)
    return parse_settings(_read(named or DEFAULT_PATH, must_exist=named is not None), environment)


def parse_settings(document: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Check a settings document with its overrides.

    Raises:
        SettingsError: a table, key or value is wrong; the message names it and what is allowed.
    """
    merged: dict[str, Any] = {
        name: dict(table) if isinstance(table, Mapping) else table for name, table in document.items()
    }
    for variable, text in (environment or {}).items():
        if variable.startswith(ENVIRONMENT_PREFIX):
            _override(merged, variable, text)
    _refuse_unknown_keys(merged)
    try:
        return msgspec.convert(merged, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(error)) from error


def _read(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if not must_exist:
            return {}
        raise SettingsError(f"the settings file {path} is not there: create it or unset {SETTINGS_VARIABLE}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {path} is not TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error.strerror}") from error


def _override(document: dict[str, Any], variable: str, text: str) -> None:
    parts = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
    if len(parts) != 2:
        remedy = f"write {ENVIRONMENT_PREFIX}TABLE__KEY"
        raise SettingsError(f"the environment variable {variable} names no setting: {remedy}")
    table = document.setdefault(parts[0], {})
    if isinstance(table, dict):
        table[parts[1]] = _value(text)


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _refuse_unknown_keys(document: Mapping[str, Any]) -> None:
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


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {close[0]}?" if close else f": known are {', '.join(sorted(known))}"


def _explain(error: msgspec.ValidationError) -> str:
    text, _, path = str(error).partition(" - at `$.")
    setting = path.rstrip("`").split("[")[0] or "settings"
    return f"the setting {setting} is wrong: {text}"
