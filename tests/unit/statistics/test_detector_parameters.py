"""What is looked for, and how strong it has to be: the parameters, by what they tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from insights.statistics.detector import detect
from insights.statistics.parameters import Parameters
from insights.windows import Window
from tests.unit.statistics.hand_made import At, Rows, Table


class TestWhatIsAnalysed:
    """Writes for call rates, reads and writes for errors, unless told otherwise."""

    def burst(self, at: At, **other: object) -> dict[str, object]:
        return {"minute": at(3, 12), "event_name": "GetObject", "count": 200, **other}

    def found(self, table: Table, at: At, rows: Rows, parameters: Parameters) -> list[tuple[str, str | None]]:
        episodes = detect(table(rows), window=Window(at(2), at(4)), parameters=parameters).episodes
        return [(str(e.series.insight_type), e.series.error_code) for e in episodes]

    def test_reads_have_no_call_rate(self, table: Table, at: At, heartbeat: Rows) -> None:
        """A burst of reads is not told."""
        assert self.found(table, at, [*heartbeat, self.burst(at, is_read_only=True)], Parameters()) == []

    def test_reads_have_one_when_asked_for(self, table: Table, at: At, heartbeat: Rows) -> None:
        """With include_reads it is."""
        rows = [*heartbeat, self.burst(at, is_read_only=True)]

        assert self.found(table, at, rows, Parameters(include_reads=True)) == [("ApiCallRateInsight", None)]

    def test_failed_reads_have_an_error_rate(self, table: Table, at: At, heartbeat: Rows) -> None:
        """A burst of throttled reads is an error-rate insight of that error."""
        rows = [*heartbeat, self.burst(at, is_read_only=True, error_code="Throttling")]

        assert self.found(table, at, rows, Parameters()) == [("ApiErrorRateInsight", "Throttling")]

    def test_data_events_are_left_out_by_default(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Only the categories asked for are judged; then data reads count."""
        rows = [*heartbeat, self.burst(at, is_read_only=True, event_category="Data")]

        assert self.found(table, at, rows, Parameters()) == []
        assert self.found(table, at, rows, Parameters(categories=("Data",))) == [("ApiCallRateInsight", None)]

    def test_error_rate_can_be_turned_off(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Then only the call rate speaks."""
        rows = [*heartbeat, self.burst(at, error_code="Throttling")]

        assert self.found(table, at, rows, Parameters(error_rate=False)) == [("ApiCallRateInsight", None)]

    def test_call_rate_can_be_turned_off(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Then only the error rate speaks."""
        rows = [*heartbeat, self.burst(at, error_code="Throttling")]

        assert self.found(table, at, rows, Parameters(call_rate=False)) == [("ApiErrorRateInsight", "Throttling")]


class TestPresets:
    """Sensitivities, by what they tell."""

    def is_told(self, table: Table, at: At, rows: Rows, preset: str) -> bool:
        window = Window(at(9), at(10))
        return bool(detect(table(rows), window=window, parameters=Parameters.preset(preset)).episodes)

    @pytest.mark.parametrize(("preset", "told"), [("aws", True), ("high", False), ("medium", False), ("low", False)])
    def test_two_calls_over_nothing(self, preset: str, told: bool, table: Table, at: At, heartbeat: Rows) -> None:
        """AWS told of 2 calls in a minute over a baseline of 0 (a published sample of 2020)."""
        rows = [*heartbeat, {"minute": at(9, 12), "event_name": "RunInstances", "count": 2}]

        assert self.is_told(table, at, rows, preset) is told

    @pytest.mark.parametrize(("preset", "told"), [("aws", True), ("medium", False)])
    def test_four_errors_over_23_a_week(self, preset: str, told: bool, table: Table, at: At, heartbeat: Rows) -> None:
        """AWS told of 4 errors against 23 in the week before."""
        error = {"event_name": "DescribeQuery", "is_read_only": True, "error_code": "QueryIdNotFoundException"}
        week = [{**error, "minute": at(9, 12) - timedelta(hours=7 * i)} for i in range(1, 24)]
        four = [{**error, "minute": at(9, 12, m)} for m in range(4)]

        assert self.is_told(table, at, [*heartbeat, *week, *four], preset) is told

    @pytest.mark.parametrize(("preset", "told"), [("high", True), ("medium", True), ("low", False)])
    def test_nine_calls_where_one_is_usual(
        self, preset: str, told: bool, table: Table, at: At, heartbeat: Rows
    ) -> None:
        """The lowest sensitivity asks for an excess of ten calls."""
        usual = [{"minute": at(hours=8 * i), "event_name": "RunInstances"} for i in range(27)]
        rows = [*heartbeat, *usual, {"minute": at(9, 12), "event_name": "RunInstances", "count": 9}]

        assert self.is_told(table, at, rows, preset) is told
