import gzip
import json
import re

from insights.stages import extract, publish
from insights.storage import insights
from insights.windows import Window, parse_instant


def rewrite(lake, row) -> None:
    """Put an insight over what is known of it."""
    (known,) = [each for each in insights.read(lake) if each["insight_id"] == row["insight_id"]]
    insights.write(lake, known | row)


def published(pipeline) -> dict[str, list[dict]]:
    lake = pipeline.workspace.lake
    return {i.key: json.loads(gzip.decompress(lake.get(i.key)[0]))["Records"] for i in lake.list("AWSLogs/")}


def test_key(pipeline, insight) -> None:
    """An object's key follows CloudTrail's grammar: its folder, the record's day and minute, sixteen characters."""
    insights.write(pipeline.workspace.lake, insight())
    publish.run(None, pipeline.workspace)
    (key,) = published(pipeline)

    assert re.fullmatch(
        "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/11/01/"
        r"111122223333_CloudTrail-Insight_us-east-1_20261101T1407Z_[A-Za-z0-9]{16}\.json\.gz",
        key,
    )


def test_content(pipeline, insight) -> None:
    """Each object is a gzip of a Records list with the one record, as the table has it."""
    row = insight(minutes=9)
    insights.write(pipeline.workspace.lake, row)
    report = publish.run(None, pipeline.workspace)

    records = [record for each in published(pipeline).values() for record in each]
    expected = [json.loads(row["start_record_json"]), json.loads(row["end_record_json"])]
    assert sorted(records, key=str) == sorted(expected, key=str)
    assert (report.started, report.ended) == (1, 1)
    assert sorted(report.keys) == sorted(published(pipeline))


def test_again(pipeline, insight) -> None:
    """Published twice is published once: no object is touched again."""
    insights.write(pipeline.workspace.lake, insight(minutes=9))
    publish.run(None, pipeline.workspace)
    before = list(pipeline.workspace.lake.list("AWSLogs/"))
    report = publish.run(None, pipeline.workspace)

    assert (report.started, report.ended, report.keys) == (0, 0, ())
    assert list(pipeline.workspace.lake.list("AWSLogs/")) == before


def test_end_follows(pipeline, insight) -> None:
    """An insight that ends adds its End; the Start stays as it was told."""
    insights.write(pipeline.workspace.lake, insight())
    publish.run(None, pipeline.workspace)
    start = published(pipeline)
    rewrite(pipeline.workspace.lake, insight(minutes=9))
    report = publish.run(None, pipeline.workspace)

    assert (report.started, report.ended) == (0, 1)
    assert published(pipeline).items() > start.items()


def test_window(pipeline, insight) -> None:
    """A window publishes what started on its days."""
    insights.write(pipeline.workspace.lake, insight(start="2026-11-01T14:07"))
    insights.write(pipeline.workspace.lake, insight(start="2026-10-30T14:07"))
    report = publish.run(
        Window(parse_instant("2026-11-01T00:00"), parse_instant("2026-11-01T01:00")), pipeline.workspace
    )

    assert report.started == 1
    assert "/2026/11/01/" in report.keys[0]


def test_never_ingested(pipeline, insight, record) -> None:
    """Where trail and lake are one bucket, what is published is never read as trail, in whatever folder it lies."""
    insights.write(pipeline.workspace.lake, insight(minutes=9))
    publish.run(None, pipeline.workspace)
    pipeline.deliver(record(1))
    for key in published(pipeline):
        content = pipeline.workspace.lake.get(key)[0]
        pipeline.put(key, content)
        pipeline.put("copies/" + key.rpartition("/")[2], content)
    report = pipeline.extract()

    assert report.skipped == {"Insight, digest or other sibling": 2}
    plans = [extract.read_plan(pipeline.workspace, shard) for shard in report.shards]
    assert ["_CloudTrail_" in each.key for plan in plans for each in plan] == [True]


def test_equal_bytes() -> None:
    """A record gives the same bytes whenever it is written, so that runs at once agree."""
    record = {"eventID": "1", "userAgent": "東京"}

    assert publish.content_of(record) == publish.content_of(dict(record))
    assert gzip.decompress(publish.content_of(record)).decode() == '{"Records":[{"eventID":"1","userAgent":"東京"}]}'


def test_only_what_is_new_is_read(pipeline, insight, monkeypatch) -> None:
    """Without a window the cost is that of what was written since, not that of all there ever was."""
    insights.write(pipeline.workspace.lake, insight("CreateUser", minutes=9))
    publish.run(None, pipeline.workspace)
    insights.write(pipeline.workspace.lake, insight("DeleteUser", minutes=9))
    monkeypatch.setattr(insights, "read", None)
    report = publish.run(None, pipeline.workspace)

    assert len(report.keys) == 2
    assert list(insights.read_marked(pipeline.workspace.lake)) == []


def test_a_row_about_to_be_written_stays_marked(pipeline, insight) -> None:
    """What is published between a writer's mark and its row is the old row; the new one waits for the next run."""
    lake = pipeline.workspace.lake
    insights.write(lake, insight())
    (known,) = insights.read(lake)
    publish.run(None, pipeline.workspace)
    lake.put(f"{insights.MARKS}/{known['_key'].removeprefix('insights/')}/{insights._digest(known['_etag'])}", b"")
    publish.run(None, pipeline.workspace)

    assert [row["insight_id"] for row in insights.read_marked(lake)] == [known["insight_id"]]
    insights.write(lake, known | insight(minutes=9))
    assert publish.run(None, pipeline.workspace).ended == 1
    assert list(insights.read_marked(lake)) == []
