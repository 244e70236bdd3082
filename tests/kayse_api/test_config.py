"""A configuration that cannot work is refused at once, and no text ever holds the key."""

from __future__ import annotations

from typing import Any

import pytest

from kayse_admin.kayse_api import ConfigError, KayseConfig
from tests.kayse_api.support import KEY

URL = "https://public-api.kayse.ai/v1"


def test_the_deadlines_of_people_and_of_bulk_calls() -> None:
    config = KayseConfig(URL, KEY)
    assert (config.person_deadline, config.bulk_deadline, config.max_rows) == (25, 120, 500)


@pytest.mark.parametrize(
    "url", [URL, URL + "/", "http://127.0.0.1:8001/v1", "http://[::1]:8001/v1", "https://a.test"]
)
def test_addresses(url: str) -> None:
    assert KayseConfig(url, KEY).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "public-api.kayse.ai/v1",
        "ftp://a.test/v1",
        "https://",
        "https:///v1",
        "https://a.test:0/v1",
        "https://a.test:99999/v1",
        "https://a.test:x/v1",
        "https://user:pass@a.test/v1",
        "https://a.test/v1?key=1",
        "https://a.test/v1#x",
        "https://a.test/v 1",
        "https://a.test/v1\n",
        "https://ä.test/v1",
        "http://[::1/v1",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        KayseConfig(url, KEY)


@pytest.mark.parametrize("key", ["", " ", "zz zz", "zz\nX-Evil: 1", "zz\r\n", "clé", "x" * 501, "\x00"])
def test_keys_that_are_none(key: str) -> None:
    with pytest.raises(ConfigError, match="api_key") as refusal:
        KayseConfig(URL, key)
    assert not key.strip() or key.strip() not in str(refusal.value)
    assert refusal.value.sentence


@pytest.mark.parametrize(
    "options",
    [
        {"person_deadline": 0},
        {"bulk_deadline": -1},
        {"connect_timeout": float("nan")},
        {"pool_timeout": float("inf")},
        {"read_silence": 0},
        {"max_body": 0},
        {"max_rows": 0},
        {"max_connections": 0},
        {"user_agent": "a\r\nb"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_limits_that_are_none(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        KayseConfig(URL, KEY, **options)
