"""Table: the laws of time by operation, with the error of each form beside its rivals'."""

from collections.abc import Mapping

from wattshed.calibration.fits.laws_of_kinds import Key
from wattshed.law.efficiency.laws import LAWS
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import DeviceProfile, TimeLaw
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.profiled import LAW_NAMES, forms_of, operation_name, profile_of
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import Cell, Column, Table, decimals, powers, significant_text
from wattshed.publish.typesetting.table_part import TablePart

EFFICIENCY = "efficiency"
SIMPLER = ("affine", "roofline")
PARTS_NOTE = (
    "Gates and values of an LSTM or a GRU are timed as one layer, and their laws are fitted together: their error is "
    "that of the layer. Operations in one row share a law."
)
ERROR_NOTE = (
    "Error: mean absolute relative error of the time of sizes that were left out of the fit, group by group. Bold: the "
    "form that the profile uses; a calibration whose seconds end before all forms are fitted takes the simplest. A "
    "dash: the form could not be fitted, or the profile does not keep it."
)
FORM_NOTE = (
    "Affine: a start and a time per FLOP. Roofline: the larger of the time to compute and the time to move the bytes. "
    "Efficiency: the source's law, a share of the peak eta = eta_max (1 - exp(-k c^alpha)) with c in TFLOP of a call. "
    "Additive: a start, a time per dependent step, per FLOP, byte and tensor. Products: the same with a time "
    "per matrix product and per value of its factors. With cache: more per byte beyond a size that is fitted too; "
    "shown only, since it may run away beyond the sizes. Paged: parts of a layer that are fitted together, with full "
    "rows of 16 values and new pages of large arrays."
)


Forms = Mapping[Key, Mapping[str, TimeLaw]]


def energy_law_table(profile: DeviceProfile, found: Forms) -> Table:
    """One row per operation and direction, in the order of the operations. found: all fitted laws by form."""
    keys = sorted(profile.laws, key=lambda key: (list(Kind).index(key[0]), list(Direction).index(key[1])))
    forms = [form for form in LAWS if any(form in found[key] for key in keys)]
    groups = _alike(profile, keys)
    rows = [_row(profile, alike, found[alike[0]], forms) for alike in groups]
    columns = [
        Column("Operation", width_cm=4.6),
        Column("Pass"),
        Column("n", "sizes", numeric=True),
        *(Column(LAW_NAMES.get(form, form).capitalize(), "%", numeric=True) for form in forms),
        Column("eta_max", "%", numeric=True),
        Column("k", "1/TFLOP^alpha", numeric=True),
        Column("alpha", numeric=True),
    ]
    device, made = profile.device, profile.calibration
    energy = f"{significant_text(made.energy_j)} J{energy_mark(made.energy_status)} ({made.energy_status})"
    caption = (
        f"Laws of time of {len(rows)} kinds of operations on {device.name}, {device.threads} "
        f"{'thread' if device.threads == 1 else 'threads'}, n sizes each."
    )
    notes = [
        f"Calibrated {made.made[:10]} in {made.seconds:.0f} s with {energy} of its own.",
        ERROR_NOTE,
        FORM_NOTE,
        PARTS_NOTE,
        _as_good(found, [alike[0] for alike in groups]),
    ]
    return Table("energy_law", caption, columns, rows, notes)


def _alike(profile: DeviceProfile, keys: list[Key]) -> list[list[Key]]:
    """Operations that share a law, in order; each is in one list."""
    groups: list[list[Key]] = []
    for key in keys:
        for group in groups:
            if group[0][1] == key[1] and profile.laws[group[0]] == profile.laws[key]:
                group.append(key)
                break
        else:
            groups.append([key])
    return groups


def _row(
    profile: DeviceProfile, alike: list[Key], found: Mapping[str, TimeLaw], forms: list[str]
) -> list[Cell]:
    chosen = profile.laws[alike[0]]
    law = found.get(EFFICIENCY)
    known = law.coefficients if law is not None else {}
    eta = known.get("eta_max_share")
    return [
        Cell(", ".join(operation_name(kind) for kind, _ in alike)),
        Cell(str(alike[0][1])),
        Cell(str(chosen.points)),
        *(
            decimals(100 * found[form].error_share if form in found else None, 1, best=form == chosen.form)
            for form in forms
        ),
        decimals(None if eta is None else 100 * eta, 1),
        powers(known.get("k_per_tflop_alpha")),
        decimals(known.get("alpha"), 2),
    ]


def _as_good(found: Forms, keys: list[Key]) -> str:
    """For how many operations the source's law errs less than each simpler one, where both were fitted."""
    said = []
    for rival in SIMPLER:
        both = [found[key] for key in keys if {EFFICIENCY, rival} <= set(found[key])]
        better = sum(forms[EFFICIENCY].error_share < forms[rival].error_share for forms in both)
        as_good = " (the simpler one is as good)" if both and 2 * better <= len(both) else ""
        said.append(f"than the {rival} one for {better} of {len(both)} operations{as_good}")
    return f"The source's efficiency law errs less {', and '.join(said)}."


def _make(inputs: Inputs) -> Table:
    return energy_law_table(profile_of(inputs), forms_of(inputs))


TABLE = TablePart(
    message="Make the table of the laws of time",
    caption="Laws of time by operation: error on sizes that were left out, form by form.",
    inputs=("law_profile",),
    make=_make,
)
