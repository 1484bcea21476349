"""ONNX and OpenVINO files forecast what the network does."""

import pytest
import torch

from model_blocks import untrained
from wattshed.config.data.data import WindowsBlock
from wattshed.forecast.export import export_onnx, export_openvino, function_of
from wattshed.forecast.networks.reference import ReferenceSTGNN
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault

FORMS = {
    "stgnn": {"form": "stgnn"},
    "aggregate only": {"form": "stgnn", "own_history": False},
    "gru": {"form": "gru"},
    "dlinear": {"form": "dlinear"},
    "residual": {"form": "stgnn", "linear_part": True, "calendar": True, "node_table": True},
}


def network_of(**keys):
    network = untrained(WindowsBlock(look_back_h=12, horizon_h=3), 5, **keys)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for tensor in [*network.parameters(), *network.buffers()]:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)
    return network.eval()


@pytest.fixture
def pairs(task, graph):
    series = ScaledSeries.make(task, graph.adjacency, "node", torch.device("cpu"))
    return series.pairs(torch.arange(20) % 5, torch.arange(400, 420))


@pytest.mark.parametrize("name", FORMS)
def test_the_function_of_tensors_is_the_network(name, pairs):
    network = network_of(**FORMS[name])
    function = function_of(network)
    with torch.no_grad():
        torch.testing.assert_close(function(*function.inputs(pairs)), network(pairs))


@pytest.mark.parametrize("name", FORMS)
def test_onnx_forecasts_the_same_for_any_number_of_pairs(name, pairs, tmp_path):
    pytest.importorskip("onnx", reason="needs the extra wattshed[onnx]")
    pytest.importorskip("onnxruntime", reason="needs the extra wattshed[onnx]")
    made = export_onnx(network_of(**FORMS[name]), pairs, tmp_path / "model.onnx")
    assert made.largest_error_share <= 1e-5
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_file_that_forecasts_otherwise_is_not_left(pairs, tmp_path, monkeypatch):
    pytest.importorskip("onnx", reason="needs the extra wattshed[onnx]")
    pytest.importorskip("onnxruntime", reason="needs the extra wattshed[onnx]")
    monkeypatch.setattr("wattshed.forecast.export.TOLERANCE", -1.0)
    with pytest.raises(Fault, match=r"model.onnx: its forecasts differ .*not exported"):
        export_onnx(network_of(form="stgnn"), pairs, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_openvino_forecasts_the_same(pairs, tmp_path):
    for package in ("onnx", "onnxruntime", "openvino"):
        pytest.importorskip(package, reason="needs the extras wattshed[onnx,openvino]")
    network = network_of(**FORMS["residual"])
    export_onnx(network, pairs, tmp_path / "model.onnx")
    made = export_openvino(network, pairs, tmp_path / "model.onnx", tmp_path / "model.xml")
    assert made.largest_error_share <= 1e-5
    with pytest.raises(Fault, match=r"must end in \.xml"):
        export_openvino(network, pairs, tmp_path / "model.onnx", tmp_path / "model.bin")


def test_a_missing_package_is_told_with_its_remedy(pairs, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(Fault, match=r"needs the package onnxruntime, .* pip install 'wattshed\[onnx\]'"):
        export_onnx(network_of(form="gru"), pairs, tmp_path / "model.onnx")


def test_a_network_that_forecasts_all_nodes_together_is_refused(graph):
    with pytest.raises(
        Fault, match="ReferenceSTGNN cannot be exported: expected a model that forecasts each node"
    ):
        function_of(ReferenceSTGNN(3, 8, 0.3, graph.adjacency))
