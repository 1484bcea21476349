"""Base training, baselines, test forecasts and their scores."""


rule train_model:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        checkpoint=f"{RESULTS}/models/{{model}}-{{seed}}.safetensors",
        epochs=f"{RESULTS}/models/{{model}}-{{seed}}.epochs.parquet",
        ledger=f"{RESULTS}/ledger/training/{{model}}-{{seed}}.jsonl",
    log:
        f"{LOGS}/training/train_model/{{model}}-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/training/train_model/{{model}}-{{seed}}.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        model=lambda wildcards: as_json(STUDY.models[wildcards.model]),
        recipe=lambda wildcards: as_json(STUDY.recipes[STUDY.models[wildcards.model].recipe]),
        windows=as_json(STUDY.data.windows),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=STUDY.engine,
        code=code_of("training/train_model.py"),
    message:
        "Train {wildcards.model} with seed {wildcards.seed}"
    shell:
        f"python {SCRIPTS}/training/train_model.py --name {{wildcards.model}} --seed {{wildcards.seed}}"
        " --model {params.model:q} --recipe {params.recipe:q} --windows {params.windows:q}"
        " --metering {params.metering:q} --panel {input.panel} --splits {input.splits} --graph {input.graph}"
        " --device {params.device} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --checkpoint {output.checkpoint} --epochs {output.epochs}"
        " --ledger {output.ledger} > {log} 2>&1"


rule forecast_test:
    input:
        checkpoints=[path for model in STUDY.models for path in checkpoints_of(model)],
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        forecasts=expand(f"{RESULTS}/forecasts/{{model}}.safetensors", model=STUDY.models),
        ledger=f"{RESULTS}/ledger/inference/models.jsonl",
    log:
        f"{LOGS}/training/forecast_test.log",
    benchmark:
        f"{BENCHMARKS}/training/forecast_test.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        windows=as_json(STUDY.data.windows),
        test_windows=STUDY.data.splits.test_windows,
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=STUDY.engine,
        code=code_of("training/forecast_test.py"),
    message:
        "Forecast the test part with every model and seed"
    shell:
        f"python {SCRIPTS}/training/forecast_test.py --checkpoints {{input.checkpoints}} --panel {{input.panel}}"
        " --splits {input.splits} --graph {input.graph} --windows {params.windows:q}"
        " --metering {params.metering:q} --test-windows {params.test_windows} --device {params.device} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --forecasts {output.forecasts} --ledger {output.ledger} > {log} 2>&1"


rule fit_baselines:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        forecasts=expand(f"{RESULTS}/forecasts/{{baseline}}.safetensors", baseline=STUDY.baselines),
        ledger=f"{RESULTS}/ledger/training/baselines.jsonl",
    log:
        f"{LOGS}/training/fit_baselines.log",
    benchmark:
        f"{BENCHMARKS}/training/fit_baselines.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
    params:
        names=STUDY.baselines,
        windows=as_json(STUDY.data.windows),
        test_windows=STUDY.data.splits.test_windows,
        metering=as_json(STUDY.energy.metering),
        code=code_of("training/fit_baselines.py"),
    message:
        "Fit the baselines: {params.names}"
    shell:
        f"OMP_NUM_THREADS={TORCH_THREADS} python {SCRIPTS}/training/fit_baselines.py --names {{params.names}}"
        " --panel {input.panel} --splits {input.splits} --graph {input.graph} --windows {params.windows:q}"
        " --metering {params.metering:q} --test-windows {params.test_windows}"
        " --forecasts {output.forecasts} --ledger {output.ledger} > {log} 2>&1"


rule score_forecasts:
    input:
        baselines=rules.fit_baselines.output.forecasts,
        models=rules.forecast_test.output.forecasts,
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
    output:
        scores=f"{RESULTS}/accuracy/scores.parquet",
    log:
        f"{LOGS}/training/score_forecasts.log",
    benchmark:
        f"{BENCHMARKS}/training/score_forecasts.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("training/score_forecasts.py"),
    message:
        "Score all forecasts on observed hours"
    shell:
        f"python {SCRIPTS}/training/score_forecasts.py --forecasts {{input.baselines}} {{input.models}}"
        " --panel {input.panel} --splits {input.splits} --output {output.scores} > {log} 2>&1"
