"""`wattshed inspect` proposes the block that reads a public layout, or leaves open what the files do not show."""

import pytest

from layouts.catalogue import LAYOUTS, recipe
from layouts.elsewhere import citylearn
from layouts.forecasting import nixtla
from layouts.truth import assert_same
from wattshed.data.inspection.proposal import propose
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.data.sources.table_paths import expand

# What no reader could know: simulated buildings have no dates, and a long table of anything has no unit.
OPEN = {citylearn: {"first_time", "timezone"}, nixtla: {"unit"}}


def proposal_of(layout, root, folder, given=()):
    layout.write(folder)
    path = recipe(root, layout.heading)["path"]
    return propose([folder / name for name in expand(path, folder)], path, dict(given))


@pytest.mark.parametrize(
    "make", [make for make in LAYOUTS if make not in OPEN], ids=lambda make: make.__name__
)
def test_the_proposed_block_reads_the_layout_to_its_truth(make, root, tmp_path):
    layout = make()
    found = proposal_of(layout, root, tmp_path)
    assert not found.undecided
    assert_same(load_panel(Settings(**found.block), tmp_path), layout)


@pytest.mark.parametrize("make", OPEN, ids=lambda make: make.__name__)
def test_what_the_files_do_not_show_is_left_open_and_reads_once_it_is_said(make, root, tmp_path):
    layout = make()
    found = proposal_of(layout, root, tmp_path)
    assert {choice.key for choice in found.undecided} == OPEN[make]
    said = {
        key: value for key, value in recipe(root, layout.heading).items() if key in {*OPEN[make], "times_in"}
    }
    found = proposal_of(layout, root, tmp_path, said)
    assert not found.undecided
    assert_same(load_panel(Settings(**found.block), tmp_path), layout)
