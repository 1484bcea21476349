"""The regression guard: has a model's energy per epoch or forecast, or its size, risen above its baseline?"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from wattshed.accounts.guard.baseline import read_baseline, write_baseline
from wattshed.accounts.guard.from_frames import record_of
from wattshed.accounts.guard.pairing import Pairing, Which, pairings_of
from wattshed.accounts.guard.records import GuardRecord
from wattshed.accounts.runs.runs import runs_frame, windows_frame
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.statistics.levels import ALPHA, RUN_SPREAD_PERCENT
from wattshed.statistics.paired import LEAST_PAIRS, LEAST_RUNS, Change, holm

REGRESSED = 1
TOO_FEW = 3
SAID = {"regressed": "has risen", "held": "has not risen with confidence", "too few": "may have risen"}


@dataclass(frozen=True)
class Verdict:
    """One quantity of one model against its baseline; numbers are None if they do not exist.

    low, high: 95 % interval of the change [%]. p_value: one-sided, before the family is accounted for.
    n: pairs, 1 for a count of parameters. outcome: ``held``, ``regressed`` or ``too few``: too few pairs, or a
    rise of the epochs that whole runs may have by themselves, with too few runs to tell.
    """

    model: str
    quantity: str
    change_percent: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    outcome: Literal["held", "regressed", "too few"]
    sentence: str

    @property
    def regressed(self) -> bool:
        return self.outcome == "regressed"


@dataclass(frozen=True)
class Report:
    """All verdicts and what could not be compared; after an update, notes only."""

    verdicts: list[Verdict]
    notes: list[str]
    alpha: float = ALPHA

    @property
    def regressed(self) -> bool:
        return any(verdict.regressed for verdict in self.verdicts)

    @property
    def too_few(self) -> bool:
        """Whether something may have risen and too few runs can tell, or none of a model's energies could be judged."""
        judged = {v.model for v in self.verdicts if v.p_value is not None}
        undecided = [v for v in self.verdicts if v.outcome == "too few"]
        return any(v.p_value is not None or v.model not in judged for v in undecided)

    @property
    def exit_code(self) -> int:
        """0 nothing has risen, 1 something has, 3 too few pairs or runs to say."""
        return REGRESSED if self.regressed else TOO_FEW if self.too_few else 0

    def to_json(self) -> dict[str, Any]:
        return {
            "regressed": self.regressed,
            "too_few": self.too_few,
            "exit_code": self.exit_code,
            "alpha": self.alpha,
            "verdicts": [{**asdict(v), "regressed": v.regressed} for v in self.verdicts],
            "notes": self.notes,
        }

    def lines(self) -> list[str]:
        """One sentence per finding, regressions first."""
        ordered = sorted(self.verdicts, key=lambda verdict: not verdict.regressed)
        return [*(verdict.sentence for verdict in ordered), *self.notes]


def guard(
    source: Path | str | tuple[pd.DataFrame, pd.DataFrame],
    baseline: Path | str,
    *,
    update: bool = False,
    energy: Which = "own",
    alpha: float = ALPHA,
    tolerance_percent: float = 0.0,
    run_spread_percent: float = RUN_SPREAD_PERCENT,
    allow_other_machine: bool = False,
) -> Report:
    """Compare ledgers with a baseline file, or with ``update`` write that file from them.

    source: a folder of ledgers, or a runs and a windows frame. Raises :class:`Fault` as :func:`compare` and
    the readers do.
    """
    runs, windows = _frames(source) if isinstance(source, Path | str) else source
    current = record_of(runs, windows)
    if update:
        write_baseline(baseline, current)
        pairs = sum(len(record.epochs) for record in current.models.values())
        disturbed = sum(
            energy.alone is False for record in current.models.values() for energy in record.epochs
        )
        beside = f" {disturbed} of them were not alone and will not be compared." if disturbed else ""
        if disturbed and disturbed == pairs:
            beside = " None was alone: this baseline can judge no epoch; write it again on a quiet machine."
        wrote = f"wrote {baseline}: {len(current.models)} models, {pairs} epochs.{beside}"
        return Report([], [wrote, *current.notes], alpha)
    stored = read_baseline(baseline)
    verdicts = compare(
        stored,
        current,
        alpha=alpha,
        energy=energy,
        tolerance_percent=tolerance_percent,
        run_spread_percent=run_spread_percent,
        allow_other_machine=allow_other_machine,
    )
    return Report(verdicts, [*_unmatched(stored, current), *current.notes], alpha)


