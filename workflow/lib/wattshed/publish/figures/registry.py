"""The table of figures: name -> module."""

MODULES: dict[str, str] = {
    "useful": "wattshed.publish.figures.useful",
    "training": "wattshed.publish.figures.training",
    "forecasts": "wattshed.publish.figures.forecasts",
    "frontier": "wattshed.publish.figures.frontier",
    "clocks": "wattshed.publish.figures.clocks",
    "degrees": "wattshed.publish.figures.degrees",
    "horizons": "wattshed.publish.figures.horizons",
    "wins": "wattshed.publish.figures.wins",
    "split": "wattshed.publish.figures.split",
    "energies": "wattshed.publish.figures.energy_box",
    "overlay": "wattshed.publish.figures.overlay",
    "fronts": "wattshed.publish.figures.fronts",
    "ladder": "wattshed.publish.figures.ladder",
    "rolling": "wattshed.publish.figures.rolling",
    "drift": "wattshed.publish.figures.drift",
    "matrix": "wattshed.publish.figures.matrix",
    "chains": "wattshed.publish.figures.chains",
}
