"""Write docs/decisions_benchmarks.md: do the intervals cover, and does the decision rule keep its promise?

Simulations run the functions that the accounts use: ``geometric_interval``'s formula, ``ratio_spread`` with Holm's
correction, ``worth_of``. How errors of homes vary from day to day is taken from a study's ``accuracy/days.parquet``,
if there is one (``--days``).
"""

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose_cell
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine
from wattshed.foundation.vocabulary import Comparison, Worth
from wattshed.statistics.decisions import BLOCK_DAYS, Spread, day_blocks, error_spread, outcomes, ratio_spread
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import mean_interval
from wattshed.statistics.worth import Candidate, worth_of

CVS = (0.25, 0.5, 0.8)
SIZES = (3, 5, 10)
SAMPLES = 40_000
STUDIES = 2_000
MODELS, CLOSED_FORMS, SEEDS, DAYS = 12, 5, 3, 36
# Of the homes, where no study is given: standard deviation of a day's difficulty and of a model's own share of it
# (logarithms of squared errors), its correlation from day to day, and the spread of RMSE over seeds.
HARD, OWN, LAG, SEED = 0.25, 0.06, 0.15, 0.003
# Instead of a correlation: the days of a study as they were.
REAL = -1.0
STRETCH = 9
ALARMS_HEAD = (
    "| correlation from day to day | models | any told apart on the test part | the same, no correction | any worse "
    "on validation | one pair | single interval holds |",
    "|---|---|---|---|---|---|---|",
)
LEADS = (0.01, 0.02, 0.05)
SWEEPS = 400


def coverage(random: np.random.Generator) -> list[str]:
    """How often intervals hold the true centre of log-normal data, and how often they reach below 0."""
    lines = [
        "| CV | n | logarithms: holds the median | Student's t: holds the mean | Student's t: below 0 |",
        "|---|---|---|---|---|",
    ]
    for cv in CVS:
        sigma = np.sqrt(np.log1p(cv**2))
        for n in SIZES:
            logs = sigma * random.standard_normal((SAMPLES, n))
            held = _t_holds(logs, 0.0)[0]
            plain, below = _t_holds(np.exp(logs), np.exp(sigma**2 / 2))
            _same_as_the_library(np.exp(logs[:50]), held[:50], plain[:50], np.exp(sigma**2 / 2))
            lines.append(f"| {cv} | {n} | {held.mean():.1%} | {plain.mean():.1%} | {below.mean():.1%} |")
    return lines


def _t_holds(values: np.ndarray, truth: float) -> tuple[np.ndarray, np.ndarray]:
    n = values.shape[1]
    mean, half = values.mean(axis=1), stdtrit(n - 1, 0.975) * values.std(axis=1, ddof=1) / np.sqrt(n)
    return (mean - half <= truth) & (truth <= mean + half), mean - half < 0


def _same_as_the_library(values: np.ndarray, held: np.ndarray, plain: np.ndarray, mean: float) -> None:
    """The formulas above are the library's."""
    logs, raw = [geometric_interval(row) for row in values], [mean_interval(row) for row in values]
    assert [one.low <= 1 <= one.high for one in logs] == held.tolist()
    assert [one.low <= mean <= one.high for one in raw] == plain.tolist()


