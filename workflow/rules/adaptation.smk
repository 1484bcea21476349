"""Continual learning: one job for each adapted lineage."""


rule adapt_model:
    input:
        checkpoints=lambda wildcards: checkpoints_of(LINEAGES[wildcards.lineage].parent.text),
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        adapted=[f"{RESULTS}/checkpoints/{{lineage}}-{seed}.safetensors" for seed in STUDY.seeds],
        matrix=f"{RESULTS}/adaptation/{{lineage}}.parquet",
        days=f"{RESULTS}/adaptation/{{lineage}}.days.parquet",
        ledger=f"{RESULTS}/ledger/adaptation/{{lineage}}.jsonl",
    log:
        f"{LOGS}/adaptation/adapt_model/{{lineage}}.log",
    benchmark:
        f"{BENCHMARKS}/adaptation/adapt_model/{{lineage}}.tsv"
    wildcard_constraints:
        lineage=any_of(ADAPTED),
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        strategy=lambda wildcards: LINEAGES[wildcards.lineage].step,
        settings=lambda wildcards: as_json(STUDY.adaptation.settings_of(LINEAGES[wildcards.lineage].step)),
        windows=as_json(STUDY.data.windows),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=lambda wildcards: engine_of(wildcards.lineage),
        code=lambda wildcards: code_of_measured("adaptation/adapt_model.py", *plugins_of(wildcards.lineage)),
    message:
        "Adapt {wildcards.lineage} month by month"
    shell:
        f"python {SCRIPTS}/adaptation/adapt_model.py --checkpoints {{input.checkpoints:q}} --panel {{input.panel:q}}"
        " --splits {input.splits:q} --graph {input.graph:q} --windows {params.windows:q}"
        " --strategy {params.strategy} --settings {params.settings:q} --metering {params.metering:q}"
        " --device {params.device} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --adapted {output.adapted:q} --output {output.matrix:q} --output-days {output.days:q}"
        " --ledger {output.ledger:q} > {log:q} 2>&1"


rule summarise_adaptation:
    input:
        matrices=[f"{RESULTS}/adaptation/{lineage}.parquet" for lineage in ADAPTED],
        windows=f"{RESULTS}/windows.parquet",
    output:
        summary=f"{RESULTS}/adaptation.parquet",
    log:
        f"{LOGS}/adaptation/summarise_adaptation.log",
    benchmark:
        f"{BENCHMARKS}/adaptation/summarise_adaptation.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("adaptation/summarise_adaptation.py"),
    message:
        "Reduce the matrices of errors to transfer metrics"
    shell:
        f"python {SCRIPTS}/adaptation/summarise_adaptation.py --matrices {{input.matrices:q}}"
        " --windows {input.windows:q} --output {output.summary:q} > {log:q} 2>&1"
