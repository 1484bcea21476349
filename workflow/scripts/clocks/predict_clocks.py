"""Predict clocks of workloads that were left out, and hold each model against its opponents."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

import pandas as pd

from wattshed.clocks.cells import cells
from wattshed.clocks.predicting.cell_curve import curve_of
from wattshed.clocks.predicting.held_out import held_out
from wattshed.clocks.predicting.verdict import Standing, standings
from wattshed.foundation.documents import KEYS, read_json
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--sweeps", type=Path, nargs="+", required=True, help="clocks/*.sweep.parquet")
    parser.add_argument("--choices", type=Path, nargs="+", required=True, help="clocks/*.choice.json")
    parser.add_argument("--max-slowdown-share", type=float, required=True, help="0.05 allows 5 %% more time")
    parser.add_argument("--seed", type=int, required=True, help="seeds the bootstrap")
    parser.add_argument("--output", type=Path, required=True, help="predictions.parquet to write")
    parser.add_argument("--standings", type=Path, required=True, help="prediction_standings.parquet to write")
    options = parser.parse_args(argv)
    refused = {
        (choice["gpu"], choice["workload"], choice["knob"])
        for path in options.choices
        for choice in read_json(path, KEYS["choice"])["choices"]
        if choice["status"] == "refused"
    }
    found = (
        curve_of(rows)
        for path in options.sweeps
        for cell, rows in cells(read_frame(path, COLUMNS["sweep"]))
        if (cell.gpu, cell.workload, cell.knob) not in refused
    )
    frame = held_out([curve for curve in found if curve is not None], options.max_slowdown_share)
    names = [field.name for field in fields(Standing)]
    judged = [asdict(standing) for standing in standings(frame, options.seed)]
    write_parquet(options.output, frame)
    write_parquet(options.standings, pd.DataFrame(judged, columns=names))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
