import gzip
import json
import re

import pytest

from insights.errors import ConflictError
from insights.stages import extract, maintain, publish
from insights.storage import insights, publications
from insights.storage.opening import open_store
from insights.windows import Window, parse_instant

PLACE = ("111122223333", "us-east-1")


def rewrite(lake, row) -> None:
    """Put an insight over what is known of it."""
    (known,) = [each for each in insights.read(lake) if each["insight_id"] == row["insight_id"]]
    insights.write(lake, known | row)


def published(pipeline) -> dict[str, list[dict]]:
    lake = pipeline.workspace.lake
    return {i.key: json.loads(gzip.decompress(lake.get(i.key)[0]))["Records"] for i in lake.list("AWSLogs/")}


def records(pipeline) -> list[dict]:
    return [record for each in published(pipeline).values() for record in each]


def told(pipeline) -> list[str]:
    """Give the ids of what is to be told."""
    return sorted(each.event_id for each in publications.waiting(pipeline.workspace.lake))


def test_key(pipeline, insight) -> None:
    """An object's key follows CloudTrail's grammar: its folder, the newest record's day and minute, 16 characters."""
    insights.write(pipeline.workspace.lake, insight(minutes=9))
    publish.run(None, pipeline.workspace)
    (key,) = published(pipeline)

    assert re.fullmatch(
        "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/11/01/"
        r"111122223333_CloudTrail-Insight_us-east-1_20261101T1416Z_[A-Za-z0-9]{16}\.json\.gz",
        key,
    )


def test_key_in_an_organization(pipeline, insight, record, body) -> None:
    """Where the trail is an organization's, its id stands before the account, as in CloudTrail's own delivery."""
    folder = "AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/2026/11/01"
    pipeline.put(f"{folder}/111122223333_CloudTrail_us-east-1_20261101T1310Z_{'A' * 16}.json.gz", body(record(1)))
    insights.write(pipeline.workspace.lake, insight())
    publish.run(None, pipeline.workspace)
    (key,) = published(pipeline)

    assert key.startswith("AWSLogs/o-exampleorgid/111122223333/CloudTrail-Insight/us-east-1/2026/11/01/")


def test_one_object_a_run(pipeline, insight) -> None:
    """All that is new of an account × Region lies in one object, byte for byte as the table has it, oldest first."""
    late, early = insight("CreateUser", "2026-11-01T14:20", minutes=9), insight("RunInstances", minutes=9)
    insights.write(pipeline.workspace.lake, late)
    insights.write(pipeline.workspace.lake, early)
    report = publish.run(None, pipeline.workspace)

    (key,) = published(pipeline)
    expected = [
        early["start_record_json"],
        early["end_record_json"],
        late["start_record_json"],
        late["end_record_json"],
    ]
    content = gzip.decompress(pipeline.workspace.lake.get(key)[0]).decode()
    assert content == '{"Records":[' + ",".join(expected) + "]}"
    assert (report.started, report.ended, report.keys) == (2, 2, (key,))


def test_an_object_for_each_place(pipeline, insight) -> None:
    """Records of another Region lie in another object, in that Region's folder."""
    insights.write(pipeline.workspace.lake, insight())
    other = insight("CreateUser")
    text = other["start_record_json"].replace("us-east-1", "eu-west-1")
    insights.write(pipeline.workspace.lake, other | {"region": "eu-west-1", "start_record_json": text})
    report = publish.run(None, pipeline.workspace)

    assert [key.split("/")[3] for key in report.keys] == ["eu-west-1", "us-east-1"]
    assert {key: [each["awsRegion"] for each in found] for key, found in published(pipeline).items()} == {
        report.keys[0]: ["eu-west-1"],
        report.keys[1]: ["us-east-1"],
    }


def test_index(pipeline, insight) -> None:
    """The lake says which object holds which record, under the record's day."""
    row = insight(start="2026-11-01T23:55", minutes=9)
    insights.write(pipeline.workspace.lake, row)
    (key,) = publish.run(None, pipeline.workspace).keys
    ids = [json.loads(row[name])["eventID"] for name in ("start_record_json", "end_record_json")]

    lake = pipeline.workspace.lake
    assert publications.published(lake, PLACE, ["2026-11-01"]) == {ids[0]: key}
    assert publications.published(lake, PLACE, ["2026-11-02"]) == {ids[1]: key}


def test_again(pipeline, insight) -> None:
    """Published twice is published once: no object is touched again."""
    insights.write(pipeline.workspace.lake, insight(minutes=9))
    publish.run(None, pipeline.workspace)
    before = list(pipeline.workspace.lake.list("AWSLogs/"))
    report = publish.run(None, pipeline.workspace)
    everything = publish.run(Window(parse_instant("2026-11-01T00:00"), parse_instant("2026-11-02")), pipeline.workspace)

    assert (report.started, report.ended, report.keys) == (0, 0, ())
    assert everything.keys == ()
    assert list(pipeline.workspace.lake.list("AWSLogs/")) == before


def test_end_follows(pipeline, insight) -> None:
    """An insight that ends adds its End, in an object of its own; the Start stays as it was told."""
    insights.write(pipeline.workspace.lake, insight())
    publish.run(None, pipeline.workspace)
    start = published(pipeline)
    rewrite(pipeline.workspace.lake, insight(minutes=9))
    report = publish.run(None, pipeline.workspace)

    assert (report.started, report.ended) == (0, 1)
    assert published(pipeline).items() > start.items()
    assert len(records(pipeline)) == 2


