"""Functions of the rules that build the panel and the graph: what the source reads, and what is cut and left out."""


def source_files():
    """What the source reads from disk; a change of it rebuilds the panel. Paths start from the working directory."""
    source = STUDY.data.source
    if source.kind == "homes":
        # The only panel that the checkout ships.
        return {name: as_input(shipped_file(path)) for name, path in SOURCE.files(source).items()}
    if source.kind == "goiener":
        return {"files": goiener_files()}
    return {
        name: as_input(paths) if isinstance(paths, str) else [as_input(path) for path in paths]
        for name, paths in SOURCE.files(source).items()
    }


def cutting_words():
    """Windows and splits for a source that cuts its series by them; no words for any other source."""
    if not LABELLED:
        return []
    shares = {"train_share", "validation_share", "test_share"}
    return [
        *("--windows", as_json(STUDY.data.windows, only={"look_back_h"})),
        *("--splits", as_json(STUDY.data.splits, only=shares)),
    ]


def cleaning_words():
    """Rules for nodes and cells that are left out; with windows and splits only where they need the training part."""
    rules = STUDY.data.cleaning
    if not rules.given:
        return []
    parts = []
    if rules.exclude_where and rules.exclude_where.judges_readings:
        parts = [
            *("--windows", as_json(STUDY.data.windows)),
            *("--splits", as_json(STUDY.data.splits, without={"test_windows"})),
        ]
    return ["--cleaning", as_json(rules), *parts]


def goiener_files():
    source = STUDY.data.source
    if source.kind == "goiener" and set(source.folder) & set("{}"):
        raise WorkflowError(
            f"{ORIGIN}: data.source.folder is {source.folder!r}; expected a folder without braces, which Snakemake takes "
            "for wildcards: rename it."
        )
    if source.kind != "goiener":
        # The rule exists for every study, so that lint and dry-runs see it.
        return ["data/goiener/metadata.csv", "data/goiener/imp-pre.tzst"]
    return [f"{source.folder}/metadata.csv", f"{source.folder}/{source.period}.tzst"]


def edge_list():
    """The source's own graph, if it has one."""
    path = SOURCE.edge_list(STUDY.data.source)
    return [as_input(path)] if path else []
