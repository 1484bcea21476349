"""A model's own back end computes its training and everything that is made of it.

The same plan shows that a base model of which nothing is made is measured side by side if the study names it, and only
then.
"""

import os
import shlex
import subprocess
import sys
from collections import defaultdict

import pytest
import yaml

pytestmark = pytest.mark.workflow

# The option that holds the model's name, or a path that begins with it, in the jobs that have a back end.
NAMED_BY = {
    "train_model": "--checkpoints",
    "adapt_model": "--adapted",
    "compress_model": "--compressed",
    "compare_checkpoints": "--output",
    "sweep_clocks": "--output",
    "roll_model": "--output",
}


@pytest.fixture(scope="module")
def plan(root, tmp_path_factory):
    """What Snakemake says of all planned jobs of the tiny study with two plain models, one of them named."""
    folder = tmp_path_factory.mktemp("engines")
    study = yaml.safe_load((root / "tests/workflow/tiny.yaml").read_text())
    study["models"]["stgnn"]["engine"] = "torch"
    study["models"] |= {name: {"form": "dlinear", "recipe": "frugal"} for name in ("named", "unnamed")}
    study["compression"]["also_measured"] = ["named"]
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    words = ["-s", str(root / "Snakefile"), "--configfile", str(folder / "study.yaml"), "--cores", "1"]
    answer = subprocess.run(
        [sys.executable, "-m", "snakemake", *words, "--dry-run", "--printshellcmds"],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, (answer.stdout + answer.stderr)[-3000:]
    return answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def engines(plan):
    """The back ends of the jobs, by script and base model."""
    found = defaultdict(set)
    for line in plan.splitlines():
        if line.startswith("Shell command: ") and "--engine" in line:
            _, _, script, *words = shlex.split(line.removeprefix("Shell command: "))
            script = script.rpartition("/")[2].removesuffix(".py")
            if script in NAMED_BY:
                file = words[words.index(NAMED_BY[script]) + 1].rpartition("/")[2]
                model = file.split(".")[0].split("+")[0].removesuffix("-1")
                found[script, model].add(words[words.index("--engine") + 1])
    return found


def test_a_models_back_end_computes_all_that_is_made_of_it(engines):
    assert {script: engines[script, "stgnn"] for script in NAMED_BY} == {
        script: {"torch"} for script in NAMED_BY
    }


def test_other_models_have_the_studys_back_end(engines):
    scripts = ("train_model", "adapt_model", "compress_model", "compare_checkpoints")
    assert {script: engines[script, "stgnn_reference"] for script in scripts} == {
        script: {"auto"} for script in scripts
    }


@pytest.mark.parametrize(("model", "compared"), [("stgnn", True), ("named", True), ("unnamed", False)])
def test_only_a_named_plain_model_is_compared(plan, model, compared):
    assert f"Train {model}" in plan
    assert (f"Compare all checkpoints made from {model}, in turns" in plan) == compared
