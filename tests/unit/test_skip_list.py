"""CI fails on a skip that is not on the list of allowed skips."""

import os
import subprocess
import sys

import pytest

from skip_list import ALLOWED, allowed_reasons

CONFTEST = """
import os
from skip_list import SkipList

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipList(["no GPU"], os.environ.get("WATTSHED_CI") == "1"))
"""


@pytest.fixture
def run(tmp_path, root):
    (tmp_path / "conftest.py").write_text(CONFTEST)

    def run(test, strict, *words):
        (tmp_path / "test_made.py").write_text(f"import pytest\n{test}\n")
        environment = {
            **os.environ,
            "PYTHONPATH": str(root / "tests/helpers"),
            "WATTSHED_CI": "1" if strict else "0",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, str(tmp_path)]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


ALLOWED_SKIP = "def test_a(): pytest.skip('no GPU here')\ndef test_b(): pass"
OTHER_SKIP = "def test_a(): pytest.skip('no printer here')\ndef test_b(): pass"
MARKED = "@pytest.mark.skipif(True, reason='no printer here')\ndef test_a(): pass\ndef test_b(): pass"
MODULE = "pytest.importorskip('no_such_module')\ndef test_b(): pass"
XFAIL = "@pytest.mark.xfail\ndef test_a(): assert False\ndef test_b(): pass"


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
@pytest.mark.parametrize(("test", "code"), [(ALLOWED_SKIP, 0), (XFAIL, 0), (OTHER_SKIP, 1), (MARKED, 1)])
def test_only_skips_on_the_list_pass(run, test, code, workers):
    done = run(test, True, *workers)
    assert done.returncode == code, done.stdout
    assert ("SKIP NOT ALLOWED" in done.stdout) == bool(code)


def test_a_skip_of_a_whole_module_is_detected(run):
    assert "SKIP NOT ALLOWED" in run(MODULE, True).stdout


def test_a_skip_outside_ci_is_only_reported(run):
    done = run(OTHER_SKIP, False)
    assert done.returncode == 0
    assert "NOT ALLOWED" not in done.stdout


def test_the_list_has_a_reason_for_every_line():
    assert allowed_reasons(ALLOWED.read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match="says no reason"):
        allowed_reasons("no GPU\n")
