from pathlib import Path
from typing import Any

import pytest

from insights.errors import SettingsError
from insights.settings import Settings, load_settings, parse_settings, refusals
from insights.statistics.parameters import Parameters

WRONG = [
    ({"trial": {}}, "no settings table [trial]: did you mean trail?"),
    ({"xyz": {}}, "no settings table [xyz]: known are airflow, "),
    ({"trail": {"ulr": "x"}}, "no setting trail.ulr: did you mean url?"),
    ({"lake": {"bucket": "x"}}, "no setting lake.bucket: known are "),
    ({"trail": "s3://bucket"}, "[trail] is a table of settings, not a value"),
    ({"trail": {"url": 3}}, "the setting trail.url is wrong: Expected `str`, got `int`"),
    (
        {"trail": {"accounts": [111122223333]}},
        "the setting trail.accounts is wrong: Expected `str`, got `int`: put it in",
    ),
    (
        {"trail": {"categories": ["Insight"]}},
        "the setting trail.categories is wrong: Invalid enum value 'Insight': write one of Data, Management",
    ),
    (
        {"trail": {"loose_files": "never"}},
        "the setting trail.loose_files is wrong: Invalid enum value 'never': write one of auto, read, skip",
    ),
    ({"trail": {"settle_minutes": 1441}}, "the setting trail.settle_minutes is wrong: Expected `int` <= 1440"),
    ({"trail": {"lookback_hours": -1}}, "the setting trail.lookback_hours is wrong: Expected `int` >= 0"),
    ({"ingest": {"shard_megabytes": 0}}, "the setting ingest.shard_megabytes is wrong: Expected `int` >= 1"),
    ({"ingest": {"fetch_threads": 65}}, "the setting ingest.fetch_threads is wrong: Expected `int` <= 64"),
    (
        {"detect": {"sensitivity": "max"}},
        "the setting detect.sensitivity is wrong: Invalid enum value 'max': write one of aws, high, low, medium",
    ),
    ({"detect": {"call_rate": "yes"}}, "the setting detect.call_rate is wrong: Expected `bool`, got `str`"),
    ({"detect": {"history_days": 401}}, "the setting detect.history_days is wrong: Expected `int` <= 400"),
    ({"detect": {"history_days": 42}}, "the setting detect.history_days is wrong: Expected `int` >= 43"),
    ({"method": {"score_factr": 2}}, "there is no setting method.score_factr: did you mean score_factor?"),
    ({"method": {"score_factor": 0.5}}, "the setting method.score_factor is wrong: Expected `float` >= 1"),
    ({"method": {"windows_minutes": [1440]}}, "the setting method.windows_minutes is wrong: Expected `int` <= 240"),
    (
        {"method": {"windows_minutes": []}},
        "the setting method.windows_minutes is empty, which matches nothing: name at least one",
    ),
    (
        {"notify": {"channels": "log"}},
        "the setting notify.channels is wrong: Expected `array`, got `str`: write a list",
    ),
    ({"trail": {"arn": "management"}}, "the setting trail.arn has 'management': write the trail's ARN, like arn:aws:"),
    ({"trail": {"accounts": ["1111"]}}, "the setting trail.accounts has '1111': write ids of accounts, twelve digits"),
    ({"trail": {"accounts": ["111122223333\n"]}}, r"the setting trail.accounts has '111122223333\n': write ids"),
    (
        {"trail": {"regions": ["eu-west-1", "US-EAST-1"]}},
        "the setting trail.regions has 'US-EAST-1': write names of Regions, like \"us-east-1\"",
    ),
    ({"trail": {"categories": []}}, "the setting trail.categories is empty, which matches nothing"),
    ({"trail": {"notifications": "my-queue"}}, "the setting trail.notifications has 'my-queue': write the queue's URL"),
    ({"detect": {"categories": []}}, "the setting detect.categories is empty, which matches nothing"),
    (
        {"trail": {"categories": ["Data"]}},
        "the setting detect.categories is ['Management'], and trail.categories keeps ['Data'] only",
    ),
    ({"notify": {"channels": ["slack:x"]}}, "the setting notify.channels has 'slack:x': write log, sns:arn:aws:sns:"),
    ({"notify": {"channels": ["sns:my-topic"]}}, "the setting notify.channels has 'sns:my-topic': write log, sns:arn"),
    ({"notify": {"max_age_hours": 10**9}}, "the setting notify.max_age_hours is wrong: Expected `int` <= 876000"),
    ({"retention": {"events_days": 10**30}}, "the setting retention.events_days is wrong: Expected `int` <= 36500"),
    ({"lake": {"compact_after_days": 10**9}}, "the setting lake.compact_after_days is wrong: Expected `int` <= 36500"),
    (
        {"method": {"score_factor": float("inf")}},
        "the setting method.score_factor is inf: make it 1,000,000,000 at most",
    ),
    ({"method": {"score_factor": float("nan")}}, "the setting method.score_factor is wrong: Expected `float` >= 1"),
    ({"method": {"warm_up_hours": 10**30}}, "the setting method.warm_up_hours is 1e+30: make it 1,000,000,000 at most"),
    ({"method": {"min_size": 50.0}}, "the setting method.min_size (50) is above method.max_size (40)"),
    ({"method": {"min_size": 5.0, "max_size": 4.0}}, "the setting method.min_size (5) is above method.max_size (4)"),
    (
        {"method": {"drop_end_share": 0.1}},
        "the setting method.drop_max_share (0.2) is above method.drop_end_share (0.1)",
    ),
    (
        {"method": {"pool_windows_minutes": [5, 30]}},
        "the setting method.pool_windows_minutes has 30, which is none of method.windows_minutes (1, 5, 15, 60, 240)",
    ),
    ({"api": {"keys": [{"id": "me", "secret": "env:X"}]}}, "the setting api.keys[0].id has 'me': write 3 to 128"),
    (
        {"api": {"keys": [{"id": "READER", "secret": "env:X", "accounts": ["1"]}]}},
        "the setting api.keys[0].accounts has '1': write ids of accounts",
    ),
    (
        {"api": {"keys": [{"id": "READER", "secret": "env:X", "may": ["all"]}]}},
        "the setting api.keys[0].may is wrong: Invalid enum value 'all': write one of read, write-selectors",
    ),
    ({"notify": {"max_age_hours": 0}}, "the setting notify.max_age_hours is wrong: Expected `int` >= 1"),
    ({"airflow": {"aws_connection": True}}, "the setting airflow.aws_connection is wrong: Expected `str`, got `bool`"),
]


