"""A toy plug-in of each kind, one module and one line in its table, runs through the real DAG.

An edit of one toy afterwards reruns only what it made.
"""

import json
import re

import pandas as pd
import pytest
import yaml

from checkouts import Checkout, copy_checkout, edited

pytestmark = pytest.mark.workflow

FAMILY = '''"""The family ``damped``: the last value, damped towards the mean."""

from typing import Literal

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer, SimpleFamily


class Settings(ModelBlock):
    form: Literal["damped"]


def make(settings, windows, adjacency, seed):
    import torch

    from wattshed.forecast.network import Network

    class DampedNetwork(Network):
        def __init__(self):
            super().__init__()
            self.share = torch.nn.Parameter(torch.full((windows.horizon_h,), 0.5))

        def forward(self, pairs):
            return pairs.own[:, -1:] * self.share

    return DampedNetwork()


FAMILY = SimpleFamily(Settings, ("pairs",), make, frozenset({Offer.UPDATES}))
'''
STRATEGY = '''"""The strategy ``gentle``: naive updates."""

from typing import Literal

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.forecast.families.family import Offer


class Settings(StrategyBlock):
    kind: Literal["gentle"]


class Gentle:
    Settings = Settings
    asks = frozenset({Offer.UPDATES})
    control = False

    def start(self, settings, context):
        from wattshed.training.updates import UpdateHooks

        return UpdateHooks(context)


STRATEGY = Gentle()
'''
METHOD = '''"""The method ``coarse``: weights in steps of 1/64."""

from typing import Literal

from wattshed.compression.methods.protocol import Method
from wattshed.config.models.compression import VariantBlock
from wattshed.forecast.families.family import Offer


class Settings(VariantBlock):
    method: Literal["coarse"]


class Coarse(Method):
    Settings = Settings
    asks = frozenset()
    keeps = frozenset(Offer)

    def make(self, network, settings):
        import copy

        import torch

        result = copy.deepcopy(network)
        with torch.no_grad():
            for weight in result.parameters():
                weight.copy_((weight * 64).round() / 64)
        return result


METHOD = Coarse()
'''
SENSOR = '''"""The sensor ``ten_watts``: a processor of known power."""

import time

from wattshed.energy.reading import JOULES_PER_KWH, Component
from wattshed.energy.sensors.provider import Provider


class TenWatts:
    resolution_s = 0.05

    def start(self):
        self._start_s = time.perf_counter()

    def read(self):
        joules = 10 * (time.perf_counter() - self._start_s)
        return {"cpu": Component(joules / JOULES_PER_KWH, "estimated", "ten watts")}

    def stop(self):
        pass


class TenWattsProvider(Provider):
    components = frozenset({"cpu"})
    preference = 1
    tried = True

    def open(self, metering, components):
        return TenWatts()


SENSOR = TenWattsProvider()
'''
TABLE = '''"""The table ``shortest``: the models' names."""

from wattshed.publish.typesetting.table import Cell, Column, Table
from wattshed.publish.typesetting.table_part import TablePart


def make(inputs):
    names = inputs.frame("scores")["model"].unique()
    return Table("shortest", "The models.", [Column("Model")], [[Cell(name)] for name in names])


TABLE = TablePart(
    message="Make the toy table", caption="The names of the models.", inputs=("scores",), make=make
)
'''
# The module path of each toy in the package, and its text; the table is in the same folder.
TOYS = {
    "forecast/families/damped.py": FAMILY,
    "adaptation/strategies/gentle.py": STRATEGY,
    "compression/methods/coarse.py": METHOD,
    "energy/sensors/ten_watts.py": SENSOR,
    "publish/tables/shortest.py": TABLE,
}
STUDY = {
    "study": "toys",
    "seeds": [1],
    "data": {
        "source": {"kind": "synthetic", "nodes": 4, "hours": 4000, "seed": 1},
        "windows": {"look_back_h": 6, "horizon_h": 2},
    },
    "graph": {"neighbours": 2},
    "baselines": ["persistence"],
    "recipes": {
        "short": {
            "sampling": "pairs", "batch": 512, "epochs": 2, "steps_per_epoch": 60, "learning_rate": 0.01,
            "schedule": "cosine", "scaling": "node",
        }
    },
    "models": {"toy": {"form": "damped", "recipe": "short"}, "gru": {"form": "gru", "recipe": "short", "hidden": 4}},
    "adaptation": {"strategies": {"gentle": {"kind": "gentle"}, "naive": {"kind": "naive"}}, "steps": 40, "batch": 512},
    "compression": {"variants": {"coarse": {"method": "coarse"}}, "latency_repeats": 5, "energy_rounds": 1},
    "chains": [
        {"name": "toys", "model": "toy", "steps": ["gentle", "coarse"]},
        {"name": "ours", "model": "gru", "steps": ["naive"]},
    ],
    "energy": {"country_iso": "unknown", "metering": {"minimum_window_s": 0.1, "idle_s": 0.0}},
}  # fmt: skip
# All but the files of our own tables, which the report also makes.
TARGETS = ["results/toys/report.html", "results/toys/tables/shortest.tex"]
PUBLISHED = re.compile(
    r"make_(table|figure)_|write_report|all$|find_|add_|aggregate_|summarise_|judge_|save_|score_"
)


