"""Build the panel from its source."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.sources import Source
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.sources.source import Cutting, gives_labelled_windows, load_panel
from wattshed.foundation.faults import run_script, script_parser


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--source", required=True, help="data.source block as JSON")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that the source's paths start from")
    parser.add_argument("--wheel", type=Path, help="data wheel of a source that reads one")
    parser.add_argument("--splits", help="data.splits block as JSON, for a source of labelled windows")
    parser.add_argument("--windows", help="data.windows block as JSON, for a source of labelled windows")
    parser.add_argument("--output", type=Path, required=True, help="panel.safetensors to write")
    arguments = parser.parse_args(argv)
    source: Source = TypeAdapter(Source).validate_json(arguments.source)
    cutting = None
    if gives_labelled_windows(source.kind):
        if arguments.splits is None or arguments.windows is None:
            parser.error(
                f"the source {source.kind} needs --splits and --windows, by which it cuts its series"
            )
        splits = SplitsBlock.model_validate_json(arguments.splits)
        cutting = Cutting(
            length=WindowsBlock.model_validate_json(arguments.windows).look_back_steps,
            train_share=splits.train_share,
            validation_share=splits.validation_share,
            test_share=splits.test_share,
        )
    load_panel(source, arguments.root, arguments.wheel, cutting).write(arguments.output)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
