"""Streaming forecasts: the state is carried from hour to hour."""

import numpy as np
import pytest
import torch

from model_blocks import untrained
from small_study import small_panel, task_of
from wattshed.config.data.windows import WindowsBlock
from wattshed.forecast.networks.dlinear import DLinear
from wattshed.forecast.series import ScaledSeries, Sequences
from wattshed.forecast.streaming import RUN_IN_H, StreamingForecaster
from wattshed.foundation.faults import Fault

CPU = torch.device("cpu")


@pytest.fixture(params=["auto", "torch"])
def stream(request, task, graph):
    network = untrained(task.windows, 5, form="stgnn", calendar=True, node_table=True).eval()
    with torch.no_grad():
        network.hour_of_day.normal_(generator=torch.Generator().manual_seed(1))
        network.node_table.normal_(generator=torch.Generator().manual_seed(2))
    return StreamingForecaster(
        network, ScaledSeries.make(task, graph.adjacency, "node", CPU, request.param), 3
    )


def test_a_stream_gives_the_same_forecasts_as_one_long_sequence(stream):
    """Hour by hour, the stream forecasts the same as the network on the whole past at once."""
    origins = np.arange(400, 430)
    found = stream.forecast(origins)
    start = 400 - RUN_IN_H
    whole = Sequences(stream.series, torch.arange(5), torch.full((5,), start), 429 - start, RUN_IN_H - 1)
    with torch.no_grad():
        expected = stream.network.forward_sequence(whole)
    np.testing.assert_allclose(
        found, stream.series.scaler.unscale(expected.permute(1, 2, 0).numpy()), rtol=1e-4, atol=1e-5
    )


def test_hours_between_origins_are_read(stream):
    every = stream.forecast(np.arange(400, 430))
    some = stream.forecast(np.array([400, 407, 429]))
    np.testing.assert_allclose(some, every[[0, 7, 29]], rtol=1e-4, atol=1e-5)


def test_the_run_in_is_long_enough(stream):
    """A state that began a week earlier equals one that began long before."""
    stream.start(0)
    old = stream.advance_to(900)
    stream.start(900 - RUN_IN_H)
    torch.testing.assert_close(stream.advance_to(900), old, rtol=1e-4, atol=1e-5)


def test_a_saved_state_can_be_continued_by_another_stream(stream, tmp_path):
    stream.start(300)
    stream.advance_to(400)
    stream.write_state(tmp_path / "state")
    expected = stream.advance_to(410)
    other = stream.of(stream.network)
    other.read_state(tmp_path / "state")
    torch.testing.assert_close(other.advance_to(410), expected, rtol=0, atol=0)


def test_a_state_of_another_shape_is_refused(stream, tmp_path, graph):
    stream.start(300)
    stream.advance_to(310)
    stream.write_state(tmp_path / "state")
    network = untrained(WindowsBlock(), 5, form="gru", hidden=8)
    with pytest.raises(Fault, match=r"states of shape \[5, 16\] .* have \[5, 8\]: start the stream again"):
        stream.of(network).read_state(tmp_path / "state")


def test_the_origins_of_a_stream_must_increase(stream):
    with pytest.raises(ValueError, match="ascend"):
        stream.forecast(np.array([401, 400]))


def test_a_network_without_a_state_is_refused(stream):
    with pytest.raises(Fault, match="DLinear has no state"):
        stream.of(DLinear(12, 3))


def test_no_future_hour_is_read(stream, graph):
    changed = small_panel()
    # After the training part, which sets the scaling.
    changed.values[1200:] = 1e3
    series = ScaledSeries.make(task_of(changed), graph.adjacency, "node", CPU, stream.series.engine)
    other = StreamingForecaster(stream.network, series, 3)
    np.testing.assert_array_equal(stream.forecast(np.array([1200])), other.forecast(np.array([1200])))
