from datetime import UTC, datetime, timedelta

from insights.checks.result import QualityResult
from insights.records.partitions import EventHour
from insights.stages import quality_report, validate
from insights.stages.report import ValidateReport
from insights.storage import quality
from insights.storage.events import hour_key
from insights.windows import Window, parse_instant

NOON = EventHour("111122223333", "us-east-1", datetime(2026, 11, 1, 12, tzinfo=UTC))


def run(pipeline) -> ValidateReport:
    return validate.run(pipeline.window, pipeline.workspace)


def counted(pipeline) -> list[str]:
    return sorted({f"{row['minute']:%dT%H}" for row in pipeline.rows("minute_counts")})


def test_good_hours(pipeline, record) -> None:
    """Hours that keep all rules pass; they are not judged again until they change."""
    pipeline.deliver(record(1), record(2, eventTime="2026-11-01T12:00:00Z"))
    pipeline.normalize()
    first, second = run(pipeline), run(pipeline)
    assert (first.checked, first.passed, first.warned, first.held) == (2, 2, 0, {})
    assert (second.checked, second.unchanged) == (0, 2)

    pipeline.deliver(record(3), unique="B" * 16)
    pipeline.normalize()
    assert (run(pipeline).checked, run(pipeline).unchanged) == (1, 2)


def test_warning(pipeline, record) -> None:
    """An hour with something odd is warned of and counted."""
    pipeline.deliver(record(1, eventName="<b>bold</b>"))
    pipeline.normalize()
    report = run(pipeline)
    pipeline.count()

    assert (report.warned, report.held) == (1, {})
    assert counted(pipeline) == ["01T13"]


DAY_AFTER = Window(parse_instant("2026-11-02T00:00"), parse_instant("2026-11-02T01:00"))


def test_held_hour(pipeline, record) -> None:
    """An hour whose rows lie in the wrong place is held and not counted; the hour beside it is."""
    pipeline.deliver(record(1), record(2, eventTime="2026-11-01T12:00:00Z"))
    pipeline.normalize()
    lake, after = pipeline.workspace.lake, EventHour(NOON.account_id, NOON.region, NOON.start + timedelta(hours=1))
    lake.put(hour_key(NOON), lake.get(hour_key(after))[0])
    report = run(pipeline)
    pipeline.count()

    assert report.held == {str(NOON): ("event-time-in-hour",)}
    assert counted(pipeline) == ["01T13"]


def test_held_hour_again(pipeline, record) -> None:
    """A held hour is told again by a run of its own window, and left alone by one that looks back past it."""
    pipeline.deliver(record(1), record(2, eventTime="2026-11-01T12:00:00Z"))
    pipeline.normalize()
    lake, after = pipeline.workspace.lake, EventHour(NOON.account_id, NOON.region, NOON.start + timedelta(hours=1))
    lake.put(hour_key(NOON), lake.get(hour_key(after))[0])
    run(pipeline)
    again = run(pipeline)
    pipeline.workspace.lookback, pipeline.window = timedelta(hours=24), DAY_AFTER
    looking_back = run(pipeline)

    assert (again.checked, again.unchanged, list(again.held)) == (1, 1, [str(NOON)])
    assert (looking_back.checked, looking_back.unchanged, looking_back.held) == (0, 2, {})


def test_held_hour_of_a_scheduled_run_again(pipeline, record) -> None:
    """Clearing the failed task of a scheduled run does not turn it green: its own hour is still held."""
    pipeline.workspace.lookback = timedelta(hours=24)
    pipeline.deliver(record(1), record(2, eventTime="2026-11-01T12:00:00Z"))
    pipeline.normalize()
    lake, after = pipeline.workspace.lake, EventHour(NOON.account_id, NOON.region, NOON.start + timedelta(hours=1))
    lake.put(hour_key(NOON), lake.get(hour_key(after))[0])

    assert list(run(pipeline).held) == list(run(pipeline).held) == [str(NOON)]


def test_held_day(pipeline, record) -> None:
    """Where most records were refused the day is held; another day is not."""
    pipeline.deliver(record(1), "bad", "bad", "bad", at="20261101T1310Z")
    pipeline.deliver(record(2, eventTime="2026-10-31T23:00:00Z"), at="20261101T0005Z")
    pipeline.normalize()
    report = run(pipeline)
    pipeline.count()

    assert report.held == {"111122223333 us-east-1 2026-11-01T13:00Z": ("quarantine-not-the-rule",)}
    assert counted(pipeline) == ["31T23"]


def test_page(pipeline, record) -> None:
    """The report of a window shows the worst verdict of its hours, and log text as text."""
    assert quality_report.render(pipeline.window, pipeline.workspace).verdict == "nothing validated"

    pipeline.deliver(record(1, eventName="<b>bold</b>"), record(2, eventTime="2026-11-01T12:00:00Z"))
    pipeline.normalize()
    run(pipeline)
    page = quality_report.render(pipeline.window, pipeline.workspace, run={"run": "scheduled"})
    assert (page.verdict, page.hours) == ("warned", 2)
    assert "&lt;b&gt;bold" in page.html
    assert "<b>bold" not in page.html


def test_facts(pipeline, record) -> None:
    """Events later than their delivery, and reads that had to be inferred, are warned of by their rules."""
    old = [{k: v for k, v in record(number).items() if k != "readOnly"} for number in range(3)]
    pipeline.deliver(*old, record(9, eventTime="2026-11-01T23:00:00Z"))
    pipeline.normalize()
    run(pipeline)
    (judgement,) = quality.read_judgements(pipeline.workspace.lake, pipeline.window)
    result = QualityResult.from_json(bytes(judgement.result))

    assert {each.rule_id for each in result.outcomes if each.failed} == {"events-not-ahead", "read-write-known"}
    assert run(pipeline).held == {}