@pytest.mark.parametrize(("document", "message"), WRONG, ids=[message[:45] for _, message in WRONG])
def test_wrong_settings(document: dict[str, Any], message: str) -> None:
    """A wrong table, key or value is named, with what is allowed."""
    with pytest.raises(SettingsError) as refused:
        parse_settings(document)
    assert message in str(refused.value)


def test_secret_in_the_settings() -> None:
    """What stands where only the place of a secret should is not shown: it may be the secret."""
    with pytest.raises(
        SettingsError, match=r"api\.keys\[0\]\.secret does not say where the secret is: write env:"
    ) as refused:
        parse_settings({"api": {"keys": [{"id": "READER", "secret": "hunter2hunter2"}]}})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("region", ["us-gov-west-1", "eusc-de-east-1", "us-isob-east-1", "xx-newland-9"])
def test_new_regions(region: str) -> None:
    """Regions that we have never heard of are taken, if they are named as Regions are."""
    assert parse_settings({"trail": {"regions": [region]}}).trail.regions == (region,)


@pytest.mark.parametrize("sensitivity", ["low", "medium", "high", "aws"])
def test_defaults_of_the_method(sensitivity: str) -> None:
    """The defaults against which numbers of the method are held are those of the method, at every sensitivity."""
    parameters = Parameters.preset(sensitivity)

    assert parameters.windows_minutes == refusals._WINDOWS_MINUTES
    for name, default in (pair for pairs in refusals._IN_ORDER for pair in pairs.items()):
        assert getattr(parameters, name) == default


def test_nothing_set() -> None:
    """Without a file and environment everything has its default."""
    assert parse_settings({}) == Settings()


