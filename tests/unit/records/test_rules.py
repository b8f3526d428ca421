import re

import pytest

from insights.records.rules import EVENT_RULES, Matches, Severity

RULES = {rule.id: rule for rule in EVENT_RULES}


def matches(rule_id: str, text: str) -> bool:
    check = RULES[rule_id].check
    assert isinstance(check, Matches)
    return re.search(check.pattern, text) is not None


def test_no_two_rules_share_an_id():
    """An id names one rule in results, reports and suites."""
    assert len(RULES) == len(EVENT_RULES)


@pytest.mark.parametrize("rule", EVENT_RULES, ids=lambda rule: rule.id)
def test_every_rule_says_why_and_what_to_do(rule):
    """Whoever sees a rule fail reads what breaks and what to do, each a whole sentence."""
    assert rule.why.endswith((".", "?", ")."))
    assert rule.remedy.endswith((".", "?"))


def test_what_aws_adds_every_week_has_no_rule():
    """New Regions, record versions, event types and error codes can fail nothing: no rule looks at their columns."""
    looked_at = {rule.column for rule in EVENT_RULES}

    assert looked_at.isdisjoint({"aws_region", "event_version", "event_type", "error_code", "user_agent"})


@pytest.mark.parametrize(
    "rule_id",
    ["records-reconcile", "event-time-in-hour", "event-id-unique", "event-category-known", "quarantine-not-the-rule"],
)
def test_what_would_make_counts_wrong_is_critical(rule_id):
    """Lost, doubled, misplaced or foreign records forbid counting."""
    assert RULES[rule_id].severity is Severity.CRITICAL


def test_everything_else_only_warns():
    """Five rules are critical and no more: people hate noise."""
    assert sum(rule.severity is Severity.CRITICAL for rule in EVENT_RULES) == 5


@pytest.mark.parametrize(
    "source", ["s3.amazonaws.com", "signin.amazonaws.com", "s3.amazonaws.com.cn", "a-service-of-2031.aws.dev"]
)
def test_service_hosts_are_accepted(source):
    """Any host name is a source, of services not yet known too."""
    assert matches("event-source-shape", source)


@pytest.mark.parametrize(
    "source", ["", "s3", "s3 .amazonaws.com", "s3.amazonaws.com\n", "<b>.com", "s3..com", "ѕ3.com"]
)
def test_what_is_no_host_is_noticed(source):
    """Empty, bare, broken, marked-up and look-alike sources are told apart from hosts."""
    assert not matches("event-source-shape", source)


@pytest.mark.parametrize(
    "name",
    ["ListBuckets", "UpdateDistribution2020_05_31", "REST.GET.OBJECT", "Login_GET", "s3:PutObject", "2031Api"],
)
def test_api_names_are_accepted(name):
    """Versioned, dotted, prefixed and lower-case names are all names."""
    assert matches("event-name-shape", name)


@pytest.mark.parametrize(
    "name", ["", " ListBuckets", "<script>", "List\u202eBuckets", "ListBuckets\n", "x" * 129, "{{7}}"]
)
def test_what_is_no_api_name_is_noticed(name):
    """Markup, control characters, overlong and empty names are told apart from API names."""
    assert not matches("event-name-shape", name)


@pytest.mark.parametrize(("account", "is_one"), [("000000000001", True), ("1", False), ("1111222233334", False)])
def test_account_ids_have_twelve_digits(account, is_one):
    """Leading zeros are part of an account id."""
    assert matches("account-id-shape", account) is is_one
