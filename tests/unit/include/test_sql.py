"""The SQL that is handed to users describes the tables as they are written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from insights.records.partitions import EventHour
from insights.records.schemas import (
    COVERAGE,
    EVENTS,
    INSIGHTS,
    INSTANT,
    INTEGRITY,
    LEDGER,
    MINUTE_COUNTS,
    QUARANTINE,
    REASONS,
)  # fmt: skip
from insights.storage import coverage, insights, integrity, reasons
from insights.windows import MINUTE, hour_of

SQL = Path(__file__).parents[3] / "include" / "sql"
# Types that Athena reads Parquet's into: Athena User Guide, "Data types in Amazon Athena".
ATHENA_TYPES = {
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.binary(): "binary",
    pa.list_(pa.string()): "array<string>",
    INSTANT: "timestamp",
}
SCHEMAS = {
    "events": EVENTS,
    "minute_counts": MINUTE_COUNTS,
    "insights": INSIGHTS,
    "quarantine": QUARANTINE,
    "ledger": LEDGER,
    "coverage": COVERAGE,
    "integrity": INTEGRITY,
    "reasons": REASONS,
}
LAKE = "s3://my-lake-bucket/trail-insights"


@pytest.fixture
def lake_keys(pipeline, record, body) -> dict[str, list[str]]:
    """The keys of a lake of every table, as the product writes them; of two Regions, and a file that tells none."""
    pipeline.deliver(record(1), record(2, eventTime="2026-11-01T05:00:00Z", awsRegion="eu-west-1"), "bad")
    pipeline.put("export.json.gz", body(record(3)))
    pipeline.ingest()
    lake, at = pipeline.workspace.lake, datetime(2026, 11, 1, 13, tzinfo=UTC)
    insights.write(lake, made_up(INSIGHTS, at))
    coverage.write(lake, EventHour("111122223333", "us-east-1", at), [made_up(COVERAGE, at)])
    integrity.write(lake, "111122223333", "us-east-1", [made_up(INTEGRITY, at)])
    hour = hour_of(at)
    candidate = pa.Table.from_pylist([made_up(REASONS, at + MINUTE)], schema=REASONS)
    reasons.write(lake, ("111122223333", "us-east-1"), hour, candidate)
    return {name: [info.key for info in lake.list(f"{name}/")] for name in SCHEMAS}


def made_up(schema: pa.Schema, at: datetime) -> dict[str, Any]:
    """A row of a schema."""
    values: dict[str, Any] = {"string": "x", "int64": 1, "double": 0.5, "bool": False}
    return {field.name: values.get(str(field.type), at) for field in schema}


def athena_statement(table: str) -> str:
    """Give the CREATE statement of a table."""
    text = (SQL / "athena.sql").read_text()
    return text[text.index(f"trail_insights.{table} (") :].split(";", maxsplit=1)[0]


def athena_properties(table: str) -> dict[str, str]:
    return dict(re.findall(r"'([\w.]+)' =\s+'([^']+)'", athena_statement(table)))


def partitions_of(key: str) -> dict[str, str]:
    return dict(part.split("=") for part in key.split("/")[1:-1])


def is_projected(value: str, name: str, properties: dict[str, str]) -> bool:
    """Tell whether Athena would make this value of a partition column: Athena User Guide, "Supported types for
    partition projection"."""
    match properties[f"projection.{name}.type"]:
        case "enum":
            return value in properties[f"projection.{name}.values"].split(",")
        case "integer":
            low, high = map(int, properties[f"projection.{name}.range"].split(","))
            digits = int(properties[f"projection.{name}.digits"])
            return value in {f"{number:0{digits}}" for number in range(low, high + 1)}
        case "date":
            assert properties[f"projection.{name}.format"] == "yyyy-MM-dd"
            first, last = properties[f"projection.{name}.range"].split(",")
            return last == "NOW" and first <= value and f"{datetime.fromisoformat(value):%Y-%m-%d}" == value
    return False


@pytest.mark.parametrize("table", SCHEMAS)
def test_athena_has_the_columns_that_are_written(table: str) -> None:
    """Athena's columns are those of the files: same names, same order, matching types."""
    columns = re.findall(r"^    `(\w+)` +([\w<>]+),?$", athena_statement(table), flags=re.MULTILINE)

    assert columns == [(field.name, ATHENA_TYPES[field.type]) for field in SCHEMAS[table]]


@pytest.mark.parametrize("table", SCHEMAS)
def test_athena_looks_where_the_files_are(lake_keys: dict[str, list[str]], table: str) -> None:
    """The location that Athena makes of a partition's values is the folder that the file lies in, and it makes these
    values."""
    properties = athena_properties(table)
    assert lake_keys[table]
    for key in lake_keys[table]:
        values = partitions_of(key)
        place = re.sub(r"\$\{(\w+)\}", lambda name, of=values: of[name[1]], properties["storage.location.template"])
        assert place == f"{LAKE}/{key.rpartition('/')[0]}/"
        assert [name for name, value in values.items() if not is_projected(value, name, properties)] == []


@pytest.mark.parametrize("table", SCHEMAS)
def test_athena_projects_every_partition_column(lake_keys: dict[str, list[str]], table: str) -> None:
    """Each partition column has its projection, or Athena refuses the table; none hides a column of the files."""
    partitions = list(partitions_of(lake_keys[table][0]))
    declared = re.search(r"PARTITIONED BY \((.+)\)", athena_statement(table))

    assert declared is not None
    assert re.findall(r"`(\w+)`", declared[1]) == partitions
    assert [name.split(".")[1] for name in athena_properties(table) if name.endswith(".type")] == partitions
    assert not set(partitions) & set(SCHEMAS[table].names)


@pytest.mark.parametrize("table", SCHEMAS)
def test_duckdb_reads_the_same_partitions(lake_keys: dict[str, list[str]], table: str) -> None:
    """DuckDB's view looks into the table's folders and keeps account ids as text, with their leading zeros."""
    text = (SQL / "duckdb.sql").read_text()
    view = text[text.index(f"VIEW {table} AS") :].split(";", maxsplit=1)[0]
    partitions = list(partitions_of(lake_keys[table][0]))

    assert f"'/{table}/{'/'.join(f'{name}=*' for name in partitions)}/*.parquet'" in view
    assert re.findall(r"'(\w+)': [A-Z]+", view) == partitions
    assert ("'account_id': VARCHAR" in view) == ("account_id" in partitions)


@pytest.mark.parametrize("column", ["insights.is_early", "insights.integrity", "ledger.is_replacement"])
def test_duckdb_finds_columns_that_the_oldest_files_lack(column: str) -> None:
    """DuckDB takes the columns of the first file, the oldest, for those of all, unless it is told to look at all
    (DuckDB documentation, "Combining Schemas"); files of earlier versions have no such column."""
    table, name = column.split(".")
    text = (SQL / "duckdb.sql").read_text()
    view = text[text.index(f"VIEW {table} AS") :].split(";", maxsplit=1)[0]

    assert SCHEMAS[table].field(name).nullable
    assert "union_by_name = true" in view
