"""Public layouts, remade as small files, are read to their truth with the recipes of data/README.md."""

import pytest

from layouts.catalogue import LAYOUTS, recipe
from layouts.truth import assert_same
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize("make", LAYOUTS, ids=lambda make: make.__name__)
def test_the_recipe_of_a_layout_reads_its_truth(make, root, tmp_path):
    layout = make()
    layout.write(tmp_path)
    panel = load_panel(Settings(**recipe(root, layout.heading)), tmp_path)
    assert_same(panel, layout)


# What is left out of the recipe, and the key that the sentence must name.
UNDECIDED = []


def fault_of(make, root, folder, leave_out=(), **keys) -> str:
    layout = make()
    layout.write(folder)
    block = {key: value for key, value in recipe(root, layout.heading).items() if key not in leave_out}
    with pytest.raises(Fault) as fault:
        load_panel(Settings(**{**block, **keys}), folder)
    assert "\n" not in str(fault.value)
    return str(fault.value)
