"""Continual fine-tuning of the studied model over the later months."""


rule fine_tune:
    input:
        checkpoints=lambda wildcards: checkpoints_of(wildcards.model),
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        matrix=f"{RESULTS}/adaptation/{{model}}.parquet",
        ledger=f"{RESULTS}/ledger/adaptation/{{model}}.jsonl",
    log:
        f"{LOGS}/adaptation/fine_tune/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/adaptation/fine_tune/{{model}}.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        windows=as_json(STUDY.data.windows),
        adaptation=as_json(STUDY.adaptation),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=STUDY.engine,
        code=code_of("adaptation/fine_tune.py"),
    message:
        "Fine-tune {wildcards.model} month by month"
    shell:
        f"python {SCRIPTS}/adaptation/fine_tune.py --checkpoints {{input.checkpoints}} --panel {{input.panel}}"
        " --splits {input.splits} --graph {input.graph} --windows {params.windows:q}"
        " --adaptation {params.adaptation:q} --metering {params.metering:q} --device {params.device} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --output {output.matrix} --ledger {output.ledger} > {log} 2>&1"
