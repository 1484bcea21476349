"""The configuration as it was, and the report."""


rule save_config:
    output:
        config=f"{RESULTS}/config.yaml",
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
        f"python {SCRIPTS}/publish/save_config.py --config {{params.config:q}} --output {{output.config}} > {{log}} 2>&1"


rule write_report:
    input:
        config=rules.save_config.output.config,
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
        quality=rules.check_quality.output.quality,
        scores=rules.score_forecasts.output.scores,
        runs=rules.add_emissions.output.emissions,
        windows=rules.aggregate_ledgers.output.windows,
        frontier=rules.find_frontier.output.frontier,
        adaptation=rules.summarise_adaptation.output.summary,
        matrices=rules.summarise_adaptation.input.matrices,
        compression=expand(rules.judge_variants.output.verdicts, model=STUDY.studied_model),
        sweep=rules.sweep_clocks.output.sweep,
        choice=rules.choose_clock.output.choice,
        ladder=rules.find_ladder.output.ladder if STUDY.ladder else [],
        engine=ENGINE_BENCHMARK,
        figures=[path for path in FIGURES if path.endswith(".png")],
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
        note=caps_note(),
        limit=LEADERS_LIMIT,
        code=code_of("publish/write_report.py"),
    message:
        "Write the report"
    shell:
        f"python {SCRIPTS}/publish/write_report.py --config {{input.config}} --panel {{input.panel}}"
        " --splits {input.splits} --graph {input.graph} --quality {input.quality} --scores {input.scores}"
        " --runs {input.runs} --windows {input.windows} --frontier {input.frontier}"
        " --adaptation {input.adaptation} --matrices {input.matrices} --compression {input.compression}"
        " --sweep {input.sweep} --choice {input.choice} --ladder {input.ladder} --engine {input.engine}"
        " --figures {input.figures} --note {params.note:q}"
        " {params.limit} --output {output.report}"
        " > {log} 2>&1"
