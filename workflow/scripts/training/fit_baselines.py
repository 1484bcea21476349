"""Fit every baseline and forecast the test and validation parts with it, under the meter."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.config.data.windows import WindowsBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.data.graph import Graph
from wattshed.forecast.baselines.fitting import fit_baselines
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script
from wattshed.foundation.vocabulary import Part


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--names", nargs="+", required=True, help="baselines")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json")
    parser.add_argument("--graph", type=Path, required=True, help="graph.safetensors")
    parser.add_argument("--windows", required=True, help="data.windows block as JSON")
    parser.add_argument("--metering", required=True, help="energy.metering block as JSON")
    parser.add_argument(
        "--test-windows", type=int, required=True, help="most windows to forecast of either part"
    )
    parser.add_argument(
        "--forecasts", type=Path, nargs="+", required=True, help="forecasts to write, one file per baseline"
    )
    parser.add_argument(
        "--validation",
        type=Path,
        nargs="+",
        required=True,
        help="forecasts of the validation part to write, in the same order",
    )
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    windows = WindowsBlock.model_validate_json(arguments.windows)
    task = ForecastTask.read(arguments.panel, arguments.splits, windows)
    outputs = {
        name: {Part.TEST: test, Part.VALIDATION: validation}
        for name, test, validation in zip(
            arguments.names, arguments.forecasts, arguments.validation, strict=True
        )
    }
    metering = MeteringBlock.model_validate_json(arguments.metering)
    graph = Graph.read(arguments.graph, task.panel)
    fit_baselines(outputs, task, graph, arguments.test_windows, metering, arguments.ledger)


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--forecasts", "--validation", "--ledger")))
