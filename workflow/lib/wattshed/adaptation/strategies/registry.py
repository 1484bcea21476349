"""The table of adaptation strategies: name -> module."""

MODULES: dict[str, str] = {
    "frozen": "wattshed.adaptation.strategies.frozen",
    "naive": "wattshed.adaptation.strategies.naive",
    "replay": "wattshed.adaptation.strategies.replay",
    "joint": "wattshed.adaptation.strategies.joint",
    "ewc": "wattshed.adaptation.strategies.ewc",
    "lwf": "wattshed.adaptation.strategies.lwf",
    "der": "wattshed.adaptation.strategies.der",
    "ema": "wattshed.adaptation.strategies.ema",
    "node_table": "wattshed.adaptation.strategies.node_table",
    "exact": "wattshed.adaptation.strategies.exact",
}
