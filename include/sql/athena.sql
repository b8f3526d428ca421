-- The lake in Amazon Athena: run the statements one at a time, after replacing
--   s3://my-lake-bucket/trail-insights   by the lake's URL,
--   111122223333                         by the accounts, separated by commas,
--   us-east-1,eu-west-1                  by the Regions that the trail covers.
-- Partitions are projected from these lists: nothing has to be crawled, added or repaired. Name a date in each WHERE,
-- or Athena looks into every hour since the first day. `date` is text: '2026-11-01'. All times are UTC.

CREATE DATABASE IF NOT EXISTS trail_insights;

-- One CloudTrail record, once, in the hour of its event time.
CREATE EXTERNAL TABLE IF NOT EXISTS trail_insights.events (
    `event_time`                      timestamp,
    `event_id`                        string,
    `event_version`                   string,
    `event_source`                    string,
    `event_name`                      string,
    `event_type`                      string,
    `event_category`                  string,
    `is_read_only`                    boolean,
    `is_management`                   boolean,
    `inferred_fields`                 string,
    `error_code`                      string,
    `error_message`                   string,
    `aws_region`                      string,
    `recipient_account_id`            string,
    `identity_type`                   string,
    `identity_arn`                    string,
    `identity_key`                    string,
    `identity_account_id`             string,
    `identity_user_name`              string,
    `identity_invoked_by`             string,
    `access_key_id`                   string,
    `source_ip_address`               string,
    `user_agent`                      string,
    `request_id`                      string,
    `shared_event_id`                 string,
    `api_version`                     string,
    `vpc_endpoint_id`                 string,
    `vpc_endpoint_account_id`         string,
    `session_credential_from_console` string,
    `user_identity_json`              string,
    `request_parameters_json`         string,
    `response_elements_json`          string,
    `additional_event_data_json`      string,
    `resources_json`                  string,
    `service_event_details_json`      string,
    `addendum_json`                   string,
    `tls_details_json`                string,
    `edge_device_details_json`        string,
    `event_context_json`              string,
    `other_fields_json`               string,
    `object_key`                      string
)
PARTITIONED BY (`account_id` string, `region` string, `date` string, `hour` int)
STORED AS PARQUET
LOCATION 's3://my-lake-bucket/trail-insights/events/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.account_id.type' = 'enum',
    'projection.account_id.values' = '111122223333',
    'projection.region.type' = 'enum',
    'projection.region.values' = 'us-east-1,eu-west-1',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2020-01-01,NOW',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'projection.hour.type' = 'integer',
    'projection.hour.range' = '0,23',
    'projection.hour.digits' = '2',
    'storage.location.template' =
        's3://my-lake-bucket/trail-insights/events/account_id=${account_id}/region=${region}/date=${date}/hour=${hour}/'
);

-- Calls of one API in one minute with at least one call; error_code null is success. While lake_maintenance puts a past
-- day's hours together, rows of it can be seen twice for moments; SELECT DISTINCT sees each once.
CREATE EXTERNAL TABLE IF NOT EXISTS trail_insights.minute_counts (
    `minute`         timestamp,
    `event_category` string,
    `is_read_only`   boolean,
    `event_source`   string,
    `event_name`     string,
    `error_code`     string,
    `count`          bigint
)
PARTITIONED BY (`account_id` string, `region` string, `date` string)
STORED AS PARQUET
LOCATION 's3://my-lake-bucket/trail-insights/minute_counts/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.account_id.type' = 'enum',
    'projection.account_id.values' = '111122223333',
    'projection.region.type' = 'enum',
    'projection.region.values' = 'us-east-1,eu-west-1',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2020-01-01,NOW',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'storage.location.template' =
        's3://my-lake-bucket/trail-insights/minute_counts/account_id=${account_id}/region=${region}/date=${date}/'
);

-- One candidate for an insight, and what became of it: told, or why not. `date` is the day of the calls.
CREATE EXTERNAL TABLE IF NOT EXISTS trail_insights.reasons (
    `window_end`                  timestamp,
    `window_minutes`              bigint,
    `event_category`              string,
    `insight_type`                string,
    `event_source`                string,
    `event_name`                  string,
    `error_code`                  string,
    `direction`                   string,
    `verdict`                     string,
    `calls`                       double,
    `expected_calls`              double,
    `score`                       double,
    `threshold`                   double,
    `rule`                        string,
    `record_calls`                bigint,
    `record_date`                 string,
    `band_upper_calls_per_minute` double,
    `insight_id`                  string,
    `start_time`                  timestamp
)
PARTITIONED BY (`account_id` string, `region` string, `date` string)
STORED AS PARQUET
LOCATION 's3://my-lake-bucket/trail-insights/reasons/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.account_id.type' = 'enum',
    'projection.account_id.values' = '111122223333',
    'projection.region.type' = 'enum',
    'projection.region.values' = 'us-east-1,eu-west-1',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2020-01-01,NOW',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'storage.location.template' =
        's3://my-lake-bucket/trail-insights/reasons/account_id=${account_id}/region=${region}/date=${date}/'
);

