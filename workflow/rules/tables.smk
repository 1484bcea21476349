"""The paper's LaTeX tables."""


rule make_table_accuracy:
    input:
        scores=rules.score_forecasts.output.scores,
        frontier=rules.find_frontier.output.frontier,
        panel=rules.build_panel.output.panel,
    output:
        tex=report(f"{RESULTS}/tables/accuracy.tex", caption="../report/table.rst", category="Tables"),
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
        code=code_of("publish/make_table_accuracy.py"),
    message:
        "Make the table of accuracy"
    shell:
        f"python {SCRIPTS}/publish/make_table_accuracy.py --scores {{input.scores}} --frontier {{input.frontier}}"
        " --panel {input.panel} --note {params.note:q} --output-tex {output.tex} > {log} 2>&1"


rule make_table_energy:
    input:
        runs=rules.add_emissions.output.emissions,
    output:
        tex=report(f"{RESULTS}/tables/energy.tex", caption="../report/table.rst", category="Tables"),
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
        code=code_of("publish/make_table_energy.py"),
    message:
        "Make the table of energy"
    shell:
        f"python {SCRIPTS}/publish/make_table_energy.py --runs {{input.runs}} --output-tex {{output.tex}}"
        " > {log} 2>&1"


rule make_table_nodes:
    input:
        scores=rules.score_forecasts.output.scores,
        panel=rules.build_panel.output.panel,
    output:
        tex=report(f"{RESULTS}/tables/nodes.tex", caption="../report/table.rst", category="Tables"),
    log:
        f"{LOGS}/publish/make_table_nodes.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_table_nodes.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("publish/make_table_nodes.py"),
    message:
        "Make the table of errors by node"
    shell:
        f"python {SCRIPTS}/publish/make_table_nodes.py --scores {{input.scores}} --panel {{input.panel}}"
        " --output-tex {output.tex} > {log} 2>&1"


rule make_table_frontier:
    input:
        frontier=rules.find_frontier.output.frontier,
        panel=rules.build_panel.output.panel,
    output:
        tex=report(f"{RESULTS}/tables/frontier.tex", caption="../report/table.rst", category="Tables"),
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
        code=code_of("publish/make_table_frontier.py"),
    message:
        "Make the table of frontier"
    shell:
        f"python {SCRIPTS}/publish/make_table_frontier.py --frontier {{input.frontier}} --panel {{input.panel}}"
        " --output-tex {output.tex} > {log} 2>&1"


rule make_table_adaptation:
    input:
        summary=rules.summarise_adaptation.output.summary,
        panel=rules.build_panel.output.panel,
    output:
        tex=report(f"{RESULTS}/tables/adaptation.tex", caption="../report/table.rst", category="Tables"),
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
        code=code_of("publish/make_table_adaptation.py"),
    message:
        "Make the table of adaptation"
    shell:
        f"python {SCRIPTS}/publish/make_table_adaptation.py --summary {{input.summary}} --panel {{input.panel}}"
        " --output-tex {output.tex} > {log} 2>&1"


rule make_table_compression:
    input:
        compression=expand(rules.judge_variants.output.verdicts, model=STUDY.studied_model),
        panel=rules.build_panel.output.panel,
    output:
        tex=report(f"{RESULTS}/tables/compression.tex", caption="../report/table.rst", category="Tables"),
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
        code=code_of("publish/make_table_compression.py"),
    message:
        "Make the table of compression"
    shell:
        f"python {SCRIPTS}/publish/make_table_compression.py --compression {{input.compression}}"
        " --panel {input.panel} --output-tex {output.tex} > {log} 2>&1"


rule make_table_clocks:
    input:
        sweep=rules.sweep_clocks.output.sweep,
        choice=rules.choose_clock.output.choice,
    output:
        tex=report(f"{RESULTS}/tables/clocks.tex", caption="../report/table.rst", category="Tables"),
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
        code=code_of("publish/make_table_clocks.py"),
    message:
        "Make the table of clocks"
    shell:
        f"python {SCRIPTS}/publish/make_table_clocks.py --sweep {{input.sweep}} --choice {{input.choice}}"
        " --output-tex {output.tex} > {log} 2>&1"


rule make_tables_costs:
    input:
        runs=rules.add_emissions.output.emissions,
        windows=rules.aggregate_ledgers.output.windows,
        scores=rules.score_forecasts.output.scores,
        panel=rules.build_panel.output.panel,
    output:
        tex=report(
            expand(f"{RESULTS}/tables/{{name}}.tex", name=COST_TABLES),
            caption="../report/table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/publish/make_tables_costs.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_tables_costs.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        folder=subpath(output[0], parent=True),
        limit=LEADERS_LIMIT,
        code=code_of("publish/make_tables_costs.py"),
    message:
        "Make the tables of what the models cost"
    shell:
        f"python {SCRIPTS}/publish/make_tables_costs.py --runs {{input.runs}} --windows {{input.windows}}"
        " --scores {input.scores} --panel {input.panel} {params.limit} --output {params.folder} > {log} 2>&1"


rule make_table_ladder:
    input:
        ladder=rules.find_ladder.output.ladder,
        panel=rules.build_panel.output.panel,
    output:
        tex=report(
            expand(f"{RESULTS}/tables/{{name}}.tex", name=LADDER_TABLES),
            caption="../report/table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/publish/make_table_ladder.log",
    benchmark:
        f"{BENCHMARKS}/publish/make_table_ladder.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        folder=subpath(output[0], parent=True),
        note=caps_note(),
        code=code_of("publish/make_table_ladder.py"),
    message:
        "Make the tables of the ladder"
    shell:
        f"python {SCRIPTS}/publish/make_table_ladder.py --ladder {{input.ladder}} --panel {{input.panel}}"
        " --note {params.note:q} --output {params.folder} > {log} 2>&1"


TABLES = [
    rules.make_table_accuracy.output.tex,
    rules.make_table_nodes.output.tex,
    rules.make_table_energy.output.tex,
    rules.make_table_frontier.output.tex,
    rules.make_table_adaptation.output.tex,
    rules.make_table_compression.output.tex,
    *rules.make_tables_costs.output.tex,
    rules.make_table_clocks.output.tex,
    *(rules.make_table_ladder.output.tex if STUDY.ladder else []),
]
