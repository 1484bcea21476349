"""A toy plug-in of each kind, and the tiny study with those that a study names."""

from pathlib import Path

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
            self.share = torch.nn.Parameter(torch.full((windows.horizon_steps,), 0.5))

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
TEN_WATTS = "energy/sensors/ten_watts.py"
# The module path of each toy in the package, and its text; the table of plug-ins is in the same folder.
TOYS = {
    "forecast/families/damped.py": FAMILY,
    "adaptation/strategies/gentle.py": STRATEGY,
    "compression/methods/coarse.py": METHOD,
    TEN_WATTS: SENSOR,
    "publish/tables/shortest.py": TABLE,
}
# A sensor serves every study, whatever the study names.
NAMED_TOYS = [place for place in TOYS if place != TEN_WATTS]


def add_toys(checkout: Path, *places: str) -> None:
    """Write these toys into a checkout: one module and one line in its table each."""
    package = checkout / "workflow/lib/wattshed"
    for place in places:
        module = package / place
        module.write_text(TOYS[place])
        registry = module.with_name("registry.py")
        dotted = ".".join(["wattshed", *module.relative_to(package).with_suffix("").parts])
        lines = registry.read_text().rstrip()
        assert lines.endswith("}")
        registry.write_text(f'{lines[:-1]}    "{module.stem}": "{dotted}",\n}}\n')


def with_toys(study: dict) -> dict:
    """The tiny study with a chain of its own for the toys."""
    study["models"]["toy"] = {"form": "damped", "recipe": "frugal"}
    study["adaptation"]["strategies"]["gentle"] = {"kind": "gentle"}
    study["compression"]["variants"]["coarse"] = {"method": "coarse"}
    study["chains"].append({"name": "toys", "model": "toy", "steps": ["gentle", "coarse"]})
    return study
