"""The sweep of a command: its folder, its ledger, and what is told at the end."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.clocks.backends.protocol import Backend, ClockBackend, open_for
from wattshed.clocks.choosing.choice import choose
from wattshed.clocks.choosing.limits import limits_for
from wattshed.clocks.sweeping.identity import identity_of
from wattshed.clocks.sweeping.journal import Journal, read_journal
from wattshed.clocks.sweeping.progress import Progress
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.commands.options.place import first_message
from wattshed.commands.output_place import check_folder, writing
from wattshed.commands.printing.screen import open_console
from wattshed.commands.printing.sweep_output import SIMULATED_NOTE, print_sweep
from wattshed.commands.running.ledger_name import plain_name
from wattshed.commands.running.standard_input import same_input
from wattshed.commands.running.swept_command import SweptCommand, check_program
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.ledger.scalars import readable
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.faults import Fault, say
from wattshed.foundation.plugins import load
from wattshed.foundation.vocabulary import Stage, Window, Worth
from wattshed.foundation.writing import write_json, write_parquet, write_text

FOLDER = Path("sweeps")
TABLE, CSV, JOURNAL = "sweep.parquet", "sweep.csv", "sweep.journal.jsonl"
LEDGER, CHOICE, LOG = "sweep.ledger.jsonl", "choice.json", "command.log"
OURS = (CSV, CHOICE, LEDGER)
# Two calls of one command are the same; more than two need no other preparation of its standard input.
SEVERAL = 2


@dataclass(frozen=True)
class CommandSweep:
    """words: the command; output: None for a folder named after it; name: of the workload; budget_s: most time of all
    points; resumes: go on with a finished sweep; idle_s: None for the default.
    """

    words: Sequence[str]
    block: ClocksBlock
    output: Path | None
    name: str
    budget_s: float | None = None
    resumes: bool = False
    keeps_output: bool = False
    idle_s: float | None = None

    def run(self, *, as_json: bool) -> list[dict[str, Any]]:
        """Sweep, write all files, print; returns the choices.

        Raises :class:`Fault` before anything runs if the back end cannot work here, the folder cannot be written or
        holds another sweep. Points that were measured stay in the journal, whatever ends the sweep.
        """
        folder = self.output or FOLDER / (
            plain_name(os.path.basename((self.words or ["replay"])[0])) or "command"
        )
        check_folder(folder, "--output")
        self._refuse_finished(folder)
        if self.words:
            check_program(self.words)
        metering = self._metering()
        plugin: Backend = load("clock_backend", self.block.backend)
        backend = open_for(plugin, self.block, self.name)
        try:
            if backend.label == "simulated":
                say(f"wattshed: {SIMULATED_NOTE}")
            with writing(folder, "--output"):
                folder.mkdir(parents=True, exist_ok=True)
                frame = backend.recorded_sweep()
                if frame is None:
                    frame = self._measure(folder, backend, metering)
                block = self.block
                made = choose(frame, lambda name: limits_for(block, name), block.choice.rule, block.seed)
                choices = [choice.to_json() for choice in made]
                write_parquet(folder / TABLE, frame)
                write_text(folder / CSV, frame.to_csv(index=False))
                write_json(folder / CHOICE, {"choices": choices}, sealed=True)
        finally:
            backend.reset()
        if as_json:
            print(json.dumps({"folder": str(folder), "choices": choices}, indent=2, allow_nan=False))
        else:
            print_sweep(open_console(), frame, choices, folder)
        return choices

    def _refuse_finished(self, folder: Path) -> None:
        kept = read_journal(folder / JOURNAL)
        if self.resumes and kept is None:
            raise Fault(
                f"--resume: {folder} holds no sweep: expected one to go on with; name its folder with --output, or "
                "leave out --resume."
            )
        foreign = [name for name in OURS if (folder / name).exists()]
        if foreign and kept is None and not (folder / TABLE).exists():
            raise Fault(
                f"--output {folder} holds {foreign[0]}, but no journal of a sweep: expected a new or empty folder, or "
                "one that this command wrote; name another one."
            )
        if (folder / TABLE).exists() and not self.resumes:
            raise Fault(
                f"{folder} holds a finished sweep: expected another folder; name one with --output, or give --resume "
                "to go on with it."
            )
        if kept is not None and kept.rows and not self.resumes:
            say(f"wattshed: {len(kept.rows)} points of this sweep are kept; it goes on with the next one.")

    def _metering(self) -> MeteringBlock:
        # Idle power says nothing about an invented GPU.
        idle_s = 0.0 if self.idle_s is None and self.block.backend == "simulated" else self.idle_s
        try:
            return MeteringBlock() if idle_s is None else MeteringBlock(idle_s=idle_s)
        except ValueError as error:
            raise Fault(f"--idle-s {idle_s:g}: {first_message(error)}.") from error

    def _measure(self, folder: Path, backend: ClockBackend, metering: MeteringBlock) -> pd.DataFrame:
        identity = identity_of(backend, self.block, self._work())
        with Journal(folder / JOURNAL, identity) as journal, self._command(folder) as command:
            labels = {
                "command": readable(" ".join(self.words)),
                "work": "command",
                "backend": self.block.backend,
                "label": backend.label,
            }
            try:
                with (
                    metered_job(
                        folder / LEDGER,
                        stage=Stage.CLOCKS,
                        job="sweep",
                        labels=labels,
                        metering=metering,
                        resumes=bool(journal.kept.rows),
                    ) as meter,
                    meter.window(Window.SWEEP, **labels),
                ):
                    progress = Progress(
                        " ".join(f"{self.name} on {backend.gpu}".split()),
                        backend.knob,
                        self.block.max_slowdown_share,
                    )
                    return run_sweep(
                        backend,
                        command,
                        self.block,
                        self.name,
                        journal=journal,
                        budget_s=self.budget_s,
                        progress=progress,
                    )
            except Fault as fault:
                kept = len(journal.kept.rows)
                if not kept:
                    raise
                raise Fault(
                    f"{str(fault).rstrip('.')}; {kept} points are kept in {journal.path}, and the same command line "
                    "goes on with them."
                ) from fault

    @contextmanager
    def _command(self, folder: Path) -> Iterator[SweptCommand]:
        log = os.open(folder / LOG, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            with same_input(SEVERAL) as given:
                yield SweptCommand(self.words, given, log, self.keeps_output)
        finally:
            os.close(log)

    def _work(self) -> dict[str, Any]:
        """What is run: the command line, and where; a program of another content under the same name is the same."""
        digest = hashlib.sha256(json.dumps(list(self.words)).encode()).hexdigest()
        return {"name": self.name, "command": readable(" ".join(self.words)), "words_sha256": digest}


def exit_code_of(choices: Sequence[dict[str, Any]], *, keep: int, undecided: int) -> int:
    """0 if a lower setting is recommended; ``keep`` where it is shown that none saves energy within the limits."""
    if any(choice["status"] == "use" for choice in choices):
        return 0
    shown = all(choice["status"] == "keep" and choice["outcome"] == Worth.NOT_WORTH_IT for choice in choices)
    return keep if shown else undecided
