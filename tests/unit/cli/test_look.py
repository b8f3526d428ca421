from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insights.settings import parse_settings
from insights.stages import validate
from insights.stages.workspace import Workspace
from insights.storage import insights
from insights.storage.opening import open_store
from insights.windows import Window, parse_instant

Command = Callable[..., Any]
DAY = ("--start", "2026-11-01", "--end", "2026-11-02")


class TestList:
    def test_newest_first(self, command: Command, lake: Path) -> None:
        """Programs get every insight with all of its columns, the newest first."""
        rows = command("list", "--lake", lake, "--json").json()

        assert [row["insight_id"] for row in rows] == ["bbbb2222-newer", "aaaa1111-older"]
        assert rows[1]["start_time"] == "2026-11-01T13:25:00Z"
        assert rows[1]["event_name"] == "TerminateInstances"

    def test_table(self, command: Command, lake: Path) -> None:
        """People get a line each: when, where, what, and the beginning of the id; what goes on is marked."""
        answer = command("list", "--lake", lake)

        assert answer.status == 0
        assert "2 insights" in answer.out
        (older,) = [line for line in answer.out.splitlines() if "aaaa1111" in line]
        assert [word in older for word in ("11-01 13:25", "111122223333", "us-east-1", "42 calls")] == [True] * 4
        (newer,) = [line for line in answer.out.splitlines() if "bbbb2222" in line]
        assert "Still going on." in newer

    def test_nothing(self, command: Command, tmp_path: Path) -> None:
        """A lake without insights is an empty list, not an error."""
        (tmp_path / "state").mkdir()
        assert command("list", "--lake", tmp_path, "--json").json() == []

    def test_several_begin_so(self, command: Command, lake: Path, insight: Callable[..., Any]) -> None:
        """A beginning that several ids have is refused with those ids: which of them is meant nobody knows."""
        insights.write(open_store(str(lake)), insight("aaaa2222-other", "2026-11-03T01:00:00Z"))
        answer = command("show", "aaaa", "--lake", lake)

        assert (answer.status, answer.out) == (1, "")
        assert (
            "2 insights have ids that begin with 'aaaa': write more of one, of aaaa1111-older, aaaa2222" in answer.err
        )

    def test_no_lake(self, command: Command, tmp_path: Path) -> None:
        """A place that holds no lake is told, with what makes one: a wrong name must not look like a calm trail."""
        (tmp_path / "AWSLogs").mkdir()
        answer = command("list", "--lake", tmp_path)

        assert (answer.status, answer.out) == (1, "")
        assert f"there is no lake in {tmp_path}: check its name; a new one is made by `insights run`" in answer.err

    def test_log_text(self, command: Command, lake: Path, insight: Callable[..., Any]) -> None:
        """Control characters in log text, which could rewrite a terminal, are made visible."""
        hostile = insight("cccc3333", "2026-11-03T01:00:00Z", explanation="\x1b[2J\x07[red]calls[/red]\r\n")
        insights.write(open_store(str(lake)), hostile)

        out = command("list", "--lake", lake).out

        assert not {"\x1b", "\x07", "\r"} & set(out)
        assert r"\x1b[2J\x07[red]calls[/red]\r\n" in out


