"""Compare the predictions of trainings with what these took."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.predicted.compared import compared_frame
from wattshed.accounts.predicted.measured import measured_trainings
from wattshed.foundation.documents import KEYS, read_json
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame, read_frames
from wattshed.foundation.writing import write_parquet
from wattshed.law.predicting.document import read_predictions


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--predictions", type=Path, required=True, help="law/predictions.json")
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet of the accounts")
    parser.add_argument(
        "--epochs", type=Path, nargs="+", required=True, help="epochs of the trainings, a file each"
    )
    parser.add_argument("--output", type=Path, required=True, help="law/predictions.parquet to write")
    arguments = parser.parse_args(argv)
    document = read_json(arguments.predictions, KEYS["law_predictions"])
    trainings = measured_trainings(
        read_frame(arguments.windows, COLUMNS["windows"]), read_frames(arguments.epochs, COLUMNS["epochs"])
    )
    frame = compared_frame(read_predictions(document), trainings, document["power_w"]["default"])
    write_parquet(arguments.output, frame)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