def compare(
    baseline: GuardRecord,
    current: GuardRecord,
    *,
    alpha: float = ALPHA,
    energy: Which = "own",
    tolerance_percent: float = 0.0,
    run_spread_percent: float = RUN_SPREAD_PERCENT,
    allow_other_machine: bool = False,
) -> list[Verdict]:
    """Verdicts on every model in both records: energies by a paired test, parameters by counting.

    An energy has risen if the test rejects that it rose by at most ``tolerance_percent``. Pairs are of one seed and
    epoch. With fewer than three seeds the test takes whole runs to differ by ``run_spread_percent`` (standard
    deviation). All energies of all models are one family (Holm). Raises :class:`Fault` for another machine or other
    sensors unless allowed, for unknown energies if they are compared, and if no model is in both.
    """
    if not 0 <= tolerance_percent < 1000:
        raise Fault(f"the tolerance is {tolerance_percent} %: expected a share from 0 to 1,000 %, such as 5.")
    if not 0 <= run_spread_percent < 1000:
        raise Fault(
            f"the run spread is {run_spread_percent} %: expected a share from 0 to 1,000 %, such as 5."
        )
    if not 0 < alpha < 1:
        raise Fault(f"alpha is {alpha}: expected a share of false alarms between 0 and 1, such as {ALPHA}.")
    shared = [name for name in baseline.models if name in current.models]
    if not shared:
        raise Fault(
            f"the baseline knows {', '.join(baseline.models) or 'no model'} and the ledgers "
            f"{', '.join(current.models)}: expected a model in both; write a new baseline with --update."
        )
    if not allow_other_machine:
        _check_comparable(baseline, current, shared)
    pairings = [
        pairing
        for name in shared
        for pairing in pairings_of(name, baseline.models[name], current.models[name], energy)
    ]
    changes = [pairing.change(tolerance_percent, run_spread_percent) for pairing in pairings]
    risen = _rejected(changes, alpha)
    # What epochs alone would call a rise is undecided where there are too few runs to tell.
    unclear = _rejected([pairing.within_runs(tolerance_percent) for pairing in pairings], alpha) - risen
    verdicts = [
        _energy_verdict(
            pairing, change, index in risen, index in unclear, tolerance_percent, run_spread_percent
        )
        for index, (pairing, change) in enumerate(zip(pairings, changes, strict=True))
    ]
    return verdicts + _parameter_verdicts(shared, baseline, current)


def _rejected(changes: list[Change | None], alpha: float) -> set[int]:
    """Places of the changes that are rises, all together as one family."""
    tested = [(index, change.p_value) for index, change in enumerate(changes) if change is not None]
    rejected = holm([p_value for _, p_value in tested], alpha)
    return {index for (index, _), is_rise in zip(tested, rejected, strict=True) if is_rise}


