"""Every registered data source, and a source of a study's own, keeps the contract of data sources."""

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from light_plugins import heavy_imports
from wattshed.config.data.data import DataBlock
from wattshed.config.data.sources import Source
from wattshed.data.sources.registry import MODULES
from wattshed.data.sources.source import Cutting, load_panel
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

TOY = "toy_sine"
TOY_MODULE = '''
"""A source of one module: sine curves."""
from typing import Literal

from pydantic import Field

from wattshed.config.data.sources import SourceBlock
from wattshed.data.sources.source import SimpleSource


class Settings(SourceBlock):
    kind: Literal["toy_sine"] = Field(default="toy_sine", description="Sine curves.")
    nodes: int = Field(default=3, ge=2, description="Number of nodes.")


def load(settings, root, wheel):
    import numpy as np
    import pandas as pd
    from wattshed.data.panel import Panel

    hour = np.arange(1000)
    values = (2 + np.sin(hour[:, None] / 24 + np.arange(settings.nodes))).astype(np.float32)
    times = np.datetime64("2021-01-01T00:00:00", "s") + hour * np.timedelta64(1, "h")
    names = pd.Index([f"node_{index}" for index in range(settings.nodes)], name="node")
    table, seen = pd.DataFrame(index=names), np.ones(values.shape, bool)
    return Panel(values, seen, times, table, "kWh", "UTC", "toy", synthetic=True)


SOURCE = SimpleSource(Settings, load)
'''
# Keys without a default.
NEEDED = {
    "table": {"path": "panel.csv"},
    "synthetic": {"nodes": 6, "hours": 400},
    "series_folder": {"folder": "series"},
}


@pytest.fixture(params=[*MODULES, TOY])
def kind(request, own_plugin):
    if request.param == TOY:
        own_plugin(TOY, TOY_MODULE)
    return request.param


def read(block):
    return TypeAdapter(Source).validate_json(json.dumps(block))


def settings_of(kind):
    return read({"kind": kind, **NEEDED.get(kind, {})})


def test_reading_the_settings_of_all_sources_loads_no_heavy_library():
    assert heavy_imports("source") == ""


def test_every_key_has_a_description_and_only_known_keys_are_required(kind):
    settings = plugins.load("source", kind).Settings
    for name, key in settings.model_fields.items():
        assert key.description, name
        assert key.is_required() == (name in NEEDED.get(kind, {})), name


def test_a_block_is_read_by_its_source_and_an_unknown_key_is_refused(kind):
    settings = settings_of(kind)
    assert type(settings) is plugins.load("source", kind).Settings
    assert read(json.loads(settings.model_dump_json())) == settings
    with pytest.raises(ValidationError, match="unheard_of"):
        read({"kind": kind, **NEEDED.get(kind, {}), "unheard_of": 1})
    keys = {"windows": {"horizon_h": 1}} if getattr(plugins.load("source", kind), "labelled", False) else {}
    block = DataBlock.model_validate_json(json.dumps({"source": settings.model_dump(mode="json"), **keys}))
    assert block.source == settings
    assert json.loads(block.model_dump_json())["source"] == settings.model_dump(mode="json")


def test_the_files_of_a_source_are_relative_paths(kind):
    source, settings = plugins.load("source", kind), settings_of(kind)
    named = source.files(settings).values()
    paths = [path for one in named for path in ([one] if isinstance(one, str) else one)]
    edges = source.edge_list(settings)
    for path in [*paths, *([edges] if edges else [])]:
        assert path
        assert not path.startswith("/")


def test_a_source_without_its_files_reports_the_missing_one(kind, tmp_path):
    if kind == "adhd200":
        # It reads no file of the study: tests/unit/data/test_sources_adhd200.py has what it downloads.
        assert plugins.load("source", kind).files(settings_of(kind)) == {}
        return
    source, settings = plugins.load("source", kind), settings_of(kind)
    if not source.files(settings) or kind == "homes":
        # No file can be missing: the source reads none, or its file is shipped with wattshed.
        assert load_panel(settings, tmp_path).values.size
        return
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(Fault, match="does not exist"):
        load_panel(settings, folder, cutting=Cutting(24, 0.5, 0.2, 0.2))


@pytest.mark.parametrize("form", ["homes", "synthetic", "table", TOY])
def test_a_panel_is_complete_and_the_same_at_each_load(form, root, tmp_path, own_plugin):
    if form == TOY:
        own_plugin(TOY, TOY_MODULE)
    folder = root if form == "homes" else tmp_path
    times = pd.date_range("2021-01-01", periods=200, freq="h").astype(str)
    pd.DataFrame({"time": times, "a": 1.0, "b": np.arange(200.0)}).to_csv(tmp_path / "panel.csv", index=False)
    panel, again = (load_panel(settings_of(form), folder) for _ in range(2))
    assert panel.values.dtype == np.float32
    assert panel.values.shape == panel.observed.shape == (len(panel.times), len(panel.node_names))
    assert np.isfinite(panel.values[panel.observed]).all()
    assert (np.diff(panel.times) == np.timedelta64(1, "h")).all()
    assert panel.unit
    assert panel.source
    assert panel.values.tobytes() == again.values.tobytes()


def test_a_table_source_lists_its_node_table_and_edge_list():
    source = plugins.load("source", "table")
    settings = source.Settings(path="a.csv", form="wide", node_table="b.csv", edge_list="c.csv")
    assert source.files(settings) == {"table": "a.csv", "nodes": "b.csv"}
    assert source.edge_list(settings) == "c.csv"


def test_an_unknown_source_is_reported_with_the_nearest_name():
    with pytest.raises(ValidationError, match="'homs' is not a data source: did you mean 'homes'"):
        read({"kind": "homs"})
    with pytest.raises(ValidationError, match="the key kind is missing; expected one of homes, nations"):
        read({})
