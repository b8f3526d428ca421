"""One sentence a person understands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from insights.records.insight import Attribution, Rate, Share
from insights.records.series import Direction, InsightType, SeriesKey
from insights.statistics.coverage import Place
from insights.statistics.episodes import Episode
from insights.statistics.explanation import explain, frequency, identity_name, printable
from insights.statistics.subjects import pool_subject

START = datetime(2019, 11, 7, 13, 25, tzinfo=UTC)
CALLS = SeriesKey("111122223333", "us-east-1", "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", "RunInstances")
EPISODE = Episode(
    series=CALLS,
    direction=Direction.SPIKE,
    start=START,
    end=START + timedelta(minutes=1),
    baseline=Rate(21, 10885),
    detection=Rate(6, 1),
    detection_end=START + timedelta(minutes=1),
    total=Rate(6, 1),
    detected_at=START + timedelta(minutes=35),
    closed_at=START + timedelta(minutes=35),
    score=8.7,
    threshold=7.5,
    expected_calls=21.5 / 10080,
    window_minutes=1,
    record_calls=1,
    record_date=None,
    band_upper_calls_per_minute=5.0,
    rule="more unusual than the series' own record",
)
CI = "arn:aws:sts::111122223333:assumed-role/CI"
BY_CI = (Attribution("userIdentityArn", (Share(CI, 6),), ()),)


def test_the_announcements_insight_is_one_plain_sentence() -> None:
    """What, how often, when, by whom, and what is normal."""
    assert (
        explain(EPISODE, BY_CI) == "RunInstances was called 6 times at 13:25 UTC by role CI; normally once in 8 hours."
    )


def test_what_was_never_exceeded_is_said() -> None:
    """The busiest hour of four weeks, where the insight has more; of fewer days where fewer are known."""
    known = replace(EPISODE, most_in_an_hour=2, known_days=28)

    assert explain(known, BY_CI) == (
        "RunInstances was called 6 times at 13:25 UTC by role CI; normally once in 8 hours; "
        "never more than 2 in an hour in four weeks."
    )
    assert explain(replace(known, known_days=9), ()).endswith("; never more than 2 in an hour in 9 days.")
    assert explain(replace(known, most_in_an_hour=7), ()).endswith("; normally once in 8 hours.")


def test_a_new_region_is_said() -> None:
    """That an account uses a Region for the first time is news of its own, and comes last."""
    first = replace(EPISODE, baseline=Rate(0, 10885), is_new_region=True)

    assert explain(first, BY_CI) == (
        "RunInstances was called 6 times at 13:25 UTC by role CI; never in the 7 days before; "
        "the account has only begun to use this Region."
    )


def test_a_longer_episode_names_its_span() -> None:
    """From start to end."""
    long = replace(EPISODE, end=START + timedelta(minutes=20), total=Rate(1200, 20))

    assert explain(long, ()) == "RunInstances was called 1,200 times from 13:25 to 13:45 UTC; normally once in 8 hours."


def test_an_open_episode_speaks_of_its_detection_window() -> None:
    """The end is not known, so it is not told."""
    opened = replace(EPISODE, end=None, total=None, closed_at=None, detection=Rate(9, 5))

    assert explain(opened, ()).startswith("RunInstances was called 9 times within 5 minutes, from 13:25 UTC;")


def test_the_identity_named_is_the_one_with_most_of_the_excess() -> None:
    """A role that always calls much explains less than one that began to."""
    scaler = "arn:aws:sts::111122223333:assumed-role/Scaler"
    usual = Attribution("userIdentityArn", (Share(scaler, 10), Share(CI, 8)), (Share(scaler, 10885 * 9),))

    assert ", mostly by role CI;" in explain(EPISODE, (usual,))


def test_without_a_past_it_says_never() -> None:
    """No call in the reported baseline."""
    assert explain(replace(EPISODE, baseline=Rate(0, 10885)), ()).endswith("; never in the 7 days before.")


def test_an_error_is_named() -> None:
    """Which error, of which operation."""
    failed = replace(CALLS, insight_type=InsightType.ERROR_RATE, error_code="AccessDenied")

    assert explain(replace(EPISODE, series=failed), ()).startswith("RunInstances failed with AccessDenied 6 times at")


def test_silence_is_said_plainly() -> None:
    """A drop to nothing is a call that was not made."""
    drop = replace(
        EPISODE,
        direction=Direction.DROP,
        end=START + timedelta(hours=3),
        total=Rate(0, 180),
        expected_calls=240.0,
        window_minutes=60,
    )

    assert explain(drop, BY_CI) == "RunInstances was not called from 13:25 to 16:25 UTC; normally 4 times a minute."


def test_the_pool_speaks_of_operations() -> None:
    """Its count is not of calls."""
    pool = pool_subject(Place("111122223333", "us-east-1"), "Management").series

    assert explain(replace(EPISODE, series=pool), ()).startswith(
        "6 operations were denied for the first time in 7 days"
    )


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:sts::111122223333:assumed-role/CI/session", "role CI"),
        ("arn:aws:iam::111122223333:role/service/Deploy", "role Deploy"),
        ("arn:aws:iam::111122223333:user/team/Alice", "user Alice"),
        ("arn:aws:iam::111122223333:root", "the root user"),
        ("AIDAEXAMPLE", "AIDAEXAMPLE"),
    ],
)
def test_identities_are_shortened_to_what_people_call_them(arn: str, name: str) -> None:
    """The kind and the last name."""
    assert identity_name(arn) == name


@pytest.mark.parametrize(
    ("calls_per_minute", "text"),
    [
        (12.2, "12 times a minute"),
        (1.0, "once a minute"),
        (0.5, "30 times an hour"),
        (1 / 480, "once in 8 hours"),
        (1 / (1440 * 5), "once in 5 days"),
        (0.5 / 40320, "hardly ever"),
    ],
)
def test_frequencies_are_said_in_a_fitting_unit(calls_per_minute: float, text: str) -> None:
    """The largest unit with a whole number."""
    assert frequency(calls_per_minute) == text


def test_control_characters_do_not_reach_a_message() -> None:
    """Names in the log are an attacker's to choose."""
    assert printable("a\n\x1b[31mb\u202e") == "a\ufffd\ufffd[31mb\ufffd"
    assert len(printable("x" * 5000)) == 100
