"""Read an hour of CloudTrail into the lake and count it.

Runs every hour, `trail.settle_minutes` (20) after its end, when CloudTrail has delivered nearly all of it. It takes the
objects that were delivered for its hour and are not in the ledger yet, and, when scheduled, whatever came late for the
day before.

**extract** lists the trail and cuts what is new into shards of bounded bytes · **normalize** reads each shard into
`events`, every record once · **verify** compares what was read with CloudTrail's signed digests, of this hour and those
before, as far as they have come · **validate** judges the hours it touched by the quality rules · **count** brings
`minute_counts` up to date and announces the asset that `insights_detect` waits for · **coverage** writes down which
hours brought data and how late · **reconcile** shows that every record is accounted for.

**A retry or second run** reads nothing twice and changes nothing. **Backfill** (button *Trigger*, tab *Backfill*, or
`airflow backfill create --dag-id trail_ingest …`) works on any span; set *Max Active Runs* to 8 or so. For weeks of
history `initial_analysis` is faster.

**When it is red:** *validate* names the hours a critical rule holds back; the *Data quality* tab of the run shows the
rows and what to do. *reconcile* names what does not add up. Settings and access errors name the key or the bucket.
"""

from airflow.sdk import dag

from insights.orchestration import tasks
from insights.orchestration.schedule import DEFAULT_ARGS, START_DATE
from insights.orchestration.timetable import SettledHourTimetable
from insights.settings import load_settings


@dag(
    schedule=SettledHourTimetable(load_settings().trail.settle_minutes),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["trail-insights"],
)
def trail_ingest() -> None:
    """extract → normalize (a task for each shard) → verify → validate → count → coverage → reconcile."""
    normalized = tasks.normalize.expand(shard=tasks.extract())
    validated = normalized >> tasks.verify() >> tasks.validate()
    reconciled = validated >> tasks.count() >> tasks.coverage() >> tasks.reconcile()
    # A run whose validation failed is red, though its good hours are counted: Airflow judges a run by its last tasks.
    validated >> reconciled


trail_ingest()
