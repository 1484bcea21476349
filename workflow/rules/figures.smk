"""The paper's figures, as PDF for print and PNG for pages."""


rule make_figure_training:
    input:
        epochs=expand(rules.train_model.output.epochs, model=STUDY.models, seed=STUDY.seeds),
        windows=rules.aggregate_ledgers.output.windows,
        panel=rules.build_panel.output.panel,
    output:
        pdf=f"{RESULTS}/figures/training.pdf",
        png=report(f"{RESULTS}/figures/training.png", caption="../report/figure.rst", category="Figures"),
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
        code=code_of("publish/make_figure_training.py"),
    message:
        "Draw the training curves with their energy"
    shell:
        f"python {SCRIPTS}/publish/make_figure_training.py --epochs {{input.epochs}} --windows {{input.windows}}"
        " --panel {input.panel} --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figure_forecasts:
    input:
        panel=rules.build_panel.output.panel,
        forecasts=[f"{RESULTS}/forecasts/{name}.safetensors" for name in SHOWN],
    output:
        pdf=f"{RESULTS}/figures/forecasts.pdf",
        png=report(f"{RESULTS}/figures/forecasts.png", caption="../report/figure.rst", category="Figures"),
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
        code=code_of("publish/make_figure_forecasts.py"),
    message:
        "Draw forecasts against the truth"
    shell:
        f"python {SCRIPTS}/publish/make_figure_forecasts.py --panel {{input.panel}} --forecasts {{input.forecasts}}"
        " --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figure_frontier:
    input:
        frontier=rules.find_frontier.output.frontier,
        panel=rules.build_panel.output.panel,
    output:
        pdf=f"{RESULTS}/figures/frontier.pdf",
        png=report(f"{RESULTS}/figures/frontier.png", caption="../report/figure.rst", category="Figures"),
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
        code=code_of("publish/make_figure_frontier.py"),
    message:
        "Draw the frontier of error against energy"
    shell:
        f"python {SCRIPTS}/publish/make_figure_frontier.py --frontier {{input.frontier}} --panel {{input.panel}}"
        " --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figure_clocks:
    input:
        sweep=rules.sweep_clocks.output.sweep,
        choice=rules.choose_clock.output.choice,
    output:
        pdf=f"{RESULTS}/figures/clocks.pdf",
        png=report(f"{RESULTS}/figures/clocks.png", caption="../report/figure.rst", category="Figures"),
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
        code=code_of("publish/make_figure_clocks.py"),
    message:
        "Draw energy and time against the clock"
    shell:
        f"python {SCRIPTS}/publish/make_figure_clocks.py --sweep {{input.sweep}} --choice {{input.choice}}"
        " --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figure_degrees:
    input:
        graph=rules.build_graph.output.graph,
    output:
        pdf=f"{RESULTS}/figures/degrees.pdf",
        png=report(f"{RESULTS}/figures/degrees.png", caption="../report/figure.rst", category="Figures"),
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
        code=code_of("publish/make_figure_degrees.py"),
    message:
        "Draw the degrees of the graph"
    shell:
        f"python {SCRIPTS}/publish/make_figure_degrees.py --graph {{input.graph}} --output-pdf {{output.pdf}}"
        " --output-png {output.png} > {log} 2>&1"


rule make_figure_horizons:
    input:
        scores=rules.score_forecasts.output.scores,
        panel=rules.build_panel.output.panel,
    output:
        pdf=f"{RESULTS}/figures/horizons.pdf",
        png=report(f"{RESULTS}/figures/horizons.png", caption="../report/figure.rst", category="Figures"),
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
        code=code_of("publish/make_figure_horizons.py"),
    message:
        "Draw the error of each hour ahead"
    shell:
        f"python {SCRIPTS}/publish/make_figure_horizons.py --scores {{input.scores}} --panel {{input.panel}}"
        " --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


rule make_figures_costs:
    input:
        runs=rules.add_emissions.output.emissions,
        windows=rules.aggregate_ledgers.output.windows,
        scores=rules.score_forecasts.output.scores,
        panel=rules.build_panel.output.panel,
    output:
        pdf=expand(f"{RESULTS}/figures/{{name}}.pdf", name=COST_FIGURES),
        png=report(
            expand(f"{RESULTS}/figures/{{name}}.png", name=COST_FIGURES),
            caption="../report/figure.rst",
            category="Figures",
        ),
    log:
        f"{LOGS}/publish/make_figures_costs.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_figures_costs.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        folder=subpath(output[0], parent=True),
        code=code_of("publish/make_figures_costs.py"),
    message:
        "Draw what the models cost"
    shell:
        f"python {SCRIPTS}/publish/make_figures_costs.py --runs {{input.runs}} --windows {{input.windows}}"
        " --scores {input.scores} --panel {input.panel} --output {params.folder} > {log} 2>&1"


rule make_figure_ladder:
    input:
        ladder=rules.find_ladder.output.ladder,
        checks=rules.find_ladder.output.checks,
        panel=rules.build_panel.output.panel,
    output:
        pdf=f"{RESULTS}/figures/ladder.pdf",
        png=report(f"{RESULTS}/figures/ladder.png", caption="../report/figure.rst", category="Figures"),
    log:
        f"{LOGS}/publish/make_figure_ladder.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_figure_ladder.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("publish/make_figure_ladder.py"),
    message:
        "Draw the ladder: error against the energy spent"
    shell:
        f"python {SCRIPTS}/publish/make_figure_ladder.py --ladder {{input.ladder}} --checks {{input.checks}}"
        " --panel {input.panel} --output-pdf {output.pdf} --output-png {output.png} > {log} 2>&1"


FIGURES = [
    *rules.make_figure_training.output,
    *rules.make_figure_forecasts.output,
    *rules.make_figure_frontier.output,
    *rules.make_figure_clocks.output,
    *rules.make_figure_degrees.output,
    *rules.make_figure_horizons.output,
    *rules.make_figures_costs.output,
    *(rules.make_figure_ladder.output if STUDY.ladder else []),
]
