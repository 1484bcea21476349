"""The settings of its machine that a job reads from the environment."""

from pathlib import Path

import pytest

from wattshed.energy.host import CONFIG_DIGEST, IDLE_FOLDER, PLACE, REGION, Host


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in (CONFIG_DIGEST, IDLE_FOLDER, PLACE, REGION, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_country_is_unknown_by_default(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert Host.from_environment() == Host(None, None, Path("/home/someone/.cache/wattshed/idle"), None)


def test_environment_variables_set_country_region_folder_and_digest(monkeypatch):
    for name, value in ((PLACE, "USA"), (REGION, "california"), (IDLE_FOLDER, "idle"), (CONFIG_DIGEST, "ab")):
        monkeypatch.setenv(name, value)
    assert Host.from_environment() == Host("USA", "california", Path("idle"), "ab")


@pytest.mark.parametrize("word", ["unknown", ""])
def test_unknown_and_empty_values_give_no_country(monkeypatch, word):
    monkeypatch.setenv(PLACE, word)
    assert Host.from_environment().country_iso is None
