"""The configuration as it was, LaTeX tables, figures and the report."""


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
        code=code_of("save_config.py"),
    message:
        "Save the resolved configuration"
    shell:
        f"python {SCRIPTS}/save_config.py --config {{params.config:q}} --output {{output.config}} > {{log}} 2>&1"


rule make_table_accuracy:
    input:
        scores=rules.score_forecasts.output.scores,
        frontier=rules.find_frontier.output.frontier,
        panel=rules.build_panel.output.panel,
    output:
        tex=f"{RESULTS}/tables/accuracy.tex",
    log:
        f"{LOGS}/publish/make_table_accuracy.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_table_accuracy.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        note=caps_note(),
        code=code_of("make_table_accuracy.py"),
    message:
        "Make the table of accuracy"
    shell:
        f"python {SCRIPTS}/make_table_accuracy.py --scores {{input.scores}} --frontier {{input.frontier}}"
        " --panel {input.panel} --note {params.note:q} --output-tex {output.tex} > {log} 2>&1"


rule make_table_energy:
    input:
        runs=rules.aggregate_ledgers.output.runs,
    output:
        tex=f"{RESULTS}/tables/energy.tex",
    log:
        f"{LOGS}/publish/make_table_energy.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_table_energy.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_table_energy.py"),
    message:
        "Make the table of energy"
    shell:
        f"python {SCRIPTS}/make_table_energy.py --runs {{input.runs}} --output-tex {{output.tex}}"
        " > {log} 2>&1"


rule make_table_frontier:
    input:
        frontier=rules.find_frontier.output.frontier,
        panel=rules.build_panel.output.panel,
    output:
        tex=f"{RESULTS}/tables/frontier.tex",
    log:
        f"{LOGS}/publish/make_table_frontier.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_table_frontier.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_table_frontier.py"),
    message:
        "Make the table of frontier"
    shell:
        f"python {SCRIPTS}/make_table_frontier.py --frontier {{input.frontier}} --panel {{input.panel}}"
        " --output-tex {output.tex} > {log} 2>&1"


rule make_table_adaptation:
    input:
        summary=rules.summarise_adaptation.output.summary,
        panel=rules.build_panel.output.panel,
    output:
        tex=f"{RESULTS}/tables/adaptation.tex",
    log:
        f"{LOGS}/publish/make_table_adaptation.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_table_adaptation.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_table_adaptation.py"),
    message:
        "Make the table of adaptation"
    shell:
        f"python {SCRIPTS}/make_table_adaptation.py --summary {{input.summary}} --panel {{input.panel}}"
        " --output-tex {output.tex} > {log} 2>&1"


rule make_table_compression:
    input:
        compression=expand(rules.compress_model.output.variants, model=STUDY.studied_model),
        panel=rules.build_panel.output.panel,
    output:
        tex=f"{RESULTS}/tables/compression.tex",
    log:
        f"{LOGS}/publish/make_table_compression.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_table_compression.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_table_compression.py"),
    message:
        "Make the table of compression"
    shell:
        f"python {SCRIPTS}/make_table_compression.py --compression {{input.compression}}"
        " --panel {input.panel} --output-tex {output.tex} > {log} 2>&1"


rule make_table_clocks:
    input:
        sweep=rules.sweep_clocks.output.sweep,
        choice=rules.choose_clock.output.choice,
    output:
        tex=f"{RESULTS}/tables/clocks.tex",
    log:
        f"{LOGS}/publish/make_table_clocks.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_table_clocks.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_table_clocks.py"),
    message:
        "Make the table of clocks"
    shell:
        f"python {SCRIPTS}/make_table_clocks.py --sweep {{input.sweep}} --choice {{input.choice}}"
        " --output-tex {output.tex} > {log} 2>&1"


