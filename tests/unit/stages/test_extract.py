from datetime import timedelta

import msgspec
import pytest

from insights.errors import NotFoundError, SettingsError, StorageError
from insights.settings import IngestSettings, parse_settings
from insights.stages import extract
from insights.stages.workspace import Workspace
from insights.windows import Window, parse_instant


def hour(start: str) -> Window:
    return Window(parse_instant(f"2026-11-01T{start}"), parse_instant(f"2026-11-01T{start}") + timedelta(hours=1))


def test_report(pipeline, record, body, key) -> None:
    """Everything listed is to be read, was read already, or is skipped with a reason."""
    pipeline.deliver(record(1), unique="A" * 16)
    pipeline.ingest()
    new = pipeline.deliver(record(2), unique="B" * 16)
    pipeline.put("README.md", b"hello")
    pipeline.put(key().replace("_CloudTrail_", "_CloudTrail-Digest_").replace("/CloudTrail/", "/"), b"")
    report = pipeline.extract()

    assert (report.listed, report.to_read, report.already_read) == (4, 1, 1)
    assert report.skipped == {"Insight, digest or other sibling": 1, "no JSON file name": 1}
    assert report.bytes_to_read == len(body(record(2)))
    assert [each.key for each in extract.read_plan(pipeline.workspace, report.shards[0])] == [new]


def test_settle_minutes(pipeline, record) -> None:
    """An hour takes what is delivered until 20 minutes after its end."""
    for time in ("1259", "1300", "1419", "1420"):
        pipeline.deliver(record(), at=f"20261101T{time}Z")
    report = extract.run(hour("13:00"), pipeline.workspace)
    keys = [each.key for each in extract.read_plan(pipeline.workspace, report.shards[0])]

    assert [key[-38:-26] for key in keys] == ["0261101T1300", "0261101T1419"]


def test_lookback(pipeline, record) -> None:
    """With a lookback, what came late for earlier hours is taken too."""
    pipeline.deliver(record(), at="20261031T1310Z")
    pipeline.deliver(record(), at="20261031T1250Z")
    pipeline.workspace.lookback = timedelta(hours=24)

    assert extract.run(hour("13:00"), pipeline.workspace).to_read == 1


def test_replaced_object(pipeline, record) -> None:
    """An object with new content under an old name is read again."""
    pipeline.deliver(record(1))
    pipeline.ingest()
    pipeline.deliver(record(1), record(2))

    assert pipeline.extract().to_read == 1


def test_plans(pipeline, record) -> None:
    """The same new objects give the same plans, which are written once."""
    for number in range(5):
        pipeline.deliver(record(number), unique=f"{number:016}")
    pipeline.workspace.settings = msgspec.structs.replace(
        pipeline.workspace.settings,
        ingest=IngestSettings(shard_megabytes=0),
    )
    first, second = pipeline.extract(), pipeline.extract()

    assert first == second
    assert len(first.shards) == 5
    assert sorted(info.key for info in pipeline.workspace.lake.list("plans/")) == sorted(first.shards)


def test_report_is_json(pipeline, record) -> None:
    """What is handed on is plain JSON, whatever the orchestrator does with it."""
    pipeline.deliver(record())
    report = pipeline.extract()

    assert msgspec.json.decode(msgspec.json.encode(report.to_builtins())) == report.to_builtins()


def test_nothing_new(pipeline, record) -> None:
    """An hour without new objects gives no shard, and that is no error."""
    pipeline.deliver(record(), at="20261030T1310Z")

    assert pipeline.extract().shards == ()


class TestUnusableTrail:
    def extract(self, url: str, tmp_path) -> None:
        settings = parse_settings({"trail": {"url": url}, "lake": {"url": str(tmp_path / "lake")}})
        extract.run(hour("13:00"), Workspace(settings))

    def test_no_url(self, tmp_path) -> None:
        """A trail that was never named is told by its setting, with the ways to set it."""
        with pytest.raises(SettingsError, match=r"trail\.url is empty: .* with --trail"):
            self.extract("", tmp_path)

    def test_missing_folder(self, tmp_path) -> None:
        """A folder that is not there is told by name."""
        with pytest.raises(NotFoundError, match=r"the folder .*/no-such-folder is not there"):
            self.extract(str(tmp_path / "no-such-folder"), tmp_path)

    def test_wrong_prefix(self, tmp_path) -> None:
        """A prefix without anything below it is not taken for a calm trail."""
        (tmp_path / "empty").mkdir()

        with pytest.raises(NotFoundError, match=r"nothing below .*/empty: check the bucket and prefix in trail\.url"):
            self.extract(str(tmp_path / "empty"), tmp_path)

    def test_unknown_url(self, tmp_path) -> None:
        """A URL of a kind we cannot open is quoted."""
        with pytest.raises(StorageError, match="'gs://bucket' is no place we can open"):
            self.extract("gs://bucket", tmp_path)

    def test_no_lake(self, tmp_path) -> None:
        """A lake that was never named is told by its setting."""
        (tmp_path / "events.json").write_text("{}")
        settings = parse_settings({"trail": {"url": str(tmp_path)}})

        with pytest.raises(SettingsError, match=r"lake\.url is empty: .* with --lake"):
            extract.run(hour("13:00"), Workspace(settings))
