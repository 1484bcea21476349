"""``wattshed recommend`` on damaged results: one sentence that says what is wrong, and no traceback."""

import numpy as np
import pandas as pd
import pytest
import yaml

from made_checkpoints import make_checkpoints
from wattshed.commands.main import main
from wattshed.foundation.writing import write_parquet, write_text

CONFIG = {"study": "made", "models": {"net": {"graph": "given"}}, "compression": {"error_budget_share": 0.05}}
LINEAGES = {"net": {"per_1000_j": 2.0}, "net+half": {"rmse": 1.01}}


def write_study(folder, config=None, checkpoints=None, days=None):
    """A study with changes: keys of the configuration, and functions of the two frames."""
    frame, by_day = make_checkpoints(LINEAGES)
    by_day = by_day.astype({"seed": "int64"})
    write_parquet(folder / "checkpoints.parquet", checkpoints(frame) if checkpoints else frame)
    write_parquet(folder / "compared/net.days.parquet", days(by_day) if days else by_day)
    write_text(folder / "config.yaml", yaml.safe_dump({**CONFIG, **(config or {})}))
    return folder


def refusal(folder, capsys):
    assert main(["recommend", str(folder)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    return said.err


def test_the_study_without_a_damage_is_read(tmp_path):
    assert main(["recommend", str(write_study(tmp_path))]) == 0


@pytest.mark.parametrize("empty", [None, {}])
def test_a_study_without_limits_has_the_usual_ones(empty, tmp_path, capsys):
    assert main(["recommend", str(write_study(tmp_path, {"compression": empty}))]) == 0
    assert "at most 5% above" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"compression": 5}, "compression is 5: expected a block of keys"),
        ({"compression": ["a"]}, "compression is ['a']: expected a block"),
        ({"models": ["a"]}, "models is ['a']: expected a block"),
        ({"models": "net"}, "models is 'net': expected a block"),
        ({"models": {"a": 5}}, "models.a is 5: expected a block"),
        ({"models": {"a": None}}, "models.a is None: expected a block"),
        *(
            ({"compression": {"error_budget_share": value}}, "compression.error_budget_share is ")
            for value in ("abc", "0.05", float("nan"), float("inf"), 0, -0.1, 1, 10**400, True, [0.05], {})
        ),
        *(
            ({"compression": {"r2_floor": value}}, "compression.r2_floor is ")
            for value in (2, 1, "abc", float("nan"), float("-inf"), False, [])
        ),
    ],
)
def test_a_damaged_configuration_is_refused_in_one_sentence(config, says, tmp_path, capsys):
    said = refusal(write_study(tmp_path, config), capsys)
    assert says in said
    assert "config.yaml" in said


EARLIER = "it is of an earlier version; run snakemake again with --forcerun compare_checkpoints."
CHECKPOINTS = {
    "no rows": (lambda frame: frame.iloc[:0], "has no rows"),
    **{
        f"without {name}": (lambda frame, name=name: frame.drop(columns=name), f"has no column '{name}': {EARLIER}")
        for name in (
            "model", "lineage", "seed", "control", "unavailable", "total_j", "energy_j_per_1000_forecasts", "bytes",
            "latency_s_per_window",
        )
    },
    **{
        f"text in {name}": (
            lambda frame, name=name: frame.assign(**{name: "much"}),
            f"has texts in the column '{name}'",
        )
        for name in ("total_j", "energy_j_per_1000_forecasts", "bytes", "validation_rmse", "r2")
    },
    "an endless energy": (lambda frame: frame.assign(total_j=np.inf), "has inf in the column 'total_j'"),
    "an energy below 0": (lambda frame: frame.assign(total_j=-1.0), "has -1 in the column 'total_j'"),
    "an endless R2": (lambda frame: frame.assign(r2=-np.inf), "has -inf in the column 'r2'"),
    "text in seed": (lambda frame: frame.assign(seed="one"), "'seed' that is not a whole number"),
    "half seeds": (lambda frame: frame.assign(seed=frame["seed"] + 0.5), "'seed' that is not a whole number"),
    "no seed": (
        lambda frame: frame.assign(seed=frame["seed"].astype("Int64").mask(frame.index == 0)),
        "'seed' that is not a whole number",
    ),
    "text in control": (lambda frame: frame.assign(control="no"), "'control' that is not true or false"),
    "no control": (lambda frame: frame.assign(control=None), "'control' that is not true or false"),
    "no lineage": (lambda frame: frame.assign(lineage=None), "has None as a lineage"),
    "no model": (lambda frame: frame.assign(model=None), "has None as a model"),
    "numbers as lineages": (lambda frame: frame.assign(lineage=3), "has 3 as a lineage"),
    "one row twice": (
        lambda frame: pd.concat([frame, frame.iloc[:1]], ignore_index=True),
        "has two rows of lineage net, seed 1",
    ),
    "another model": (lambda frame: frame.assign(model="other"), "other.days.parquet does not exist"),
}  # fmt: skip


@pytest.mark.parametrize("damage", CHECKPOINTS)
def test_damaged_checkpoints_are_refused_in_one_sentence(damage, tmp_path, capsys):
    change, says = CHECKPOINTS[damage]
    said = refusal(
        write_study(tmp_path, checkpoints=lambda frame: change(frame).reset_index(drop=True)), capsys
    )
    assert says in said


DAYS = {
    **{
        f"without {name}": (
            lambda frame, name=name: frame.drop(columns=name),
            f"has no column '{name}': {EARLIER}",
        )
        for name in ("lineage", "seed", "part", "day", "squared", "absolute", "cells")
    },
    "text in squared": (lambda frame: frame.assign(squared="much"), "has texts in the column 'squared'"),
    "an unknown sum": (lambda frame: frame.assign(absolute=np.nan), "has rows without sums of errors"),
    "a sum below 0": (lambda frame: frame.assign(cells=-1), "has -1 in the column 'cells'"),
    "no day": (lambda frame: frame.assign(day=None), "has rows without day"),
    "no lineage": (lambda frame: frame.assign(lineage=None), "has rows without lineage"),
    "text in seed": (lambda frame: frame.assign(seed="one"), "'seed' that is not a whole number"),
    "one row twice": (
        lambda frame: pd.concat([frame, frame.iloc[:1]], ignore_index=True),
        "has two rows of lineage net, seed 1, part test, day 2020-10-01",
    ),
}


@pytest.mark.parametrize("damage", DAYS)
def test_damaged_errors_by_day_are_refused_in_one_sentence(damage, tmp_path, capsys):
    change, says = DAYS[damage]
    assert says in refusal(write_study(tmp_path, days=change), capsys)


def test_what_is_unknown_is_no_damage(tmp_path, capsys):
    def change(frame):
        unknown = dict.fromkeys(("total_j", "bytes", "latency_s_per_window", "r2"))
        return frame.assign(**unknown)

    assert main(["recommend", str(write_study(tmp_path, checkpoints=change))]) == 3
    assert "energy unknown" in capsys.readouterr().out
