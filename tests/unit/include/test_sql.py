"""The SQL that is handed to users describes the tables as they are written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from insights.records.partitions import EventHour
from insights.records.schemas import COVERAGE, EVENTS, INSTANT, INTEGRITY, MINUTE_COUNTS

SQL = Path(__file__).parents[3] / "include" / "sql"
# Types that Athena reads Parquet's into: Athena User Guide, "Data types in Amazon Athena".
ATHENA_TYPES = {pa.string(): "string", pa.bool_(): "boolean", pa.int64(): "bigint", INSTANT: "timestamp"}
HOUR = EventHour("111122223333", "us-east-1", datetime(2026, 11, 1, 5, tzinfo=UTC))
TABLES = [
    pytest.param("events", EVENTS, HOUR.path, id="events"),
    pytest.param("minute_counts", MINUTE_COUNTS, HOUR.day_path, id="minute_counts"),
    pytest.param("coverage", COVERAGE, HOUR.day_path, id="coverage"),
    pytest.param("integrity", INTEGRITY, HOUR.day_path, id="integrity"),
]


def athena_statement(table: str) -> str:
    """Give the CREATE statement of a table."""
    text = (SQL / "athena.sql").read_text()
    return text[text.index(f"trail_insights.{table} (") :].split(";", maxsplit=1)[0]


@pytest.mark.parametrize(("table", "schema", "_path"), TABLES)
def test_athena_has_the_columns_that_are_written(table: str, schema: pa.Schema, _path: str) -> None:
    """Athena's columns are those of the files: same names, same order, matching types."""
    columns = re.findall(r"^    `(\w+)` +(\w+),?$", athena_statement(table), flags=re.MULTILINE)

    assert columns == [(field.name, ATHENA_TYPES[field.type]) for field in schema]


@pytest.mark.parametrize(("table", "_schema", "path"), TABLES)
def test_athena_looks_where_the_files_are(table: str, _schema: pa.Schema, path: str) -> None:
    """The projected location of a partition is the folder that the lake writes it to."""
    template = re.search(
        r"'storage.location.template' =\s+'s3://my-lake-bucket/trail-insights/(.+)/'", athena_statement(table)
    )

    assert template is not None
    values = dict(part.split("=") for part in path.split("/"))
    assert re.sub(r"\$\{(\w+)\}", lambda name: values[name[1]], template[1]) == f"{table}/{path}"


@pytest.mark.parametrize(("table", "_schema", "path"), TABLES)
def test_athena_projects_every_partition_column(table: str, _schema: pa.Schema, path: str) -> None:
    """Each partition column has its projection: with one missing, Athena refuses the table."""
    statement = athena_statement(table)
    partitions = [part.split("=")[0] for part in path.split("/")]

    declared = re.search(r"PARTITIONED BY \((.+)\)", statement)

    assert declared is not None
    assert re.findall(r"`(\w+)`", declared[1]) == partitions
    assert re.findall(r"'projection\.(\w+)\.type'", statement) == partitions


@pytest.mark.parametrize(("table", "_schema", "path"), TABLES)
def test_duckdb_reads_the_same_partitions(table: str, _schema: pa.Schema, path: str) -> None:
    """DuckDB's view looks into the table's folders and keeps account ids as text, with their leading zeros."""
    text = (SQL / "duckdb.sql").read_text()
    view = text[text.index(f"VIEW {table} AS") :].split(";", maxsplit=1)[0]
    partitions = [part.split("=")[0] for part in path.split("/")]

    assert f"'/{table}/{'/'.join(f'{name}=*' for name in partitions)}/*.parquet'" in view
    assert re.findall(r"'(\w+)': [A-Z]+", view) == partitions
    assert "'account_id': VARCHAR" in view
