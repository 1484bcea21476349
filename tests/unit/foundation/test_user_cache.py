"""The user's cache folder, and what stands in its place."""

import os
import tempfile
from pathlib import Path

from wattshed.foundation.user_cache import cache_folder, user_cache


def test_a_user_without_a_home_folder_has_a_temporary_cache_folder(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    assert user_cache() is None
    assert cache_folder() == Path(tempfile.gettempdir()) / f"wattshed-{os.getuid()}"


def test_the_cache_folder_is_the_users(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert user_cache() == cache_folder() == Path("/caches/wattshed")
    monkeypatch.setenv("XDG_CACHE_HOME", "/{caches}")
    assert cache_folder() == Path(tempfile.gettempdir()) / f"wattshed-{os.getuid()}"
