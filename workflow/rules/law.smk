"""What trainings are predicted to cost before they run, how far off that was, and the sweep over sizes.

The rules exist for every study, and are requested only if it has the block `law`.
"""

# What predictions are made from. The place and the test part change no prediction.
PREDICTED = {
    **dict.fromkeys(
        ("study", "plugins", "seeds", "device", "engine", "baselines", "recipes", "models"), True
    ),
    "controls": True,
    "data": {"source": True, "windows": True, "splits": {"train_share", "validation_share"}},
}


# The part of the study that predictions are made from, as one argument: a study without a known place.
PREDICTED_STUDY = without_braces(
    json.dumps({**STUDY.model_dump(mode="json", include=PREDICTED), "energy": {"country_iso": UNKNOWN}})
)


rule calibrate_device:
    output:
        profile=f"{RESULTS}/law/profile.json",
        ledger=f"{RESULTS}/ledger/calibration/calibrate_device.jsonl",
    log:
        f"{LOGS}/law/calibrate_device.log",
    benchmark:
        f"{BENCHMARKS}/law/calibrate_device.tsv"
    # Before any training, like the predictions that it serves.
    priority: 100
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        seconds=STUDY.law.seconds if STUDY.law else 0,
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        code=code_of_measured("law/calibrate_device.py"),
    message:
        "Calibrate this device for predictions, for {params.seconds} s"
    shell:
        f"python {SCRIPTS}/law/calibrate_device.py --seconds {{params.seconds}} --metering {{params.metering:q}}"
        " --device {params.device}"
        f" --threads {TORCH_THREADS}"
        " --output {output.profile:q} --ledger {output.ledger:q} > {log:q} 2>&1"


rule predict:
    input:
        profile=LAW_PROFILE,
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        predictions=f"{RESULTS}/law/predictions.json",
    log:
        f"{LOGS}/law/predict.log",
    benchmark:
        f"{BENCHMARKS}/law/predict.tsv"
    # It reads nothing of any training: what they take cannot reach the predictions.
    priority: 100
    conda:
        "../../envs/wattshed.yaml"
    # Not on the node from which jobs are submitted: a profile that the user names is checked against this device.
    resources:
        mem_mb=FRAMES_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        study=PREDICTED_STUDY,
        results=lambda wildcards, output: str(Path(output.predictions).parent.parent),
        named=[] if LAW_CALIBRATES else ["--check-device"],
        code=code_of("law/predict.py", *(("family", model.form) for model in STUDY.models.values())),
    message:
        "Predict what every training takes, before it runs"
    shell:
        f"python {SCRIPTS}/law/predict.py --study {{params.study:q}} --profile {{input.profile:q}}"
        " --results {params.results:q} {params.named:q}"
        f" --threads {TORCH_THREADS}"
        " --output {output.predictions:q} > {log:q} 2>&1"


rule compare_predictions:
    input:
        predictions=rules.predict.output.predictions,
        windows=f"{RESULTS}/windows.parquet",
        epochs=expand(rules.train_model.output.epochs, model=STUDY.models),
    output:
        predictions=f"{RESULTS}/law/predictions.parquet",
    log:
        f"{LOGS}/law/compare_predictions.log",
    benchmark:
        f"{BENCHMARKS}/law/compare_predictions.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("law/compare_predictions.py"),
    message:
        "Compare the predictions with what the trainings took"
    shell:
        f"python {SCRIPTS}/law/compare_predictions.py --predictions {{input.predictions:q}}"
        " --windows {input.windows:q} --epochs {input.epochs:q} --output {output.predictions:q} > {log:q} 2>&1"


rule sweep_law:
    input:
        profile=LAW_PROFILE,
    output:
        sweep=f"{RESULTS}/law/sweep.parquet",
        ledger=f"{RESULTS}/ledger/calibration/sweep_law.jsonl",
    log:
        f"{LOGS}/law/sweep_law.log",
    benchmark:
        f"{BENCHMARKS}/law/sweep_law.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        sweep=as_json(LAW_SWEEP) if LAW_SWEEP else "null",
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        code=code_of_measured("law/sweep_law.py"),
    message:
        "Sweep training steps of token-level networks over layers, width, heads and length"
    shell:
        f"python {SCRIPTS}/law/sweep_law.py --sweep {{params.sweep:q}} --profile {{input.profile:q}}"
        " --metering {params.metering:q} --device {params.device}"
        f" --threads {TORCH_THREADS}"
        " --output {output.sweep:q} --ledger {output.ledger:q} > {log:q} 2>&1"


rule reproduce_law:
    output:
        reproduction=f"{RESULTS}/law/reproduction.parquet",
    log:
        f"{LOGS}/law/reproduce_law.log",
    benchmark:
        f"{BENCHMARKS}/law/reproduce_law.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("law/reproduce_law.py"),
    message:
        "Recompute the published numbers of the energy law"
    shell:
        f"python {SCRIPTS}/law/reproduce_law.py --output {{output.reproduction:q}}" " > {log:q} 2>&1"
