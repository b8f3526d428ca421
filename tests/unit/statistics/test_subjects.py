"""What is counted."""

from __future__ import annotations

import re

import pytest

from insights.records.series import InsightType
from insights.statistics.coverage import Place
from insights.statistics.subjects import is_denial, pool_subject


@pytest.mark.parametrize(
    "code",
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation", "AuthFailure"],
)
def test_denials_are_recognised(code: str) -> None:
    """Every service has its own word for it."""
    assert is_denial(code)


@pytest.mark.parametrize("code", ["ThrottlingException", "NoSuchKey", "ValidationException", ""])
def test_other_errors_are_no_denials(code: str) -> None:
    """What is refused for another reason tells nothing of rights."""
    assert not is_denial(code)


def test_the_pool_has_the_form_of_an_error_rate_series() -> None:
    """AWS's ListInsightsMetricData accepts its event source (its pattern), so that the graph can be asked for."""
    series = pool_subject(Place("111122223333", "us-east-1"), "Management").series

    assert (series.insight_type, series.error_code) == (InsightType.ERROR_RATE, "AccessDenied")
    assert re.fullmatch(r"[a-z0-9_-]+\.amazonaws\.com", series.event_source)
