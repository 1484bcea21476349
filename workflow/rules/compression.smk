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
    threads: 1
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        windows=as_json(STUDY.data.windows),
        compression=as_json(STUDY.compression),
        energy=as_json(STUDY.energy),
        device=STUDY.device,
        code=code_of("compress_model.py"),
    message:
        "Compress {wildcards.model} and judge the variants"
    shell:
        f"python {SCRIPTS}/compress_model.py --checkpoints {{input.checkpoints}} --panel {{input.panel}}"
        " --splits {input.splits} --graph {input.graph} --windows {params.windows:q}"
        " --compression {params.compression:q} --energy {params.energy:q} --device {params.device} --threads {threads}"
        " --output {output.variants} --ledger {output.ledger} > {log} 2>&1"
