"""The network of benchmarks/engine.py in other runtimes; those that are not installed are left out."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor

from wattshed.forecast.export import export_onnx, function_of
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.forecast.series import Pairs

THREADS = 2


def exported_forecasts(
    network: STGNN, aggregate: Tensor, row_sum: Tensor, look_back_steps: int, origin: Callable[[], int]
) -> dict[str, Callable[[], Any]]:
    """Calls that forecast one window of all nodes: plain torch, ONNX Runtime, OpenVINO.

    network: without own history; aggregate: [N, T] scaled; origin: the next window's first hour. Each call takes its
    windows from the series again, as the kernel does.
    """
    function = function_of(network)

    def window() -> Tensor:
        end = origin()
        return aggregate[:, end - look_back_steps : end].contiguous()

    @torch.no_grad()
    def in_torch() -> None:
        function(window(), row_sum)

    calls: dict[str, Callable[[], Any]] = {"torch": in_torch}
    try:
        import onnxruntime
        import openvino
    except ImportError:
        return calls
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        # The export uses only these two pairs.
        pairs = cast(Pairs, SimpleNamespace(aggregate=window(), row_sum=row_sum))
        export_onnx(network, pairs, path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        compiled = openvino.compile_model(
            openvino.convert_model(str(path)),
            "CPU",
            {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": THREADS},
        )
    sums = row_sum.numpy()
    calls["onnx"] = lambda: session.run(None, {"aggregate": window().numpy(), "row_sum": sums})
    calls["openvino"] = lambda: compiled([window().numpy(), sums])
    return calls
