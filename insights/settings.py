"""What a user may set, and how it is read: one TOML file, overridden by the environment.

`parse_settings` is pure; `load_settings` reads the file and the environment. Both refuse a key or value they do not
know with a message that names it and the remedy. An environment variable `TRAIL_INSIGHTS__TRAIL__URL` sets `url` of
table `[trail]`; its value is read as TOML where it is TOML (`["a", "b"]`, `true`, `20`) and as plain text otherwise.
"""

from __future__ import annotations

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

LONGEST_QUARTER_DAYS = 92

SHORTEST_RETENTION_DAYS = 40
"""No table that is deleted from keeps less."""

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Number = Annotated[float, Meta(ge=0)]
Part = Annotated[float, Meta(gt=0)]
Factor = Annotated[float, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
AnyWindows = tuple[Annotated[int, Meta(ge=1, le=240)], ...]
Windows = Annotated[AnyWindows, Meta(min_length=1)]


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
    notifications: Annotated[str, Meta(pattern=r"^(https?://[^\s/]+/\S+)?$")] = ""
    nudge_minutes: Annotated[int, Meta(ge=1, le=60)] = 5


class LakeSettings(Struct, frozen=True, kw_only=True):
    """Where tables, reports and Insight records are written, and when a day's small files become one."""

    url: str = ""
    compact_after_days: Positive = 2


class IngestSettings(Struct, frozen=True, kw_only=True):
    """How the work of reading is cut up."""

    shard_megabytes: Annotated[int, Meta(ge=1, le=1024)] = 64
    fetch_threads: Annotated[int, Meta(ge=1, le=64)] = 8
    unpacked_megabytes: Annotated[int, Meta(ge=1, le=65536)] = 1024
    s3_client: Literal["obstore", "boto3"] = "obstore"


class DetectSettings(Struct, frozen=True, kw_only=True):
    """What is judged, and how easily it is called unusual."""

    sensitivity: Literal["low", "medium", "high", "aws"] = "medium"
    call_rate: bool = True
    error_rate: bool = True
    categories: tuple[Literal["Management", "Data"], ...] = ("Management",)
    include_reads: bool = False
    history_days: Annotated[int, Meta(ge=43, le=400)] = 56
    early: bool = True


class MethodSettings(Struct, frozen=True, kw_only=True):
    """The numbers of the [method](method.md), one by one. What is set here wins over the sensitivity."""

    score_factor: Factor | None = None
    active_factor: Factor | None = None
    count_factor: Factor | None = None
    min_excess_calls: Number | None = None
    min_ratio: Factor | None = None
    windows_minutes: Windows | None = None
    active_windows_minutes: AnyWindows | None = None
    warm_up_hours: Count | None = None
    prior_calls: Part | None = None
    dense_share: Share | None = None
    hour_of_day_prior_calls: Number | None = None
    hour_of_week_prior_minutes: Number | None = None
    min_size: Part | None = None
    max_size: Part | None = None
    residual_cap_ratio: Number | None = None
    residual_cap_calls: Number | None = None
    min_calls_for_error_share: Number | None = None
    min_record_score: Number | None = None
    few_days_allowance: Number | None = None
    youth_exponent: Number | None = None
    youth_days: Part | None = None
    new_series_score: Number | None = None
    new_region_score: Number | None = None
    min_score_for_count: Number | None = None
    min_maximum_calls: Number | None = None
    min_rate_ratio: Annotated[float, Meta(gt=1)] | None = None
    evidence_to_end: Part | None = None
    quiet_minutes: Positive | None = None
    search_back_windows: Positive | None = None
    level_shift_hours: Annotated[int, Meta(ge=1, le=8)] | None = None
    level_interval_hours: Positive | None = None
    level_tolerance: Part | None = None
    cooldown_days: Number | None = None
    cooldown_ratio: Factor | None = None
    schedule_minutes: Count | None = None
    schedule_ratio: Factor | None = None
    onboarding_days: Number | None = None
    onboarding_call_days: Count | None = None
    pool_windows_minutes: Windows | None = None
    pool_min_calls: Number | None = None
    pool_new_score: Number | None = None
    drop_min_expected_calls: Part | None = None
    drop_max_share: Share | None = None
    drop_min_score: Number | None = None
    drop_record_factor: Factor | None = None
    drop_min_record_days: Count | None = None
    drop_end_share: Share | None = None
    drop_max_at_once: Positive | None = None


class NotifySettings(Struct, frozen=True, kw_only=True):
    """Who is told, and up to which age of the news."""

    channels: tuple[str, ...] = ("log",)
    max_age_hours: Positive = 24


class RetentionSettings(Struct, frozen=True, kw_only=True):
    """How many days each table keeps. 0 keeps everything, which is the default; published records are always kept."""

    events_days: Count = 0
    minute_counts_days: Count = 0
    quality_days: Count = 0
    quarantine_days: Count = 0
    ledger_days: Count = 0
    integrity_days: Count = 0
    coverage_days: Count = 0
    insights_days: Count = 0
    reasons_days: Count = 0
    plans_days: Count = 0


class IntegritySettings(Struct, frozen=True, kw_only=True):
    """Whether what was read is compared with CloudTrail's signed digests, and what follows from it."""

    policy: Literal["off", "warn", "refuse"] = "warn"
    keys_file: str = ""


class ApiKeySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An access key for the API: where its secret is, and what it opens."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{3,128}$")]
    secret: Annotated[str, Meta(pattern=r"^(env|airflow):[A-Za-z0-9_.-]+$")]
    may: tuple[Literal["read", "write-selectors"], ...] = ("read",)
    accounts: Annotated[tuple[Annotated[str, Meta(pattern=r"^[0-9]{12}$")], ...], Meta(min_length=1)] | None = None


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
    method: MethodSettings = MethodSettings()
    notify: NotifySettings = NotifySettings()
    retention: RetentionSettings = RetentionSettings()
    integrity: IntegritySettings = IntegritySettings()
    api: ApiSettings = ApiSettings()
    airflow: AirflowSettings = AirflowSettings()

    @property
    def counts_behind_days(self) -> int:
        """How far before an hour the counts may lie that it is judged by: what learns begins before the quarter."""
        return LONGEST_QUARTER_DAYS + self.detect.history_days


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
        settings = msgspec.convert(merged, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(error)) from error
    _refuse_short_retention(settings)
    return settings


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


def _nearest(name: str, known: Any) -> str:
    import difflib  # takes as long as all settings

    close = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {close[0]}?" if close else f": known are {', '.join(sorted(known))}"


def _explain(error: msgspec.ValidationError) -> str:
    text, _, path = str(error).partition(" - at `$.")
    setting = path.rstrip("`").split("[")[0] or "settings"
    return f"the setting {setting} is wrong: {text}{_words(setting) if text.startswith('Invalid enum value') else ''}"


def _words(setting: str) -> str:
    """Name the words that a setting, or each member of it, may be."""
    kind = msgspec.inspect.type_info(Settings)
    for name in setting.split("."):
        kind = next(field.type for field in kind.fields if field.name == name)  # type: ignore[attr-defined]
    kind = getattr(kind, "item_type", kind)
    words = getattr(kind, "values", ())
    return f": write one of {', '.join(map(str, words))}" if words else ""
