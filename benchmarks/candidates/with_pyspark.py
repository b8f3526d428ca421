"""PySpark on this machine alone: explicit schema, multi-line JSON, one file an hour."""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from pyspark.sql import types as t
from shape import COUNTED, FLAGS, IDENTITY, NESTED, PARTITIONS, TEXTS, TIME


def struct(names: dict[str, t.DataType]) -> t.StructType:
    return t.StructType([t.StructField(name, kind) for name, kind in names.items()])


_TEXT = t.StringType()
_RECORD = struct(
    dict.fromkeys([TIME, *TEXTS, *NESTED], _TEXT) | dict.fromkeys(FLAGS, t.BooleanType()) | {TIME: t.TimestampType()}
)
_ISSUER = {"sessionContext": struct({"sessionIssuer": struct({"arn": _TEXT, "userName": _TEXT})})}
_IDENTITY = struct(dict.fromkeys(IDENTITY, _TEXT) | _ISSUER)


def main(trail: str, out: str) -> None:
    spark = (
        SparkSession.builder.master("local[*]")
        .config("spark.driver.memory", "6g")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.sql.parquet.compression.codec", "zstd")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    documents = (
        spark.read.option("multiLine", "true")
        .option("recursiveFileLookup", "true")
        .schema(struct({"Records": t.ArrayType(_RECORD)}))
        .json(trail)
    )
    records = documents.select(f.input_file_name().alias("object_key"), f.explode("Records").alias("e"))
    named = [
        f.col(f"e.{name}").alias(column) for name, column in ({TIME: "event_time"} | TEXTS | FLAGS | NESTED).items()
    ]
    events = (
        records.select("object_key", *named)
        .dropDuplicates(["event_id"])
        .withColumn("i", f.from_json("user_identity_json", _IDENTITY))
        .select("*", *callers())
        .drop("i")
        .withColumn("account_id", f.col("recipient_account_id"))
        .withColumn("region", f.col("aws_region"))
        .withColumn("date", f.date_format("event_time", "yyyy-MM-dd"))
        .withColumn("hour", f.date_format("event_time", "HH"))
        .repartition(*PARTITIONS)
        .cache()
    )
    minute = f.date_trunc("minute", "event_time").alias("minute")
    events.groupBy("account_id", "region", minute, *COUNTED).count().write.parquet(f"{out}/minute_counts")
    events.write.partitionBy(*PARTITIONS).parquet(f"{out}/events")
    server = spark.sparkContext._gateway.proc
    spark.stop()
    server.stdin.close()
    server.wait()  # else nobody knows what it used


def callers() -> list[object]:
    arn = f.col("i.arn")
    principal = f.when(f.col("i.type") != "AssumedRole", f.col("i.principalId"))
    role = f.regexp_replace(arn, r"(:assumed-role/[^/]*)/.*", "$1")
    return [
        f.col("i.type").alias("identity_type"),
        arn.alias("identity_arn"),
        f.coalesce(role, "i.invokedBy", principal, "i.accountId").alias("identity_key"),
        f.col("i.accountId").alias("identity_account_id"),
        f.coalesce("i.userName", "i.sessionContext.sessionIssuer.userName").alias("identity_user_name"),
        f.col("i.invokedBy").alias("identity_invoked_by"),
        f.col("i.accessKeyId").alias("access_key_id"),
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
