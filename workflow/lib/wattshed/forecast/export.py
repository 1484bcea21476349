"""Trained networks for other runtimes: ONNX, checked in ONNX Runtime, and OpenVINO where it is wanted."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wattshed.forecast.families.networks import STGNN, Residual
from wattshed.forecast.series import Pairs
from wattshed.foundation.faults import Fault

# Largest error that is borne, as a share of the largest forecast.
TOLERANCE = 1e-5
OPSET = 17


@dataclass(frozen=True)
class Exported:
    """inputs: name -> shape, M pairs each; largest_error_share: over the checked pairs, of the largest forecast."""

    path: Path
    runtime: str
    inputs: dict[str, list[int | str]]
    largest_error_share: float


class PairFunction(nn.Module):
    """A pair network as a function of plain tensors; ``names`` are those that it needs, in order.

    own, aggregate: [M, W] scaled; row_sum: [M]; node: int64 [M]; slot: int64 [M, W], hour of the local week of each
    hour; features: [M, F] of the linear part. Output: scaled forecast [M, H].
    """

    def __init__(self, network: nn.Module) -> None:
        """Raises :class:`Fault` for a network that is not one of pairs with a recurrent layer."""
        super().__init__()
        recurrent = network.network if isinstance(network, Residual) else network
        if not isinstance(recurrent, STGNN):
            raise Fault(
                f"{type(network).__name__} cannot be exported: expected a trained model of the form stgnn or gru; name "
                "another checkpoint."
            )
        self.linear = network.linear if isinstance(network, Residual) else None
        self.network = recurrent
        needed = {
            "own": recurrent.own is not None,
            "aggregate": recurrent.neighbours is not None,
            "row_sum": recurrent.neighbours is not None,
            "node": recurrent.node_table is not None,
            "slot": recurrent.hour_of_day is not None,
            "features": self.linear is not None,
        }
        self.names = [name for name, needs in needed.items() if needs]

    def inputs(self, pairs: Pairs) -> tuple[Tensor, ...]:
        every: dict[str, Callable[[], Tensor]] = {
            "own": lambda: pairs.own,
            "aggregate": lambda: pairs.aggregate,
            "row_sum": lambda: pairs.row_sum,
            "node": lambda: pairs.nodes,
            "slot": lambda: pairs.slots.long(),
            "features": lambda: torch.zeros(0) if self.linear is None else self.linear.features(pairs),
        }
        return tuple(every[name]().contiguous() for name in self.names)

    def forward(self, *inputs: Tensor) -> Tensor:
        given = dict(zip(self.names, inputs, strict=True))
        network = self.network
        own, aggregate = given.get("own"), given.get("aggregate")
        if network.neighbours is not None:
            base = given["row_sum"].unsqueeze(1) * network.neighbours.bias
        else:
            assert network.own is not None
            base = network.own.bias.unsqueeze(0)
        if network.node_table is not None:
            base = base + network.node_table[given["node"]]
        calendar = network.calendar()
        season = None if calendar is None else calendar[given["slot"]]
        # A channel that the network has not is not looked at.
        known = own if own is not None else aggregate
        assert known is not None
        lifted = network.lift(
            known if own is None else own, known if aggregate is None else aggregate, base, season
        )
        _, last = network.gru(lifted)
        forecast = network.output(last[0])
        return forecast if self.linear is None else forecast + given["features"] @ self.linear.weight


def export_onnx(network: nn.Module, pairs: Pairs, path: Path) -> Exported:
    """Write ``path``, for any number of pairs, and check it in ONNX Runtime on the given ones.

    Raises :class:`Fault` where a package is missing, or where the file's forecasts are not the network's; no file is
    left then.
    """
    onnxruntime = _package("onnxruntime", "onnx")
    _package("onnx", "onnx")
    function = PairFunction(network).eval()
    inputs = function.inputs(pairs)
    part = path.with_name(path.name + ".part")
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # The exporter that does without onnxscript is the older one, and says so.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                function,
                inputs,
                str(part),
                input_names=function.names,
                output_names=["forecast"],
                dynamic_axes={name: {0: "pairs"} for name in [*function.names, "forecast"]},
                opset_version=OPSET,
                dynamo=False,
            )
        session = onnxruntime.InferenceSession(str(part), providers=["CPUExecutionProvider"])

        def run(given: tuple[Tensor, ...]) -> np.ndarray:
            named = {name: value.numpy() for name, value in zip(function.names, given, strict=True)}
            return session.run(None, named)[0]

        share = _largest_error_share(function, inputs, run, path)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Exported(path, f"ONNX Runtime {onnxruntime.__version__}", _shapes(function, inputs), share)


def export_openvino(network: nn.Module, pairs: Pairs, onnx: Path, path: Path) -> Exported:
    """Write ``path`` (.xml, its weights beside it as .bin) from an exported ONNX file, and check it."""
    openvino = _package("openvino", "openvino")
    if path.suffix != ".xml":
        raise Fault(f"{path} must end in .xml, as OpenVINO names its models: give another --openvino.")
    function = PairFunction(network).eval()
    inputs = function.inputs(pairs)
    model = openvino.convert_model(str(onnx))
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    share = _largest_error_share(
        function, inputs, lambda given: next(iter(compiled([v.numpy() for v in given]).values())), path
    )
    openvino.save_model(model, str(path), compress_to_fp16=False)
    return Exported(path, f"OpenVINO {openvino.__version__}", _shapes(function, inputs), share)


def _largest_error_share(
    function: PairFunction,
    inputs: tuple[Tensor, ...],
    run: Callable[[tuple[Tensor, ...]], np.ndarray],
    path: Path,
) -> float:
    """On all given pairs, and on the first alone: the number of pairs must be free."""
    worst = 0.0
    for given in (inputs, tuple(value[:1].contiguous() for value in inputs)):
        with torch.no_grad():
            expected = function(*given).numpy()
        found = run(given)
        if found.shape != expected.shape:
            raise Fault(
                f"{path}: its forecasts are {found.shape}, the network's {expected.shape}: not exported."
            )
        error = float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12))
        worst = max(worst, error)
    if not worst <= TOLERANCE:
        raise Fault(
            f"{path}: its forecasts differ from the network's by {worst:.2g} of the largest, expected at most "
            f"{TOLERANCE:g}: not exported; try another version of the runtime."
        )
    return worst


def _shapes(function: PairFunction, inputs: tuple[Tensor, ...]) -> dict[str, list[int | str]]:
    return {name: ["pairs", *value.shape[1:]] for name, value in zip(function.names, inputs, strict=True)}


def _package(name: str, extra: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise Fault(
            f"exporting needs the package {name}, which is not installed: pip install 'wattshed[{extra}]'."
        ) from error
