"""The method's numbers."""

from __future__ import annotations

import pytest

from insights.errors import SettingsError
from insights.statistics.parameters import Parameters


def test_medium_is_the_default() -> None:
    """The measured middle."""
    assert Parameters.preset("medium") == Parameters()


@pytest.mark.parametrize("factor", ["score_factor", "active_factor", "count_factor"])
def test_a_lower_sensitivity_asks_for_more(factor: str) -> None:
    """Every factor falls from low to aws."""
    factors = [getattr(Parameters.preset(name), factor) for name in ("low", "medium", "high", "aws")]

    assert factors == sorted(set(factors), reverse=True)


def test_an_unknown_preset_names_the_known_ones() -> None:
    """The message says what could be meant."""
    with pytest.raises(SettingsError, match="'loud' is none of low, medium, high, aws"):
        Parameters.preset("loud")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("windows_minutes", (1, 1440)),
        ("active_windows_minutes", (1440,)),
        ("level_shift_hours", 9),
        ("level_shift_hours", 0),
    ],
)
def test_what_the_memory_cannot_hold_is_refused(field: str, value: object) -> None:
    """The minutes kept bound windows and episodes."""
    with pytest.raises(SettingsError, match=field):
        Parameters(**{field: value})
