-- The lake in DuckDB. Say where it is, then read this file:
--   SET VARIABLE lake = 's3://my-lake-bucket/trail-insights';   -- or a folder
--   .read include/sql/duckdb.sql
-- For S3, credentials first: CREATE SECRET (TYPE s3, PROVIDER credential_chain, REGION 'us-east-1');
-- Only the partitions that a WHERE on account_id, region, date or hour leaves over are read.

SET TimeZone = 'UTC';

-- One CloudTrail record, once, in the hour of its event time.
CREATE OR REPLACE VIEW events AS
SELECT *
FROM read_parquet(
    getvariable('lake') || '/events/account_id=*/region=*/date=*/hour=*/*.parquet',
    hive_partitioning = true,
    hive_types = {'account_id': VARCHAR, 'region': VARCHAR, 'date': DATE, 'hour': INTEGER}
);

-- Calls of one API in one minute with at least one call; error_code null is success. While lake_maintenance puts a past
-- day's hours together, rows of it can be seen twice for moments; SELECT DISTINCT sees each once.
CREATE OR REPLACE VIEW minute_counts AS
SELECT *
FROM read_parquet(
    getvariable('lake') || '/minute_counts/account_id=*/region=*/date=*/*.parquet',
    hive_partitioning = true,
    hive_types = {'account_id': VARCHAR, 'region': VARCHAR, 'date': DATE}
);

-- One candidate for an insight, and what became of it: told, or why not. `date` is the day of the calls.
CREATE OR REPLACE VIEW reasons AS
SELECT *
FROM read_parquet(
    getvariable('lake') || '/reasons/account_id=*/region=*/date=*/*.parquet',
    hive_partitioning = true,
    hive_types = {'account_id': VARCHAR, 'region': VARCHAR, 'date': DATE}
);

-- One hour of one account and Region that was read: what it brought, and how late.
CREATE OR REPLACE VIEW coverage AS
SELECT *
FROM read_parquet(
    getvariable('lake') || '/coverage/account_id=*/region=*/date=*/*.parquet',
    hive_partitioning = true,
    hive_types = {'account_id': VARCHAR, 'region': VARCHAR, 'date': DATE}
);

-- What CloudTrail's digests say of a version of a log file that was read, or what was found out about a digest.
CREATE OR REPLACE VIEW integrity AS
SELECT *
FROM read_parquet(
    getvariable('lake') || '/integrity/account_id=*/region=*/date=*/*.parquet',
    hive_partitioning = true,
    hive_types = {'account_id': VARCHAR, 'region': VARCHAR, 'date': DATE}
);

-- One unusual span of one series; `date` is the day it began.
CREATE OR REPLACE VIEW insights AS
SELECT *
FROM read_parquet(
    getvariable('lake') || '/insights/date=*/*.parquet',
    hive_partitioning = true,
    union_by_name = true,  -- the oldest files lack the newest columns
    hive_types = {'date': DATE}
);

-- One refused record, or one refused object (record_index null); `date` is the day of its delivery.
CREATE OR REPLACE VIEW quarantine AS
SELECT *
FROM read_parquet(
    getvariable('lake') || '/quarantine/date=*/*.parquet',
    hive_partitioning = true,
    hive_types = {'date': DATE}
);

-- One version of one trail object that was read; `date` is the day of its delivery. The account and Region of objects
-- whose names tell none are '-'.
CREATE OR REPLACE VIEW ledger AS
SELECT *
FROM read_parquet(
    getvariable('lake') || '/ledger/account_id=*/region=*/date=*/*.parquet',
    hive_partitioning = true,
    union_by_name = true,  -- the oldest files lack the newest columns
    hive_types = {'account_id': VARCHAR, 'region': VARCHAR, 'date': DATE}
);
