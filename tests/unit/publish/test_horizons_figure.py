"""Units of the time ahead."""

import numpy as np
import pandas as pd
import pytest

from wattshed.publish.figures.horizons import horizons_figure


@pytest.mark.parametrize(
    ("step_minutes", "steps", "label", "last"),
    [(60, 6, "Hours ahead (h)", 6), (5, 12, "Minutes ahead (min)", 60), (15, 24, "Hours ahead (h)", 6)],
)
def test_short_horizons_of_short_steps_are_in_minutes(step_minutes, steps, label, last):
    ahead_h = np.arange(1, steps + 1) * step_minutes / 60
    scores = pd.DataFrame(
        {"scope": "horizon", "model": "a", "seed": 1, "horizon_h": ahead_h, "rmse": 1 + ahead_h}
    )
    axis = horizons_figure(scores, "mph").axes[0]
    assert axis.get_xlabel() == label
    assert axis.lines[0].get_xdata()[-1] == pytest.approx(last)
    ticks = axis.get_xticks()
    assert label[0] == "H" or np.allclose(ticks, np.rint(ticks))
