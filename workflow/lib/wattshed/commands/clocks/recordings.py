"""Recordings as the command line names them: a file or folder with a reader's options, or a folder of choices."""

import argparse
import re
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.clocks.recordings.recording import NotKnown, Recording, read, read_samples
from wattshed.clocks.runs import COLUMNS
from wattshed.commands.options.place import first_message
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.documents import read_json
from wattshed.foundation.faults import Fault
from wattshed.foundation.frames import read_frame

# Keys of a recording that are options here. A message of the reader names the key.
OPTIONS = (
    "reader",
    "marks",
    "columns",
    "units",
    "knob",
    "gpu",
    "gpu_index",
    "workload",
    "period_s",
    "time_zone",
)
# Files of an output folder, from which it is known.
CHOICES, RUNS = "choices.json", "runs.parquet"


def recording_of(path: Path, arguments: argparse.Namespace) -> Recording:
    """The runs of a recording, and what was left out; raises :class:`Fault` for one that cannot be read."""
    given = _given(path, arguments)
    if given["columns"] and "reader" not in given and path.is_file():
        # A table whose columns have other names is not known by its first line.
        return _read(given, path, otherwise="table")
    return _read(given, path)


def power_log(path: Path, arguments: argparse.Namespace) -> pd.DataFrame:
    """The samples of a power log, which need not be cut into runs."""
    return read_samples(path, _block(_given(path, arguments), path))


def _given(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    if not path.exists():
        raise Fault(
            f"{path} does not exist: expected a file or a folder of a recorded sweep; correct the path."
        )
    given: dict[str, Any] = {
        "path": str(path),
        "columns": pairs(arguments.columns, "--columns"),
        "units": pairs(arguments.units, "--units"),
    }
    given |= {
        key: value
        for key in ("reader", "marks", "knob", "gpu", "gpu_index", "workload", "period_s", "time_zone")
        if (value := getattr(arguments, key)) is not None
    }
    return given


def _block(given: dict[str, Any], path: Path) -> RecordingBlock:
    try:
        return RecordingBlock(**given)
    except ValueError as error:
        place = error.errors()[0]["loc"] if hasattr(error, "errors") else ()
        option = f"--{str(place[0]).replace('_', '-')}: " if place else ""
        raise Fault(f"the options for reading {path}: {option}{first_message(error)}.") from error


def _read(given: dict[str, Any], path: Path, otherwise: str | None = None) -> Recording:
    """otherwise: the reader to try if the file's layout is not found."""
    block = _block(given, path)
    try:
        return read(block)
    except NotKnown as fault:
        if otherwise is None:
            raise NotKnown(as_options(str(fault))) from fault
    except Fault as fault:
        raise Fault(as_options(str(fault))) from fault
    return _read({**given, "reader": otherwise}, path)


def as_options(message: str) -> str:
    """A reader's message with the options of the command line in place of the keys of a study."""
    for key in OPTIONS:
        message = re.sub(rf"\bthe key {key}\b", f"--{key.replace('_', '-')}", message)
    # Keys take {ours: theirs}, options ours=theirs.
    return re.sub(r"\{(\w+): ([^{}]+)\}", r"\1=\2", message)


def runs_of(path: Path, arguments: argparse.Namespace) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Runs and choices: of an output folder of ``clocks choose``, or of a recording, which has no choices."""
    if (path / CHOICES).is_file():
        content = read_json(path / CHOICES, ("choices",))
        return read_frame(path / RUNS, COLUMNS), content["choices"]
    return recording_of(path, arguments).runs, []


def pairs(given: list[str], option: str) -> dict[str, str]:
    """``ours=theirs`` as a dictionary; several may share one argument, separated by commas."""
    found: dict[str, str] = {}
    for text in given:
        for one in text.split(","):
            ours, equals, theirs = one.partition("=")
            if not (equals and ours.strip() and theirs.strip()):
                raise Fault(f"{option} {text!r}: expected OURS=THEIRS, such as time_s=seconds; correct it.")
            if ours.strip() in found:
                raise Fault(f"{option} names {ours.strip()!r} twice: expected each once; remove one.")
            found[ours.strip()] = theirs.strip()
    return found
