"""What a job learns of its machine through the environment."""

from pathlib import Path

import pytest

from wattshed.energy.host import CONFIG_DIGEST, IDLE_FOLDER, PLACE, REGION, Host


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in (CONFIG_DIGEST, IDLE_FOLDER, PLACE, REGION, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_the_place_is_unknown(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert Host.from_environment() == Host(None, None, Path("/home/someone/.cache/wattshed/idle"), None)


def test_what_is_said_is_taken(monkeypatch):
    for name, value in ((PLACE, "USA"), (REGION, "california"), (IDLE_FOLDER, "idle"), (CONFIG_DIGEST, "ab")):
        monkeypatch.setenv(name, value)
    assert Host.from_environment() == Host("USA", "california", Path("idle"), "ab")


@pytest.mark.parametrize("word", ["unknown", ""])
def test_unknown_is_no_country(monkeypatch, word):
    monkeypatch.setenv(PLACE, word)
    assert Host.from_environment().country_iso is None