-- One hour of one account and Region that was read: what it brought, and how late.
CREATE EXTERNAL TABLE IF NOT EXISTS trail_insights.coverage (
    `hour`               timestamp,
    `status`             string,
    `objects`            bigint,
    `records`            bigint,
    `first_delivered_at` timestamp,
    `last_delivered_at`  timestamp,
    `lag_minutes`        bigint,
    `verified`           bigint,
    `unverified`         bigint,
    `refuted`            bigint
)
PARTITIONED BY (`account_id` string, `region` string, `date` string)
STORED AS PARQUET
LOCATION 's3://my-lake-bucket/trail-insights/coverage/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.account_id.type' = 'enum',
    'projection.account_id.values' = '111122223333',
    'projection.region.type' = 'enum',
    'projection.region.values' = 'us-east-1,eu-west-1',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2020-01-01,NOW',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'storage.location.template' =
        's3://my-lake-bucket/trail-insights/coverage/account_id=${account_id}/region=${region}/date=${date}/'
);

-- What CloudTrail's digests say of a version of a log file that was read, or what was found out about a digest.
CREATE EXTERNAL TABLE IF NOT EXISTS trail_insights.integrity (
    `kind`         string,
    `object_key`   string,
    `object_etag`  string,
    `delivered_at` timestamp,
    `verdict`      string,
    `reason`       string
)
PARTITIONED BY (`account_id` string, `region` string, `date` string)
STORED AS PARQUET
LOCATION 's3://my-lake-bucket/trail-insights/integrity/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.account_id.type' = 'enum',
    'projection.account_id.values' = '111122223333',
    'projection.region.type' = 'enum',
    'projection.region.values' = 'us-east-1,eu-west-1',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2020-01-01,NOW',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'storage.location.template' =
        's3://my-lake-bucket/trail-insights/integrity/account_id=${account_id}/region=${region}/date=${date}/'
);

-- One unusual span of one series; `date` is the day it began.
CREATE EXTERNAL TABLE IF NOT EXISTS trail_insights.insights (
    `insight_id`                  string,
    `status`                      string,
    `account_id`                  string,
    `region`                      string,
    `event_category`              string,
    `insight_type`                string,
    `event_source`                string,
    `event_name`                  string,
    `error_code`                  string,
    `direction`                   string,
    `start_time`                  timestamp,
    `end_time`                    timestamp,
    `duration_minutes`            bigint,
    `insight_calls_per_minute`    double,
    `baseline_calls_per_minute`   double,
    `baseline_calls`              bigint,
    `baseline_minutes`            bigint,
    `detection_calls`             bigint,
    `detection_minutes`           bigint,
    `total_calls`                 bigint,
    `rule`                        string,
    `window_minutes`              bigint,
    `score`                       double,
    `threshold`                   double,
    `expected_calls`              double,
    `band_upper_calls_per_minute` double,
    `record_calls`                bigint,
    `record_date`                 string,
    `is_level_shift`              boolean,
    `explanation`                 string,
    `excess_json`                 string,
    `start_record_json`           string,
    `end_record_json`             string,
    `is_corrected`                boolean,
    `detected_at`                 timestamp,
    `closed_at`                   timestamp,
    `detector_version`            string,
    `integrity`                   string,
    `integrity_json`              string,
    `is_early`                    boolean
)
PARTITIONED BY (`date` string)
STORED AS PARQUET
LOCATION 's3://my-lake-bucket/trail-insights/insights/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2020-01-01,NOW',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'storage.location.template' =
        's3://my-lake-bucket/trail-insights/insights/date=${date}/'
);

-- One refused record, or one refused object (record_index null); `date` is the day of its delivery.
CREATE EXTERNAL TABLE IF NOT EXISTS trail_insights.quarantine (
    `reason`        string,
    `detail`        string,
    `object_key`    string,
    `object_etag`   string,
    `record_index`  bigint,
    `content`       binary,
    `content_bytes` bigint,
    `records`       bigint
)
PARTITIONED BY (`date` string)
STORED AS PARQUET
LOCATION 's3://my-lake-bucket/trail-insights/quarantine/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2020-01-01,NOW',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'storage.location.template' =
        's3://my-lake-bucket/trail-insights/quarantine/date=${date}/'
);

-- One version of one trail object that was read; `date` is the day of its delivery. The account and Region of objects
-- whose names tell none are '-'.
CREATE EXTERNAL TABLE IF NOT EXISTS trail_insights.ledger (
    `object_key`   string,
    `object_etag`  string,
    `object_bytes` bigint,
    `delivered_at` timestamp,
    `is_loose`     boolean,
    `records_in`   bigint,
    `kept`         bigint,
    `duplicate`    bigint,
    `out_of_scope` bigint,
    `quarantined`  bigint,
    `partitions`   array<string>,
    `content_hash` string,
    `is_replacement` boolean
)
PARTITIONED BY (`account_id` string, `region` string, `date` string)
STORED AS PARQUET
LOCATION 's3://my-lake-bucket/trail-insights/ledger/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.account_id.type' = 'enum',
    'projection.account_id.values' = '111122223333,-',
    'projection.region.type' = 'enum',
    'projection.region.values' = 'us-east-1,eu-west-1,-',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2020-01-01,NOW',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'storage.location.template' =
        's3://my-lake-bucket/trail-insights/ledger/account_id=${account_id}/region=${region}/date=${date}/'
);
