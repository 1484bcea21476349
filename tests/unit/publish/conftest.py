"""A made study and its report, written once for all tests of it; they do not change it."""

import pytest

from made_study import study_files, write_study
from shown_parts import FIGURES, PNG, SETTINGS, TABLES
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.report.page import render_report


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    folder = write_study(tmp_path_factory.mktemp("study"))
    (folder / "one.png").write_bytes(PNG)
    return folder


@pytest.fixture(scope="session")
def inputs(study):
    return Inputs(study_files(study), SETTINGS)


@pytest.fixture(scope="session")
def figures(study):
    return dict.fromkeys(FIGURES, study / "one.png")


@pytest.fixture(scope="session")
def page(inputs, figures):
    return render_report(inputs, TABLES, figures)
