"""Read a recorded sweep in any known layout as the runs of a sweep."""

import sys
from collections.abc import Sequence

from wattshed.clocks.recordings.recording import read
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--recording", required=True, help="an entry of clocks.recordings as JSON")
    parser.add_argument("--output", required=True, help="sweep.parquet to write")
    parser.add_argument(
        "--samples", help="samples.parquet to write: the whole log, without rows where there is none"
    )
    options = parser.parse_args(argv)
    recording = read(RecordingBlock.model_validate_json(options.recording))
    for note in recording.notes:
        print(f"note: {note}", file=sys.stderr)
    write_parquet(options.output, recording.runs)
    if options.samples:
        write_parquet(options.samples, recording.samples)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
