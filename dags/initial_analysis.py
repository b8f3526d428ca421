"""Analyse the history of a trail in one run: what to do first, and after a change of settings.

Trigger it by hand. The form asks for a window, From and To or days back; the trail is the one of the settings unless
you name another. It may cover hours that were read before: nothing is read, counted, published or told twice.

The steps are those of `trail_ingest` and `insights_detect`, over the whole window at once: **extract** cuts the window
into shards of bounded bytes, **normalize** reads them side by side, then **verify**, **validate**, **count**,
**coverage**, **detect**, **publish**, **notify** and **reconcile** follow. One run with many shards costs seconds of
scheduling where a run for every hour costs minutes, and ends in the same tables.

Insights of the past are published and listed; nobody is notified of what is older than `notify.max_age_hours`.
"""

from airflow.sdk import dag

from insights.orchestration import tasks
from insights.orchestration.schedule import DEFAULT_ARGS, START_DATE, WINDOW_PARAMS


@dag(
    schedule=None,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    params=WINDOW_PARAMS,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["trail-insights"],
)
def initial_analysis() -> None:
    """extract → normalize (a task for each shard) → verify → validate → count → coverage → detect → publish → notify →
    reconcile."""
    normalized = tasks.normalize.expand(shard=tasks.extract())
    validated = normalized >> tasks.verify() >> tasks.validate()
    reconciled = (
        validated
        >> tasks.count_unannounced()
        >> tasks.coverage()
        >> tasks.detect()
        >> tasks.publish()
        >> tasks.notify()
        >> tasks.reconcile()
    )
    # A run whose validation failed is red, though its good hours are counted: Airflow judges a run by its last tasks.
    validated >> reconciled


initial_analysis()
