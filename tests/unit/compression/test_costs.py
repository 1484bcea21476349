"""What is counted and measured of each checkpoint: multiply-adds, memory, latencies and use."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given as drawn
from hypothesis import strategies as st

from model_blocks import model_block
from small_study import graph_of, small_panel, task_of
from wattshed.compression import costs, turns
from wattshed.compression.costs import Rounds, _take_use, measure_costs
from wattshed.compression.methods.int8_layers import quantised
from wattshed.compression.methods.low_rank_layers import thin_layers
from wattshed.compression.multiply_adds import multiply_adds
from wattshed.compression.peak_memory import most_held, peak_torch_bytes
from wattshed.compression.scores import score
from wattshed.compression.turns import UNTIMED_CALLS, times_in_turns
from wattshed.config.models.compression import MeasuringBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.energy.metered_job import metered_job
from wattshed.energy.share.usage import Use
from wattshed.energy.window import Window
from wattshed.forecast.computing import backend_of
from wattshed.forecast.metrics import metrics, seasonal_scale, sum_errors
from wattshed.forecast.network import Network
from wattshed.forecast.streaming import StreamingForecaster
from wattshed.training.spec import ModelSpec, make_forecaster

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs", batch=64, epochs=1, learning_rate=5e-3, schedule="cosine", scaling="node"
)
STREAM = RECIPE.model_copy(update={"sampling": "sequences", "sequence_h": 48, "burn_in_h": 12})
WINDOWS = RECIPE.model_copy(update={"sampling": "windows", "batch": 1})
QUICK = MeasuringBlock(latency_repeats=5, energy_rounds=2)


@pytest.fixture
def make(task, graph):
    torch.set_num_threads(1)

    def made(form="stgnn", recipe=RECIPE, engine="auto", of=task, over=graph, **keys):
        spec = ModelSpec("model", 1, model_block(form, **keys), recipe, of.windows)
        return make_forecaster(spec, of, over, CPU, engine)

    return made


def by_shapes(task, gru, output):
    """Multiply-adds of a GRU over the look-back and its read-out, from the shapes of the layers alone."""
    gates = 3 * gru.hidden_size * (gru.input_size + gru.hidden_size)
    return task.windows.look_back_steps * gates + output.in_features * output.out_features


def count(forecaster, task):
    return multiply_adds(forecaster, int(task.origins(task.splits.test)[0]))


@pytest.mark.parametrize("form", ["stgnn", "gru"])
@pytest.mark.parametrize("hidden", [4, 16])
def test_the_counter_agrees_with_the_formula_of_the_layers_on_recurrent_networks(form, hidden, make, task):
    forecaster = make(form, hidden=hidden)
    network = forecaster.network
    assert count(forecaster, task) == by_shapes(task, network.gru, network.output)


def test_a_linear_part_adds_its_features_times_the_horizon(make, task):
    forecaster = make(linear_part=True)
    inner = forecaster.network.network
    linear = forecaster.network.linear.weight.numel()
    assert count(forecaster, task) == by_shapes(task, inner.gru, inner.output) + linear


def test_a_network_on_windows_counts_its_sparse_graph_and_is_divided_by_its_nodes(make, task):
    forecaster = make("stgnn_reference", WINDOWS, hidden=8)
    network, nodes = forecaster.network, len(task.panel.node_names)
    lift = 8 * task.windows.look_back_steps
    graph = network.adjacency._nnz() * task.windows.look_back_steps * 8 / nodes
    expected = by_shapes(task, network.gru, network.output) + lift + graph
    assert count(forecaster, task) == pytest.approx(expected)


def test_int8_multiplies_as_often_as_its_original(make, task):
    forecaster = make()
    network = forecaster.network
    small = network.with_maps({name: quantised(layer) for name, layer in network.linear_maps().items()})
    assert count(forecaster.of(small), task) == count(forecaster, task)


def test_low_rank_and_fewer_units_multiply_less_often_as_their_shapes_say(make, task):
    forecaster = make(hidden=16)
    network = forecaster.network
    thin = network.with_maps(thin_layers(network.linear_maps(), rank=2))
    hours, horizon = task.windows.look_back_steps, task.windows.horizon_steps
    # Two maps of [48, 16] with rank 2 each, in every hour; the read-out saves nothing if its horizon is short.
    output = sum(one.numel() for name, one in thin.output.named_parameters() if name.endswith("weight"))
    assert count(forecaster.of(thin), task) == hours * 2 * (16 * 2 + 2 * 48) + output
    units = network.prunable_units()
    half = units.keep(torch.arange(8))
    assert count(forecaster.of(half), task) == hours * 3 * 8 * (16 + 8) + 8 * horizon


def test_an_operator_that_hides_its_products_makes_the_count_unknown(make, task):
    class Hidden(Network):
        def forward(self, pairs):
            values, weight = torch.ones(len(pairs), 4), torch.ones(3, 4)
            return torch.ops.quantized.linear_dynamic_fp16_unpacked_weight(values, weight, torch.zeros(3))

    assert count(make().of(Hidden()), task) is None


def test_the_peak_is_what_is_held_at_once():
    def work():
        first = torch.empty(1000)
        second = torch.empty(2000)
        del first
        return torch.empty(500), second

    assert peak_torch_bytes(work, CPU) == 4 * 3000


@drawn(st.lists(st.integers(0, 1000), max_size=20))
def test_the_peak_is_never_below_any_single_allocation_nor_above_their_sum(sizes):
    changes = [(time, size) for time, size in enumerate(sizes)]
    changes += [(len(sizes) + time, -size) for time, size in enumerate(sizes)]
    assert max(sizes, default=0) <= most_held(changes[::-1]) == sum(sizes)
    one_by_one = [
        (2 * time + given, -size if given else size) for time, size in enumerate(sizes) for given in (0, 1)
    ]
    assert most_held(one_by_one) == max(sizes, default=0)


def test_more_windows_and_more_units_need_more_memory(make, task):
    origins = task.origins(task.splits.test)

    def peak(hidden, windows):
        forecaster = make(hidden=hidden, engine="torch")
        return peak_torch_bytes(lambda: forecaster.forecast(origins[:windows]), CPU)

    assert 0 < peak(8, 1) < peak(8, 32) < peak(64, 32)


def test_costs_are_measured_in_every_way_that_the_network_offers(make, task, metering, tmp_path):
    stream, plain = make(recipe=STREAM), make()
    assert isinstance(stream, StreamingForecaster)
    labels = {"model": "model", "seed": 1}
    ledger = tmp_path / "costs.jsonl"
    with metered_job(ledger, stage="comparison", job="costs", labels={}, metering=metering) as meter:
        streamed, whole = measure_costs([(stream, labels), (plain, labels)], task, QUICK, meter)
    assert streamed.hour_latency_s is not None
    assert streamed.hour_latency_s > 0
    assert whole.hour_latency_s is None
    for cost in (streamed, whole):
        assert cost.latency_s > 0
        assert cost.batch_latency_s > 0
        assert cost.cpu_share is None or cost.cpu_share >= 0
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    used = [line["use"]["own_cpu_s"] for line in lines if line["event"] == "window"]
    assert (sum(used) > 0) == (streamed.cpu_share + whole.cpu_share > 0)


class MadeClock:
    """Says what is called, and when the clock is read; a work takes as many seconds as its number + 1."""

    def __init__(self, count):
        self.seen, self.now_s = [], 0.0
        self.works = [lambda number=number: self._call(number) for number in range(count)]

    def _call(self, number):
        self.seen.append(number)
        self.now_s += number + 1

    def perf_counter(self):
        self.seen.append("clock")
        return self.now_s


def turns_of(seen, count):
    """The order of the works in each turn; every timed call follows untimed calls of the same work."""
    length = UNTIMED_CALLS + 3
    calls = [seen[start : start + length] for start in range(0, len(seen), length)]
    order = [call[0] for call in calls]
    assert calls == [[*[number] * UNTIMED_CALLS, "clock", number, "clock"] for number in order]
    return [order[start : start + count] for start in range(0, len(order), count)]


def test_each_turn_has_its_own_order_and_untimed_calls_come_first(monkeypatch):
    assert UNTIMED_CALLS > 0
    clock = MadeClock(count=6)
    monkeypatch.setattr(turns, "time", clock)
    times_s = times_in_turns(clock.works, repeats=5)
    assert times_s.tolist() == [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]] * 5
    orders = turns_of(clock.seen, count=6)
    assert [sorted(order) for order in orders] == [list(range(6))] * 5
    assert len({tuple(order) for order in orders}) == 5
    again = MadeClock(count=6)
    monkeypatch.setattr(turns, "time", again)
    times_in_turns(again.works, repeats=5)
    assert again.seen == clock.seen, "the orders can be repeated"


def test_the_times_of_every_way_to_forecast_are_those_of_their_own_network(monkeypatch):
    clock = MadeClock(count=6)
    monkeypatch.setattr(turns, "time", clock)
    offered = iter([(clock.works[0], None, clock.works[1]), (clock.works[2], clock.works[3], None)])
    monkeypatch.setattr(costs, "_works", lambda *_: next(offered))
    first, second = costs._latencies([None, None], np.arange(1), None, repeats=2)
    assert [None if times is None else times.tolist() for times in first] == [[1.0] * 2, None, [2.0] * 2]
    assert [None if times is None else times.tolist() for times in second] == [[3.0] * 2, [4.0] * 2, None]


def test_energy_rounds_have_orders_of_their_own(make, task, metering, tmp_path):
    labelled = [(make(), {"lineage": f"net{number}"}) for number in range(5)]
    ledger = tmp_path / "orders.jsonl"
    block = MeasuringBlock(latency_repeats=5, energy_rounds=3)
    with metered_job(ledger, stage="comparison", job="orders", labels={}, metering=metering) as meter:
        measure_costs(labelled, task, block, meter)
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    windows = [line for line in lines if line["event"] == "window"]
    names = [(one["labels"]["turn"], one["labels"]["lineage"]) for one in windows]
    orders = [tuple(name for turn, name in names if turn == wanted) for wanted in range(3)]
    assert len(set(orders)) == 3
    assert all(sorted(order) == [labels["lineage"] for _, labels in labelled] for order in orders)


@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_the_peak_is_known_where_torch_computes_alone(engine, make, task, metering, tmp_path):
    forecaster = make(engine=engine)
    with metered_job(
        tmp_path / "peak.jsonl", stage="comparison", job="peak", labels={}, metering=metering
    ) as meter:
        (cost,) = measure_costs([(forecaster, {})], task, QUICK, meter)
    if backend_of(forecaster.network, forecaster.series).name == "torch":
        assert cost.peak_bytes > 0
    else:
        assert cost.peak_bytes is None


def test_use_is_the_share_of_the_jobs_cores_and_of_gpus_alone():
    window = Window("measure", repeats=4, duration_s=0.5, use=Use(own_cpu_s=1.0))
    for card, percent in ((0, 50.0), (1, 100.0)):
        window.take({f"gpu{card}_utilisation_percent": percent, "cpu_utilisation_percent": 7.0})
    known = Rounds()
    _take_use(known, window, cores=2)
    assert known.cpu_shares == [0.25]
    assert known.gpu_shares == [0.75]
    without = Rounds()
    _take_use(without, Window("measure", duration_s=0.5), cores=None)
    assert [*without.cpu_shares, *without.gpu_shares] == []


def test_a_stream_that_is_measured_leaves_the_forecaster_and_its_forecasts_alone(make, metering, tmp_path):
    task = task_of(small_panel(hours=300))
    stream = make(recipe=STREAM, of=task, over=graph_of(task))
    origins = task.origins(task.splits.test)[:4]
    # More hours than the series has from there on: the measured stream begins again.
    repeats = 300 - int(origins[0]) + 10
    before = stream.forecast(origins)
    with metered_job(
        tmp_path / "x.jsonl", stage="comparison", job="x", labels={}, metering=metering
    ) as meter:
        measure_costs([(stream, {})], task, MeasuringBlock(latency_repeats=repeats, energy_rounds=1), meter)
    assert np.array_equal(stream.forecast(origins), before)


def test_all_metrics_of_a_part_are_those_of_its_forecasts_together(make, task):
    forecaster = make()
    origins = task.origins(task.splits.test)
    scale = seasonal_scale(task.panel, task.splits.train)
    found = score(forecaster, task, origins, scale)
    expected = metrics(sum_errors(forecaster.forecast(origins), *task.truth(origins)), scale)
    assert found.metrics == pytest.approx(expected, rel=1e-5)
    assert found.days["squared"].sum() == pytest.approx(found.metrics["rmse"] ** 2 * found.metrics["cells"])


def test_pieces_of_a_long_part_add_up(make, task, monkeypatch):
    import wattshed.forecast.days as days

    forecaster, origins = make(), task.origins(task.splits.test)
    scale = seasonal_scale(task.panel, task.splits.train)
    whole = score(forecaster, task, origins, scale).metrics
    monkeypatch.setattr(days, "WINDOWS_PER_CALL", 7)
    assert score(forecaster, task, origins, scale).metrics == pytest.approx(whole, rel=1e-5)


def test_a_part_without_windows_has_no_metric(make, task):
    nothing = score(make(), task, np.empty(0, dtype=np.int64), seasonal_scale(task.panel, task.splits.train))
    assert nothing.metrics == {}
    assert nothing.days.empty
