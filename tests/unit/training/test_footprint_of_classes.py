"""Predicted peaks of labelled windows: sizes that depend on data come from a batch of it."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.config.models.families import read_model
from wattshed.config.models.memory import MemoryBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph
from wattshed.data.sources.cutting_series import Series, cut_panel, in_time
from wattshed.data.sources.labelled_block import LabelledBlock
from wattshed.data.sources.source import Cutting
from wattshed.data.splits import split_calendar
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.networks.stan.graph import GraphBranch
from wattshed.forecast.protocol import ForecastTask
from wattshed.memory.accounting.live_bytes import LiveBytes
from wattshed.training.batches.making import make_batches
from wattshed.training.checkpoint import ModelSpec, make_forecaster
from wattshed.training.footprint.automatic import sizes_of
from wattshed.training.footprint.measure import counted_step
from wattshed.training.footprint.predict import predict_footprint
from wattshed.training.step.learner import Learner

CPU = torch.device("cpu")
LENGTH, REGIONS, HUBS = 16, 40, 12
METERING = MeteringBlock(minimum_window_s=0.01, idle_s=0.0)
MODEL = {
    "form": "gnn_stan", "recipe": "r", "regions": REGIONS, "graph_channels": (24, 24, 8), "hidden": 4,
    "attention_heads": 2, "fusion_width": 8, "fusion_heads": 2, "dropout": 0.0,
}  # fmt: skip
# Such small steps choose the same regions again.
RECIPE = RecipeBlock(
    sampling="examples", loss="cross_entropy", batch=8, epochs=1, learning_rate=1e-6, schedule="cosine",
    scaling="node",
)  # fmt: skip


def task_with_hubs(padded):
    """The first regions follow one signal, so that most strong edges are among them."""
    random = np.random.default_rng(0)
    series = []
    for number in range(2):
        values = random.standard_normal((200, REGIONS))
        values[:, :HUBS] += 2 * random.standard_normal((200, 1))
        series.append(Series(f"one_{number}", f"one_{number}", values.astype(np.float32), 2.0))
    keys = LabelledBlock(kind="test", training_stride=4)
    names = [f"region_{number}" for number in range(REGIONS)]
    stretches = in_time(series, Cutting(LENGTH, 0.5, 0.2, 0.2), keys.gap_samples)
    panel = cut_panel(series, names, stretches, LENGTH, keys, "test", synthetic=True)
    if padded:
        lengths = panel.windows.lengths - np.arange(len(panel.windows.lengths)) % 3
        panel = dataclasses.replace(panel, windows=dataclasses.replace(panel.windows, lengths=lengths))
    windows = WindowsBlock(look_back_h=LENGTH, horizon_h=1)
    return ForecastTask(panel, split_calendar(panel, SplitsBlock(), windows), windows)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("level", ["none", "low"])
def test_a_step_on_real_connectivity_is_predicted(padded, level):
    task = task_with_hubs(padded)
    spec = ModelSpec("stan", 1, read_model(MODEL), RECIPE.model_copy(update={"memory": MemoryBlock(level=level)}),
                     task.windows)  # fmt: skip
    graph = Graph(sp.csr_array(np.eye(2, dtype=np.float32)), list(task.panel.node_names), "none")
    inputs = JobInputs(task, graph, METERING, CPU, "torch")
    sizes = sizes_of(spec, inputs)
    assert sizes.padded == padded
    forecaster = make_forecaster(spec, task, graph, CPU, "torch")
    batches = [next(iter(make_batches(spec, task, forecaster).epoch(1)))]
    assert (batches[0].inputs[0].known is None) == (not padded)
    plan = spec.plan_on(forecaster.series)
    learner = Learner.make(forecaster.network, spec.recipe, 1, CPU, plan)
    learner.step(batches, 0)
    live, _ = counted_step(learner, batches, forecaster, lambda: learner.step(batches, 0))

    found = predict_footprint(spec, dataclasses.replace(sizes, batch=batches[0].inputs[0]), plan)
    predicted = found.step_peak_bytes - found.kept_bytes
    assert predicted == pytest.approx(live.peak, rel=0.1)
    # Another batch of the same data is a fair guess, and without data the prediction is a bound.
    guessed = predict_footprint(spec, sizes, plan)
    assert guessed.step_peak_bytes - guessed.kept_bytes == pytest.approx(live.peak, rel=0.2)
    bound = predict_footprint(spec, dataclasses.replace(sizes, batch=None), plan)
    assert bound.step_peak_bytes >= max(found.step_peak_bytes, guessed.step_peak_bytes)
    if level == "low":
        # The kernels hold no messages, so that nothing depends on data.
        assert bound == found


def test_noting_shares_changes_neither_weights_nor_statistics():
    torch.manual_seed(0)
    branch = GraphBranch(
        4, (6, 5, 4), heads=2, edge_share=0.5, pooling_shares=(0.8, 0.6), dropout=0.2, norm="batch"
    ).eval()
    before = {name: value.clone() for name, value in branch.state_dict().items()}
    assert branch.left_shares == [1.0, 1.0]
    connectivity = torch.randn(3, 10, 10)
    drawn = torch.get_rng_state()
    branch.learn_left_shares(torch.rand(3, 10, 4, generator=torch.Generator().manual_seed(1)), connectivity)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert not branch.training
    torch.testing.assert_close(branch.state_dict(), before, rtol=0, atol=0)
    assert all(0 < share <= 1 for share in branch.left_shares)
    assert branch.left_shares != [1.0, 1.0]


def test_the_count_of_edges_takes_no_memory_of_messages():
    """It is done before a level is chosen that fits, so that it must need less than any of them."""
    torch.manual_seed(0)
    branch = GraphBranch(
        4, (128, 64, 32), heads=4, edge_share=0.5, pooling_shares=(0.8, 0.6), dropout=0.0, norm="batch"
    )
    features, connectivity = torch.rand(4, 40, 4), torch.randn(4, 40, 40)
    message_bytes = 4 * 0.5 * 40 * 40 * 4 * 128 * 4
    with LiveBytes() as counted:
        branch.learn_left_shares(features, connectivity)
    learned = branch.left_shares
    with LiveBytes() as plain:
        branch.train()(features, connectivity)
    assert counted.peak < message_bytes < plain.peak
    # What the plain step leaves.
    assert branch.left_shares == learned
    for layer in (*branch.attentions, branch.convolution):
        layer.aggregation = "streamed"
    branch.left_shares = [1.0, 1.0]
    branch.learn_left_shares(features, connectivity)
    assert branch.left_shares == [1.0, 1.0]
