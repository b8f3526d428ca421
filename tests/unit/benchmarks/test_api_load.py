from pathlib import Path

import pytest

from benchmarks import api_fuzz, api_load, lakes
from benchmarks.signing import sign


def test_load(tmp_path: Path) -> None:
    """The load is measured on answers only: a refusal ends it."""
    lakes.make(tmp_path / "lake", event_count=24, days=1, insight_count=1)
    with api_fuzz.serving(tmp_path / "lake", tmp_path / "log") as port:
        url = f"http://127.0.0.1:{port}/"
        load = api_load.measure(port, [sign(url=url)], clients=2, seconds=0.1)
        with pytest.raises(RuntimeError, match="InvalidSignatureException"):
            api_load.measure(port, [sign(url=url, secret="x" * 40)], clients=1, seconds=0.1)

    assert load.per_second > 0
    assert 0 < load.median <= load.p99
