import pytest


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Ledgers go below the working directory; what was warned of in another test was warned of there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wattshed.door.warning._given", set())
