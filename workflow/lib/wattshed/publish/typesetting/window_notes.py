"""What must be said wherever energies of windows are shown: whose work was not alone, and what is a lower bound."""

from collections.abc import Collection

import pandas as pd

from wattshed.publish.typesetting.beside_others import beside_others_notes
from wattshed.publish.typesetting.lower_bounds import lower_bound_notes


def window_notes(windows: pd.DataFrame, names: Collection[str]) -> list[str]:
    """names: of the windows whose energies are shown."""
    return [*lower_bound_notes(windows, names), *beside_others_notes(windows, names)]