class Panel:
    """Makes studies whose models all err alike, but for chance."""

    def __init__(self, random: np.random.Generator, own: float, lag: float, seed: float, hard: float) -> None:
        self.random, self.own, self.lag, self.seed, self.hard = random, own, lag, seed, hard
        self.series = np.zeros((1, DAYS))
        self.blocks = day_blocks(np.arange(DAYS))
        self.cells = np.full(DAYS, 2448.0)

    def studies(self, count: int, models: int, closed_forms: int, networks: int = SEEDS) -> list[np.ndarray]:
        """Squared errors by day of each model [count, S, D]: S is 1 for closed forms, ``networks`` for others."""
        hard = self.hard * self._days((count, 1))
        made = []
        for model in range(models):
            seeds = 1 if model < closed_forms else networks
            # A model's days are common to its seeds; each seed adds its own.
            own = self._real_days(count) if self.lag == REAL else self._days((count, 1))
            days = self.own * (own + 0.3 * self._days((count, seeds)))
            level = 2 * self.seed * self.random.standard_normal((count, seeds, 1)) * (seeds > 1)
            made.append(np.exp(hard + days + level))
        return made

    def _days(self, shape: tuple[int, ...]) -> np.ndarray:
        """Standard normal days with the correlation ``lag`` between neighbours and none beyond (MA(1))."""
        noise = self.random.standard_normal((*shape, DAYS + 1))
        lag = max(self.lag, 0.0)
        weight = (1 - np.sqrt(1 - 4 * lag**2)) / (2 * lag) if lag else 0.0
        return (noise[..., 1:] + weight * noise[..., :-1]) / np.sqrt(1 + weight**2)

    def _real_days(self, count: int) -> np.ndarray:
        """Days of a study's pairs of models [count, 1, DAYS]: stretches of nine days each, with a random sign.

        The whole series would not do: it sums to 0, so that its mean never errs.
        """
        pairs = self.series[self.random.integers(len(self.series), size=count)]
        start = self.random.integers(pairs.shape[1], size=(count, -(-DAYS // STRETCH)))
        places = ((start[:, :, None] + np.arange(STRETCH)) % pairs.shape[1]).reshape(count, -1)[:, :DAYS]
        sign = self.random.choice([-1.0, 1.0], size=(count, 1))
        return (sign * np.take_along_axis(pairs, places, axis=1))[:, None, :]


def false_alarms(panel: Panel, closed_forms: int, lags: tuple[float, ...]) -> list[str]:
    """Share of studies of equal models in which any is told apart, and of false pairs without a correction."""
    lines = []
    for lag in lags:
        panel.lag = lag
        made = panel.studies(STUDIES, MODELS, closed_forms)
        validation = panel.studies(STUDIES, MODELS, closed_forms)
        rmse = np.stack([one.sum(-1).mean(-1) for one in validation], axis=1)
        best = rmse.argmin(axis=1)
        told, curse = np.zeros(STUDIES, bool), np.zeros(STUDIES, bool)
        raw = np.zeros((STUDIES, MODELS), bool)
        for chosen in np.unique(best):
            here = np.flatnonzero(best == chosen)
            spreads = [
                ratio_spread(made[other][here], made[chosen][here], panel.blocks)
                for other in range(MODELS)
                if other != chosen
            ]
            picked = np.stack(
                [
                    ratio_spread(validation[other][here], validation[chosen][here], panel.blocks).p_values()
                    for other in range(MODELS)
                    if other != chosen
                ],
                axis=1,
            )
            curse[here] = picked.min(axis=1) <= 0.05 / (MODELS * (MODELS - 1) / 2)
            p = np.stack([one.p_values() for one in spreads], axis=1)
            logs = np.stack([one.log for one in spreads], axis=1)
            for place, study in enumerate(here):
                found = outcomes(logs[place].tolist(), p[place].tolist())
                told[study] = any(one != Comparison.NOT_TOLD_APART for one in found)
            raw[here[:, None], np.delete(np.arange(MODELS), chosen)[None, :]] = p < 0.05
        pairs = raw.sum() / (STUDIES * (MODELS - 1))
        single = error_spread(made[-1], panel.cells, panel.blocks)
        truth = np.log(np.exp((panel.hard**2 + 1.09 * panel.own**2) / 2) / panel.cells[0]) / 2
        low, high = single.bounds()
        held = ((low <= truth) & (truth <= high)).mean()
        lines.append(
            f"| {'days of the homes' if lag == REAL else f'{lag:.2f}'} | {MODELS - closed_forms} with {SEEDS} seeds, "
            f"{closed_forms} closed forms | {told.mean():.1%} | {raw.any(axis=1).mean():.1%} | {curse.mean():.1%} | "
            f"{pairs:.1%} | {held:.1%} |"
        )
    return lines


def power(panel: Panel, lag: float) -> list[str]:
    """How often a model that is truly better by a share is told apart, alone and among twelve."""
    lines = ["| truly lower RMSE | one comparison | one of eleven |", "|---|---|---|"]
    panel.lag = lag
    for lead in LEADS:
        other, better = panel.studies(STUDIES, 2, 0)
        found = ratio_spread(better * (1 - lead) ** 2, other, panel.blocks)
        p = found.p_values()
        right = found.log < 0
        alone, among = (np.mean((p < level) & right) for level in (0.05, 0.05 / (MODELS - 1)))
        lines.append(f"| {lead:.0%} | {alone:.0%} | {among:.0%} |")
    return lines


def compression_power(panel: Panel, lag: float, random: np.random.Generator) -> list[str]:
    """How often a true saving of 10 % at no loss is found; noise as seeds of one network differ on one machine."""
    lines = [
        "| noise of an energy | seeds | true saving | true rise of error | worth it, alone | worth it, one of four | "
        "every seed saves 5 % (the old rule) | undecided, alone |",
        "|---|---|---|---|---|---|---|---|",
    ]
    trials, panel.lag = 2_000, lag
    for noise in (0.03, 0.06):
        for seeds in (3, 10):
            for saving, rise in ((0.10, 0.0), (0.0, 0.0), (0.10, 0.05)):
                alone, among, old, undecided = 0, 0, 0, 0
                parent, *variants = panel.studies(trials, 5, 0, seeds)
                rises = [ratio_spread(one * (1 + rise) ** 2, parent, panel.blocks) for one in variants]
                logs = [np.log(one.sum(-1) / parent.sum(-1)) / 2 + np.log1p(rise) for one in variants]
                for trial in range(trials):
                    ratios = (1 - saving) * np.exp(np.sqrt(2) * noise * random.standard_normal((4, seeds)))
                    four = [
                        Candidate(cost.tolist(), {"rmse": _of_study(spread, trial)})
                        for cost, spread in zip(ratios, rises, strict=True)
                    ]
                    one = worth_of(four[:1], 0.05)[0]
                    alone += one == Worth.WORTH_IT
                    undecided += one == Worth.UNDECIDED
                    among += worth_of(four, 0.05)[0] == Worth.WORTH_IT
                    old += bool((ratios[0] <= 0.95).all() and (logs[0][trial] <= np.log(1.05)).all())
                shares = (f"{count / trials:.0%}" for count in (alone, among, old, undecided))
                lines.append(f"| {noise:.0%} | {seeds} | {saving:.0%} | {rise:.0%} | {' | '.join(shares)} |")
    return lines


def clock_alarms(random: np.random.Generator) -> list[str]:
    """How often a lower clock is called worth it where no clock saves anything, and where one truly saves."""
    lines = [
        "| clocks | repeats | no clock saves: worth it | a clock saves 5 %: worth it |",
        "|---|---|---|---|",
    ]
    for clocks, repeats in ((6, 3), (6, 5), (12, 3), (12, 5), (12, 10)):
        shares = []
        # Energy and time at 0.6 to 1 of the maximum clock; 0.8 of it is within the limit of 5 % slowdown.
        for saved, slowed in ((0.0, 0.03), (0.25, 0.12)):
            worth = sum(
                choose_cell(_sweep(random, clocks, repeats, saved, slowed), Limits(0.05), seed=trial).outcome
                == Worth.WORTH_IT
                for trial in range(SWEEPS)
            )
            shares.append(f"{worth / SWEEPS:.1%}")
        lines.append(f"| {clocks} | {repeats} | {' | '.join(shares)} |")
    return lines


def _sweep(
    random: np.random.Generator, clocks: int, repeats: int, saved: float, slowed: float
) -> pd.DataFrame:
    """An interleaved sweep with 1 % noise in time and in energy."""
    shares = np.linspace(0.6, 1, clocks)
    order = np.concatenate([random.permutation(shares) for _ in range(repeats)])
    noise = np.exp(0.01 * random.standard_normal((2, len(order))))
    time_s = (1 + slowed * (1 / order - 1)) * noise[0]
    energy_j = (1 - saved * (1 - order)) * noise[1]
    mhz = (1980 * order).round().astype(int)
    known = {
        "backend": "simulated",
        "label": "simulated",
        "gpu": "g",
        "gpu_uuid": None,
        "workload": "w",
        "knob": "clock",
        "warm": True,
        "energy_by": "simulated",
        "temperature_c": float("nan"),
    }
    frame = pd.DataFrame(
        {
            "setting": mhz,
            "applied": mhz,
            "time_s": time_s,
            "energy_j": energy_j,
            "power_w": energy_j / time_s,
        }
    )
    places = {
        "repeat": np.repeat(np.arange(repeats), clocks),
        "order": np.arange(len(order)),
        "throttled": False,
    }
    return frame.assign(**known, **places)


def _of_study(spread: Spread, place: int) -> Spread:
    """One simulated study's spread."""
    names = ("log", "seed_variance", "day_variance", "day_freedom")
    return replace(spread, **{name: getattr(spread, name)[place] for name in names})


def measured(days: Path) -> tuple[dict[str, float], np.ndarray, str]:
    """How a study's errors vary: the simulation's numbers, pairs' days [P, D], and a sentence that says them."""
    frame = pd.read_parquet(days)
    test = frame[frame["part"] == "test"]
    table = test.groupby(["model", "day"])["squared"].mean().unstack("model").dropna()
    shares = table / table.sum()
    pairs = [(a, b) for place, a in enumerate(shares) for b in list(shares)[place + 1 :]]
    series = np.stack([np.log(table[a] / table[b]).to_numpy() for a, b in pairs])
    series = (series - series.mean(axis=1, keepdims=True)) / series.std(axis=1, keepdims=True)
    lags = np.array([_lags(one) for one in series])
    # The models within a tenth of the best: those that a reader compares.
    rmse = np.sqrt(table.sum())
    near = [model for model in rmse.index if rmse[model] < 1.1 * rmse.min()]
    own = [
        np.log(table[a] / table[b]).std() / np.sqrt(2)
        for place, a in enumerate(near)
        for b in near[place + 1 :]
    ]
    by_seed = np.log(test.groupby(["model", "seed"])["squared"].sum()) / 2
    spreads = by_seed.groupby("model").agg(["std", "count"])
    seed = float(np.median(spreads.loc[spreads["count"] > 1, "std"]))
    found = {
        "own": float(np.median(own)) if own else OWN,
        "lag": float(max(0.0, np.median(lags[:, 0]))),
        "seed": seed,
        "hard": float(np.log(table).std().median()),
    }
    median, low, high = np.median(lags, axis=0), np.quantile(lags[:, 0], 0.1), np.quantile(lags[:, 0], 0.9)
    text = (
        f"Of {len(shares.columns)} models of the default study ({len(table)} days of the test part): the logarithm of "
        f"the ratio of two models' squared errors correlates from day to day by {median[0]:.2f} in the median pair (10 "
        f"to 90 %: {low:.2f} to {high:.2f}), over two days by {median[1]:.2f}, over three by {median[2]:.2f}: what "
        f"lasts, lasts a day. A model's own share of a day's squared error varies by {found['own']:.1%} among those "
        f"within a tenth of the best, its RMSE over seeds by {seed:.2%}, the day's difficulty by {found['hard']:.0%}."
    )
    return found, series, text


def _lags(values: np.ndarray) -> list[float]:
    return [float(np.corrcoef(values[:-lag], values[lag:])[0, 1]) for lag in (1, 2, 3)]


def page(days: Path | None) -> str:
    random = np.random.default_rng(10)
    found, text = {"own": OWN, "lag": LAG, "seed": SEED, "hard": HARD}, "No study was given: stated numbers."
    series = None
    if days is not None and days.is_file():
        found, series, text = measured(days)
    panel = Panel(random, **found)
    machine = describe_machine()
    lags = tuple(dict.fromkeys((0.0, round(found["lag"], 2), 0.3)))
    if series is not None:
        panel.series, lags = series, (*lags, REAL)
    parts = [
        "# Do intervals cover, and do decisions keep their promise?",
        "Simulated by `make benchmark-decisions`, with the functions that the accounts use. "
        f"{machine['processor']}, {datetime.now(UTC).date().isoformat()}, commit "
        f"{commit_text(describe_commit())}.",
        "## Intervals of positive quantities\n",
        "\n".join(coverage(random)),
        f"{SAMPLES:,} samples of log-normal data per row. Aim: 93 to 97 %. The interval on logarithms is of the "
        "median, which is the geometric mean's truth, and is exact here; Student's t on the plain scale is shown for "
        "its own truth, the mean, and reaches below 0 although no energy does.",
        "## How errors vary from day to day\n",
        text,
        f"So days count in blocks of {BLOCK_DAYS}: long enough for what lasts a day, and short enough to leave nine "
        "blocks of a test part of five weeks.",
        "## Equal models: how often is one told apart?\n",
        "\n".join(
            [
                *ALARMS_HEAD,
                *(row for closed in (0, CLOSED_FORMS, MODELS) for row in false_alarms(panel, closed, lags)),
            ]
        ),
        f"{STUDIES:,} studies per row of {MODELS} models that are equally good, {DAYS} days in each part. The best on "
        "validation is compared with all others on test, and on validation with all pairs as the family. Aim: at most "
        "5 % of studies with any model told apart, at the correlation that was measured; the days of the homes are "
        "stretches of nine days of the measured ratios of two models, as they were. A correlation of 0.30 is that of "
        f"the worst pairs: there, blocks of {BLOCK_DAYS} days keep less than the whole correlation.",
        "## Power: what the rule finds\n",
        "\n".join(power(panel, found["lag"])),
        "A model that is better by less than this test part can show is `not told apart`: that is no proof that it is "
        "as good. More days (rolling origins) narrow the interval by their square root.",
        "## Power: savings of compression\n",
        "\n".join(compression_power(panel, found["lag"], random)),
        "Budget 5 %; every seed is a pair of energies, each with the noise that is stated. Errors of the variant and "
        "of its parent vary over seeds and days as those of two models do, although a variant follows its parent more "
        "closely. Where the true saving is 0 %, or the true rise of the error is the whole budget, "
        "each verdict `worth it` is a false alarm. The old rule has no such bound: its false alarms and its power both "
        "fall as seeds are added. Aim: at most 2.5 % false alarms; where the rise is the whole budget, they are those "
        "of the error's test, whose days correlate.",
        "## Clocks: false alarms and power\n",
        "\n".join(clock_alarms(random)),
        f"{SWEEPS} sweeps per cell, 1 % noise in time and in energy, a limit of 5 % slowdown. Intervals of savings "
        "hold for all clocks of a sweep together, because the best one is picked by the same data. Aim: at most 2.5 % "
        "false alarms.",
    ]
    return "\n\n".join(part.rstrip("\n") if part else "" for part in parts).replace("\n\n\n", "\n\n") + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="page to write")
    parser.add_argument("--days", type=Path, help="accuracy/days.parquet of a study")
    arguments = parser.parse_args()
    arguments.output.write_text(page(arguments.days), encoding="utf-8")


if __name__ == "__main__":
    main()