def _energy_verdict(
    pairing: Pairing,
    change: Change | None,
    risen: bool,
    unclear: bool,
    tolerance_percent: float,
    run_spread_percent: float,
) -> Verdict:
    n = len(pairing.now)
    where = f"{pairing.model}: {pairing.quantity}"
    left = pairing.left_out()
    if change is None:
        found = f"{n} usable pair{'' if n == 1 else 's'}"
        sentence = f"{where} cannot be judged: {found}, expected at least {LEAST_PAIRS}, or {LEAST_RUNS} seeds{left}."
        return Verdict(pairing.model, pairing.quantity, None, None, None, None, n, "too few", sentence)
    percent, low, high = (100 * float(np.expm1(x)) for x in (change.log_ratio, change.low, change.high))
    outcome: Literal["held", "regressed", "too few"] = (
        "regressed" if risen else "too few" if unclear else "held"
    )
    above = f" by more than {tolerance_percent:g} %" if tolerance_percent else ""
    runs = f"{pairing.runs} run{'s' if pairing.runs > 1 else ''} a side"
    sentence = (
        f"{where} {SAID[outcome]}{above}: {percent:+.1f} % (95 % interval {low:+.1f} to {high:+.1f}, p = "
        f"{change.p_value:.2g}, n = {n} pairs of {runs}){left}"
    )
    if pairing.runs < LEAST_RUNS:
        cure = f"; measure {LEAST_RUNS} or more seeds" if unclear else ""
        sentence += f"; {runs} cannot show how whole runs differ, taken as {run_spread_percent:g} %{cure}"
    return Verdict(
        pairing.model, pairing.quantity, percent, low, high, change.p_value, n, outcome, sentence + "."
    )


def _parameter_verdicts(shared: list[str], baseline: GuardRecord, current: GuardRecord) -> list[Verdict]:
    verdicts = []
    for name in shared:
        before, now = baseline.models[name].parameters, current.models[name].parameters
        if before is None or now is None:
            continue
        risen = now > before
        percent = 100 * (now / before - 1) if before else None
        what = "has risen" if risen else "has fallen" if now < before else "is the same"
        sentence = f"{name}: parameter count {what}: {now:,} after {before:,}."
        outcome: Literal["held", "regressed"] = "regressed" if risen else "held"
        verdicts.append(Verdict(name, "parameters", percent, None, None, None, 1, outcome, sentence))
    return verdicts


def _check_comparable(baseline: GuardRecord, current: GuardRecord, shared: list[str]) -> None:
    differences = _differences(baseline.machine, current.machine, "")
    for name in shared:
        before, now = baseline.models[name], current.models[name]
        if before.scope != now.scope:
            differences.append(f"{name}'s energy is the {now.scope} one and was the {before.scope} one")
        differences += _differences(before.status, now.status, f"{name}'s ", " energy")
        # A missing component's reason may differ; a known component's source may not.
        known = {
            part for part, status in before.status.items() if status not in (Status.MISSING, "not recorded")
        }
        differences += _differences(
            {part: before.source.get(part) for part in known},
            {part: now.source.get(part) for part in known},
            f"{name}'s ",
            " source",
        )
    if differences:
        raise Fault(
            f"the ledgers and the baseline are not comparable ({'; '.join(dict.fromkeys(differences))}): expected the "
            "same machine and sensors; write a new baseline with --update, or allow another machine."
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], whose: str, what: str = "") -> list[str]:
    names: Iterable[str] = sorted({*before, *now})
    return [
        f"{whose}{name}{what} is {now.get(name)!r} and was {before.get(name)!r}"
        for name in names
        if before.get(name) != now.get(name)
    ]


def _unmatched(baseline: GuardRecord, current: GuardRecord) -> list[str]:
    gone = [f"{name} is in the baseline only." for name in baseline.models if name not in current.models]
    new = [
        f"{name} is not in the baseline: nothing to compare it with."
        for name in current.models
        if name not in baseline.models
    ]
    unknown = [
        f"{name}: parameter counts are not known on both sides."
        for name in baseline.models
        if name in current.models
        and (baseline.models[name].parameters is None) != (current.models[name].parameters is None)
    ]
    return gone + new + unknown


def _frames(folder: Path | str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Finished ledgers below a folder, without attempts that were not continued."""
    place = Path(folder)
    if not place.is_dir():
        raise Fault(f"{place} is not a folder: expected one with ledgers; name results/STUDY/ledger.")
    paths = [path for path in sorted(place.rglob("*.jsonl")) if ".abandoned-" not in path.name]
    if not paths:
        raise Fault(f"{place} holds no finished ledger (*.jsonl): run the jobs first or name another folder.")
    return runs_frame(paths), windows_frame(paths)