rule make_figure_training:
    input:
        epochs=expand(rules.train_model.output.epochs, model=STUDY.models, seed=STUDY.seeds),
        windows=rules.aggregate_ledgers.output.windows,
        panel=rules.build_panel.output.panel,
    output:
        pdf=f"{RESULTS}/figures/training.pdf",
        png=f"{RESULTS}/figures/training.png",
    log:
        f"{LOGS}/publish/make_figure_training.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_figure_training.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_figure_training.py"),
    message:
        "Draw the training curves with their energy"
    shell:
        f"python {SCRIPTS}/make_figure_training.py --epochs {{input.epochs}} --windows {{input.windows}}"
        " --panel {input.panel} --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figure_forecasts:
    input:
        panel=rules.build_panel.output.panel,
        forecasts=[f"{RESULTS}/forecasts/{name}.safetensors" for name in SHOWN],
    output:
        pdf=f"{RESULTS}/figures/forecasts.pdf",
        png=f"{RESULTS}/figures/forecasts.png",
    log:
        f"{LOGS}/publish/make_figure_forecasts.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_figure_forecasts.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_figure_forecasts.py"),
    message:
        "Draw forecasts against the truth"
    shell:
        f"python {SCRIPTS}/make_figure_forecasts.py --panel {{input.panel}} --forecasts {{input.forecasts}}"
        " --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figure_frontier:
    input:
        frontier=rules.find_frontier.output.frontier,
        panel=rules.build_panel.output.panel,
    output:
        pdf=f"{RESULTS}/figures/frontier.pdf",
        png=f"{RESULTS}/figures/frontier.png",
    log:
        f"{LOGS}/publish/make_figure_frontier.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_figure_frontier.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_figure_frontier.py"),
    message:
        "Draw the frontier of error against energy"
    shell:
        f"python {SCRIPTS}/make_figure_frontier.py --frontier {{input.frontier}} --panel {{input.panel}}"
        " --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figure_clocks:
    input:
        sweep=rules.sweep_clocks.output.sweep,
        choice=rules.choose_clock.output.choice,
    output:
        pdf=f"{RESULTS}/figures/clocks.pdf",
        png=f"{RESULTS}/figures/clocks.png",
    log:
        f"{LOGS}/publish/make_figure_clocks.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_figure_clocks.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_figure_clocks.py"),
    message:
        "Draw energy and time against the clock"
    shell:
        f"python {SCRIPTS}/make_figure_clocks.py --sweep {{input.sweep}} --choice {{input.choice}}"
        " --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figure_degrees:
    input:
        graph=rules.build_graph.output.graph,
    output:
        pdf=f"{RESULTS}/figures/degrees.pdf",
        png=f"{RESULTS}/figures/degrees.png",
    log:
        f"{LOGS}/publish/make_figure_degrees.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_figure_degrees.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_figure_degrees.py"),
    message:
        "Draw the degrees of the graph"
    shell:
        f"python {SCRIPTS}/make_figure_degrees.py --graph {{input.graph}} --output-pdf {{output.pdf}}"
        " --output-png {output.png} > {log} 2>&1"


rule make_figure_horizons:
    input:
        scores=rules.score_forecasts.output.scores,
        panel=rules.build_panel.output.panel,
    output:
        pdf=f"{RESULTS}/figures/horizons.pdf",
        png=f"{RESULTS}/figures/horizons.png",
    log:
        f"{LOGS}/publish/make_figure_horizons.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_figure_horizons.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("make_figure_horizons.py"),
    message:
        "Draw the error of each hour ahead"
    shell:
        f"python {SCRIPTS}/make_figure_horizons.py --scores {{input.scores}} --panel {{input.panel}}"
        " --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule write_report:
    input:
        config=rules.save_config.output.config,
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
        quality=rules.check_quality.output.quality,
        scores=rules.score_forecasts.output.scores,
        runs=rules.aggregate_ledgers.output.runs,
        windows=rules.aggregate_ledgers.output.windows,
        frontier=rules.find_frontier.output.frontier,
        adaptation=rules.summarise_adaptation.output.summary,
        matrices=rules.summarise_adaptation.input.matrices,
        compression=expand(rules.compress_model.output.variants, model=STUDY.studied_model),
        sweep=rules.sweep_clocks.output.sweep,
        choice=rules.choose_clock.output.choice,
        figure_training=rules.make_figure_training.output.png,
        figure_forecasts=rules.make_figure_forecasts.output.png,
        figure_frontier=rules.make_figure_frontier.output.png,
        figure_clocks=rules.make_figure_clocks.output.png,
        figure_degrees=rules.make_figure_degrees.output.png,
        figure_horizons=rules.make_figure_horizons.output.png,
    output:
        report=f"{RESULTS}/report.html",
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
        code=code_of("write_report.py"),
    message:
        "Write the report"
    shell:
        f"python {SCRIPTS}/write_report.py --config {{input.config}} --panel {{input.panel}}"
        " --splits {input.splits} --graph {input.graph} --quality {input.quality} --scores {input.scores}"
        " --runs {input.runs} --windows {input.windows} --frontier {input.frontier}"
        " --adaptation {input.adaptation} --matrices {input.matrices} --compression {input.compression}"
        " --sweep {input.sweep} --choice {input.choice} --figure-training {input.figure_training}"
        " --figure-forecasts {input.figure_forecasts} --figure-frontier {input.figure_frontier}"
        " --figure-clocks {input.figure_clocks} --figure-degrees {input.figure_degrees}"
        " --figure-horizons {input.figure_horizons} --note {params.note:q} --output {output.report}"
        " > {log} 2>&1"


TABLES = [
    rules.make_table_accuracy.output.tex,
    rules.make_table_energy.output.tex,
    rules.make_table_frontier.output.tex,
    rules.make_table_adaptation.output.tex,
    rules.make_table_compression.output.tex,
    rules.make_table_clocks.output.tex,
]
FIGURES = [
    *rules.make_figure_training.output,
    *rules.make_figure_forecasts.output,
    *rules.make_figure_frontier.output,
    *rules.make_figure_clocks.output,
    *rules.make_figure_degrees.output,
    *rules.make_figure_horizons.output,
]
