import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from insights.errors import NotFoundError, StorageError
from insights.settings import parse_settings
from insights.stages.workspace import Workspace
from insights.windows import Window, parse_instant

HOUR = Window(parse_instant("2026-11-01T13:00"), parse_instant("2026-11-01T14:00"))


def test_delivered() -> None:
    """An hour's objects are looked for from the lookback before it to the settling after it."""
    workspace = Workspace(parse_settings({"trail": {"settle_minutes": 5}}), lookback=timedelta(hours=2))

    assert str(workspace.delivered(HOUR)) == "2026-11-01T11:00:00Z/2026-11-01T14:05:00Z"


def test_no_lookback() -> None:
    """By default nothing before the window is looked for: it is other runs' work."""
    assert Workspace(parse_settings({})).delivered(HOUR).start == HOUR.start


def test_stores(tmp_path) -> None:
    """Trail and lake are those of the settings; a lake that is not there yet is made."""
    (tmp_path / "trail").mkdir()
    urls = {name: {"url": str(tmp_path / name)} for name in ("trail", "lake")}
    workspace = Workspace(parse_settings(urls))

    assert (workspace.trail.url, workspace.lake.url) == (urls["trail"]["url"], urls["lake"]["url"])
    assert (tmp_path / "lake").is_dir()


def test_lake_in_the_trail(tmp_path) -> None:
    """A trail whose lake lies in it is not opened, and no lake is made there."""
    (tmp_path / "trail").mkdir()
    urls = {"trail": {"url": str(tmp_path / "trail")}, "lake": {"url": str(tmp_path / "trail/lake")}}
    with pytest.raises(StorageError, match=r"the lake .* is in the trail"):
        _ = Workspace(parse_settings(urls)).trail

    assert not (tmp_path / "trail/lake").exists()


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_lake(tmp_path, name: str) -> None:
    """Who only reads is told that there is no lake, whether or not there is a folder; none is made."""
    (tmp_path / "empty").mkdir()
    workspace = Workspace(parse_settings({"lake": {"url": str(tmp_path / name)}}), creates_lake=False)
    with pytest.raises(NotFoundError, match=rf"there is no lake in .*/{name}: check its name; a new one is made by"):
        _ = workspace.lake

    assert not (tmp_path / "nowhere").exists()


def test_clock() -> None:
    """A workspace knows the time, aware and in UTC."""
    assert Workspace(parse_settings({})).now().utcoffset() == timedelta()


class TestTuneArrow:
    def run(self, code: str) -> str:
        """Run code in a process of its own, where nobody imported anything yet."""
        code = (
            f"import sys\nfrom insights.stages.workspace import tune_arrow\ntune_arrow()\nimport pyarrow as pa\n{code}"
        )
        found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        return found.stdout.strip()

    def test_no_pandas(self) -> None:
        """Making arrays of lists loads no pandas."""
        assert self.run("pa.array(['a']); print('pandas' in sys.modules)") == "False"

    @pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells a process's threads")
    def test_no_threads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """NumPy starts no threads, which would spin; one of Arrow's, which sleeps, is there."""
        monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
        names = "sorted(p.read_text().strip() for p in Path('/proc/self/task').glob('*/comm'))"
        found = self.run(f"import numpy; from pathlib import Path; print(*{names})").split()
        assert len([name for name in found if "jemalloc" not in name]) == 1

    def test_still_converts(self) -> None:
        """Who asks for pandas afterwards gets it."""
        code = "print(pa.table({'a': [1, 2]}).to_pandas()['a'].sum(), 'pandas' in sys.modules)"

        assert self.run(code) == "3 True"
