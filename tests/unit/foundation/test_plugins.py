"""Plug-ins are found by name; what is wrong with a table or with a study's own file is said in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wattshed.forecast.families import registry
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

OWN = '"""A plug-in."""\nFAMILY = "my family"\n'


@pytest.fixture(autouse=True)
def no_own_plugins(monkeypatch):
    # Restored afterwards, whatever use_own_plugins writes into it.
    monkeypatch.setenv(plugins.OWN_PLUGINS, "[]")


@pytest.fixture
def own(tmp_path):
    def write(name, text=OWN):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_every_line_of_every_table_has_a_file_and_a_plugin(kind):
    for name in plugins.names(kind):
        assert plugins.source_file(kind, name).is_file()
        assert plugins.load(kind, name) is not None


def test_an_unknown_name_is_told_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"^'stgn' is no model family: did you mean 'stgnn'"):
        plugins.check_name("family", "stgn")
    with pytest.raises(Fault, match=r"^'dlinaer' is no model family: did you mean 'dlinear'\?\.$"):
        plugins.load("family", "dlinaer")
    with pytest.raises(Fault, match="'dlinaer' is no model family: did you mean 'dlinear'"):
        plugins.source_file("family", "dlinaer")


def test_a_name_like_no_other_is_told_with_all():
    with pytest.raises(ValueError, match="expected one of stgnn_reference, stgnn, gru, dlinear"):
        plugins.check_name("family", "xyz")


@pytest.mark.parametrize("place", ["wattshed.forecast.families.absent", "wattshed.no_room.absent"])
def test_a_line_whose_module_is_absent_is_named(place, monkeypatch):
    monkeypatch.setitem(registry.MODULES, "ghost", place)
    expected = f"lists the model family 'ghost' in the module {place}, which does not exist: correct the line"
    with pytest.raises(Fault, match=expected):
        plugins.load("family", "ghost")
    with pytest.raises(Fault, match=expected):
        plugins.source_file("family", "ghost")


def test_a_plugin_whose_own_dependency_is_missing_says_which(own, monkeypatch):
    monkeypatch.setenv(
        plugins.OWN_PLUGINS, json.dumps([str(own("needy", "import no_such_package\nFAMILY = 1\n"))])
    )
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        plugins.load("family", "needy")


def test_a_module_without_its_member_is_named(monkeypatch):
    monkeypatch.setitem(registry.MODULES, "ghost", "wattshed.forecast.families.recurrent")
    with pytest.raises(
        Fault, match="recurrent, the module of the model family 'ghost', has no FAMILY: expected"
    ):
        plugins.load("family", "ghost")
    monkeypatch.setitem(registry.MODULES, "ghost", "wattshed.forecast.families.gru:OTHER")
    with pytest.raises(Fault, match="has no OTHER"):
        plugins.load("family", "ghost")


def test_a_studys_own_plugin_is_listed_after_ours_and_loaded(own):
    path = own("mine")
    plugins.use_own_plugins([path])
    assert plugins.names("family") == [*registry.MODULES, "mine"]
    assert "mine" not in plugins.names("baseline")
    assert plugins.check_name("family", "mine") == "mine"
    assert plugins.load("family", "mine") == "my family"
    assert plugins.source_file("family", "mine") == path
    assert plugins.own_files() == [path]


def test_one_file_may_hold_plugins_of_several_kinds(own):
    plugins.use_own_plugins([own("both", 'FAMILY: str = "a"\nSTRATEGY = "b"\n')])
    assert plugins.load("family", "both") == "a"
    assert plugins.load("strategy", "both") == "b"


def test_processes_that_are_started_know_the_studys_own_plugins(own):
    plugins.use_own_plugins([own("mine")])
    code = "from wattshed.foundation import plugins; print(plugins.load('family', 'mine'))"
    library = str(Path(plugins.__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": library},
    )
    assert done.stdout.strip() == "my family", done.stderr


def test_an_own_plugin_named_like_ours_is_refused(own):
    with pytest.raises(
        Fault, match="named like wattshed's own model family 'gru': expected another name; rename"
    ):
        plugins.use_own_plugins([own("gru")])


def test_an_own_plugin_that_is_no_python_is_refused(own):
    with pytest.raises(Fault, match=r"broken\.py is no Python .*line 1.*: correct the file"):
        plugins.use_own_plugins([own("broken", "FAMILY = = 1\n")])


def test_an_own_plugin_that_is_missing_is_refused(tmp_path):
    with pytest.raises(
        Fault, match=r"absent\.py cannot be read \(No such file or directory\): .*key plugins"
    ):
        plugins.use_own_plugins([tmp_path / "absent.py"])


def test_an_own_file_without_a_plugin_is_refused(own):
    with pytest.raises(Fault, match=r"empty\.py defines none of FAMILY, BASELINE, .*CONTRIBUTING\.md"):
        plugins.use_own_plugins([own("empty", "OTHER = 1\n")])
