"""The table of rules of choice: name -> module, or module:MEMBER."""

PLACE = "wattshed.clocks.choosing.rules"
MODULES: dict[str, str] = {
    "least_energy": f"{PLACE}.least_energy",
    "energy": f"{PLACE}.costs:ENERGY",
    "edp": f"{PLACE}.costs:EDP",
    "ed2p": f"{PLACE}.costs:ED2P",
    "metric": f"{PLACE}.costs:BY_METRIC",
    "weighted": f"{PLACE}.weighted",
    "lowest": f"{PLACE}.lowest",
    "epsilon": f"{PLACE}.epsilon",
    "knee": f"{PLACE}.fronts:KNEE",
    "pareto": f"{PLACE}.fronts:PARETO",
}
