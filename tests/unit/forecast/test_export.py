"""ONNX and OpenVINO files give the same forecasts as the network."""

import pytest
import torch

from model_blocks import model_block
from wattshed.config.data.windows import WindowsBlock
from wattshed.forecast.export import export_onnx, export_openvino, function_of
from wattshed.forecast.families.family import make_network
from wattshed.forecast.network import TensorFunction
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault

FORMS = {
    "stgnn": {"form": "stgnn"},
    "aggregate only": {"form": "stgnn", "own_history": False},
    "gru": {"form": "gru"},
    "dlinear": {"form": "dlinear"},
    "residual": {"form": "stgnn", "linear_part": True, "calendar": True, "node_table": True},
    "reference": {"form": "stgnn_reference"},
    "lstm": {
        "form": "lstm",
        "recurrent_layers": 2,
        "linear_part": True,
        "calendar": True,
        "node_table": True,
    },
    "transformer": {"form": "transformer", "width": 8, "length_h": 9, "calendar": True, "node_table": True},
    "deep": {"form": "gru", "hidden": 7, "channels": 5, "recurrent_layers": 3, "state_dropout": 0.3},
    "deep residual": {
        "form": "stgnn",
        "linear_part": True,
        "calendar": True,
        "node_table": True,
        "channels": 9,
        "recurrent_layers": 2,
        "graph_dropout": 0.3,
    },
    "deep reference": {
        "form": "stgnn_reference",
        "hidden": 7,
        "channels": 5,
        "recurrent_layers": 2,
        "graph_layers": 3,
    },
}


def network_of(graph, **keys):
    windows = WindowsBlock(look_back_h=12, horizon_h=3)
    network = make_network(model_block(**keys), windows, graph.adjacency, 1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)
    return network.eval()


@pytest.fixture
def series(task, graph):
    return ScaledSeries.make(task, graph.adjacency, "node", torch.device("cpu"))


@pytest.fixture
def pairs(series):
    return series.pairs(torch.arange(20) % 5, torch.arange(400, 420))


def batch_of(network, series, pairs):
    """Windows or pairs, as the network takes them."""
    if network.takes == "windows":
        return torch.cat([series.window(origin) for origin in (400, 401, 402)])
    return pairs


@pytest.mark.parametrize("name", FORMS)
def test_the_tensor_function_equals_the_network(name, graph, series, pairs):
    network = network_of(graph, **FORMS[name])
    function = function_of(network)
    batch = batch_of(network, series, pairs)
    with torch.no_grad():
        torch.testing.assert_close(function(*function.inputs(batch)), network(batch))


@pytest.mark.parametrize("name", FORMS)
def test_onnx_gives_the_same_forecasts_for_any_number_of_rows(name, graph, series, pairs, tmp_path):
    pytest.importorskip("onnx", reason="needs the extra wattshed[onnx]")
    pytest.importorskip("onnxruntime", reason="needs the extra wattshed[onnx]")
    network = network_of(graph, **FORMS[name])
    made = export_onnx(network, batch_of(network, series, pairs), tmp_path / "model.onnx")
    assert {shape[0] for shape in made.inputs.values()} == {network.takes}
    assert made.largest_error_share <= 1e-5
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_file_with_different_forecasts_is_deleted(graph, pairs, tmp_path, monkeypatch):
    pytest.importorskip("onnx", reason="needs the extra wattshed[onnx]")
    pytest.importorskip("onnxruntime", reason="needs the extra wattshed[onnx]")
    monkeypatch.setattr("wattshed.forecast.export.TOLERANCE", -1.0)
    with pytest.raises(Fault, match=r"model.onnx: its forecasts differ .*not exported"):
        export_onnx(network_of(graph, form="stgnn"), pairs, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["residual", "reference", "transformer", "deep residual", "deep reference"])
def test_openvino_gives_the_same_forecasts(name, graph, series, pairs, tmp_path):
    for package in ("onnx", "onnxruntime", "openvino"):
        pytest.importorskip(package, reason="needs the extras wattshed[onnx,openvino]")
    network = network_of(graph, **FORMS[name])
    batch = batch_of(network, series, pairs)
    export_onnx(network, batch, tmp_path / "model.onnx")
    made = export_openvino(network, batch, tmp_path / "model.onnx", tmp_path / "model.xml")
    assert made.largest_error_share <= 1e-5
    with pytest.raises(Fault, match=r"must end in \.xml"):
        export_openvino(network, batch, tmp_path / "model.onnx", tmp_path / "model.bin")


def test_a_missing_package_is_reported_with_the_remedy(graph, pairs, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(Fault, match=r"needs the package onnxruntime, .* pip install 'wattshed\[onnx\]'"):
        export_onnx(network_of(graph, form="gru"), pairs, tmp_path / "model.onnx")


def test_a_network_without_a_tensor_function_is_refused_with_its_family_name(graph, monkeypatch):
    network = network_of(graph, form="dlinear")
    monkeypatch.setattr(network, "tensor_function", lambda: None)
    with pytest.raises(
        Fault, match=r"^a network of the family dlinear cannot be exported: expected a family whose"
    ):
        function_of(network, "dlinear")


def test_a_graph_too_large_for_a_full_matrix_is_refused(graph, monkeypatch):
    monkeypatch.setattr("wattshed.forecast.networks.reference.MOST_EXPORTED_NODES", 4)
    with pytest.raises(Fault, match=r"on a graph of 5 nodes cannot be exported, .* expected at most 4 nodes"):
        function_of(network_of(graph, form="stgnn_reference"))


class Unwritable(TensorFunction):
    """A function with an operator that exists only in torch."""

    names = ("own",)

    def inputs(self, batch):
        return (batch.own.contiguous(),)

    def forward(self, *inputs):
        return torch.special.bessel_j1(inputs[0])


def test_an_operator_that_onnx_cannot_hold_is_reported_with_the_family_name(
    graph, pairs, tmp_path, monkeypatch
):
    pytest.importorskip("onnx", reason="needs the extra wattshed[onnx]")
    pytest.importorskip("onnxruntime", reason="needs the extra wattshed[onnx]")
    network = network_of(graph, form="dlinear")
    monkeypatch.setattr(network, "tensor_function", Unwritable)
    with pytest.raises(
        Fault, match=r"^a network of the family dlinear cannot be exported, because torch cannot write"
    ):
        export_onnx(network, pairs, tmp_path / "model.onnx", "dlinear")
    assert not list(tmp_path.iterdir())
