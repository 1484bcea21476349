"""``wattshed clocks choose``: read, choose, validate, write."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from wattshed import __version__
from wattshed.clocks.validating.validate import validate
from wattshed.commands.clocks.choices import check_options, choices_of
from wattshed.commands.clocks.choose_output import write_choices
from wattshed.commands.clocks.output_folder import CHOSEN, check_own_folder
from wattshed.commands.clocks.recordings import CHOICES, recording_of
from wattshed.commands.output_place import writing
from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.foundation.vocabulary import Worth
from wattshed.publish.clock_report.choice_page import sentence
from wattshed.publish.clock_report.numbers import interval

NOTHING_EXIT_CODE, UNDECIDED_EXIT_CODE = 1, 3

# From more GPUs and workloads than this, the user waits long enough to be told why.
MANY = 8


def run(arguments: argparse.Namespace) -> int:
    check_options(arguments)
    check_own_folder(arguments.output, CHOSEN, CHOICES)
    recording = recording_of(arguments.recording, arguments)
    frame = recording.runs
    many = len(frame[["gpu", "workload", "knob"]].drop_duplicates())
    if many > MANY:
        print(
            f"{many} GPUs and workloads are chosen for; --gpu and --workload name one.",
            file=sys.stderr,
            flush=True,
        )
    made = choices_of(frame, arguments)
    choices = [choice for choice, _ in made]
    validations = [validate(choice, frame, asked=asked).to_json() for choice, asked in made]
    with writing(arguments.output, "--output"):
        document = write_choices(
            arguments.output,
            str(arguments.recording),
            frame,
            choices,
            validations,
            notes=recording.notes,
            timestamp_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
        )
    configurations = list(document["configurations"].values())
    if arguments.json:
        shown = {"choices": choices, "validation": validations, "deployment": document}
        print(json.dumps(shown, indent=2, allow_nan=False))
    else:
        _print(choices, validations, configurations, recording.notes)
        print(f"Wrote {arguments.output / 'report.html'} and what belongs to it.")
    return exit_code(choices, validations, configurations)


def exit_code(
    choices: list[dict[str, Any]], validations: list[dict[str, Any]], configurations: list[dict[str, Any]]
) -> int:
    """0: something is recommended and nothing failed; 1: a validation failed, or nothing keeps the limits; else 3."""
    if any(one["result"] == "fail" for one in validations):
        return NOTHING_EXIT_CODE
    if any(one["recommended"] for one in configurations):
        return 0
    undecided = any(one["outcome"] == Worth.UNDECIDED for one in choices)
    return UNDECIDED_EXIT_CODE if undecided else NOTHING_EXIT_CODE


def _print(
    choices: list[dict[str, Any]],
    validations: list[dict[str, Any]],
    configurations: list[dict[str, Any]],
    notes: Sequence[str],
) -> None:
    console = open_console()
    for note in notes:
        console.print(f"Recording: {note}", markup=False)
    table = plain_table(
        "Choices",
        "GPU",
        "workload",
        "choice",
        "run at",
        "numbers are of",
        "energy saved",
        "slowdown",
        "validation",
        numeric=("run at", "numbers are of"),
    )
    for choice, validation, configuration in zip(choices, validations, configurations, strict=True):
        deciding = choice["status"] in ("use", "doubtful")
        table.add_row(
            choice["gpu"],
            choice["workload"],
            choice["status"],
            f"{configuration['setting']} {choice['unit']}",
            f"{choice['candidate']} {choice['unit']}"
            if deciding and choice["candidate"] is not None
            else "–",
            interval(choice, "saving") if deciding else "–",
            interval(choice, "slowdown") if deciding else "–",
            validation["result"],
        )
    console.print(table)
    for choice, configuration in zip(choices, configurations, strict=True):
        console.print(sentence(choice, configuration), markup=False)
