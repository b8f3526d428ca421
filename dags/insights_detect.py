"""Judge what has been counted, publish what is unusual, and tell people.

Runs whenever `trail_ingest` or `trail_arrivals` has counted hours anew, one run at a time. It looks at what the lake
holds, not at an interval of its own, so several changes at once, backfills and late data are all the same to it.

**detect** judges the counts of every account × Region that changed and keeps the `insights` table up to date; where
`trail.notifications` is set it tells spikes of the running hour early ·
**publish** writes Start and End records under `AWSLogs/…/CloudTrail-Insight/` of the lake, in AWS's form, each once ·
**notify** hands them to the channels of the settings, each once; what is older than `notify.max_age_hours` is history
and wakes nobody.

**A retry or second run** finds nothing left to do. **When notify is red,** it names the channel and the remedy; the
other channels were served, and a retry sends only what is missing.
"""

from airflow.sdk import dag

from insights.orchestration import tasks
from insights.orchestration.schedule import DEFAULT_ARGS, MINUTE_COUNTS, START_DATE


@dag(
    schedule=[MINUTE_COUNTS],
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["trail-insights"],
)
def insights_detect() -> None:
    """detect → publish → notify."""
    tasks.detect() >> tasks.publish() >> tasks.notify()


insights_detect()