def test_window(pipeline, insight) -> None:
    """A window publishes what started on its days."""
    insights.write(pipeline.workspace.lake, insight(start="2026-11-01T14:07"))
    insights.write(pipeline.workspace.lake, insight(start="2026-10-30T14:07"))
    report = publish.run(
        Window(parse_instant("2026-11-01T00:00"), parse_instant("2026-11-01T01:00")), pipeline.workspace
    )

    assert report.started == 1
    assert "/2026/11/01/" in report.keys[0]


def test_very_many_records(pipeline, insight, monkeypatch) -> None:
    """An object does not grow beyond what CloudTrail's own files have at most; what is more comes in further ones."""
    monkeypatch.setattr(publish, "MAX_RECORDS", 2)
    for number in range(5):
        insights.write(pipeline.workspace.lake, insight(f"Api{number}"))
    report = publish.run(None, pipeline.workspace)

    assert sorted(map(len, published(pipeline).values())) == [1, 2, 2]
    assert (report.started, len(report.keys)) == (5, 3)
    assert len({each["eventID"] for each in records(pipeline)}) == 5


def test_published_by_an_earlier_version(pipeline, insight) -> None:
    """What version 0.1 published, an object a record, is not published again."""
    row = insight(minutes=9)
    insights.write(pipeline.workspace.lake, row)
    # The last sixteen characters are the BLAKE2b digest of the record's id.
    folder = "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/11/01/111122223333_CloudTrail-Insight_us-east-1_"
    pipeline.workspace.lake.put(f"{folder}20261101T1407Z_{digest(row['start_record_json'])}.json.gz", b"")
    report = publish.run(None, pipeline.workspace)

    assert (report.started, report.ended) == (0, 1)


def digest(record_json: str) -> str:
    from hashlib import blake2b

    return blake2b(json.loads(record_json)["eventID"].encode(), digest_size=8).hexdigest()


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

    assert report.skipped == {"Insight, digest or other sibling": 1}
    plans = [extract.read_plan(pipeline.workspace, shard) for shard in report.shards]
    assert ["_CloudTrail_" in each.key for plan in plans for each in plan] == [True]


def test_only_what_is_new_is_read(pipeline, insight, monkeypatch) -> None:
    """Without a window the cost is that of what was written since, not that of all there ever was."""
    insights.write(pipeline.workspace.lake, insight("CreateUser", minutes=9))
    publish.run(None, pipeline.workspace)
    insights.write(pipeline.workspace.lake, insight("DeleteUser", minutes=9))
    monkeypatch.setattr(insights, "read", None)
    report = publish.run(None, pipeline.workspace)

    assert report.started == 1
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


@pytest.mark.parametrize(("now", "is_told"), [("2026-11-02T14:07", True), ("2026-11-02T14:08", False)])
def test_old_records(pipeline, insight, now: str, is_told: bool) -> None:
    """A record older than a day is history: it is published and counted, and nobody is to be told."""
    pipeline.workspace.now = lambda: parse_instant(now)
    insights.write(pipeline.workspace.lake, insight(start="2026-11-01T14:07"))
    report = publish.run(None, pipeline.workspace)

    assert (report.started, report.too_old, len(told(pipeline))) == (1, int(not is_told), int(is_told))


def test_two_publishers(pipeline, insight, monkeypatch) -> None:
    """Of two that publish at once each record goes into one object, whoever begins."""
    lake = pipeline.workspace.lake
    insights.write(lake, insight("CreateUser"))
    replace, begun = publications.replace, []

    def overtaken(store, known, batch) -> None:
        if not begun:
            begun.append(batch)
            insights.write(lake, insight("DeleteUser"))
            publish.run(None, pipeline.workspace)
            with pytest.raises(ConflictError):
                replace(store, known, batch)
            raise ConflictError("was replaced by another writer")
        replace(store, known, batch)

    monkeypatch.setattr(publications, "replace", overtaken)
    late = publish.run(None, pipeline.workspace)

    assert late.keys == ()
    assert sorted(each["insightDetails"]["eventName"] for each in records(pipeline)) == ["CreateUser", "DeleteUser"]


def test_retention(open_pipeline, insight) -> None:
    """What was published is forgotten with the insights, never before: else it would be published again."""
    pipeline = open_pipeline(retention={"insights_days": 40})
    pipeline.workspace.now = lambda: parse_instant("2026-12-31T12:00")
    for start in ("2026-11-20T14:07", "2026-11-22T14:07"):
        insights.write(pipeline.workspace.lake, insight(start=start))
    publish.run(None, pipeline.workspace)
    maintain.run(None, pipeline.workspace)

    assert [info.key.split("/")[3] for info in pipeline.workspace.lake.list("published/")] == ["date=2026-11-22"]
    assert len(records(pipeline)) == 2


def test_without_a_trail_folder(pipeline, insight, tmp_path) -> None:
    """A trail without AWSLogs folders belongs to no organization."""
    pipeline.workspace.trail = open_store(str(tmp_path))
    insights.write(pipeline.workspace.lake, insight())

    assert publish.run(None, pipeline.workspace).keys[0].startswith("AWSLogs/111122223333/")
