"""Trained networks for other runtimes: ONNX, checked in ONNX Runtime, and OpenVINO if wanted."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wattshed.forecast.network import Network, TensorFunction
from wattshed.forecast.series import Pairs
from wattshed.foundation.faults import Fault

# Largest allowed error, as a share of the largest forecast.
TOLERANCE = 1e-5
OPSET = 17


@dataclass(frozen=True)
class Exported:
    """inputs: name -> shape, for any number of rows; largest_error_share: of the largest forecast of the batch."""

    path: Path
    runtime: str
    inputs: dict[str, list[int | str]]
    largest_error_share: float


def function_of(network: Network, family: str | None = None) -> TensorFunction:
    """The network as a function of plain tensors, in evaluation mode. family: for sentences.

    Raises :class:`Fault` for a network without such a function, and for weights that are not floating-point numbers.
    """
    types = {str(weight.dtype) for weight in network.parameters() if not weight.is_floating_point()}
    if types:
        raise Fault(
            f"the network has weights of the type {', '.join(sorted(types))}, whose operators exist in torch only: "
            "expected floating-point weights; export its parent checkpoint, and quantise the exported file."
        )
    function = network.tensor_function()
    if function is None:
        raise Fault(
            f"{_named(family)} cannot be exported: expected a family whose networks are functions of plain tensors, "
            "such as stgnn, gru and dlinear; name another checkpoint."
        )
    return function.eval()


def export_onnx(network: Network, batch: Pairs | Tensor, path: Path, family: str | None = None) -> Exported:
    """Write ``path``, for any number of pairs or windows, and check it in ONNX Runtime on the given ones.

    batch: as the network takes it. family: for sentences. Raises :class:`Fault`, and leaves no file, if a package is
    missing, if the network cannot be exported, and if the file's forecasts differ from the network's.
    """
    onnxruntime = _package("onnxruntime", "onnx")
    _package("onnx", "onnx")
    function = function_of(network, family)
    inputs = function.inputs(batch)
    part = path.with_name(path.name + ".part")
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # Only the older exporter works without onnxscript; it warns that it is the older one.
            warnings.simplefilter("ignore")
            try:
                torch.onnx.export(
                    function,
                    inputs,
                    str(part),
                    input_names=list(function.names),
                    output_names=["forecast"],
                    dynamic_axes={name: {0: function.rows} for name in [*function.names, "forecast"]},
                    opset_version=OPSET,
                    dynamo=False,
                )
            except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
                raise Fault(
                    f"{_named(family)} cannot be exported, because torch cannot write one of its operators "
                    f"({_first_line(error)}): name another checkpoint."
                ) from error
        session = onnxruntime.InferenceSession(str(part), providers=["CPUExecutionProvider"])

        def run(given: tuple[Tensor, ...]) -> np.ndarray:
            named = {name: value.numpy() for name, value in zip(function.names, given, strict=True)}
            return session.run(None, named)[0]

        share = _largest_error_share(function, inputs, run, path)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Exported(path, f"ONNX Runtime {onnxruntime.__version__}", _shapes(function, inputs), share)


def export_openvino(
    network: Network, batch: Pairs | Tensor, onnx: Path, path: Path, family: str | None = None
) -> Exported:
    """Write ``path`` (.xml, with its weights as .bin beside it) from an exported ONNX file, and check it."""
    openvino = _package("openvino", "openvino")
    if path.suffix != ".xml":
        raise Fault(f"{path} must end in .xml, as OpenVINO names its models: give another --openvino.")
    function = function_of(network, family)
    inputs = function.inputs(batch)
    model = openvino.convert_model(str(onnx))
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    share = _largest_error_share(
        function, inputs, lambda given: next(iter(compiled([v.numpy() for v in given]).values())), path
    )
    openvino.save_model(model, str(path), compress_to_fp16=False)
    return Exported(path, f"OpenVINO {openvino.__version__}", _shapes(function, inputs), share)


def _largest_error_share(
    function: TensorFunction,
    inputs: tuple[Tensor, ...],
    run: Callable[[tuple[Tensor, ...]], np.ndarray],
    path: Path,
) -> float:
    """Check all given rows together, and the first one alone, because any number of them must work."""
    worst = 0.0
    for given in (inputs, tuple(value[:1].contiguous() for value in inputs)):
        with torch.no_grad():
            expected = function(*given).numpy()
        found = run(given)
        if found.shape != expected.shape:
            raise Fault(
                f"{path}: its forecasts have the shape {found.shape}, those of the network {expected.shape}: "
                "not exported; try another version of the runtime."
            )
        error = float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12))
        worst = max(worst, error)
    if not worst <= TOLERANCE:
        raise Fault(
            f"{path}: its forecasts differ from those of the network by {worst:.2g} of the largest, expected at most "
            f"{TOLERANCE:g}: not exported; try another version of the runtime."
        )
    return worst


def _shapes(function: TensorFunction, inputs: tuple[Tensor, ...]) -> dict[str, list[int | str]]:
    return {
        name: [function.rows, *value.shape[1:]] for name, value in zip(function.names, inputs, strict=True)
    }


def _named(family: str | None) -> str:
    return f"a network of the family {family}" if family else "this network"


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _package(name: str, extra: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise Fault(
            f"exporting needs the package {name}, which is not installed: pip install 'wattshed[{extra}]'."
        ) from error
