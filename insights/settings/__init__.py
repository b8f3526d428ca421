"""What a user may set, and how it is read: one TOML file, overridden by the environment.

`parse_settings` is pure; `load_settings` reads the file and the environment. Both refuse a key or value they do not
know, and one that can match nothing, with a message that names it and the remedy. An environment variable
`TRAIL_INSIGHTS__TRAIL__URL` sets `url` of table `[trail]`; its value is read as TOML where it is TOML (`["a", "b"]`,
`true`, `20`) and as plain text otherwise.
"""

from insights.settings.loading import load_settings, parse_settings
from insights.settings.tables import (
    ApiKeySettings,
    ApiSettings,
    DetectSettings,
    IngestSettings,
    MethodSettings,
    Settings,
    TrailSettings,
)

__all__ = [
    "ApiKeySettings",
    "ApiSettings",
    "DetectSettings",
    "IngestSettings",
    "MethodSettings",
    "Settings",
    "TrailSettings",
    "load_settings",
    "parse_settings",
]
