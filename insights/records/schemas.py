"""Arrow schemas of the lake's tables: the single source for writers, readers, tests and documentation.

Partition columns (`account_id`, `region`, `date`, `hour`) live in the Hive paths, not in the files. Column names are
AWS's names in snake case. Instants are UTC with microseconds, JSON text columns end in `_json`.
"""

from __future__ import annotations

import pyarrow as pa

INSTANT = pa.timestamp("us", tz="UTC")
DICTIONARY = pa.dictionary(pa.int32(), pa.string())

REPEATED = frozenset(
    {
        "event_version", "event_source", "event_name", "event_type", "event_category", "inferred_fields", "error_code",
        "error_message", "aws_region", "recipient_account_id", "identity_type", "identity_arn", "identity_key",
        "identity_account_id", "identity_user_name", "identity_invoked_by", "access_key_id", "source_ip_address",
        "user_agent", "api_version", "vpc_endpoint_id", "vpc_endpoint_account_id", "user_identity_json",
        "tls_details_json", "object_key", "reason",
    }
)  # fmt: skip
"""Text columns of which few values are distinct."""


def with_dictionaries(schema: pa.Schema) -> pa.Schema:
    """Give a schema with the columns of `REPEATED` as dictionaries: the same rows in a third of the memory."""
    return pa.schema([field.with_type(DICTIONARY) if field.name in REPEATED else field for field in schema])


EVENTS = pa.schema(
    [
        pa.field("event_time", INSTANT, nullable=False),
        pa.field("event_id", pa.string()),
        pa.field("event_version", pa.string()),
        pa.field("event_source", pa.string(), nullable=False),
        pa.field("event_name", pa.string(), nullable=False),
        pa.field("event_type", pa.string()),
        pa.field("event_category", pa.string(), nullable=False),
        pa.field("is_read_only", pa.bool_(), nullable=False),
        pa.field("is_management", pa.bool_(), nullable=False),
        pa.field("inferred_fields", pa.string()),
        pa.field("error_code", pa.string()),
        pa.field("error_message", pa.string()),
        pa.field("aws_region", pa.string()),
        pa.field("recipient_account_id", pa.string()),
        pa.field("identity_type", pa.string()),
        pa.field("identity_arn", pa.string()),
        pa.field("identity_key", pa.string()),
        pa.field("identity_account_id", pa.string()),
        pa.field("identity_user_name", pa.string()),
        pa.field("identity_invoked_by", pa.string()),
        pa.field("access_key_id", pa.string()),
        pa.field("source_ip_address", pa.string()),
        pa.field("user_agent", pa.string()),
        pa.field("request_id", pa.string()),
        pa.field("shared_event_id", pa.string()),
        pa.field("api_version", pa.string()),
        pa.field("vpc_endpoint_id", pa.string()),
        pa.field("vpc_endpoint_account_id", pa.string()),
        pa.field("session_credential_from_console", pa.string()),
        pa.field("user_identity_json", pa.string()),
        pa.field("request_parameters_json", pa.string()),
        pa.field("response_elements_json", pa.string()),
        pa.field("additional_event_data_json", pa.string()),
        pa.field("resources_json", pa.string()),
        pa.field("service_event_details_json", pa.string()),
        pa.field("addendum_json", pa.string()),
        pa.field("tls_details_json", pa.string()),
        pa.field("edge_device_details_json", pa.string()),
        pa.field("event_context_json", pa.string()),
        pa.field("other_fields_json", pa.string()),
        pa.field("object_key", pa.string(), nullable=False),
    ]
)
"""One CloudTrail record, once. `inferred_fields` names what the record did not say and we derived; `other_fields_json`
holds every member that has no column, or whose column cannot give it back exactly."""

MINUTE_COUNTS = pa.schema(
    [
        pa.field("minute", INSTANT, nullable=False),
        pa.field("event_category", pa.string(), nullable=False),
        pa.field("is_read_only", pa.bool_(), nullable=False),
        pa.field("event_source", pa.string(), nullable=False),
        pa.field("event_name", pa.string(), nullable=False),
        pa.field("error_code", pa.string()),
        pa.field("count", pa.int64(), nullable=False),
    ]
)
"""Calls of one API in one minute with at least one call; `error_code` null is success."""

QUARANTINE = pa.schema(
    [
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("object_key", pa.string(), nullable=False),
        pa.field("object_etag", pa.string(), nullable=False),
        pa.field("record_index", pa.int64()),
        pa.field("content", pa.binary()),
        pa.field("content_bytes", pa.int64(), nullable=False),
        pa.field("records", pa.int64()),
    ]
)
"""One refused record, the records refused together from one on, or one refused object (`record_index` null). `content`
is cut at 64 KiB, `content_bytes` tells its whole size, `records` how many records were refused."""

