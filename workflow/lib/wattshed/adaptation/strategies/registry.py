"""The table of adaptation strategies: name -> module."""

MODULES: dict[str, str] = {
    "frozen": "wattshed.adaptation.strategies.frozen",
    "naive": "wattshed.adaptation.strategies.naive",
    "replay": "wattshed.adaptation.strategies.replay",
    "exact": "wattshed.adaptation.strategies.exact",
}