def test_tables() -> None:
    """What a document says is there; what it does not say stays as it was."""
    settings = parse_settings({"trail": {"url": "s3://logs", "accounts": ["111122223333"]}, "detect": {}})

    assert settings.trail.url == "s3://logs"
    assert settings.trail.accounts == ("111122223333",)
    assert settings.trail.settle_minutes == 20


class TestEnvironment:
    @pytest.mark.parametrize(
        ("variable", "text", "table", "key", "value"),
        [
            ("TRAIL_INSIGHTS__TRAIL__URL", "s3://logs/prefix", "trail", "url", "s3://logs/prefix"),
            ("TRAIL_INSIGHTS__TRAIL__SETTLE_MINUTES", "5", "trail", "settle_minutes", 5),
            ("TRAIL_INSIGHTS__DETECT__CALL_RATE", "false", "detect", "call_rate", False),
            ("TRAIL_INSIGHTS__NOTIFY__CHANNELS", '["eventbridge:b"]', "notify", "channels", ("eventbridge:b",)),
            ("TRAIL_INSIGHTS__DETECT__SENSITIVITY", "high", "detect", "sensitivity", "high"),
        ],
    )  # fmt: skip
    def test_override(self, variable: str, text: str, table: str, key: str, value: Any) -> None:
        """A variable sets its key: read as TOML where it is TOML, else as text."""
        settings = parse_settings({}, {variable: text, "PATH": "/bin", "TRAIL_INSIGHTS_SETTINGS": "x"})

        assert getattr(getattr(settings, table), key) == value

    def test_wins(self) -> None:
        """The environment wins over the file, key by key."""
        document = {"trail": {"url": "s3://file", "settle_minutes": 7}}
        settings = parse_settings(document, {"TRAIL_INSIGHTS__TRAIL__URL": "s3://environment"})

        assert (settings.trail.url, settings.trail.settle_minutes) == ("s3://environment", 7)
        assert document["trail"]["url"] == "s3://file"

    @pytest.mark.parametrize(
        ("variable", "said"),
        [
            ("TRAIL_INSIGHTS__LAKE", "names no setting: write TRAIL_INSIGHTS__TABLE__KEY"),
            ("TRAIL_INSIGHTS__LAKE_URL", "names no setting: write TRAIL_INSIGHTS__LAKE__URL"),
            ("TRAIL_INSIGHTS__TRAIL__SETTLE__MINUTES", "names no setting: write TRAIL_INSIGHTS__TRAIL__SETTLE_MINUTES"),
            ("TRAIL_INSIGHTS_LAKE_URL", "sets nothing: write TRAIL_INSIGHTS__LAKE__URL"),
            ("TRAIL_INSIGHTS_LAKE__URL", "sets nothing: write TRAIL_INSIGHTS__LAKE__URL"),
            ("TRAIL_INSIGHT__LAKE__URL", "sets nothing: write TRAIL_INSIGHTS__LAKE__URL"),
            ("trail_insights__lake__url", "sets nothing: write TRAIL_INSIGHTS__LAKE__URL"),
            ("TRAIL_INSIGHTS_URL", "sets nothing: write TRAIL_INSIGHTS__TRAIL__URL or TRAIL_INSIGHTS__LAKE__URL"),
            ("TRAIL_INSIGHTS_SETTING", "sets nothing: write TRAIL_INSIGHTS_SETTINGS"),
        ],
    )
    def test_misspelt(self, variable: str, said: str) -> None:
        """A variable that is nearly one of ours is told how to be written: else it would be overlooked."""
        with pytest.raises(SettingsError) as refused:
            parse_settings({}, {variable: "x"})
        assert f"the environment variable {variable} {said}" == str(refused.value)

    @pytest.mark.parametrize(
        "variable",
        ["TRAIL_INSIGHTS_READER_SECRET", "TRAIL_INSIGHTS_SERVICE_HOST", "TRAIL_INSIGHTS_PORT_8080_TCP", "TRAIL"],
    )
    def test_of_others(self, variable: str) -> None:
        """Other variables may begin as ours: those for secrets of the API, and what Kubernetes makes for a service."""
        assert parse_settings({}, {variable: "x"}) == Settings()

    def test_wrong_value(self) -> None:
        """A wrong value in a variable names the setting."""
        with pytest.raises(SettingsError, match=r"trail\.settle_minutes is wrong: Expected `int`, got `str`"):
            parse_settings({}, {"TRAIL_INSIGHTS__TRAIL__SETTLE_MINUTES": "soon"})


