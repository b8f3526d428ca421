"""Keep the lake small and quick to read.

Runs every night, one run at a time, beside whatever else runs: no other DAG has to wait, and none has to be paused.

**maintain** deletes what is older than the settings in `[retention]` keep: by default nothing, and never the Insight
records under `AWSLogs/`. Then it puts the small files of days that are over (`lake.compact_after_days`) together: the
hours of `minute_counts`, the files of `ledger` and `quarantine`, the marks of what was read. Its report says how many
files and bytes of each table.

**A retry or second run** goes on where the first ended. **When it is red,** it names the setting or the place and the
remedy; nothing is lost meanwhile, the lake only has more files. `insights maintain --dry-run` tells what it would do.
"""

from airflow.sdk import dag

from insights.orchestration import tasks
from insights.orchestration.schedule import DEFAULT_ARGS, START_DATE


@dag(
    schedule="@daily",
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["trail-insights"],
)
def lake_maintenance() -> None:
    """maintain."""
    tasks.maintain()


lake_maintenance()
