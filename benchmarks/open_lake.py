"""Open a lake with DuckDB, Polars, pandas and PySpark as it is, and tell whether they see the same in every table.

Run with the benchmarks' own environment: `.venv-bench/bin/python benchmarks/open_lake.py LAKE`, LAKE a folder. Prints
for each engine and table the rows and a few sums, and exits with 1 where they differ.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

PLACE = ("account_id", "region", "date")
PARTITIONS = {
    "events": (*PLACE, "hour"),
    "minute_counts": PLACE,
    "insights": ("date",),
    "quarantine": ("date",),
    "ledger": PLACE,
}
ASKED = {
    "events": "count(*), count(distinct event_id), count(distinct account_id), sum(hour), count(error_code), min(date)",
    "minute_counts": 'count(*), sum("count"), count(distinct event_name), count(error_code), max(date)',
    "insights": "count(*), count(distinct insight_id), sum(baseline_calls), min(date)",
    "quarantine": "count(*), count(record_index), sum(content_bytes), min(date)",
    "ledger": "count(*), sum(records_in), sum(kept), sum(duplicate), max(account_id)",
}
"""What every engine is asked of a table, in SQL they all speak."""

Answer = tuple[str, ...]


def ask_duckdb(lake: str) -> dict[str, Answer]:
    import duckdb

    views = Path(__file__).parents[1].joinpath("include/sql/duckdb.sql").read_text()
    connection = duckdb.connect()
    connection.execute("SET VARIABLE lake = $lake", {"lake": lake})
    for statement in views.split(";\n"):
        table = next((name for name in PARTITIONS if f"VIEW {name} AS" in statement), None)
        if table is None or _has_files(lake, table):
            connection.execute(statement)
    return {
        table: _texts(connection.execute(f"SELECT {ASKED[table]} FROM {table}").fetchone() or ())  # noqa: S608
        for table in PARTITIONS
        if _has_files(lake, table)
    }


def ask_polars(lake: str) -> dict[str, Answer]:
    import polars

    found = {}
    for table, partitions in PARTITIONS.items():
        if _has_files(lake, table):
            kinds = {name: polars.Int64 if name == "hour" else polars.String for name in partitions}
            frame = polars.scan_parquet(f"{lake}/{table}/**/*.parquet", hive_partitioning=True, hive_schema=kinds)
            answer = polars.SQLContext({table: frame}).execute(f"SELECT {_named(ASKED[table])} FROM {table}")  # noqa: S608
            found[table] = _texts(answer.collect().row(0))
    return found


def ask_pandas(lake: str) -> dict[str, Answer]:
    import pandas
    import pyarrow as pa
    import pyarrow.dataset as ds

    found = {}
    for table, partitions in PARTITIONS.items():
        if _has_files(lake, table):
            kinds = pa.schema([(name, pa.int64() if name == "hour" else pa.string()) for name in partitions])
            frame = pandas.read_parquet(f"{lake}/{table}", partitioning=ds.partitioning(kinds, flavor="hive"))
            found[table] = _texts(tuple(_asked_of_frame(frame, question) for question in _questions(ASKED[table])))
    return found


def ask_spark(lake: str) -> dict[str, Answer]:
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    found = {}
    for table in PARTITIONS:
        if _has_files(lake, table):
            spark.read.parquet(f"{lake}/{table}").createOrReplaceTempView(table)
            asked = ASKED[table].replace('"count"', "`count`").replace("sum(hour)", "sum(cast(hour as int))")
            found[table] = _texts(tuple(spark.sql(f"SELECT {asked} FROM {table}").collect()[0]))  # noqa: S608
    spark.stop()
    return found


ENGINES: dict[str, Callable[[str], dict[str, Answer]]] = {
    "DuckDB": ask_duckdb,
    "Polars": ask_polars,
    "pandas": ask_pandas,
    "PySpark": ask_spark,
}


def _has_files(lake: str, table: str) -> bool:
    return any(Path(lake, table).rglob("*.parquet"))


def _questions(asked: str) -> list[str]:
    return asked.replace('"', "").split(", ")


def _named(asked: str) -> str:
    """Give every column of an answer a name of its own, which Polars wants."""
    return ", ".join(f"{question} AS a{number}" for number, question in enumerate(asked.split(", ")))


def _asked_of_frame(frame: object, question: str) -> object:
    function, _, rest = question.partition("(")
    column = rest.rstrip(")")
    if column == "*":
        return len(frame)  # type: ignore[arg-type]
    if column.startswith("distinct "):
        return frame[column.removeprefix("distinct ")].nunique()  # type: ignore[index]
    return getattr(frame[column], function)()  # type: ignore[index]


def _texts(values: tuple[object, ...]) -> Answer:
    return tuple(str(value) for value in values)


def main(lake: str) -> int:
    answers = {engine: ask(lake) for engine, ask in ENGINES.items()}
    expected = answers["DuckDB"]
    for engine, found in answers.items():
        for table, answer in found.items():
            same = "" if answer == expected[table] else "  differs"
            print(f"{engine:8} {table:14} {', '.join(answer)}{same}")
    return int(any(found != expected for found in answers.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
