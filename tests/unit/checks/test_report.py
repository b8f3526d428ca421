import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from insights.checks.report import place_of, render_report
from insights.checks.result import HourQuality, QualityResult, Verdict, not_evaluated
from insights.records.rules import EVENT_RULES, Severity

HOUR = datetime(2026, 11, 1, 13, tzinfo=UTC)
PARTITION = "account_id=111122223333/region=eu-central-1/date=2026-11-01"
HOSTILE = "<script>fetch('https://evil.example')</script>"


def result(*failed: str, examples: tuple[str, ...] = (), partition: str = PARTITION) -> QualityResult:
    """Give the result of 4,321 events in two hours, in which the named rules failed."""
    outcomes = tuple(
        replace(
            not_evaluated(rule),
            is_evaluated=True,
            checked=4_321,
            failed=37 if rule.id in failed else 0,
            examples=examples if rule.id in failed else (),
        )
        for rule in EVENT_RULES
    )
    critical = any(not outcome.is_success and outcome.severity is Severity.CRITICAL for outcome in outcomes)
    verdict = Verdict.FAILED if critical else Verdict.PASSED
    return QualityResult(
        partition=partition,
        rows=4_321,
        hours=(HourQuality(HOUR, 4_000, verdict), HourQuality(HOUR + timedelta(hours=1), 321, Verdict.PASSED)),
        outcomes=outcomes,
        facts={"records_in": 5_000.0, "kept": 4_321.0, "duplicate": 600.0, "out_of_scope": 70.0, "quarantined": 9.0},
        great_expectations=(),
    )


def render(*results: QualityResult, title: str = "Data quality", run: dict[str, str] | None = None) -> str:
    return render_report(title, results, run=run)


class Elements(HTMLParser):
    """Collects start tags with their attributes, and the text outside of the style sheet."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._in_style else data


def text_of(page: str) -> str:
    return " ".join(Elements(page).text.split())


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        ((), "These counts can be trusted"),
        (("event-name-shape",), "Good to use, with a remark No critical rule failed; 1 warning did."),
        (
            ("event-id-unique", "event-name-shape"),
            "Do not rely on these counts yet 1 critical rule failed, and 1 warning",
        ),
    ],
    ids=["passed", "warned", "failed"],
)
def test_the_page_opens_with_the_verdict_in_plain_words(failed, words):
    """The first thing to read is whether the counts can be used."""
    text = text_of(render(result(*failed), title="Data quality"))

    assert 0 <= text.find(words) < 60


def test_nothing_to_check_is_not_called_trusted():
    """A page about no events claims nothing about them."""
    empty = QualityResult(PARTITION, 0, (), tuple(not_evaluated(rule) for rule in EVENT_RULES), {}, ())

    page = text_of(render(empty))
    assert "There was nothing to check" in page
    assert "13 rules were not evaluated" in page
    assert "trusted" not in page


def test_a_failed_rule_tells_how_often_why_where_and_what_to_do():
    """Everything needed to act stands beside the failed rule."""
    rule = next(rule for rule in EVENT_RULES if rule.id == "event-id-unique")

    page = text_of(render(result(rule.id, examples=("6f1d7f0e",))))

    for words in (rule.title, rule.why, rule.remedy, "37 of 4,321 events", "6f1d7f0e"):
        assert words in page
    assert "In 111122223333 · eu-central-1 · 2026-11-01." in page


def test_every_hour_is_a_cell_coloured_by_its_verdict():
    """The heat map has 24 cells a day; hours without events stay blank."""
    tags = Elements(render(result("event-id-unique"))).tags

    cells = [attributes for tag, attributes in tags if tag == "td"]
    titles = {n: cell["title"] for n, cell in enumerate(cells[:24]) if "title" in cell}
    assert titles == {
        13: "2026-11-01 13:00 UTC: 4,000 events, failed",
        14: "2026-11-01 14:00 UTC: 321 events, passed",
    }
    assert cells[13]["class"] == "failed s4"


def test_the_reconciliation_shows_where_records_went():
    """Records in and the four places they go to stand in one line, added up over partitions."""
    other = result(partition="account_id=444455556666/region=eu-central-1/date=2026-11-01")

    page = render(result(), other)

    totals = page[page.index("<tfoot>") : page.index("</tfoot>")]
    assert re.findall(r">([^<>\n]+)</t", totals) == ["all", "10,000", "8,642", "1,200", "140", "18", "–"]


def test_a_result_without_facts_still_renders():
    """A partition of which only some numbers are known shows dashes for the others."""
    partial = replace(result(), facts={"records_in": 5_000.0})

    assert "5,000––––" in text_of(render(partial))


def test_log_text_stays_text():
    """Markup in an event name, a title, a partition or a run's fields comes out inert."""
    hostile = result("event-name-shape", examples=(HOSTILE, '"><img src=x onerror=alert(1)>'), partition=HOSTILE)
    page = render(hostile, title=HOSTILE, run={"trail": HOSTILE, HOSTILE: "x"})

    elements = Elements(page)
    assert {tag for tag, _ in elements.tags}.isdisjoint({"script", "img", "svg", "a", "link", "iframe", "object"})
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]
    assert HOSTILE in elements.text


def test_the_page_asks_for_nothing():
    """No element, style or policy makes a browser fetch anything: it works offline and in a sandbox."""
    page = render(result("event-id-unique"), run={"run": "manual"})

    attributes = {name for _, attributes in Elements(page).tags for name in attributes}
    assert attributes.isdisjoint({"src", "href", "srcset", "action", "data", "poster", "background"})
    assert not re.search(r"//|url\(|@import", page)
    assert "default-src 'none'; style-src 'unsafe-inline'" in page


def test_the_page_fits_phones_and_dark_rooms():
    """It declares a viewport and follows the reader's colour scheme."""
    page = render(result())

    assert 'name="viewport" content="width=device-width' in page
    assert "prefers-color-scheme: dark" in page


def test_every_element_is_closed():
    """The page nests correctly, whatever its parts."""

    class Nesting(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    nesting = Nesting()
    nesting.feed(render(result("event-id-unique", examples=("a", "")), run={"run": "manual"}))

    assert nesting.open == []


def test_many_places_are_summed_up():
    """A rule that fails in twenty partitions names twelve and counts the rest."""
    results = [result("event-name-shape", partition=f"place-{n:02}") for n in range(20)]

    page = text_of(render(*results))
    assert "place-11; and 8 more." in page


def test_partitions_are_written_for_people():
    """Hive paths lose their keys, other labels stay as they are."""
    assert place_of(PARTITION, with_date=True) == "111122223333 · eu-central-1 · 2026-11-01"
    assert place_of(PARTITION, with_date=False) == "111122223333 · eu-central-1"
    assert place_of("everything", with_date=True) == "everything"
