"""The clock sweep of a chain's last checkpoint, and the choice."""


rule sweep_clocks:
    input:
        checkpoint=lambda wildcards: checkpoints_of(wildcards.lineage)[0],
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
        recorded=recorded_sweep(),
    output:
        sweep=f"{RESULTS}/clocks/{{lineage}}.sweep.parquet",
        ledger=f"{RESULTS}/ledger/clocks/{{lineage}}.jsonl",
    log:
        f"{LOGS}/clocks/sweep_clocks/{{lineage}}.log",
    benchmark:
        f"{BENCHMARKS}/clocks/sweep_clocks/{{lineage}}.tsv"
    wildcard_constraints:
        lineage=any_of(SWEPT),
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.clocks.backend == "nvml"),
    params:
        windows=as_json(STUDY.data.windows),
        clocks=as_json(STUDY.clocks, without={"max_slowdown_share"}),
        metering=as_json(STUDY.energy.metering),
        engine=lambda wildcards: engine_of(wildcards.lineage),
        code=lambda wildcards: code_of_measured(
            "clocks/sweep_clocks.py",
            *plugins_of(wildcards.lineage),
            ("clock_backend", STUDY.clocks.backend),
        ),
    message:
        "Sweep the clocks of {wildcards.lineage}'s inference"
    shell:
        f"python {SCRIPTS}/clocks/sweep_clocks.py --checkpoint {{input.checkpoint:q}} --panel {{input.panel:q}}"
        " --splits {input.splits:q} --graph {input.graph:q} --windows {params.windows:q}"
        " --clocks {params.clocks:q} --metering {params.metering:q} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --output {output.sweep:q} --ledger {output.ledger:q} > {log:q} 2>&1"


rule choose_clock:
    input:
        sweep=rules.sweep_clocks.output.sweep,
    output:
        choice=f"{RESULTS}/clocks/{{lineage}}.choice.json",
    log:
        f"{LOGS}/clocks/choose_clock/{{lineage}}.log",
    benchmark:
        f"{BENCHMARKS}/clocks/choose_clock/{{lineage}}.tsv"
    wildcard_constraints:
        lineage=any_of(SWEPT),
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        max_slowdown_share=STUDY.clocks.max_slowdown_share,
        seed=STUDY.clocks.seed,
        code=code_of("clocks/choose_clock.py"),
    message:
        "Choose the clock of least energy within the slowdown limit for {wildcards.lineage}"
    shell:
        f"python {SCRIPTS}/clocks/choose_clock.py --sweep {{input.sweep:q}}"
        " --max-slowdown-share {params.max_slowdown_share} --seed {params.seed}"
        " --output {output.choice:q} > {log:q} 2>&1"