@pytest.mark.parametrize("arguments", [("counts", *DAY, "--csv"), ("quality", *DAY, "--out")], ids=lambda each: each[0])
def test_no_such_folder(command: Command, lake: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A file that cannot be written is named, with the reason."""
    path = tmp_path / "missing" / "file"

    answer = command(*arguments, path, "--lake", lake)

    assert answer.status == 1
    assert f"error: {path} cannot be written: No such file or directory" in answer.err


@pytest.mark.parametrize(("start", "end"), [("0001-01-01", "2026-11-02"), ("2026-11-01", "9999-12-31")])
@pytest.mark.parametrize("name", ["run", "counts", "quality", "coverage", "why"])
def test_beyond_all_time(command: Command, lake: Path, tmp_path: Path, name: str, start: str, end: str) -> None:
    """A window no calendar or call reaches is refused with the times it may have, before anything is read."""
    trail = ("--trail", tmp_path) if name == "run" else ()

    answer = command(name, "--lake", lake, *trail, "--start", start, "--end", end)

    assert answer.status == 1
    assert "reaches beyond 2000-01-01T00:00:00Z/2200-01-01T00:00:00Z" in answer.err


class TestShow:
    def test_by_its_beginning(self, command: Command, lake: Path) -> None:
        """An insight is found by the beginning of its id; its records are shown as AWS would have written them."""
        found = command("show", "aaaa", "--lake", lake, "--json").json()

        assert found["insight_id"] == "aaaa1111-older"
        assert [record["insightDetails"]["state"] for record in found["records"]] == ["Start", "End"]

    def test_for_people(self, command: Command, lake: Path) -> None:
        """People read the explanation first, the evidence next, and can copy the records as JSON."""
        out = command("show", "bbbb", "--lake", lake).out

        assert out.startswith("42 calls in one minute.")
        assert "TerminateInstances" in out
        records = json.loads(out[out.index('{\n  "Records"') :])["Records"]
        assert [record["insightDetails"]["state"] for record in records] == ["Start"]

    def test_unknown(self, command: Command, lake: Path) -> None:
        """An id that is not there is named, with the command that shows those that are."""
        answer = command("show", "ffff", "--lake", lake)

        assert answer.status == 1
        assert "there is no insight 'ffff': `insights list` shows their ids" in answer.err


class TestCounts:
    def test_rows(self, command: Command, counted: Callable[..., Path], record: Callable[..., Any]) -> None:
        """A line is one API, error and minute, with how often it was called then."""
        lake = counted(record(1), record(2), record(3, eventTime="2026-11-01T13:06:59Z", errorCode="AccessDenied"))

        rows = command("counts", "--lake", lake, *DAY).csv()

        where = {"account_id": "111122223333", "region": "us-east-1", "event_category": "Management"}
        what = {"is_read_only": "false", "event_source": "ec2.amazonaws.com", "event_name": "RunInstances"}
        assert rows == [
            {"minute": "2026-11-01T13:05:00Z", **where, **what, "error_code": "", "count": "2"},
            {"minute": "2026-11-01T13:06:00Z", **where, **what, "error_code": "AccessDenied", "count": "1"},
        ]

    def test_window(self, command: Command, counted: Callable[..., Path], record: Callable[..., Any]) -> None:
        """Minutes outside of the window are left out, though their hour is not."""
        lake = counted(record(1), record(2, eventTime="2026-11-01T13:06:59Z"))

        rows = command("counts", "--lake", lake, "--start", "2026-11-01T13:06", "--end", "2026-11-01T13:07").csv()

        assert [row["minute"] for row in rows] == ["2026-11-01T13:06:00Z"]

    @pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
    def test_formulas(
        self, command: Command, counted: Callable[..., Path], record: Callable[..., Any], sign: str
    ) -> None:
        """Log text that a spreadsheet would run as a formula is made text (OWASP, "CSV Injection")."""
        formula = f"{sign}HYPERLINK(A1)"
        lake = counted(record(1, eventName=formula, errorCode=formula))

        (row,) = command("counts", "--lake", lake, *DAY).csv()

        assert (row["event_name"], row["error_code"]) == (f"'{formula}", f"'{formula}")

    def test_control_characters(
        self, command: Command, counted: Callable[..., Path], record: Callable[..., Any]
    ) -> None:
        """Line ends and tabs, which would begin a row or cell with what follows them, are made visible."""
        lake = counted(record(1, eventName="\r=A1", errorCode="x\r=A1\n=A2\t=A3"))

        (row,) = command("counts", "--lake", lake, *DAY).csv()

        assert (row["event_name"], row["error_code"]) == (r"\r=A1", r"x\r=A1\n=A2\t=A3")

    def test_file(
        self, command: Command, counted: Callable[..., Path], record: Callable[..., Any], tmp_path: Path
    ) -> None:
        """With --csv the same lines go into a file."""
        lake = counted(record(1))
        printed = command("counts", "--lake", lake, *DAY).out

        answer = command("counts", "--lake", lake, *DAY, "--csv", tmp_path / "counts.csv")

        assert answer.out == ""
        assert (tmp_path / "counts.csv").read_text() == printed


class TestQuality:
    def test_page(
        self, command: Command, counted: Callable[..., Path], record: Callable[..., Any], tmp_path: Path
    ) -> None:
        """The report is one file that shows log text without running it; its verdict is told."""
        lake = counted(record(1), record(2, eventName="<script>alert(1)</script>"))
        window = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))
        settings = {"trail": {"url": str(tmp_path / "trail")}, "lake": {"url": str(lake)}}
        validate.run(window, Workspace(parse_settings(settings)))

        found = command("quality", "--lake", lake, *DAY, "--out", tmp_path / "page.html", "--json").json()

        assert found == {"page": str(tmp_path / "page.html"), "verdict": "warned", "hours": 1}
        page = (tmp_path / "page.html").read_text()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_nothing_validated(self, command: Command, tmp_path: Path) -> None:
        """A window without any validation says so, rather than that all is well."""
        (tmp_path / "state").mkdir()
        answer = command("quality", "--lake", tmp_path, *DAY, "--out", tmp_path / "page.html")

        assert answer.status == 0
        assert "0 hours, nothing validated" in answer.out
