from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from insights.simulate import SignedDigest, SigningKey, public_key_list, scenario, simulate, with_digests
from insights.storage.opening import open_store
from insights.windows import parse_instant

Command = Callable[..., Any]
SHORT = ("--start", "2026-11-01", "--scenario", "quiet", "--days", "0.05", "--calls-per-hour", "0")
VERIFY = ("verify", "--trail", "trail", "--keys", "keys.json")
OF_ONE = ("--account", "111122223333", "--region", "us-east-1")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a signed trail of three accounts in three Regions, and its public keys in `keys.json`."""
    folder = tmp_path_factory.mktemp("simulated")
    key = SigningKey(rsa.generate_private_key(65537, 2048))
    plan = scenario("quiet", start=parse_instant("2026-11-01"), days=0.1, seed=1, calls_per_hour=5)
    plan = replace(plan, late_share=0, duplicate_share=0)
    store = open_store(str(folder / "trail"), create=True)
    for each in with_digests(plan, simulate(plan), key):
        store.put(each.key, each.body, attributes=each.attributes if isinstance(each, SignedDigest) else None)
    (folder / "keys.json").write_bytes(public_key_list(plan, key))
    return folder


@pytest.fixture
def trail(simulated: Path, tmp_path: Path) -> Path:
    """A copy of it, where commands run."""
    shutil.copytree(simulated, tmp_path, dirs_exist_ok=True)
    return tmp_path / "trail"


def digests(trail: Path) -> list[Path]:
    return sorted(trail.glob("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/**/*.json.gz"))


def test_valid(command: Command, trail: Path) -> None:
    """A trail as it was delivered ends with status 0 and one line an account and Region."""
    answer = command(*VERIFY)

    assert answer.status == 0
    assert "problems: 0" in answer.out
    assert sum("111122223333" in line for line in answer.out.splitlines()) == 3  # Regions
    assert "invalid" not in answer.out


def test_keys_of_the_settings(command: Command, trail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--keys` the file that the settings name is read, as by the pipeline."""
    monkeypatch.setenv("TRAIL_INSIGHTS__INTEGRITY__KEYS_FILE", "keys.json")

    assert command("verify", "--trail", "trail").status == 0


def test_simulated_trail(command: Command, tmp_path: Path) -> None:
    """What `simulate --digests` writes is valid, and the same seed gives the same signatures and keys."""
    for name in ("one", "two"):
        command("simulate", "--out", name, *SHORT, "--digests", f"{name}.json")

    assert command("verify", "--trail", "one", "--keys", "two.json").status == 0
    assert [path.read_bytes() for path in digests(tmp_path / "one")] == [
        path.read_bytes() for path in digests(tmp_path / "two")
    ]


def test_digests_are_counted(command: Command) -> None:
    """The report of a simulation counts digests apart from the trail's objects."""
    report = command("simulate", "--out", "t", *SHORT, "--digests", "k.json", "--json").json()

    assert (report["objects"], report["records"]) == (0, 0)
    assert report["digests"] == 2 * 9  # hours times accounts and Regions


def test_problem(command: Command, trail: Path) -> None:
    """A problem is named with its object, what is wrong in AWS's words and what it means; the status is 1."""
    gone = digests(trail)[1]
    gone.unlink()
    answer = command(*VERIFY, *OF_ONE)

    assert answer.status == 1
    assert f"digest {gone.relative_to(trail)}: INVALID: not found" in answer.out.splitlines()
    assert "not found: It was delivered, or was due, and is not there" in answer.out


def test_json(command: Command, trail: Path) -> None:
    """As JSON there are the same numbers and problems; the status is the same too."""
    changed = digests(trail)[1]
    Path(f"{changed}.metadata.json").write_text('{"Metadata": {"signature": "00"}}')
    answer = command(*VERIFY, *OF_ONE, "--json")
    report = answer.json()

    assert answer.status == 1
    (place,) = report["places"]
    assert (place["account"], place["region"]) == ("111122223333", "us-east-1")
    assert place["digests"]["invalid"] == 1
    assert report["problems"] == [
        {
            "account": "111122223333",
            "region": "us-east-1",
            "kind": "digest",
            "key": str(changed.relative_to(trail)),
            "verdict": "forged",
            "message": "signature verification failed",
        }
    ]


def test_window(command: Command, trail: Path) -> None:
    """With a window only its hours are verified, and nothing is missed before it."""
    window = ("--start", "2026-11-01T01:00", "--end", "2026-11-01T02:00")
    report = command(*VERIFY, *OF_ONE, *window, "--json").json()

    assert report["places"][0]["digests"]["valid"] < len(digests(trail))
    assert report["problems"] == []


def test_control_characters(command: Command, trail: Path) -> None:
    """A key is what somebody chose: it cannot rewrite the terminal."""
    name = "111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20261101T0\x1b[2J10000Z.json.gz"
    folder = digests(trail)[0].parent
    document = json.dumps({"PublicKeyList": []})
    Path("none.json").write_text(document)
    (folder / name).write_bytes(b"")
    answer = command("verify", "--trail", "trail", "--keys", "none.json", *OF_ONE)

    assert answer.status == 1
    assert "\x1b" not in answer.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keys", "none.json"], "the list of public keys none.json cannot be read"),
        (["--keys", "keys.json", "--trail", "empty"], "the folder"),
        (["--keys", "keys.json", "--region", "eu-north-1"], "what stands before AWSLogs/"),
    ],
    ids=["no keys", "no trail", "no such Region"],
)
def test_failure(command: Command, trail: Path, arguments: list[str], message: str) -> None:
    """What cannot be verified at all ends with status 1 and says why on standard error."""
    answer = command("verify", "--trail", "trail", *arguments)

    assert (answer.status, answer.out) == (1, "")
    assert message in answer.err


def test_end_without_start(command: Command, trail: Path) -> None:
    """An end alone does not say from when on digests are expected."""
    answer = command(*VERIFY, "--end", "2026-11-02")

    assert answer.status == 2
    assert "--start" in answer.err
