"""Read an hour of CloudTrail into the lake and count it.

Runs every hour, 20 minutes after its end, when CloudTrail has delivered nearly all of it. It takes the objects that
were delivered for its hour and are not in the ledger yet, and, when scheduled, whatever came late for the day before.

**extract** lists the trail and cuts what is new into shards of bounded bytes · **normalize** reads each shard into
`events`, every record once · **validate** judges the hours it touched by the quality rules · **count** brings
`minute_counts` up to date and announces the asset that `insights_detect` waits for · **reconcile** shows that every
record is accounted for.

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


@dag(
    schedule=SettledHourTimetable(settle_minutes=20),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["trail-insights"],
)
def trail_ingest() -> None:
    """extract → normalize (a task for each shard) → validate → count → reconcile."""
    normalized = tasks.normalize.expand(shard=tasks.extract())
    normalized >> tasks.validate() >> tasks.count() >> tasks.reconcile()


trail_ingest()
