from __future__ import annotations

import pytest

from insights.api.caller import is_loopback


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1", "127.8.9.1:4580", "[::1]", "[::1]:4580"])
def test_this_machine(host: str) -> None:
    """This machine goes by a few names."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "[::]", "[::1"]
)
def test_others(host: str) -> None:
    """Everything else is another one, however much it looks like this one."""
    assert not is_loopback(host)
