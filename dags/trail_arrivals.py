"""Read what CloudTrail delivers within minutes, where the bucket says that something came.

Runs when objects of the trail arrive in the bucket, at most every `trail.nudge_minutes` (5), if `trail.notifications`
names an SQS queue that is told of them; without it, by hand only. A message is a reason to look, no more: a run lists
what was delivered in the hour of the nudge and in the one before, and reads what is not in the ledger yet.

**extract** lists and cuts what is new into shards; where newer runs wait already, it leaves the work to the last of
them · **normalize** reads each shard into `events` · **validate** judges the hours it touched · **count** brings
`minute_counts` up to date · **announce** wakes `insights_detect`, which judges late records of complete hours, and
looks for spikes in what there is of the hours that are not (`detect.early`).

**Nothing depends on it.** Which hours were read whole, what adds up, and which hours are held back is for
`trail_ingest` to say, every hour; it reads whatever this DAG did not. A run with nothing new is skipped.

**When it is red,** the message names the cause; `trail_ingest` will have the same unless it has passed by then.
"""

from airflow.sdk import dag

from insights.orchestration import tasks
from insights.orchestration.schedule import DEFAULT_ARGS, START_DATE, deliveries
from insights.settings import load_settings


@dag(
    schedule=[deliveries(load_settings())],
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["trail-insights"],
)
def trail_arrivals() -> None:
    """extract → normalize (a task for each shard) → validate → count → announce."""
    normalized = tasks.normalize.expand(shard=tasks.extract_newest())
    counted = tasks.count_part()
    normalized >> tasks.validate_silently() >> counted
    tasks.announce(counted)


trail_arrivals()
