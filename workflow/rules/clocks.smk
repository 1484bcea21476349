"""The clock sweep of the studied model's inference, and the choice."""


rule sweep_clocks:
    input:
        checkpoint=checkpoints_of(STUDY.studied_model)[0],
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
        recorded=recorded_sweep(),
    output:
        sweep=f"{RESULTS}/clocks/sweep.parquet",
        ledger=f"{RESULTS}/ledger/clocks/{STUDY.studied_model}.jsonl",
    log:
        f"{LOGS}/clocks/sweep_clocks.log",
    benchmark:
        f"{BENCHMARKS}/clocks/sweep_clocks.tsv"
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
        code=code_of("clocks/sweep_clocks.py"),
    message:
        f"Sweep the clocks of {STUDY.studied_model}'s inference ({STUDY.clocks.backend})"
    shell:
        f"python {SCRIPTS}/clocks/sweep_clocks.py --checkpoint {{input.checkpoint}} --panel {{input.panel}}"
        " --splits {input.splits} --graph {input.graph} --windows {params.windows:q}"
        " --clocks {params.clocks:q} --metering {params.metering:q}"
        f" --threads {TORCH_THREADS}"
        " --output {output.sweep} --ledger {output.ledger} > {log} 2>&1"


rule choose_clock:
    input:
        sweep=rules.sweep_clocks.output.sweep,
    output:
        choice=f"{RESULTS}/clocks/choice.json",
    log:
        f"{LOGS}/clocks/choose_clock.log",
    benchmark:
        f"{BENCHMARKS}/clocks/choose_clock.tsv"
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
        "Choose the clock of least energy within the slowdown limit"
    shell:
        f"python {SCRIPTS}/clocks/choose_clock.py --sweep {{input.sweep}}"
        " --max-slowdown-share {params.max_slowdown_share} --seed {params.seed}"
        " --output {output.choice} > {log} 2>&1"
