"""Smaller checkpoints: one job per compressed lineage, one job per model to compare its lineages."""


rule compress_model:
    input:
        checkpoints=lambda wildcards: checkpoints_of(LINEAGES[wildcards.lineage].parent.text),
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        compressed=[f"{RESULTS}/checkpoints/{{lineage}}-{seed}.safetensors" for seed in STUDY.seeds],
        ledger=f"{RESULTS}/ledger/compression/{{lineage}}.jsonl",
    log:
        f"{LOGS}/compression/compress_model/{{lineage}}.log",
    benchmark:
        f"{BENCHMARKS}/compression/compress_model/{{lineage}}.tsv"
    wildcard_constraints:
        lineage=any_of(COMPRESSED),
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        variant=lambda wildcards: LINEAGES[wildcards.lineage].step,
        settings=lambda wildcards: as_json(STUDY.compression.settings_of(LINEAGES[wildcards.lineage].step)),
        compression=as_json(STUDY.compression, only={"learning_rate", "batch"}),
        windows=as_json(STUDY.data.windows),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=lambda wildcards: engine_of(wildcards.lineage),
        code=lambda wildcards: code_of_measured(
            "compression/compress_model.py", *plugins_of(wildcards.lineage)
        ),
    message:
        "Make {wildcards.lineage}"
    shell:
        f"python {SCRIPTS}/compression/compress_model.py --checkpoints {{input.checkpoints:q}}"
        " --panel {input.panel:q} --splits {input.splits:q} --graph {input.graph:q} --windows {params.windows:q}"
        " --variant {params.variant} --settings {params.settings:q} --compression {params.compression:q}"
        " --metering {params.metering:q} --device {params.device} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --compressed {output.compressed:q} --ledger {output.ledger:q} > {log:q} 2>&1"


rule compare_checkpoints:
    input:
        checkpoints=lambda wildcards: [
            path for lineage in family_tree(wildcards.model) for path in checkpoints_of(lineage)
        ],
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        compared=f"{RESULTS}/compared/{{model}}.parquet",
        days=f"{RESULTS}/compared/{{model}}.days.parquet",
        ledger=f"{RESULTS}/ledger/comparison/{{model}}.jsonl",
    log:
        f"{LOGS}/compression/compare_checkpoints/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/compression/compare_checkpoints/{{model}}.tsv"
    wildcard_constraints:
        model=any_of(COMPARED),
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        compression=as_json(STUDY.compression, only={"latency_repeats", "energy_rounds"}),
        windows=as_json(STUDY.data.windows),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=lambda wildcards: engine_of(wildcards.model),
        code=lambda wildcards: code_of_measured(
            "compression/compare_checkpoints.py", *plugins_of(*family_tree(wildcards.model))
        ),
    message:
        "Compare all checkpoints made from {wildcards.model}, in turns"
    shell:
        f"python {SCRIPTS}/compression/compare_checkpoints.py --checkpoints {{input.checkpoints:q}}"
        " --panel {input.panel:q} --splits {input.splits:q} --graph {input.graph:q} --windows {params.windows:q}"
        " --compression {params.compression:q} --metering {params.metering:q} --device {params.device}"
        " --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --output {output.compared:q} --output-days {output.days:q} --ledger {output.ledger:q} > {log:q} 2>&1"


rule judge_variants:
    input:
        compared=[f"{RESULTS}/compared/{model}.parquet" for model in COMPARED],
        days=[f"{RESULTS}/compared/{model}.days.parquet" for model in COMPARED],
    output:
        verdicts=f"{RESULTS}/compression.parquet",
    log:
        f"{LOGS}/compression/judge_variants.log",
    benchmark:
        f"{BENCHMARKS}/compression/judge_variants.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        budget=STUDY.compression.error_budget_share,
        # One word: a floor below 0 would read as an option.
        floor=[f"--r2-floor={STUDY.compression.r2_floor}"] if STUDY.compression.r2_floor is not None else [],
        code=code_of("compression/judge_variants.py"),
    message:
        "Judge the compressed checkpoints"
    shell:
        f"python {SCRIPTS}/compression/judge_variants.py --compared {{input.compared:q}}"
        " --days {input.days:q} --budget-share {params.budget} {params.floor} --output {output.verdicts:q} > {log:q} 2>&1"
