"""The tables of the settings: every key, what it may be, and its default."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

LONGEST_QUARTER_DAYS = 92

Account = Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")]
Region = Annotated[str, Meta(pattern=r"^[a-z]+(-[a-z]+)+-[0-9]+\Z")]
"""Only the shape of a name: new Regions are not news to us."""
Categories = Annotated[tuple[Literal["Management", "Data"], ...], Meta(min_length=1)]
Days = Annotated[int, Meta(ge=0, le=36_500)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Number = Annotated[float, Meta(ge=0)]
Part = Annotated[float, Meta(gt=0)]
Factor = Annotated[float, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
AnyWindows = tuple[Annotated[int, Meta(ge=1, le=240)], ...]
Windows = Annotated[AnyWindows, Meta(min_length=1)]
Channel = Annotated[str, Meta(pattern=r"^(log|sns:arn:aws[a-z-]*:sns:\S+|eventbridge:\S+|cloudwatch-logs:\S+)\Z")]


class TrailSettings(Struct, frozen=True, kw_only=True):
    """Where the trail is and which part of it is read."""

    url: str = ""
    arn: Annotated[str, Meta(pattern=r"^(arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/\S+)?\Z")] = ""
    public_keys: str = ""
    accounts: tuple[Account, ...] = ()
    regions: tuple[Region, ...] = ()
    categories: Categories = ("Management", "Data")
    loose_files: Literal["auto", "read", "skip"] = "auto"
    settle_minutes: Annotated[int, Meta(ge=0, le=1440)] = 20
    lookback_hours: Annotated[int, Meta(ge=0, le=744)] = 24
    notifications: Annotated[str, Meta(pattern=r"^(https?://[^\s/]+/\S+)?\Z")] = ""
    nudge_minutes: Annotated[int, Meta(ge=1, le=60)] = 5


class LakeSettings(Struct, frozen=True, kw_only=True):
    """Where tables, reports and Insight records are written, and when a day's small files become one."""

    url: str = ""
    compact_after_days: Annotated[int, Meta(ge=1, le=36_500)] = 2


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
    categories: Categories = ("Management",)
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

    channels: tuple[Channel, ...] = ("log",)
    max_age_hours: Annotated[int, Meta(ge=1, le=876_000)] = 24


class RetentionSettings(Struct, frozen=True, kw_only=True):
    """How many days each table keeps. 0 keeps everything, which is the default; published records are always kept."""

    events_days: Days = 0
    minute_counts_days: Days = 0
    quality_days: Days = 0
    quarantine_days: Days = 0
    ledger_days: Days = 0
    integrity_days: Days = 0
    coverage_days: Days = 0
    insights_days: Days = 0
    reasons_days: Days = 0
    plans_days: Days = 0


class IntegritySettings(Struct, frozen=True, kw_only=True):
    """Whether what was read is compared with CloudTrail's signed digests, and what follows from it."""

    policy: Literal["off", "warn", "refuse"] = "warn"
    keys_file: str = ""


class ApiKeySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An access key for the API: where its secret is, and what it opens."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{3,128}\Z")]
    secret: Annotated[str, Meta(pattern=r"^(env|airflow):[A-Za-z0-9_.-]+\Z")]
    may: Annotated[tuple[Literal["read", "write-selectors"], ...], Meta(min_length=1)] = ("read",)
    accounts: Annotated[tuple[Account, ...], Meta(min_length=1)] | None = None


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