LEDGER = pa.schema(
    [
        pa.field("object_key", pa.string(), nullable=False),
        pa.field("object_etag", pa.string(), nullable=False),
        pa.field("object_bytes", pa.int64(), nullable=False),
        pa.field("delivered_at", INSTANT, nullable=False),
        pa.field("is_loose", pa.bool_(), nullable=False),
        pa.field("records_in", pa.int64(), nullable=False),
        pa.field("kept", pa.int64(), nullable=False),
        pa.field("duplicate", pa.int64(), nullable=False),
        pa.field("out_of_scope", pa.int64(), nullable=False),
        pa.field("quarantined", pa.int64(), nullable=False),
        pa.field("partitions", pa.list_(pa.string()), nullable=False),
        pa.field("content_hash", pa.string()),
        pa.field("is_replacement", pa.bool_()),
    ]
)
"""One trail object that was read. `partitions` names the event hours it touched; `is_loose` marks a file whose name
tells no delivery time (then `delivered_at` is the time it was last modified), `is_replacement` one of which another
version was read before."""

REASONS = pa.schema(
    [
        pa.field("window_end", INSTANT, nullable=False),
        pa.field("window_minutes", pa.int64(), nullable=False),
        pa.field("event_category", pa.string(), nullable=False),
        pa.field("insight_type", pa.string(), nullable=False),
        pa.field("event_source", pa.string(), nullable=False),
        pa.field("event_name", pa.string(), nullable=False),
        pa.field("error_code", pa.string()),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("calls", pa.float64(), nullable=False),
        pa.field("expected_calls", pa.float64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("threshold", pa.float64(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("record_calls", pa.int64()),
        pa.field("record_date", pa.string()),
        pa.field("band_upper_calls_per_minute", pa.float64()),
        pa.field("insight_id", pa.string()),
        pa.field("start_time", INSTANT),
    ]
)
"""One candidate for an insight, and what became of it."""

INTEGRITY = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("object_key", pa.string(), nullable=False),
        pa.field("object_etag", pa.string(), nullable=False),
        pa.field("delivered_at", INSTANT, nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""What digests say of one version of one log file that was read, or what was found out about one digest."""

COVERAGE = pa.schema(
    [
        pa.field("hour", INSTANT, nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("objects", pa.int64(), nullable=False),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("first_delivered_at", INSTANT),
        pa.field("last_delivered_at", INSTANT),
        pa.field("lag_minutes", pa.int64()),
        pa.field("verified", pa.int64(), nullable=False),
        pa.field("unverified", pa.int64(), nullable=False),
        pa.field("refuted", pa.int64(), nullable=False),
    ]
)
"""Whether one hour of one account and Region was read, and what it brought. An hour without a row was not read."""

INSIGHTS = pa.schema(
    [
        pa.field("insight_id", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("event_category", pa.string(), nullable=False),
        pa.field("insight_type", pa.string(), nullable=False),
        pa.field("event_source", pa.string(), nullable=False),
        pa.field("event_name", pa.string(), nullable=False),
        pa.field("error_code", pa.string()),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("start_time", INSTANT, nullable=False),
        pa.field("end_time", INSTANT),
        pa.field("duration_minutes", pa.int64()),
        pa.field("insight_calls_per_minute", pa.float64(), nullable=False),
        pa.field("baseline_calls_per_minute", pa.float64(), nullable=False),
        pa.field("baseline_calls", pa.int64(), nullable=False),
        pa.field("baseline_minutes", pa.int64(), nullable=False),
        pa.field("detection_calls", pa.int64(), nullable=False),
        pa.field("detection_minutes", pa.int64(), nullable=False),
        pa.field("total_calls", pa.int64()),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("window_minutes", pa.int64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("threshold", pa.float64(), nullable=False),
        pa.field("expected_calls", pa.float64(), nullable=False),
        pa.field("band_upper_calls_per_minute", pa.float64()),
        pa.field("record_calls", pa.int64()),
        pa.field("record_date", pa.string()),
        pa.field("is_level_shift", pa.bool_(), nullable=False),
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("excess_json", pa.string()),
        pa.field("start_record_json", pa.string(), nullable=False),
        pa.field("end_record_json", pa.string()),
        pa.field("is_corrected", pa.bool_(), nullable=False),
        pa.field("detected_at", INSTANT, nullable=False),
        pa.field("closed_at", INSTANT),
        pa.field("detector_version", pa.string(), nullable=False),
        pa.field("integrity", pa.string()),
        pa.field("integrity_json", pa.string()),
        pa.field("is_early", pa.bool_()),
    ]
)
"""One unusual span of one series. `status` is `open`, `closed`, or `withdrawn`: what arrived later no longer shows it.
The two records are what AWS would have written; once published they never change, whatever the columns learn later:
then `is_corrected` says so. `is_early` are those of which only a part of their hour was looked at; null is false."""
