"""Rolling origins: models trained and scored on several test parts. The rules exist for every study, and are requested
only if it has the block `rolling`."""


rule split_origins:
    input:
        panel=rules.build_panel.output.panel,
    output:
        splits=[f"{RESULTS}/rolling/data/{origin}.splits.json" for origin in ORIGINS],
    log:
        f"{LOGS}/data/split_origins.log",
    benchmark:
        f"{BENCHMARKS}/data/split_origins.tsv"
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        rolling=calendar_json(),
        windows=as_json(STUDY.data.windows),
        code=code_of("data/split_origins.py"),
    message:
        "Cut the calendar into rolling origins"
    shell:
        f"python {SCRIPTS}/data/split_origins.py --panel {{input.panel:q}} --rolling {{params.rolling:q}}"
        " --windows {params.windows:q} --outputs {output.splits:q} > {log:q} 2>&1"


rule build_origin_graphs:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_origins.output.splits,
        edges=edge_list(),
    output:
        graphs=[f"{RESULTS}/rolling/data/{origin}.graph.safetensors" for origin in ORIGINS],
    log:
        f"{LOGS}/data/build_origin_graphs.log",
    benchmark:
        f"{BENCHMARKS}/data/build_origin_graphs.tsv"
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=2000,
    params:
        graph=as_json(STUDY.graph),
        edges=lambda wildcards, input: ["--edges", str(input.edges)] if input.edges else [],
        code=code_of("data/build_origin_graphs.py"),
    message:
        "Build the graph of every rolling origin"
    shell:
        f"python {SCRIPTS}/data/build_origin_graphs.py --panel {{input.panel:q}} --splits {{input.splits:q}}"
        " --graph {params.graph:q} {params.edges:q} --outputs {output.graphs:q} > {log:q} 2>&1"


rule roll_model:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_origins.output.splits,
        graphs=rules.build_origin_graphs.output.graphs,
    output:
        days=f"{RESULTS}/rolling/{{model}}.parquet",
        ledger=f"{RESULTS}/ledger/rolling/{{model}}.jsonl",
    log:
        f"{LOGS}/training/roll_model/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/training/roll_model/{{model}}.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        seeds=ROLLING_SEEDS,
        model=lambda wildcards: as_json(STUDY.models[wildcards.model]),
        recipe=lambda wildcards: as_json(STUDY.recipe_of(wildcards.model)),
        windows=as_json(STUDY.data.windows),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=lambda wildcards: engine_of(wildcards.model),
        code=lambda wildcards: code_of_measured("training/roll_model.py", *plugins_of(wildcards.model)),
    message:
        "Train and score {wildcards.model} at every rolling origin, all seeds"
    shell:
        f"python {SCRIPTS}/training/roll_model.py --name {{wildcards.model}} --seeds {{params.seeds}}"
        " --model {params.model:q} --recipe {params.recipe:q} --windows {params.windows:q}"
        " --metering {params.metering:q} --panel {input.panel:q} --splits {input.splits:q} --graph {input.graphs:q}"
        " --device {params.device} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --output {output.days:q} --ledger {output.ledger:q} > {log:q} 2>&1"


rule roll_baseline:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_origins.output.splits,
        graphs=rules.build_origin_graphs.output.graphs,
    output:
        days=f"{RESULTS}/rolling/{{baseline}}.parquet",
        ledger=f"{RESULTS}/ledger/rolling/{{baseline}}.jsonl",
    log:
        f"{LOGS}/training/roll_baseline/{{baseline}}.log",
    benchmark:
        f"{BENCHMARKS}/training/roll_baseline/{{baseline}}.tsv"
    wildcard_constraints:
        baseline=any_of(STUDY.baselines),
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
    params:
        windows=as_json(STUDY.data.windows),
        metering=as_json(STUDY.energy.metering),
        code=lambda wildcards: code_of_measured("training/roll_baseline.py", ("baseline", wildcards.baseline)),
    message:
        "Fit and score {wildcards.baseline} at every rolling origin"
    shell:
        f"OMP_NUM_THREADS={TORCH_THREADS} python {SCRIPTS}/training/roll_baseline.py --name {{wildcards.baseline}}"
        " --windows {params.windows:q} --metering {params.metering:q}"
        " --panel {input.panel:q} --splits {input.splits:q} --graph {input.graphs:q}"
        f" --threads {TORCH_THREADS}"
        " --output {output.days:q} --ledger {output.ledger:q} > {log:q} 2>&1"


rule find_rolling:
    input:
        days=[f"{RESULTS}/rolling/{name}.parquet" for name in ROLLED],
        ledgers=[f"{RESULTS}/ledger/rolling/{name}.jsonl" for name in ROLLED],
    output:
        rolling=f"{RESULTS}/rolling.parquet",
        origins=f"{RESULTS}/rolling.origins.parquet",
    log:
        f"{LOGS}/accounts/find_rolling.log",
    benchmark:
        f"{BENCHMARKS}/accounts/find_rolling.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("accounts/find_rolling.py"),
        controls=[name for name in ROLLED if name in STUDY.models and STUDY.models[name].graph == "shuffled"],
    message:
        "Find what the rolling origins say of the models"
    shell:
        f"python {SCRIPTS}/accounts/find_rolling.py --days {{input.days:q}} --ledgers {{input.ledgers:q}}"
        " --controls {params.controls:q} --output {output.rolling:q} --output-origins {output.origins:q} > {log:q} 2>&1"
