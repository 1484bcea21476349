"""Base training, baselines, test forecasts and their scores."""


rule train_model:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        checkpoints=[f"{RESULTS}/checkpoints/{{model}}-{seed}.safetensors" for seed in STUDY.seeds],
        epochs=f"{RESULTS}/checkpoints/{{model}}.epochs.parquet",
        ledger=f"{RESULTS}/ledger/training/{{model}}.jsonl",
    log:
        f"{LOGS}/training/train_model/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/training/train_model/{{model}}.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        seeds=STUDY.seeds,
        model=lambda wildcards: as_json(STUDY.models[wildcards.model]),
        recipe=lambda wildcards: as_json(STUDY.recipe_of(wildcards.model)),
        windows=as_json(STUDY.data.windows),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=lambda wildcards: engine_of(wildcards.model),
        code=lambda wildcards: code_of_measured("training/train_model.py", *plugins_of(wildcards.model)),
    message:
        "Train {wildcards.model}, all seeds"
    shell:
        f"python {SCRIPTS}/training/train_model.py --name {{wildcards.model}} --seeds {{params.seeds}}"
        " --model {params.model:q} --recipe {params.recipe:q} --windows {params.windows:q}"
        " --metering {params.metering:q} --panel {input.panel:q} --splits {input.splits:q} --graph {input.graph:q}"
        " --device {params.device} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --checkpoints {output.checkpoints:q} --epochs {output.epochs:q}"
        " --ledger {output.ledger:q} > {log:q} 2>&1"


rule forecast_test:
    input:
        checkpoints=[path for model in STUDY.models for path in checkpoints_of(model)],
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        forecasts=[f"{RESULTS}/forecasts/{model}.safetensors" for model in STUDY.models],
        validation=[f"{RESULTS}/forecasts/validation/{model}.safetensors" for model in STUDY.models],
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
        code=code_of_measured("training/forecast_test.py", *plugins_of(*STUDY.models)),
    message:
        "Forecast the test part with every model and seed"
    shell:
        f"python {SCRIPTS}/training/forecast_test.py --checkpoints {{input.checkpoints:q}} --panel {{input.panel:q}}"
        " --splits {input.splits:q} --graph {input.graph:q} --windows {params.windows:q}"
        " --metering {params.metering:q} --test-windows {params.test_windows} --device {params.device}"
        " --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --forecasts {output.forecasts:q} --validation {output.validation:q} --ledger {output.ledger:q}"
        " > {log:q} 2>&1"


rule fit_baselines:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        forecasts=[f"{RESULTS}/forecasts/{baseline}.safetensors" for baseline in STUDY.baselines],
        validation=[f"{RESULTS}/forecasts/validation/{baseline}.safetensors" for baseline in STUDY.baselines],
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
        code=code_of_measured("training/fit_baselines.py", *(("baseline", name) for name in STUDY.baselines)),
    message:
        "Fit the baselines: {params.names}"
    shell:
        f"OMP_NUM_THREADS={TORCH_THREADS} python {SCRIPTS}/training/fit_baselines.py --names {{params.names}}"
        " --panel {input.panel:q} --splits {input.splits:q} --graph {input.graph:q} --windows {params.windows:q}"
        " --metering {params.metering:q} --test-windows {params.test_windows}"
        " --forecasts {output.forecasts:q} --validation {output.validation:q} --ledger {output.ledger:q}"
        " > {log:q} 2>&1"


rule score_forecasts:
    input:
        baselines=rules.fit_baselines.output.forecasts,
        models=rules.forecast_test.output.forecasts,
        validation=rules.fit_baselines.output.validation + rules.forecast_test.output.validation,
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
    output:
        scores=f"{RESULTS}/accuracy/scores.parquet",
        days=f"{RESULTS}/accuracy/days.parquet",
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
        f"python {SCRIPTS}/training/score_forecasts.py --forecasts {{input.baselines:q}} {{input.models:q}}"
        " --validation {input.validation:q} --panel {input.panel:q} --splits {input.splits:q}"
        " --output {output.scores:q} --output-days {output.days:q} > {log:q} 2>&1"


# Requested only if the source gives labelled windows.
rule score_classes:
    input:
        baselines=rules.fit_baselines.output.forecasts,
        models=rules.forecast_test.output.forecasts,
        panel=rules.build_panel.output.panel,
    output:
        classes=f"{RESULTS}/accuracy/classes.parquet",
    log:
        f"{LOGS}/training/score_classes.log",
    benchmark:
        f"{BENCHMARKS}/training/score_classes.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("training/score_classes.py"),
    message:
        "Score the classes of all forecasts"
    shell:
        f"python {SCRIPTS}/training/score_classes.py --forecasts {{input.baselines:q}} {{input.models:q}}"
        " --panel {input.panel:q} --output {output.classes:q} > {log:q} 2>&1"
