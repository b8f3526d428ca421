"""Requests that no client sends: whatever comes, the answer is quick, the protocol's, and shows nothing inside."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks import api_fuzz, lakes
from benchmarks.signing import Sent
from insights.settings import parse_settings
from insights.stages.workspace import Workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lakes.make(tmp_path_factory.mktemp("lake"), event_count=480, days=1, insight_count=3).folder


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_process(folder: Path, seed: int) -> None:
    """Hundreds of random and altered requests: none is a fault, and those that are fine are answered."""
    app = api_fuzz.application(Workspace(parse_settings({"lake": {"url": str(folder)}})))
    findings = asyncio.run(api_fuzz.ask_in_process(app, 300, seed))

    assert findings.wrong == []
    assert {"200 answered", "400 InvalidSignatureException", "403 IncompleteSignatureException"} <= set(
        findings.answers
    )


def test_over_a_socket(folder: Path, tmp_path: Path) -> None:
    """The same as bytes, some of them hardly HTTP, to a server that has nothing to complain of."""
    log = tmp_path / "server.log"
    with api_fuzz.serving(folder, log) as port:
        findings = api_fuzz.ask_over_socket(port, 300, 4)

    assert findings.wrong == []
    assert "200 answered" in findings.answers
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("status", "text", "seconds"),
    [
        (500, '{"__type": "InternalFailure"}', 0.1),
        (400, "Bad Request", 0.1),
        (400, '{"__type": "E", "message": "Traceback (most recent call last)"}', 0.1),
        (200, "{}", 1.5),
    ],
    ids=["fault", "no document", "traceback", "slow"],
)
def test_what_is_found(status: int, text: str, seconds: float) -> None:
    """A fault, another protocol's answer, one that shows code, and a slow one are findings."""
    findings = api_fuzz.Findings()
    findings.note(Sent("POST", "/", "", (), b""), status, text, seconds)

    assert len(findings.wrong) == 1
