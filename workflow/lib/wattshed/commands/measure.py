"""``wattshed measure``: run any command and write its energy to a ledger."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from wattshed.commands.options.place import add_place, first_message, host_from
from wattshed.foundation.faults import Fault, forget_unwritten_output, one_line, say

if TYPE_CHECKING:
    from pathlib import Path

    from wattshed.commands.running.runs import Runs
    from wattshed.commands.running.signals import SignalWatch
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.host import Host
    from wattshed.energy.meter import Meter

EXAMPLES = """examples:
  wattshed measure -- python train.py --epochs 3
  wattshed measure --country DEU --label model=gru --label seed=1 -- python train.py
  wattshed measure --repeats 10 --warm-up 1 --json -- ./forecast
  wattshed measure -- env CUDA_VISIBLE_DEVICES=0 python train.py
  wattshed measure -- sh -c 'python clean.py | python train.py'

The command keeps its terminal, its signals and its exit code. Its own energy leaves out what else runs; that of the
whole machine is printed too. Under torchrun, srun or mpirun one rank of a node meters all of them. The ledger survives
a kill; wattshed accounts adds ledgers up."""
# The label that holds the command itself.
COMMAND = "command"


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "measure",
        help="run a command and write its energy to a ledger",
        description="Run a command under the meter; its exit code is kept and signals are passed on to it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="wattshed measure [options] -- COMMAND [ARGUMENT ...]",
    )
    parser.add_argument("--ledger", help="ledger to write (default: ledgers/COMMAND-TIME-HOST-RANDOM.jsonl)")
    parser.add_argument(
        "--repeats", type=int, default=1, help="runs to measure, for a mean and interval (default: 1)"
    )
    parser.add_argument(
        "--warm-up", type=int, default=0, help="runs before them that are not counted (default: 0)"
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="kept with the run; model, seed, data_country, season and the like become columns of the accounts",
    )
    parser.add_argument(
        "--idle-s",
        type=float,
        help="seconds of idle power to measure first if none is kept for this host; 0 for none (default: 5)",
    )
    parser.add_argument(
        "--cpu-power-w",
        type=float,
        metavar="W",
        help="power of all CPU sockets at full load, for its estimate where no counter can be read",
    )
    add_place(parser)
    parser.add_argument(
        "--codecarbon",
        metavar="FOLDER",
        help="also write MODEL/COUNTRY/SEASON/RUN_emissions.csv below this folder",
    )
    parser.add_argument(
        "--prometheus",
        metavar="FILE",
        help="also write a text file for Prometheus' node exporter, such as run.prom",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the summary as one JSON line on stdout at the end"
    )
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="what to run")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """The command's exit code; a shell's if it cannot be started, and 128 + n if signal n came before it began.

    Raises :class:`Fault` before the command begins. Once it has ended, nothing replaces its exit code.
    """
    from wattshed.commands.running.command import Unfit, find_program
    from wattshed.commands.running.signals import SignalWatch, Stopped

    words = list(arguments.words)
    if not words:
        raise Fault("no command was given: expected it after --, as in wattshed measure -- python train.py.")
    if arguments.repeats < 1 or arguments.warm_up < 0:
        raise Fault(
            f"--repeats {arguments.repeats} --warm-up {arguments.warm_up}: expected at least one repeat and no "
            "negative warm-up."
        )
    _fill_standard_files()
    try:
        find_program(words)
        with SignalWatch(last_act=getattr(arguments, "ends_process", False)) as watch:
            return _measure(words, arguments, watch)
    except Unfit as unfit:
        say(f"error: {unfit}")
        return unfit.exit_code
    except Stopped as stop:
        say(f"{stop.name} came before the command began: nothing was run and nothing is kept.")
        return stop.exit_code


def _measure(words: list[str], arguments: argparse.Namespace, watch: SignalWatch) -> int:
    from wattshed.commands.running.runs import Runs
    from wattshed.commands.running.standard_input import same_input
    from wattshed.door.ranks import hidden_gpus, metering_rank
    from wattshed.energy.metered_job import metered_job
    from wattshed.energy.share.usage import Usage
    from wattshed.foundation.vocabulary import GPUS_NOT_METERED, Stage

    host = host_from(arguments)
    metering = _metering(arguments)
    doors = _doors(arguments)
    decision = metering_rank()
    labels = {**decision.labels(), **_labels(arguments.label), COMMAND: " ".join(words)}
    hidden = hidden_gpus(os.environ, decision)
    if hidden is not None:
        labels[GPUS_NOT_METERED] = hidden
        say(f"wattshed: {hidden}.")
    runs = Runs(words, watch, shows_progress=sys.stderr is not None and sys.stderr.isatty())
    if not decision.meters:
        say(f"wattshed: this process is metered by {decision.metered_by}.")
        with same_input(arguments.repeats + arguments.warm_up) as given:
            return runs.do_unmetered(given, arguments.repeats + arguments.warm_up)
    ledger = _ledger(arguments.ledger, words[0])
    usage = Usage.of_all_ranks() if decision.of_several else Usage.of_children()
    meter: Meter | None = None
    try:
        with (
            same_input(arguments.repeats + arguments.warm_up) as given,
            metered_job(
                ledger,
                stage=Stage.COMMAND,
                job=ledger.stem,
                labels=labels,
                metering=metering,
                host=host,
                usage=usage,
            ) as meter,
        ):
            runs.do_all(meter, given, warm_up=arguments.warm_up, repeats=arguments.repeats)
            if runs.exit_code is not None:
                meter.exited(runs.exit_code)
    except Exception as error:
        if runs.exit_code is None:
            raise
        say(f"wattshed: the ledger {ledger} is incomplete ({type(error).__name__}: {one_line(error)}).")
    assert runs.exit_code is not None
    if meter is not None:
        _summarise(runs, meter, host, ledger, as_json=arguments.json, hidden_gpus=hidden is not None)
    _open_doors(ledger, doors)
    return runs.exit_code


def _summarise(
    runs: Runs, meter: Meter, host: Host, ledger: os.PathLike[str], *, as_json: bool, hidden_gpus: bool
) -> None:
    """Print what was measured. Nothing that fails here replaces the command's exit code."""
    import json
    import textwrap
    from pathlib import Path

    from wattshed.commands.running.summary import Summary
    from wattshed.energy.carbon.carbon import Location, yearly_intensity
    from wattshed.energy.window import Measurement

    try:
        intensity = yearly_intensity(Location(host.country_iso, host.region))
        summary = Summary(
            Measurement(runs.windows), meter, intensity, Path(ledger), runs.exit_code or 0, hidden_gpus
        )
        say(textwrap.dedent(summary.text()))
        if as_json and sys.stdout is not None:
            print(json.dumps(summary.to_json()), flush=True)
    except Exception as error:
        say(
            f"wattshed: the summary cannot be printed ({type(error).__name__}: {one_line(error)}); "
            f"wattshed accounts reads {ledger}."
        )
    forget_unwritten_output()