def add_toys(checkout: Checkout) -> None:
    package = checkout.folder / "workflow/lib/wattshed"
    for place, text in TOYS.items():
        module = package / place
        module.write_text(text)
        registry = module.with_name("registry.py")
        dotted = ".".join(["wattshed", *module.relative_to(package).with_suffix("").parts])
        lines = registry.read_text().rstrip()
        assert lines.endswith("}")
        registry.write_text(f'{lines[:-1]}    "{module.stem}": "{dotted}",\n}}\n')


@pytest.fixture(scope="module")
def toys(root, tmp_path_factory):
    checkout = copy_checkout(root, tmp_path_factory.mktemp("toys") / "wattshed")
    add_toys(checkout)
    (checkout.folder / "config/toys.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    checkout.snakemake("--configfile", "config/toys.yaml", "--", *TARGETS)
    return checkout


def to_run(checkout: Checkout) -> dict[str, int]:
    """Jobs that a dry-run would execute, by rule."""
    return checkout.jobs_to_run("config/toys.yaml", *TARGETS)


def measured(jobs: dict[str, int]) -> dict[str, int]:
    """Those that measure or prepare data."""
    return {rule: count for rule, count in jobs.items() if not PUBLISHED.match(rule)}


def test_toys_are_trained_adapted_compressed_measured_and_published(toys):
    results = toys.folder / "results/toys"
    assert (results / "checkpoints/toy+gentle+coarse-1.safetensors").is_file()
    compared = pd.read_parquet(results / "compared/toy.parquet")
    assert list(compared["lineage"]) == ["toy", "toy+gentle", "toy+gentle+coarse"]
    assert compared["later_rmse"].notna().all()
    assert "damped" not in (results / "tables/shortest.tex").read_text()
    assert "toy" in (results / "tables/shortest.tex").read_text()
    ledger = [json.loads(line) for line in (results / "ledger/training/toy.jsonl").read_text().splitlines()]
    sources = {part["source"] for line in ledger if line["event"] == "sensors" for part in line["sensors"]}
    assert "ten watts" in sources


@pytest.mark.parametrize(
    ("place", "made"),
    [
        (
            "forecast/families/damped.py",
            {"train_model": 1, "forecast_test": 1, "adapt_model": 1, "compress_model": 1, "compare_checkpoints": 1},
        ),
        ("adaptation/strategies/gentle.py", {"adapt_model": 1, "compress_model": 1, "compare_checkpoints": 1}),
        ("compression/methods/coarse.py", {"compress_model": 1, "compare_checkpoints": 1}),
        (
            "energy/sensors/ten_watts.py",
            {
                "train_model": 2, "fit_baselines": 1, "forecast_test": 1, "adapt_model": 2, "compress_model": 1,
                "compare_checkpoints": 2,
            },
        ),
        ("publish/tables/shortest.py", {}),
    ],
)  # fmt: skip
def test_an_edited_toy_reruns_only_what_it_made(toys, place, made):
    with edited(toys.folder / "workflow/lib/wattshed" / place, lambda text: f"{text}# edited\n"):
        jobs = to_run(toys)
    assert measured(jobs) == made
    if not made:
        assert set(jobs) == {"make_table_shortest", "write_report"}


def test_an_edit_of_the_kernel_source_reruns_the_training(toys):
    source = toys.folder / "workflow/lib/wattshed/engine/cpu/fused_gru.c"
    with edited(source, lambda text: f"{text}// edited\n"):
        assert to_run(toys)["train_model"] == 2


def test_a_second_run_has_nothing_to_do_even_after_a_new_line_in_a_table(toys):
    registry = toys.folder / "workflow/lib/wattshed/forecast/families/registry.py"
    with edited(
        registry, lambda text: text.replace("}", '    "later": "wattshed.forecast.families.gru",\n}')
    ):
        assert to_run(toys) == {}


def test_a_table_line_with_a_missing_module_is_reported_before_any_job_runs(toys):
    registry = toys.folder / "workflow/lib/wattshed/adaptation/strategies/registry.py"
    with edited(registry, lambda text: text.replace("strategies.gentle", "strategies.absent")):
        answer = toys.snakemake("--configfile", "config/toys.yaml", check=False)
    message = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert "wattshed.adaptation.strategies.absent, which does not exist" in message
    assert "Traceback" not in message
