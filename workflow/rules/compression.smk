"""Smaller variants of the studied model."""


rule compress_model:
    input:
        checkpoints=lambda wildcards: checkpoints_of(wildcards.model),
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        variants=f"{RESULTS}/compression/{{model}}.parquet",
        ledger=f"{RESULTS}/ledger/compression/{{model}}.jsonl",
    log:
        f"{LOGS}/compression/compress_model/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/compression/compress_model/{{model}}.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        windows=as_json(STUDY.data.windows),
        compression=as_json(STUDY.compression, without={"error_budget_share"}),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        code=code_of("compression/compress_model.py"),
    message:
        "Compress {wildcards.model} and measure the variants"
    shell:
        f"python {SCRIPTS}/compression/compress_model.py --checkpoints {{input.checkpoints}} --panel {{input.panel}}"
        " --splits {input.splits} --graph {input.graph} --windows {params.windows:q}"
        " --compression {params.compression:q} --metering {params.metering:q} --device {params.device}"
        f" --threads {TORCH_THREADS}"
        " --output {output.variants} --ledger {output.ledger} > {log} 2>&1"


rule judge_variants:
    input:
        variants=rules.compress_model.output.variants,
    output:
        verdicts=f"{RESULTS}/compression/{{model}}.verdicts.parquet",
    log:
        f"{LOGS}/compression/judge_variants/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/compression/judge_variants/{{model}}.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        budget=STUDY.compression.error_budget_share,
        code=code_of("compression/judge_variants.py"),
    message:
        "Judge the variants of {wildcards.model}"
    shell:
        f"python {SCRIPTS}/compression/judge_variants.py --variants {{input.variants}} --budget-share {{params.budget}}"
        " --output {output.verdicts} > {log} 2>&1"
