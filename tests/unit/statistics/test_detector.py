"""What `detect` is handed, and what it hands on."""

from __future__ import annotations

import pickle
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from insights.errors import SettingsError
from insights.statistics.detector import detect
from insights.windows import Window
from tests.unit.statistics.hand_made import BURST_AT, At, Rows, Steady, Table, announcement


@pytest.mark.parametrize("count", [-3, None, 1.5])
def test_counts_that_are_no_counts_are_refused(table: Table, at: At, heartbeat: Rows, count: float | None) -> None:
    """A count below zero, none at all, or a part of a call is named with its row's minute."""
    counts = table(heartbeat).to_pandas().astype({"count": "float64"})
    counts.loc[1000, "count"] = np.nan if count is None else count

    with pytest.raises(SettingsError, match=r"the minute counts have the count (-3|nan|1\.5) .* at 2026-03-15T21:20"):
        detect(counts, window=Window(at(2), at(3)))


class TestInput:
    """Any order, any encoding, any table."""

    def test_columns_may_be_left_out(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Without category, kind and error every row is a successful write of the control plane; others are ignored."""
        counts = table([*heartbeat, {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}])
        fewer = counts.drop_columns(["event_category", "is_read_only", "error_code"]).append_column(
            "note", pa.nulls(counts.num_rows)
        )
        window = Window(at(2), at(4))

        assert detect(fewer, window=window).episodes == detect(counts, window=window).episodes != ()

    def test_a_category_may_be_spelled_in_any_case(self, table: Table, at: At, heartbeat: Rows) -> None:
        """A frame written by hand that says management means Management: it is not left unjudged in silence."""
        rows = [*heartbeat, {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}]
        window = Window(at(2), at(4))

        spelled = [{**row, "event_category": "management"} for row in rows]
        assert detect(table(spelled), window=window).episodes == detect(table(rows), window=window).episodes != ()

    def test_a_missing_column_is_named(self, table: Table, at: At) -> None:
        """What cannot be guessed is asked for."""
        with pytest.raises(SettingsError, match="no column region"):
            detect(table([]).drop_columns(["region"]), window=Window(at(), at(1)))

    def test_order_does_not_matter(self, table: Table, steady: Steady) -> None:
        """Rows backwards give the same episodes."""
        rows = announcement(steady)
        window = Window(BURST_AT - timedelta(days=1), BURST_AT + timedelta(days=1))

        assert detect(table(rows[::-1]), window=window).episodes == detect(table(rows), window=window).episodes

    def test_rows_of_one_key_and_minute_add_up(self, table: Table, at: At, heartbeat: Rows) -> None:
        """A count written in parts is the same count."""
        burst = {"minute": at(3, 12), "event_name": "RunInstances"}
        parts = table([*heartbeat, *({**burst, "count": 1 + n} for n in range(9))])
        whole = table([*heartbeat, {**burst, "count": 45}])
        window = Window(at(2), at(4))

        assert detect(parts, window=window).episodes == detect(whole, window=window).episodes != ()

    def test_dictionaries_and_frames_are_tables_too(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Dictionary-encoded strings and a pandas frame give what plain Arrow gives."""
        plain = table([*heartbeat, {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}])
        names = ("account_id", "region", "event_source", "event_name", "error_code")
        encoded = plain
        for name in names:
            encoded = encoded.set_column(encoded.schema.get_field_index(name), name, encoded[name].dictionary_encode())
        window = Window(at(2), at(4))
        expected = detect(plain, window=window).episodes

        assert detect(encoded, window=window).episodes == expected
        assert detect(plain.to_pandas(), window=window).episodes == expected != ()

    def test_places_are_judged_apart(self, table: Table, at: At, heartbeat: Rows) -> None:
        """The same burst in two Regions is two episodes, each as if it were alone."""
        burst = {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}
        here = [*heartbeat, burst]
        there = [{**row, "region": "eu-west-1"} for row in here]
        window = Window(at(2), at(4))
        alone = [detect(table(rows), window=window).episodes for rows in (there, here)]

        assert sorted(detect(table([*here, *there]), window=window).episodes, key=lambda e: e.series) == sorted(
            (e for episodes in alone for e in episodes), key=lambda e: e.series
        )

    def test_rows_after_the_window_are_not_looked_at(self, table: Table, at: At, heartbeat: Rows) -> None:
        """What is said of a window is the same whatever follows."""
        burst = {"minute": at(3, 12, 50), "event_name": "RunInstances", "count": 45}
        after = {"minute": at(3, 13, 1), "event_name": "RunInstances", "count": 4500}
        window = Window(at(2), at(3, 13))

        with_after = detect(table([*heartbeat, burst, after]), window=window).episodes
        assert with_after == detect(table([*heartbeat, burst]), window=window).episodes != ()

    def test_an_empty_table_says_nothing(self, table: Table, at: At) -> None:
        """No rows, no episodes."""
        assert detect(table([]), window=Window(at(), at(1))).episodes == ()


class TestState:
    """What one call hands to the next."""

    def test_a_state_past_the_window_is_refused(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Hours already learnt cannot be judged again."""
        state = detect(table(heartbeat), window=Window(at(), at(2))).state

        with pytest.raises(ValueError, match="use an earlier one"):
            detect(table(heartbeat), window=Window(at(1), at(3)), state=state)

    def test_a_state_is_not_changed_by_its_use(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Judging twice from the same state says the same, also from a pickled copy of it."""
        counts = table([*heartbeat, {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}])
        state = detect(counts, window=Window(at(), at(3))).state
        copy = pickle.loads(pickle.dumps(state))  # noqa: S301 - our own bytes
        window = Window(at(3), at(4))
        first = detect(counts, window=window, state=state).episodes

        assert first != ()
        assert detect(counts, window=window, state=state).episodes == first
        assert detect(counts, window=window, state=copy).episodes == first

    def test_an_open_episode_is_told_open_and_then_closed(
        self, table: Table, at: At, steady: Steady, heartbeat: Rows
    ) -> None:
        """What its Start tells is the same in both calls."""
        burst = [{"minute": at(3, 12, m), "event_name": "RunInstances", "count": 30} for m in range(40, 90)]
        counts = table([*heartbeat, *burst])

        first = detect(counts, window=Window(at(2), at(3, 13)))
        second = detect(counts, window=Window(at(3, 13), at(3, 15)), state=first.state)
        (opened,), (closed,) = first.episodes, second.episodes
        assert (opened.end, opened.total, opened.closed_at) == (None, None, None)
        assert closed.end == at(3, 13, 30)
        assert closed.episode_id == opened.episode_id
        for name in ("start", "baseline", "detection", "score", "threshold", "expected_calls", "detected_at", "rule"):
            assert getattr(closed, name) == getattr(opened, name)
