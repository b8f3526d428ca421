"""Who a rate came from."""

from __future__ import annotations

import pyarrow as pa

from insights.records.insight import Attribution, Share
from insights.records.series import InsightType
from insights.statistics.attribution import Tally, attributions, excess

ROLE = "arn:aws:sts::111122223333:assumed-role/CI"
USER = "arn:aws:iam::111122223333:user/Alice"


def events(*rows: tuple[str | None, str | None, str | None, str | None]) -> pa.Table:
    names = ("identity_arn", "identity_key", "user_agent", "error_code")
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}
    return pa.table({**columns, "source_ip_address": pa.nulls(len(rows), pa.string())})


def test_sessions_of_a_role_are_one_identity() -> None:
    """The role ARN without the session's name is what AWS names."""
    tally = Tally.of(events((f"{ROLE}/build-1", ROLE, "cli", None), (f"{ROLE}/build-2", ROLE, "cli", None)))

    assert tally.identities == {ROLE: 2}


def test_an_identity_without_a_key_is_its_arn() -> None:
    """Where no role key was derived, the ARN itself is named."""
    assert Tally.of(events((USER, None, "cli", None))).identities == {USER: 1}


def test_what_a_call_lacks_counts_as_null() -> None:
    """AWS's string for a call without an error serves for every missing value, so that all values add up."""
    tally = Tally.of(events((None, None, None, None), (USER, None, "cli", "AccessDenied")))

    assert tally.identities == {"null": 1, USER: 1}
    assert tally.user_agents == {"null": 1, "cli": 1}
    assert tally.error_codes == {"null": 1, "AccessDenied": 1}
    assert tally.calls == 2


def test_tallies_add_up() -> None:
    """The tally of two tables is the sum of their tallies, and the empty one changes nothing."""
    one, two = events((USER, None, "cli", None)), events((USER, None, "boto", "X"), (ROLE, ROLE, "cli", None))

    assert Tally.of(one) + Tally.of(two) == Tally.of(pa.concat_tables([one, two]))
    assert Tally.of(one) + Tally() == Tally.of(one)


def test_dictionary_encoded_events_count_alike() -> None:
    """How strings are stored does not matter."""
    plain = events((USER, None, "cli", None), (ROLE, ROLE, "cli", "X"))
    encoded = pa.table({name: plain[name].dictionary_encode() for name in plain.column_names})

    assert Tally.of(encoded) == Tally.of(plain)


def test_a_call_rate_has_three_attributes_in_the_order_of_aws() -> None:
    """userIdentityArn, userAgent, errorCode, each with the insight's and the baseline's values."""
    during = Tally({ROLE: 6}, {"cli": 6}, {"null": 6})

    assert attributions(during, Tally({USER: 1}, {"x": 1}, {"null": 1}), InsightType.CALL_RATE) == (
        Attribution("userIdentityArn", (Share(ROLE, 6),), (Share(USER, 1),)),
        Attribution("userAgent", (Share("cli", 6),), (Share("x", 1),)),
        Attribution("errorCode", (Share("null", 6),), (Share("null", 1),)),
    )


def test_an_error_rate_has_no_error_attribute() -> None:
    """AWS's error-rate records name identities and agents only."""
    found = attributions(Tally({ROLE: 1}, {"cli": 1}, {"X": 1}), Tally(), InsightType.ERROR_RATE)

    assert [attribution.attribute for attribution in found] == ["userIdentityArn", "userAgent"]


def test_the_top_five_come_most_calls_first_and_ties_by_value() -> None:
    """Of seven agents five are named."""
    agents = {"g": 9, "a": 1, "b": 4, "c": 4, "d": 7, "e": 2, "f": 1}
    (_, agent) = attributions(Tally({}, agents, {}), Tally(), InsightType.ERROR_RATE)

    assert agent.insight == (Share("g", 9), Share("d", 7), Share("b", 4), Share("c", 4), Share("e", 2))


def test_the_excess_is_what_is_above_as_many_usual_minutes() -> None:
    """A role that calls twice a minute, and now eight times, has six of it; who falls silent has less than none."""
    during, before = Tally(identities={ROLE: 80, USER: 0}), Tally(identities={ROLE: 2000, USER: 1000})
    split = excess(during, before, minutes=10, minutes_before=1000)

    assert split["userIdentityArn"] == [
        {"value": ROLE, "calls": 80, "excess": 60.0},
        {"value": USER, "calls": 0, "excess": -10.0},
    ]
    assert set(split) == {"userIdentityArn", "userAgent", "sourceIPAddress", "errorCode"}
