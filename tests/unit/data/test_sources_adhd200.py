"""ADHD-200 through nilearn, against a fake of what nilearn returns: nothing is downloaded, and no image is read.

What nilearn's own functions do with the real files is not tested here.
"""

import json
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from made_scans import cutting_of, made_values
from wattshed.config.data.sources import Source
from wattshed.data.sources.adhd200_scans import region_names
from wattshed.data.sources.source import load_panel
from wattshed.foundation.faults import Fault

PEOPLE = [f"{number:07d}" for number in range(10042, 10042 + 12)]
ILL = {name: place % 3 == 0 for place, name in enumerate(PEOPLE)}


class FakeNilearn:
    """The parts of nilearn 0.14 that the source calls, with the shapes and types of their answers."""

    def __init__(self):
        self.asked = []
        self.without_signal = {PEOPLE[3]: 2}
        # In an order of its own, as in nilearn's table.
        self.phenotypic = pd.DataFrame({"Subject": PEOPLE, "adhd": [int(ILL[name]) for name in PEOPLE]})[::-1]
        self.labels = ["Background", "Vis_1", "Vis_2", "Def_1", "Def_2"]
        self.error = None

    def fetch_adhd(self, n_subjects, data_dir):
        self.asked.append((n_subjects, data_dir))
        if self.error:
            raise self.error
        places = [f"{data_dir}/adhd/data/{name}/{name}" for name in PEOPLE[:n_subjects]]
        return SimpleNamespace(
            func=[f"{place}_rest_tshift_RPI_voreg_mni.nii.gz" for place in places],
            confounds=[f"{place}_regressors.csv" for place in places],
            phenotypic=self.phenotypic,
            t_r=2.0,
        )

    def fetch_atlas_schaefer_2018(self, n_rois, data_dir):
        return SimpleNamespace(maps="atlas.nii.gz", labels=self.labels, n_rois=n_rois)

    def NiftiLabelsMasker(self, labels_img, detrend, standardize):
        fake = self

        class Masker:
            def fit_transform(self, path, confounds):
                name = path.split("/")[-2]
                assert name in confounds
                values = made_values(40, 4, seed=int(name)).astype(np.float64)
                if name in fake.without_signal:
                    values[:, fake.without_signal[name]] = 0
                return values

        assert labels_img == "atlas.nii.gz"
        return Masker()


@pytest.fixture
def nilearn(monkeypatch):
    fake = FakeNilearn()
    datasets, maskers = ModuleType("nilearn.datasets"), ModuleType("nilearn.maskers")
    datasets.fetch_adhd, datasets.fetch_atlas_schaefer_2018 = fake.fetch_adhd, fake.fetch_atlas_schaefer_2018
    maskers.NiftiLabelsMasker = fake.NiftiLabelsMasker
    for module in (ModuleType("nilearn"), datasets, maskers):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return fake


def load(folder, **keys):
    settings = TypeAdapter(Source).validate_json(json.dumps({"kind": "adhd200", "people": 12, **keys}))
    return load_panel(settings, folder, cutting=cutting_of(10))


def test_people_are_split_by_person_and_labelled_by_their_own_row(nilearn, tmp_path):
    panel = load(tmp_path)
    assert nilearn.asked == [(12, str(tmp_path / "data/adhd200"))]
    assert panel.node_names == ["ADHD", "control"]
    assert panel.nodes["series"].tolist() == [4, 8]
    windows = panel.windows
    parts = np.searchsorted(panel.cuts, np.arange(len(panel.times)), side="right")
    for owner, name in enumerate(windows.owner_names):
        rows = windows.owners == owner
        assert len(np.unique(parts[rows])) == 1
        assert (panel.values[rows, 0] == ILL[name]).all()
    assert windows.sample_s == (2.0,) * 12
    assert not panel.synthetic


def test_a_region_without_signal_in_one_scan_is_left_out_of_all(nilearn, tmp_path):
    panel = load(tmp_path)
    assert panel.windows.regions == ("Vis_1", "Vis_2", "Def_2")
    assert "1 of 4 regions have no signal in some scan and are left out." in panel.notes
    nilearn.without_signal = {name: slice(0, 3) for name in PEOPLE}
    with pytest.raises(Fault, match="1 of 4 regions have a signal in every scan; expected at least 2"):
        load(tmp_path)


def test_names_of_regions_may_be_bytes_or_too_few():
    assert region_names([b"Background", b"a", b"b"], 2) == ("a", "b")
    assert region_names(["a", "b"], 2) == ("a", "b")
    assert region_names(["a"], 2) == ("region_1", "region_2")


def test_an_unknown_diagnosis_and_a_missing_column_are_refused(nilearn, tmp_path):
    nilearn.phenotypic = nilearn.phenotypic.assign(adhd=nilearn.phenotypic["adhd"].replace(0, 7))
    with pytest.raises(Fault, match=r"person '0010043' has the diagnosis 7; expected 0 .control. or 1"):
        load(tmp_path)
    nilearn.phenotypic = nilearn.phenotypic.iloc[:3]
    with pytest.raises(Fault, match="has the diagnosis None"):
        load(tmp_path)
    nilearn.phenotypic = nilearn.phenotypic.drop(columns="adhd")
    with pytest.raises(Fault, match="no column 'adhd'; expected Subject and adhd"):
        load(tmp_path)


def test_a_failed_download_is_one_sentence(nilearn, tmp_path):
    nilearn.error = OSError("no route\nto host")
    with pytest.raises(Fault, match=r"could not download scans and atlas to .* \(no route to host\)"):
        load(tmp_path)


def test_without_nilearn_the_source_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nilearn", None)
    monkeypatch.delitem(sys.modules, "nilearn.datasets", raising=False)
    with pytest.raises(Fault, match=r"needs nilearn, .* run `pip install 'wattshed\[brains\]'`"):
        load(tmp_path)
