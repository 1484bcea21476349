"""Plug-ins are found by name; errors in a table or in a study's own file are reported in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wattshed.config.study import load_study
from wattshed.forecast.families import registry
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import check_own, made_by
from wattshed.foundation.extending.kinds import KINDS
from wattshed.foundation.extending.own_files import OWN_PLUGINS, own_files, use_own_plugins
from wattshed.foundation.faults import Fault

OWN = '"""A plug-in."""\nFAMILY = "my family"\n'


@pytest.fixture(autouse=True)
def no_own_plugins(monkeypatch):
    # Restored after the test, because use_own_plugins changes it.
    monkeypatch.setenv(OWN_PLUGINS, "[]")


@pytest.fixture
def own(tmp_path):
    def write(name, text=OWN):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_of_every_table_has_a_file_and_a_plugin(kind):
    for name in plugins.names(kind):
        assert plugins.source_file(kind, name).is_file()
        assert plugins.load(kind, name) is not None


def test_an_unknown_name_is_reported_with_the_nearest_name():
    with pytest.raises(ValueError, match=r"^'stgn' is not a model family: did you mean 'stgnn'"):
        plugins.check_name("family", "stgn")
    own = r"Or name your own file with the key plugins\.$"
    with pytest.raises(Fault, match=rf"^'dlinaer' is not a model family: did you mean 'dlinear'\? {own}"):
        plugins.load("family", "dlinaer")
    with pytest.raises(Fault, match="'dlinaer' is not a model family: did you mean 'dlinear'"):
        plugins.source_file("family", "dlinaer")


def test_a_name_without_a_near_match_is_reported_with_all_names():
    with pytest.raises(ValueError, match="expected one of stgnn_reference, stgnn, gru, lstm"):
        plugins.check_name("family", "xyz")


@pytest.mark.parametrize("place", ["wattshed.forecast.families.absent", "wattshed.no_room.absent"])
def test_a_table_line_with_a_missing_module_is_reported(place, monkeypatch):
    monkeypatch.setitem(registry.MODULES, "ghost", place)
    expected = f"lists the model family 'ghost' in the module {place}, which does not exist: correct the line"
    with pytest.raises(Fault, match=expected):
        plugins.load("family", "ghost")
    with pytest.raises(Fault, match=expected):
        plugins.source_file("family", "ghost")


def test_a_missing_dependency_of_a_plugin_is_reported_by_name(own, monkeypatch):
    monkeypatch.setenv(OWN_PLUGINS, json.dumps([str(own("needy", "import no_such_package\nFAMILY = 1\n"))]))
    expected = r"needy\.py cannot be loaded \(line 1: ModuleNotFoundError: No module named 'no_such_package'\): correct"
    with pytest.raises(Fault, match=expected):
        plugins.load("family", "needy")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FAMILY = 1\nraise RuntimeError('two\\nlines')\n", "line 2: RuntimeError: two lines"),
        ("import sys\nFAMILY = sys.exit(3)\n", "line 2: SystemExit: 3"),
        ("FAMILY = 1 / 0\n", "line 1: ZeroDivisionError: division by zero"),
    ],
)
def test_an_own_plugin_that_fails_to_load_is_reported_in_one_sentence(own, text, reason):
    use_own_plugins([own("failing", text)])
    with pytest.raises(
        Fault, match=rf"failing\.py cannot be loaded \({reason}\): correct the file"
    ) as caught:
        plugins.load("family", "failing")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_plugins_have_all_attributes_of_their_kind(kind):
    for name in plugins.names(kind):
        plugin = plugins.load(kind, name)
        assert [need for need in KINDS[kind].needs if not hasattr(plugin, need)] == []


def test_an_own_plugin_without_a_needed_attribute_is_refused(own):
    path = own("mine", "class Mine:\n    Settings = dict\n    asks = frozenset()\n\n\nSTRATEGY = Mine()\n")
    use_own_plugins([path])
    with pytest.raises(
        Fault, match=r"mine\.py: its STRATEGY has no control: expected a strategy with Settings, asks"
    ):
        check_own("strategy", "mine")
    check_own("strategy", "naive")


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [
        ("family", "reads_graph"),
        ("strategy", "start"),
        ("method", "skeleton_on"),
        ("clock_backend", "device"),
        ("recording", "fits"),
        ("source", "load"),
        ("baseline", "make"),
        ("sensor", "preference"),
        ("table", "write"),
    ],
)
def test_the_missing_attribute_of_an_own_plugin_is_reported_by_name(own, kind, lacks):
    about = KINDS[kind]
    keys = "".join(f"    {need} = 1\n" for need in about.needs if need != lacks)
    use_own_plugins([own("mine", f"class Mine:\n    told = 1\n{keys}\n\n{about.member} = Mine()\n")])
    with pytest.raises(
        Fault, match=rf"mine\.py: its {about.member} has no {lacks}: expected a {about.what} with"
    ):
        check_own(kind, "mine")


def test_the_same_own_file_twice_is_refused(own):
    with pytest.raises(Fault, match=r"mine\.py and .*mine\.py have one name: expected each name once"):
        use_own_plugins([own("mine"), own("mine")])


def test_an_own_sensor_is_checked_when_the_configuration_is_read(own):
    path = own("mine", "class Mine:\n    components = frozenset()\n\n\nSENSOR = Mine()\n")
    with pytest.raises(
        Fault, match=r"mine\.py: its SENSOR has no preference: expected a sensor with components"
    ):
        load_study({"plugins": [path.name]}, "mine.yaml", path.parent)


@pytest.mark.parametrize(
    "name", ["my model.py", "my-model.py", "model", "model.txt", "modèle.py", "", "a\0b.py", "..py"]
)
def test_a_file_with_an_invalid_plugin_name_is_refused(tmp_path, name):
    with pytest.raises(
        Fault, match=r"is not named like a plug-in: expected .* such as my_model\.py; rename the file"
    ):
        use_own_plugins([tmp_path / name])


def test_two_own_files_of_one_name_are_refused(own, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/mine.py").write_text('STRATEGY = "another kind"\n')
    with pytest.raises(Fault, match=r"mine\.py and .*other/mine\.py have one name: expected each name once"):
        use_own_plugins([own("mine"), tmp_path / "other/mine.py"])
    with pytest.raises(Fault, match="have one name"):
        use_own_plugins([own("mine"), tmp_path / "other/../mine.py"])


def test_a_module_without_its_plugin_member_is_reported(monkeypatch):
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
    use_own_plugins([path])
    assert plugins.names("family") == [*registry.MODULES, "mine"]
    assert "mine" not in plugins.names("baseline")
    assert plugins.check_name("family", "mine") == "mine"
    assert plugins.load("family", "mine") == "my family"
    assert plugins.source_file("family", "mine") == path
    assert own_files() == [path]


def test_one_file_may_hold_plugins_of_several_kinds(own):
    use_own_plugins([own("both", 'FAMILY: str = "a"\nSTRATEGY = "b"\n')])
    assert plugins.load("family", "both") == "a"
    assert plugins.load("strategy", "both") == "b"


def test_child_processes_find_the_studys_own_plugins(own):
    use_own_plugins([own("mine")])
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
        use_own_plugins([own("gru")])


def test_an_own_plugin_that_is_not_python_is_refused(own):
    with pytest.raises(Fault, match=r"broken\.py is not Python .*line 1.*: correct the file"):
        use_own_plugins([own("broken", "FAMILY = = 1\n")])


def test_an_own_plugin_that_is_missing_is_refused(tmp_path):
    with pytest.raises(
        Fault, match=r"absent\.py cannot be read \(No such file or directory\): .*key plugins"
    ):
        use_own_plugins([tmp_path / "absent.py"])


def test_an_own_file_without_a_plugin_is_refused(own):
    with pytest.raises(Fault, match=r"empty\.py defines none of FAMILY, BASELINE, .*CONTRIBUTING\.md"):
        use_own_plugins([own("empty", "OTHER = 1\n")])


MINE = """
import pydantic

