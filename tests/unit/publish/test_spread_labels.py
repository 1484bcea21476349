import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wattshed.publish.drawing.spread_labels import spread


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_spread_labels_keep_their_order_and_distance_and_stay_in_range(found):
    wanted = np.sort(found)
    places = spread(wanted, 5, 0, 100)
    assert (np.diff(places) >= 5 - 1e-9).all()
    assert places.min() >= -1e-9
    assert places.max() <= 100 + 1e-9
    if (np.diff(wanted) >= 5).all():
        np.testing.assert_allclose(places, wanted)