class TestFile:
    def test_named(self, tmp_path: Path) -> None:
        """The file that the environment names is read."""
        path = tmp_path / "mine.toml"
        path.write_text('[lake]\nurl = "s3://lake"\n')

        assert load_settings(environment={"TRAIL_INSIGHTS_SETTINGS": str(path)}).lake.url == "s3://lake"

    def test_argument_wins(self, tmp_path: Path) -> None:
        """A path that is handed over wins over the one of the environment."""
        path = tmp_path / "mine.toml"
        path.write_text('[lake]\nurl = "s3://lake"\n')

        assert load_settings(path, {"TRAIL_INSIGHTS_SETTINGS": "/nowhere.toml"}).lake.url == "s3://lake"

    def test_default_is_optional(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nobody names a file and the usual one is not there, everything has its default."""
        monkeypatch.chdir(tmp_path)

        assert load_settings(environment={}) == Settings()

    def test_default_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nobody names a file, the usual one is read."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "include").mkdir()
        (tmp_path / "include/trail-insights.toml").write_text("[ingest]\nfetch_threads = 3\n")

        assert load_settings(environment={}).ingest.fetch_threads == 3

    def test_missing(self, tmp_path: Path) -> None:
        """A named file that is not there is told with the remedy."""
        with pytest.raises(SettingsError, match=r"none\.toml is not there: name another one, or create it"):
            load_settings(tmp_path / "none.toml", {})
        with pytest.raises(SettingsError, match=r"none\.toml is not there: create it or unset TRAIL_INSIGHTS_SETTINGS"):
            load_settings(environment={"TRAIL_INSIGHTS_SETTINGS": str(tmp_path / "none.toml")})

    def test_named_by_nothing(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """An empty variable names no file."""
        monkeypatch.chdir(tmp_path)

        assert load_settings(environment={"TRAIL_INSIGHTS_SETTINGS": ""}) == Settings()

    @pytest.mark.parametrize("content", [b"[trail\n", b"url: s3", b"\xff\xfe"], ids=["cut", "yaml", "not text"])
    def test_not_toml(self, tmp_path: Path, content: bytes) -> None:
        """A file that is no TOML is told by name."""
        path = tmp_path / "mine.toml"
        path.write_bytes(content)

        with pytest.raises(SettingsError, match=r"mine\.toml is not TOML: "):
            load_settings(path, {})

    def test_folder(self, tmp_path: Path) -> None:
        """A folder in the file's place is told by name."""
        with pytest.raises(SettingsError, match=r"cannot be read: Is a directory"):
            load_settings(tmp_path, {})


class TestRetention:
    @pytest.mark.parametrize(
        "table", ["events", "quality", "quarantine", "ledger", "integrity", "coverage", "insights"]
    )
    def test_too_short(self, table: str) -> None:
        """What runs still look at cannot be deleted; 0 keeps everything."""
        with pytest.raises(SettingsError, match=rf"retention\.{table}_days is 39, .*: make it 40 or more, or 0"):
            parse_settings({"retention": {f"{table}_days": 39}})
        assert parse_settings({"retention": {f"{table}_days": 40}})
        assert parse_settings({"retention": {f"{table}_days": 0}})

    def test_counts_that_detection_needs(self) -> None:
        """Counts are kept for the history before the oldest hour that a run may look at."""
        with pytest.raises(SettingsError, match=r"retention\.minute_counts_days is 231, .*make it 232 or more"):
            parse_settings({"retention": {"minute_counts_days": 231}, "detect": {"history_days": 100}})
        assert parse_settings({"retention": {"minute_counts_days": 232}, "detect": {"history_days": 100}})