class Mine:
    class Settings({base}):
        {field}
    asks, control = frozenset(), False

    def start(self, settings, context): ...


STRATEGY = {plugin}
"""
LITERAL = 'kind: __import__("typing").Literal["{}"]'


@pytest.mark.parametrize(
    ("base", "field", "plugin", "reason"),
    [
        ("pydantic.BaseModel", LITERAL.format("mine"), "Mine", r"is the class Mine: .* STRATEGY = Mine\(\)"),
        (
            "pydantic.BaseModel",
            LITERAL.format("other"),
            "Mine()",
            r"accept 'other' as kind: .*Literal\[\"mine\"\]",
        ),
        ("pydantic.BaseModel", "kind: str = 'mine'", "Mine()", r"accept no name as kind"),
        ("pydantic.BaseModel", "rank: int = 1", "Mine()", r"accept no name as kind"),
        ("object", LITERAL.format("mine"), "Mine()", r"Settings are not a pydantic class"),
    ],
)
def test_a_plugin_whose_settings_do_not_name_it_is_refused(own, base, field, plugin, reason):
    use_own_plugins([own("mine", MINE.format(base=base, field=field, plugin=plugin))])
    with pytest.raises(Fault, match=rf"mine\.py: its .*{reason}") as caught:
        check_own("strategy", "mine")
    assert "\n" not in str(caught.value)


def test_a_plugin_whose_settings_name_it_is_accepted(own):
    text = MINE.format(base="pydantic.BaseModel", field=LITERAL.format("mine"), plugin="Mine()")
    use_own_plugins([own("mine", text)])
    check_own("strategy", "mine")


@pytest.mark.parametrize(
    ("made", "expected", "sentence"),
    [
        (None, dict, "the data source 'mine' made NoneType: expected an object of builtins.dict"),
        ([1], dict, "made list: expected an object of builtins.dict"),
        (object(), ("fit", "forecast"), "made object: expected an object with fit, forecast"),
    ],
)
def test_an_object_of_another_type_from_a_plugin_is_refused(made, expected, sentence):
    with pytest.raises(Fault, match=f"{sentence}; correct the plug-in"):
        made_by("source", "mine", made, expected)


def test_an_object_of_the_expected_type_from_a_plugin_is_returned():
    made = {"fit": 1}
    assert made_by("source", "mine", made, dict) is made
    assert made_by("source", "mine", made, ("items", "keys")) is made
