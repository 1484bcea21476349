"""The table of tables: name -> module."""

MODULES: dict[str, str] = {
    "decisions": "wattshed.publish.tables.decisions",
    "accuracy": "wattshed.publish.tables.accuracy",
    "nodes": "wattshed.publish.tables.nodes",
    "energy": "wattshed.publish.tables.energy",
    "frontier": "wattshed.publish.tables.frontier",
    "fronts": "wattshed.publish.tables.fronts",
    "leaders": "wattshed.publish.tables.leaders",
    "normalised": "wattshed.publish.tables.normalised",
    "ladder": "wattshed.publish.tables.ladder",
    "rolling": "wattshed.publish.tables.rolling",
    "chains": "wattshed.publish.tables.chains",
    "adaptation": "wattshed.publish.tables.adaptation",
    "matrices": "wattshed.publish.tables.matrices",
    "compression": "wattshed.publish.tables.compression",
    "clocks": "wattshed.publish.tables.clocks",
    "quality": "wattshed.publish.tables.quality",
    "engine": "wattshed.publish.tables.engine",
}
