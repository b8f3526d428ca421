from __future__ import annotations

import ipaddress
import json
import re
from collections import Counter

from insights.simulate.callers import CallerKind, callers_of, named_caller

DOCUMENTATION = [
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def test_callers_are_stable():
    """An account has the same callers, keys and addresses whenever it is asked for."""
    assert callers_of("111122223333", 4) == callers_of("111122223333", 4)
    assert named_caller("111122223333", "role/x", 4) == named_caller("111122223333", "role/x", 4)


def test_accounts_share_no_access_key():
    """Keys are an account's own, and end in EXAMPLE so that nobody takes them for real ones."""
    keys = [
        key
        for account in ("111122223333", "444455556666")
        for caller in callers_of(account, 4)
        for key in re.findall(r'"accessKeyId":"(\w+)"', caller.identity)
    ]

    assert len(set(keys)) == len(keys) > 20
    assert all(re.fullmatch(r"A[KS]IA[A-Z2-7]{9}EXAMPLE", key) for key in keys)


def test_addresses_are_those_kept_for_documentation():
    """An address is one of RFC 5737 or RFC 3849, or the name of a service."""
    for caller in callers_of("111122223333", 4):
        address = json.loads("{" + caller.origin.rstrip(",") + "}")["sourceIPAddress"]
        if not address.endswith(".amazonaws.com"):
            assert any(ipaddress.ip_address(address) in network for network in DOCUMENTATION)


def test_an_account_has_callers_of_every_kind():
    """Roles, users, one root, services, other accounts and a web identity; services themselves are added apart."""
    kinds = Counter(caller.kind for caller in callers_of("111122223333", 4))

    assert set(kinds) == set(CallerKind) - {CallerKind.SERVICE_ITSELF}
    assert kinds[CallerKind.ROOT] == 1


def test_a_named_user_is_a_user():
    """`user/<name>` is an IAM user, `role/<name>` a session of a role."""
    assert named_caller("111122223333", "user/mallory", 1).arn == "arn:aws:iam::111122223333:user/mallory"
    assert named_caller("111122223333", "role/job", 1).kind is CallerKind.ROLE
