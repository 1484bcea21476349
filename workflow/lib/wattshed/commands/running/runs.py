"""The runs of one measured command: warm-ups and repeats, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wattshed.commands.running.command import Unfit, find_program, start_process
from wattshed.commands.running.signals import SignalWatch, Stopped, defaults_of_the_command
from wattshed.commands.running.standard_input import Input
from wattshed.energy.meter import Meter
from wattshed.energy.window import Window
from wattshed.foundation import vocabulary
from wattshed.foundation.faults import say


@dataclass
class Runs:
    """windows: of the measured runs. exit_code: of the last run, also of a warm-up; None before one has ended."""

    words: Sequence[str]
    watch: SignalWatch
    shows_progress: bool = False
    windows: list[Window] = field(default_factory=list)
    exit_code: int | None = None

    def __post_init__(self) -> None:
        self._defaults = defaults_of_the_command()

    def do_all(self, meter: Meter, given: Input, *, warm_up: int, repeats: int) -> None:
        """Run the command; a failed run is the last one, and is measured too.

        Raises :class:`Stopped` or :class:`~wattshed.commands.running.command.Unfit` if no run began.
        """
        try:
            for _ in range(warm_up):
                self._once(given)
                if self.exit_code:
                    return
            for trial in range(1, repeats + 1):
                if self.shows_progress and repeats > 1:
                    say(f"wattshed: run {trial} of {repeats}")
                with meter.window(vocabulary.Window.COMMAND, trial=trial) as window:
                    self._once(given)
                    window.values["exit_code"] = self.exit_code
                self.windows.append(window)
                if self.exit_code:
                    return
        except (Stopped, Unfit) as end:
            if self.exit_code is None:
                raise
            if isinstance(end, Unfit):
                say(f"error: {end}")
            self.exit_code = end.exit_code
        finally:
            if self.exit_code is not None:
                self.watch.ended(self.exit_code)

    def _once(self, given: Input) -> None:
        given.rewind()
        # Found again for each run: the one before may have made or moved it.
        program = find_program(self.words)
        self.exit_code = self.watch.run(
            lambda: start_process(
                program,
                self.words,
                stdin=given.handle,
                mask=self.watch.mask,
                defaults=self._defaults,
                ignores_children=self.watch.ignores_children,
            )
        )
