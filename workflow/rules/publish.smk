"""The paper's tables and figures, one rule each in a loop over their registries; the configuration; the report."""

# Results that tables, figures and the report are made from, by name. An empty list: this study has no such result, and
# a part that needs it is not made.
PUBLISHED = {
    "config": f"{RESULTS}/config.yaml",
    "panel": rules.build_panel.output.panel,
    "splits": rules.split_calendar.output.splits,
    "graph": rules.build_graph.output.graph,
    "quality": rules.check_quality.output.quality,
    "epochs": expand(rules.train_model.output.epochs, model=STUDY.models),
    "forecasts": [f"{RESULTS}/forecasts/{name}.safetensors" for name in SHOWN],
    "claims": rules.judge_claims.output.claims,
    # Classes have no seasons, and none is suspect.
    "sensitivity": [] if LABELLED else rules.find_sensitivity.output.sensitivity,
    "sensitivity_days": [] if LABELLED else rules.find_sensitivity.output.days,
    "scores": rules.score_forecasts.output.scores,
    "classes": rules.score_classes.output.classes if LABELLED else [],
    "days": rules.score_forecasts.output.days,
    "runs": rules.add_emissions.output.emissions,
    "windows": rules.aggregate_ledgers.output.windows,
    "frontier": rules.find_frontier.output.frontier,
    "ladder": rules.find_ladder.output.ladder if STUDY.ladder else [],
    "checks": rules.find_ladder.output.checks if STUDY.ladder else [],
    "targets": rules.find_ladder.output.targets if STUDY.ladder else [],
    "curves": rules.find_ladder.output.curves if STUDY.ladder else [],
    "parts": rules.find_ladder.output.parts if STUDY.ladder else [],
    "techniques": rules.find_ladder.output.techniques if STUDY.ladder else [],
    "rolling": rules.find_rolling.output.rolling if STUDY.rolling else [],
    "origins": rules.find_rolling.output.origins if STUDY.rolling else [],
    "chains": rules.find_chains.output.chains if CHAINS else [],
    "checkpoints": rules.find_checkpoints.output.checkpoints if COMPARED else [],
    "compared_days": expand(rules.compare_checkpoints.output.days, model=COMPARED),
    "adaptation": rules.summarise_adaptation.output.summary if ADAPTED else [],
    "adaptation_days": expand(rules.adapt_model.output.days, lineage=ADAPTED),
    "matrices": rules.summarise_adaptation.input.matrices if ADAPTED else [],
    "compression": rules.judge_variants.output.verdicts if COMPRESSED else [],
    "sweep": [f"{RESULTS}/clocks/{sweep}.sweep.parquet" for sweep in SWEEPS],
    # The same files, for parts that show nothing where no temperature can have been recorded.
    "temperatures": [
        f"{RESULTS}/clocks/{sweep}.sweep.parquet" for sweep in SWEEPS if STUDY.clocks.may_have_temperatures
    ],
    "choice": expand(rules.choose_clock.output.choice, sweep=SWEEPS),
    "validation": f"{RESULTS}/clocks/validation.json" if SWEEPS else [],
    "predictions": f"{RESULTS}/clocks/predictions.parquet" if SWEEPS else [],
    "prediction_standings": f"{RESULTS}/clocks/prediction_standings.parquet" if SWEEPS else [],
    "governor": f"{RESULTS}/clocks/governor.json" if SWEEPS else [],
    "phases": f"{RESULTS}/clocks/phases.parquet" if SWEEPS else [],
    "law_profile": LAW_PROFILE,
    "law_predictions": rules.predict.output.predictions if STUDY.law else [],
    "compared_predictions": rules.compare_predictions.output.predictions if STUDY.law else [],
    "law_sweep": rules.sweep_law.output.sweep if LAW_SWEEP else [],
    # The energy law's source, for studies that predict by the law.
    "reproduction": rules.reproduce_law.output.reproduction if STUDY.law else [],
    "engine": ENGINE_BENCHMARK,
}
SETTINGS = {
    "note": caps_note(),
    "controls": [name for name, model in STUDY.models.items() if model.graph == "shuffled"],
    "budgets": {
        "error_budget_share": STUDY.compression.error_budget_share,
        "r2_floor": STUDY.compression.r2_floor,
    },
    "limit_kg": STUDY.energy.carbon.leaders_limit_kg,
    "baselines": list(STUDY.baselines),
    "models": {name: model.model_dump(mode="json") for name, model in STUDY.models.items()},
}


