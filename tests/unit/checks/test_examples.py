from datetime import UTC, datetime

import pytest

from insights.checks.examples import cut, example_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ListBuckets", "ListBuckets"),
        ("List\u202eBuckets", r"List\u202eBuckets"),
        ("two\nlines", r"two\nlines"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("Größe", "Größe"),
        (datetime(2026, 11, 1, 14, tzinfo=UTC), "2026-11-01T14:00:00Z"),
    ],
    ids=["plain", "right to left", "newline", "invisible", "letters of any language", "instant"],
)
def test_nothing_invisible_is_shown(value, shown):
    """Characters that hide, turn or break a line appear as escapes."""
    assert example_of(value) == shown


def test_examples_are_short():
    """A text of any length takes 200 characters at most."""
    assert example_of("x" * 1_000_000) == "x" * 199 + "…"
    assert len(example_of("\u202e" * 1_000)) == 200


def test_a_text_that_fits_is_not_cut():
    """200 characters fit."""
    assert cut("x" * 200) == "x" * 200