def _doors(arguments: argparse.Namespace) -> dict[str, Path]:
    """What is to be written beside the ledger; raises :class:`Fault` where that cannot be."""
    if arguments.codecarbon is None and arguments.prometheus is None:
        return {}
    from pathlib import Path

    from wattshed.commands.output_place import check_file, check_folder

    doors = {}
    if arguments.codecarbon is not None:
        doors["codecarbon"] = Path(arguments.codecarbon).absolute()
        check_folder(doors["codecarbon"], "--codecarbon")
    if arguments.prometheus is not None:
        doors["prometheus"] = Path(arguments.prometheus).absolute()
        check_file(doors["prometheus"], "--prometheus")
    return doors


def _open_doors(ledger: Path, doors: dict[str, Path]) -> None:
    """Write CodeCarbon's layout and the text for Prometheus. No failure replaces the command's exit code."""
    if not doors:
        return
    if not os.path.exists(ledger):
        names = " and ".join(map(str, doors.values()))
        say(f"wattshed: {names} cannot be written: the ledger was deleted while the command ran.")
        return
    try:
        # Imported here: pandas takes a second to load.
        from wattshed.accounts.export.doors import export_ledgers

        for path in export_ledgers(
            [ledger], codecarbon=doors.get("codecarbon"), prometheus=doors.get("prometheus")
        ):
            say(f"  also wrote    {path}")
    except Exception as error:
        say(
            f"wattshed: {' and '.join(map(str, doors.values()))} cannot be written ({type(error).__name__}: "
            f"{one_line(error)}); wattshed accounts {ledger} --codecarbon or --prometheus writes them later."
        )


def _fill_standard_files() -> None:
    """Open /dev/null in place of closed standard files: a ledger in their place would get what others print there.

    The command does not inherit them: for it they stay closed.
    """
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)


def _metering(arguments: argparse.Namespace) -> MeteringBlock:
    from wattshed.config.energy.metering import MeteringBlock

    given: dict[str, Any] = {}
    if arguments.idle_s is not None:
        given["idle_s"] = arguments.idle_s
    if arguments.cpu_power_w is not None:
        given |= {"cpu_power_w": arguments.cpu_power_w}
    try:
        return MeteringBlock(**given)
    except ValueError as error:
        key = str(error.errors()[0]["loc"][-1]) if hasattr(error, "errors") else ""
        option = "--idle-s" if key == "idle_s" else "--cpu-power-w"
        value = arguments.idle_s if key == "idle_s" else arguments.cpu_power_w
        raise Fault(f"{option} {value}: {first_message(error)}.") from error


def _ledger(given: str | None, word: str) -> Any:
    from wattshed.commands.running.ledger_name import default_ledger
    from wattshed.energy.ledger.folders import checked_path

    if given is None:
        return default_ledger(word)
    ledger = checked_path(given)
    if os.path.lexists(ledger):
        raise Fault(
            f"{ledger} exists: a ledger is never overwritten; name another with --ledger or move it away."
        )
    return ledger


def _labels(pairs: list[str]) -> dict[str, Any]:
    from wattshed.energy.ledger.scalars import readable

    labels: dict[str, Any] = {}
    for pair in map(readable, pairs):
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise Fault(f"--label {pair!r}: expected NAME=VALUE, such as model=gru.")
        if name == COMMAND:
            raise Fault(f"--label {pair!r}: expected another name; this one holds the command itself.")
        if name in ("seed", "epoch"):
            try:
                labels[name] = int(value)
            except ValueError as error:
                raise Fault(f"--label {pair!r}: expected a whole number for {name}.") from error
        else:
            labels[name] = value
    return labels