TABLE_PARTS, FIGURE_PARTS = parts_of("table"), parts_of("figure")
TABLE_FILES = {
    name: [f"{RESULTS}/tables/{file}.tex" for file in part.files]
    for name, part in TABLE_PARTS.items()
    if not part.in_report_only
}
FIGURE_FILES = {
    name: [f"{RESULTS}/figures/{name}.{kind}" for kind in ("pdf", "png")] for name in FIGURE_PARTS
}


# The text of `shell` is evaluated when the job runs, after the loop: values that differ between rules are in
# params.
for part_name in TABLE_FILES:
    part = TABLE_PARTS[part_name]

    rule:
        name:
            f"make_table_{part_name}"
        input:
            **inputs_of(part),
        output:
            tex=report(TABLE_FILES[part_name], caption="../report/table.rst", category="Tables"),
        log:
            f"{LOGS}/publish/make_table_{part_name}.log",
        benchmark:
            f"{BENCHMARKS}/publish/make_table_{part_name}.tsv"
        localrule: True
        conda:
            "../../envs/wattshed.yaml"
        resources:
            mem_mb=FRAMES_MB,
        params:
            part=part_name,
            inputs=input_arguments,
            folder=subpath(output[0], parent=True),
            settings=settings_of(part),
            caption=as_written(part.caption),
            code=code_of("publish/make_part.py", ("table", part_name)),
        message:
            doubled(part.message)
        shell:
            f"python {SCRIPTS}/publish/make_part.py --table {{params.part}} {{params.inputs:q}}"
            " --parameters {params.settings:q} --output {params.folder:q} > {log:q} 2>&1"


for part_name in FIGURE_FILES:
    part = FIGURE_PARTS[part_name]

    rule:
        name:
            f"make_figure_{part_name}"
        input:
            **inputs_of(part),
        output:
            pdf=FIGURE_FILES[part_name][0],
            png=report(FIGURE_FILES[part_name][1], caption="../report/figure.rst", category="Figures"),
        log:
            f"{LOGS}/publish/make_figure_{part_name}.log",
        benchmark:
            f"{BENCHMARKS}/publish/make_figure_{part_name}.tsv"
        localrule: True
        conda:
            "../../envs/wattshed.yaml"
        resources:
            mem_mb=FRAMES_MB,
        params:
            part=part_name,
            inputs=input_arguments,
            folder=subpath(output[0], parent=True),
            settings=settings_of(part),
            caption=as_written(part.caption),
            code=code_of("publish/make_part.py", ("figure", part_name)),
        message:
            doubled(part.message)
        shell:
            f"python {SCRIPTS}/publish/make_part.py --figure {{params.part}} {{params.inputs:q}}"
            " --parameters {params.settings:q} --output {params.folder:q} > {log:q} 2>&1"


TABLES = [path for paths in TABLE_FILES.values() for path in paths]
FIGURES = [path for paths in FIGURE_FILES.values() for path in paths]
# All results except those that only figures read.
REPORTED = {
    name: files
    for name, files in PUBLISHED.items()
    if files and name not in ("epochs", "forecasts", "checks", "phases", "temperatures")
}


rule save_config:
    output:
        config=PUBLISHED["config"],
    log:
        f"{LOGS}/publish/save_config.log",
    benchmark:
        f"{BENCHMARKS}/publish/save_config.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        config=as_json(STUDY),
        code=code_of("publish/save_config.py"),
    message:
        "Save the resolved configuration"
    shell:
        f"python {SCRIPTS}/publish/save_config.py --config {{params.config:q}} --output {{output.config:q}}"
        " > {log:q} 2>&1"


rule write_report:
    input:
        **REPORTED,
        figures=[paths[1] for paths in FIGURE_FILES.values()],
    output:
        report=report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    log:
        f"{LOGS}/publish/write_report.log",
    benchmark:
        f"{BENCHMARKS}/publish/write_report.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        inputs=input_arguments,
        tables=list(TABLE_PARTS),
        benchmarks=BENCHMARKS,
        settings=settings_of(*TABLE_PARTS.values()),
        code=code_of(
            "publish/write_report.py",
            *[("table", name) for name in TABLE_PARTS],
            *dict.fromkeys(("family", model.form) for model in STUDY.models.values()),
        ),
    message:
        "Write the report"
    shell:
        f"python {SCRIPTS}/publish/write_report.py {{params.inputs:q}} --tables {{params.tables:q}}"
        " --figures {input.figures:q} --parameters {params.settings:q} --benchmarks {params.benchmarks:q}"
        " --output {output.report:q} > {log:q} 2>&1"
