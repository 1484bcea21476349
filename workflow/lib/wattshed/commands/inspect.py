"""``wattshed inspect``: what a user's own table is, the block that reads it, a first picture, and a whole study."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.foundation.faults import FAULT_EXIT_CODE, Fault, say

if TYPE_CHECKING:
    from wattshed.data.inspection.proposal import Proposal
    from wattshed.data.panel import Panel

EXAMPLES = """examples:
  wattshed inspect load.csv                                what it is, the block that reads it, a first picture
  wattshed inspect meters.zip --timezone Europe/Madrid --unit kWh      with what the file cannot say
  wattshed inspect 'homes/*.csv' --set stamp=end --set 'missing=[-1, "?"]'
  wattshed inspect homes --write-config homes.yaml         a folder of tables; writes a study that runs
  wattshed inspect huge.csv --quick                        looks at the first megabytes alone

Reads CSV and other text, Parquet and .xlsx, also as .gz or as .zip with one file. Columns, separator, clock, unit and
missing values are proposed with what speaks for each; clocks by the days on which they change. What the file cannot
say is asked for, never guessed: the block then has comments that begin with "decide:", and --set, --timezone and --unit
answer them. A block without open keys is tried at once: the file is read with it. The picture is written beside you, as
NAME.inspect.png.

exit codes: 0 the block reads the file; 2 an error, or not a table; 3 undecided: some keys are yours to decide; 70 a
defect of wattshed."""

UNDECIDED_EXIT_CODE = 3


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "inspect",
        help="what your own table is, and the data.source block that reads it",
        description="Look at a table of readings and propose the block data.source that reads it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="table, pattern or folder; several make one panel"
    )
    parser.add_argument(
        "--timezone", metavar="ZONE", help="time zone of the nodes' calendar, such as Europe/Madrid"
    )
    parser.add_argument("--unit", help="unit of the file's readings, such as kWh or W")
    parser.add_argument("--step-minutes", type=int, metavar="N", help="step of the panel (default: 60)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="decide any key of data.source, in YAML; may be given several times",
    )
    pictures = parser.add_mutually_exclusive_group()
    pictures.add_argument(
        "--plot", type=Path, metavar="FILE", help="picture to write (default: NAME.inspect.png)"
    )
    pictures.add_argument("--no-plot", action="store_true", help="write no picture")
    parser.add_argument(
        "--write-config", type=Path, metavar="FILE.yaml", help="write a whole study of this panel"
    )
    parser.add_argument("--force", action="store_true", help="replace the file of --write-config")
    parser.add_argument("--quick", action="store_true", help="do not read the whole file")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from wattshed.commands.options.inspected_files import files_and_path
    from wattshed.commands.options.source_keys import given_keys
    from wattshed.commands.printing.inspect_output import print_proposal

    _check_outputs(arguments)
    given = given_keys(arguments)
    paths, path = files_and_path(arguments.files)

    from wattshed.data.inspection.proposal import propose

    proposal = propose(paths, path, given)
    print_proposal(proposal)
    if proposal.undecided:
        keys = ", ".join(choice.key for choice in proposal.undecided)
        print(
            f"\nundecided: {keys}. Decide with --set KEY=VALUE, --timezone or --unit; the file was not read."
        )
        return UNDECIDED_EXIT_CODE
    if arguments.quick:
        print("\nThe block has no open key. The file was not read as a whole (--quick).")
        return 0
    try:
        panel = _read(proposal)
    except Fault as fault:
        sys.stdout.flush()
        # What could be two things is named with the key that decides it.
        say(f"error: {fault}")
        return UNDECIDED_EXIT_CODE if "data.source." in str(fault) else FAULT_EXIT_CODE
    _report(arguments, proposal, panel)
    return 0


def _check_outputs(arguments: argparse.Namespace) -> None:
    """What can be refused before anything is read."""
    from wattshed.commands.output_place import check_file

    if arguments.quick and (arguments.write_config is not None or arguments.plot is not None):
        option = "--plot" if arguments.plot is not None else "--write-config"
        raise Fault(f"{option} needs the whole panel and --quick does not read it: leave one of the two out.")
    if arguments.plot is not None:
        check_file(arguments.plot, "--plot")
        if arguments.plot.suffix.lower() not in (".png", ".pdf", ".svg"):
            raise Fault(
                f"--plot {arguments.plot} has an unknown ending: expected .png, .pdf or .svg; correct it."
            )
    if arguments.write_config is not None:
        check_file(arguments.write_config, "--write-config")
        if arguments.write_config.exists() and not arguments.force:
            raise Fault(
                f"--write-config {arguments.write_config} exists: expected a new file; name another one, or give "
                "--force to replace it."
            )


def _read(proposal: "Proposal") -> "Panel":
    from pydantic import ValidationError

    from wattshed.config.sentences import sentence
    from wattshed.data.sources.source import load_panel
    from wattshed.data.sources.table import Settings

    block = proposal.block
    try:
        settings = Settings.model_validate(block)
    except ValidationError as error:
        raise Fault(sentence(error, "data.source", Settings, block)) from error
    if sys.stderr.isatty():
        print("reading ...", end="", file=sys.stderr, flush=True)
    try:
        return load_panel(settings, Path())
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _report(arguments: argparse.Namespace, proposal: "Proposal", panel: "Panel") -> None:
    from wattshed.commands.printing.inspect_output import print_panel

    print_panel(panel)
    if not arguments.no_plot:
        from wattshed.commands.output_place import check_file
        from wattshed.commands.printing.inspect_figure import draw_panel

        name = proposal.case.paths[0].name.split(".")[0]
        plot = arguments.plot or Path(f"{name}.inspect.png")
        check_file(plot, "--plot")
        draw_panel(panel, proposal.block.get("missing") or [], plot)
        print(f"picture: {plot}")
    if arguments.write_config is not None:
        _write_config(arguments.write_config, proposal, panel)


def _write_config(path: Path, proposal: "Proposal", panel: "Panel") -> None:
    import yaml

    from wattshed.commands.output_place import writing
    from wattshed.config.study import load_study
    from wattshed.data.inspection.study_text import fit_of, study_name, study_text
    from wattshed.foundation.writing import whole_file

    fit = fit_of(panel)
    text = study_text(study_name(path.stem), proposal.case.path, proposal.choices, panel, fit)
    load_study(yaml.safe_load(text), str(path), beside=path.parent)
    with writing(path, "--write-config"), whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    shares = "usual" if fit.usual else "shorter: the span has no room for the usual ones"
    print(f"study:   {path} (windows and parts: {shares}); run: snakemake --cores all --configfile {path}")
