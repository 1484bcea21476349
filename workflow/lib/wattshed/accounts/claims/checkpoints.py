"""Claims about adapted and compressed checkpoints: each against its base model of the same seed."""

from collections.abc import Callable, Sequence

from wattshed.accounts.claims.claim import Finding, change_percent, percent_interval, upper_end
from wattshed.accounts.claims.results import Results
from wattshed.compression.rises import rise_of
from wattshed.foundation.vocabulary import LINEAGE_JOINT
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval, mean_interval

NONE_COMPARED = "this study compares no compressed checkpoint"
NO_CHAIN = "this study compares no chain of compressing and adapting"
COMPRESSION, CHAINS, ADAPTATION = "table compression", "table chains", "table adaptation"
# These depend on the back end.
OF_MACHINE = ("latency_s_per_window", "energy_j_per_1000_forecasts")
# Chance has no part in these.
EXACT = ("bytes", "parameters")
METHOD, STRATEGY = "method", "strategy"


def changes(results: Results, column: str, *methods: str) -> Sequence[Finding] | str:
    """Change of a column of ``compared`` from the base model's, in per cent: single variants, then whole chains.

    methods: of single variants alone; none of them for all variants and chains.
    """
    lineages = variants_of(results, *methods) if methods else [*variants_of(results), *chains_of(results)]
    found = [one for lineage in lineages for one in _relative(results, lineage, column, change_percent)]
    return found or (_not_made(methods) if methods else NONE_COMPARED)


def chain_changes(results: Results, column: str) -> Sequence[Finding] | str:
    """The same of whole chains alone, in which a checkpoint is compressed and adapted."""
    found = [
        one for lineage in chains_of(results) for one in _relative(results, lineage, column, change_percent)
    ]
    return found or NO_CHAIN


def speed_ups(results: Results, *methods: str) -> Sequence[Finding] | str:
    """How many times faster the variants of some methods are than their base model."""
    found = [
        finding
        for lineage in variants_of(results, *methods)
        for finding in _relative(results, lineage, "latency_s_per_window", lambda ratio: 1 / ratio)
    ]
    return found or _not_made(methods)


def rises(results: Results, *methods: str) -> Sequence[Finding] | str:
    """Per cent by which the error is above the base model's; of RMSE and MAE the one that may have risen more.

    methods: of single variants, without their controls; none of them for whole chains.
    """
    lineages = variants_of(results, *methods) if methods else chains_of(results)
    found = []
    for lineage in lineages:
        changes = {error: _rise(results, lineage, error) for error in ("rmse", "mae")}
        both = [
            Finding(f"{lineage}, {error.upper()}", one, _where(lineage))
            for error, one in changes.items()
            if one is not None
        ]
        found += [max(both, key=upper_end)] if both else []
    return found or (_not_made(methods) if methods else NO_CHAIN)


def forgetting(results: Results) -> Sequence[Finding] | str:
    """Per cent of error that each strategy's updates add on earlier months, over seeds."""
    frame = results.frame("adaptation")
    if frame.empty:
        return "this study adapts no model"
    updated = frame[frame["updates"] > 0]
    return [
        Finding(str(lineage), mean_interval(100 * rows["forgetting_share"]), ADAPTATION)
        for lineage, rows in updated.groupby("lineage", sort=False)
    ] or "no strategy of this study updates a model"


def forgetting_saved(results: Results, strategy: str, control: str) -> Sequence[Finding] | str:
    """Percentage points of forgetting that each strategy of a kind saves against another kind, paired over seeds.

    The control is the first strategy of its kind, in the order of the summary.
    """
    frame = results.frame("adaptation")
    lacking = f"this study does not compare {strategy} with {control}"
    if frame.empty:
        return lacking
    kinds = (results.config.get("adaptation") or {}).get("strategies") or {}
    kind = {name: str(block["kind"]) for name, block in kinds.items()}
    found = []
    for parent, rows in frame.groupby("parent", sort=False):
        of = {
            str(name): own.set_index("seed")["forgetting_share"]
            for name, own in rows.groupby("strategy", sort=False)
        }
        controls = [name for name in of if kind.get(name) == control]
        for name in (name for name in of if controls and kind.get(name) == strategy):
            saved = (100 * (of[controls[0]] - of[name])).dropna()
            if len(saved):
                what = f"{parent}, {name} against {controls[0]}"
                found.append(Finding(what, mean_interval(saved), ADAPTATION))
    return found or lacking


def variants_of(results: Results, *methods: str) -> list[str]:
    """Lineages of one compression step after the base model: of some methods or of all, without their controls."""
    compared = results.frame("compared")
    if compared.empty:
        return []
    rows = compared[(compared["kind"] == METHOD) & (compared["parent"] == compared["model"])]
    rows = rows.drop_duplicates("lineage")
    return [
        str(lineage)
        for lineage, step in zip(rows["lineage"], rows["step"], strict=True)
        if not results.is_control(str(step)) and (not methods or results.method_of(str(step)) in methods)
    ]


def chains_of(results: Results) -> list[str]:
    """Lineages that were both compressed and adapted."""
    compared = results.frame("compared")
    if compared.empty:
        return []
    kinds = compared.drop_duplicates("lineage").set_index("lineage")["kind"].to_dict()
    found = []
    for lineage in kinds:
        names = str(lineage).split(LINEAGE_JOINT)
        steps = {kinds.get(LINEAGE_JOINT.join(names[: place + 1])) for place in range(1, len(names))}
        if {METHOD, STRATEGY} <= steps:
            found.append(str(lineage))
    return found


def _relative(results: Results, lineage: str, column: str, make: Callable[[float], float]) -> list[Finding]:
    """``make`` of the ratio to the base model, seed by seed, with the interval of its logarithm; none if unknown."""
    compared = results.frame("compared")
    own = compared[compared["lineage"] == lineage].set_index("seed")
    base = compared[compared["lineage"] == own["model"].iloc[0]].set_index("seed")
    ratio = geometric_interval((own[column] / base[column]).reindex(own.index).astype("float64"))
    if ratio.mean is None or own[column].isna().any():
        return []
    ends = [None if value is None else make(value) for value in (ratio.mean, ratio.low, ratio.high)]
    known = sorted(value for value in ends[1:] if value is not None)
    low, high = known if len(known) == 2 else (None, None)
    engines = (str(own["engine"].iloc[0]), str(base["engine"].iloc[0]))
    of = lineage
    if column in OF_MACHINE and engines[0] != engines[1]:
        of += f" ({engines[0]} against {engines[1]})"
    measured = Interval(ends[0], low, high, ratio.n)
    return [Finding(of, measured, _where(lineage), exact=column in EXACT)]


def _rise(results: Results, lineage: str, error: str) -> Interval | None:
    """Per cent by which an error is above the base model's, over seeds and blocks of days; None if unknown.

    Without bounds for one seed, which does not show how much seeds differ.
    """
    compared, days = results.frame("compared"), results.frame("compared_days")
    base = str(compared.loc[compared["lineage"] == lineage, "model"].iloc[0])
    rise = None if days.empty else rise_of(days, error, lineage, base)
    return None if rise is None else percent_interval(rise)


def _not_made(methods: Sequence[str]) -> str:
    return f"no variant of this study is made by {' or '.join(methods)}, or it cannot run on this machine"


def _where(lineage: str) -> str:
    return CHAINS if lineage.count(LINEAGE_JOINT) > 1 else COMPRESSION
