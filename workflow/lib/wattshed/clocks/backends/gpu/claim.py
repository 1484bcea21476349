"""One sweep per GPU: a living sweep is respected, a dead one's lock is undone, a stranger's setting is reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.backends.gpu.giving_back import command_to_give_back, give_back
from wattshed.clocks.backends.gpu.left_settings import left_settings
from wattshed.clocks.backends.gpu.note import (
    LockNote,
    create_note,
    note_path,
    read_note,
    replace_note,
)
from wattshed.clocks.runs import Knob
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.recovery.machine_claim import Holder, MachineClaim, take


@dataclass
class Claim:
    """The note of this process's sweep. found: sentences on what was found on the GPU before."""

    path: Path
    note: LockNote
    found: list[str]
    machine: MachineClaim

    def turns(self, knob: Knob) -> None:
        """Note which knob will be turned; until then a sweep that ends leaves nothing to undo."""
        self.note = replace(self.note, knob=knob.name)
        replace_note(self.path, self.note)

    def check(self) -> None:
        """Raises :class:`Fault` if another sweep has taken the GPU, or the note was removed."""
        kept = read_note(self.path)
        if kept is None:
            replace_note(self.path, self.note)
        elif not kept.same_sweep(self.note):
            raise _taken(kept, self.path)

    def failed(self, why: str) -> None:
        """Note that the knob could not be given back; the next sweep tries again."""
        replace_note(self.path, replace(self.note, failed=why))

    def release(self) -> None:
        """Remove the note, unless it is another sweep's."""
        try:
            kept = read_note(self.path)
            if kept is not None and kept.same_sweep(self.note):
                self.path.unlink(missing_ok=True)
        finally:
            self.leave()

    def leave(self) -> None:
        """Let other sweeps have the GPU. The note stays, if it was not removed."""
        self.machine.release()


def claim_gpu(driver: GpuDriver, folder: Path, scope: str = "") -> Claim:
    """Write this process's note of the GPU into ``folder``; undo the lock of a sweep that was killed.

    Raises :class:`Fault` if another sweep uses the GPU, of whatever user, or if a dead one's lock cannot be undone.
    scope: of names, see :mod:`machine_claim`.
    """
    machine = take(driver.uuid, scope)
    if isinstance(machine, Holder):
        raise _held(driver, machine)
    try:
        return _noted(driver, folder, machine)
    except BaseException:
        machine.release()
        raise


def _noted(driver: GpuDriver, folder: Path, machine: MachineClaim) -> Claim:
    path, found = note_path(folder, driver.uuid), []
    before = read_note(path)
    if before is not None:
        if not before.has_ended():
            raise _taken(before, path)
        found += _freed(driver, before)
        path.unlink(missing_ok=True)
    with driver.told("asking for its settings"):
        found += [
            f"{driver.gpu}: {left.found}; it was not wattshed's, and the sweep goes on: undo it with `{left.remedy}`, "
            "unless it is meant."
            for left in left_settings(driver)
        ]
        limit_mw = driver.if_known(driver.nvml.nvmlDeviceGetPowerManagementLimit)
    note = LockNote.of_this_process(driver.gpu, driver.uuid, limit_mw)
    try:
        create_note(path, note)
    except FileExistsError as error:
        raise _taken(read_note(path) or note, path) from error
    return Claim(path, note, found, machine)


def _freed(driver: GpuDriver, dead: LockNote) -> list[str]:
    if dead.knob is None or not dead.from_this_boot():
        return []  # nothing was turned, or the machine has forgotten it
    try:
        give_back(driver.nvml, driver.handle, dead)
    except driver.nvml.NVMLError as error:
        raise Fault(
            f"{driver.gpu} was left locked by {dead.words()}, which has ended, and cannot be given back "
            f"({one_line(error)}): run `{command_to_give_back(dead)}`, or sweep with the right to lock clocks."
        ) from error
    what = dead.knob.replace("_", " ")
    return [
        f"{driver.gpu}: its {what} was left locked by {dead.words()}, which has ended; it was given back."
    ]


def _taken(other: LockNote, path: Path) -> Fault:
    return Fault(
        f"{other.gpu} ({other.gpu_uuid}) is swept by {other.words()}: expected one sweep per GPU; wait for its end, or "
        f"remove {path} if that process has ended."
    )


def _held(driver: GpuDriver, holder: Holder) -> Fault:
    gpu = f"{driver.gpu} ({driver.uuid})"
    if holder.has_ended():
        return Fault(
            f"{gpu} is still given back by the watchdog of {holder.words()}, which has ended: expected that within "
            "seconds; try again later, and if it stays so, end that watchdog (`pgrep -af watchdog_process`)."
        )
    return Fault(f"{gpu} is swept by {holder.words()}: expected one sweep per GPU; wait for its end.")
