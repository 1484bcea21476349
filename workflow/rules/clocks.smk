"""The clock sweeps of a chain's last checkpoint, recorded sweeps, and the choice from each."""


rule sweep_clocks:
    input:
        checkpoint=lambda wildcards: checkpoints_of(wildcards.lineage)[0],
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
        recorded=recorded_sweep(),
    output:
        sweep=f"{RESULTS}/clocks/{{lineage}}.{{work}}.sweep.parquet",
        ledger=f"{RESULTS}/ledger/clocks/{{lineage}}.{{work}}.jsonl",
    log:
        f"{LOGS}/clocks/sweep_clocks/{{lineage}}.{{work}}.log",
    benchmark:
        f"{BENCHMARKS}/clocks/sweep_clocks/{{lineage}}.{{work}}.tsv"
    wildcard_constraints:
        lineage=any_of(SWEPT),
        work=any_of(WORKS),
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB,
        gpu=int(STUDY.clocks.backend == "nvml"),
    params:
        windows=as_json(STUDY.data.windows),
        clocks=sweep_settings(),
        metering=as_json(STUDY.energy.metering),
        engine=lambda wildcards: engine_of(wildcards.lineage),
        code=lambda wildcards: code_of_measured(
            "clocks/sweep_clocks.py",
            *plugins_of(wildcards.lineage),
            ("clock_backend", STUDY.clocks.backend),
            *(readers() if STUDY.clocks.backend == "replay" else []),
        ),
    message:
        "Sweep the clocks of {wildcards.lineage}'s {wildcards.work}"
    shell:
        f"python {SCRIPTS}/clocks/sweep_clocks.py --checkpoint {{input.checkpoint:q}} --work {{wildcards.work}}"
        " --panel {input.panel:q} --splits {input.splits:q} --graph {input.graph:q} --windows {params.windows:q}"
        " --clocks {params.clocks:q} --metering {params.metering:q} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --output {output.sweep:q} --ledger {output.ledger:q} > {log:q} 2>&1"


rule read_recording:
    input:
        recorded=lambda wildcards: recording_files(RECORDINGS[wildcards.recording]),
    output:
        sweep=f"{RESULTS}/clocks/recorded.{{recording}}.sweep.parquet",
        samples=f"{RESULTS}/clocks/recorded.{{recording}}.samples.parquet",
    log:
        f"{LOGS}/clocks/read_recording/{{recording}}.log",
    benchmark:
        f"{BENCHMARKS}/clocks/read_recording/{{recording}}.tsv"
    wildcard_constraints:
        recording=any_of(RECORDINGS),
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        recording=lambda wildcards: as_json(RECORDINGS[wildcards.recording]),
        code=code_of("clocks/read_recording.py", *readers()),
    message:
        "Read the recorded sweep {wildcards.recording}"
    shell:
        f"python {SCRIPTS}/clocks/read_recording.py --recording {{params.recording:q}}"
        " --output {output.sweep:q} --samples {output.samples:q} > {log:q} 2>&1"


rule choose_clock:
    input:
        sweep=f"{RESULTS}/clocks/{{sweep}}.sweep.parquet",
    output:
        choice=f"{RESULTS}/clocks/{{sweep}}.choice.json",
    log:
        f"{LOGS}/clocks/choose_clock/{{sweep}}.log",
    benchmark:
        f"{BENCHMARKS}/clocks/choose_clock/{{sweep}}.tsv"
    wildcard_constraints:
        sweep=any_of(SWEEPS),
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        clocks=as_json(STUDY.clocks, only={"max_slowdown_share", "choice", "seed"}),
        code=code_of("clocks/choose_clock.py", *(("clock_rule", name) for name in names("clock_rule"))),
    message:
        "Choose a clock within the limits from the sweep {wildcards.sweep}"
    shell:
        f"python {SCRIPTS}/clocks/choose_clock.py --sweep {{input.sweep:q}} --clocks {{params.clocks:q}}"
        " --output {output.choice:q} > {log:q} 2>&1"


rule deploy_clocks:
    input:
        sweeps=expand(f"{RESULTS}/clocks/{{sweep}}.sweep.parquet", sweep=SWEEPS),
        choices=expand(f"{RESULTS}/clocks/{{sweep}}.choice.json", sweep=SWEEPS),
    output:
        validation=f"{RESULTS}/clocks/validation.json",
        deployment=f"{RESULTS}/clocks/deployment.json",
        folder=directory(f"{RESULTS}/clocks/deployment"),
    log:
        f"{LOGS}/clocks/deploy_clocks.log",
    benchmark:
        f"{BENCHMARKS}/clocks/deploy_clocks.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        clocks=as_json(STUDY.clocks, only={"max_slowdown_share", "choice", "seed"}),
        folder=lambda wildcards, output: str(Path(output.deployment).parent),
        code=code_of("clocks/deploy_clocks.py"),
    message:
        "Recompute every choice of a clock from raw rows, and write what a cluster needs of those that pass"
    shell:
        f"python {SCRIPTS}/clocks/deploy_clocks.py --sweeps {{input.sweeps:q}} --choices {{input.choices:q}}"
        " --clocks {params.clocks:q} --output {params.folder:q} > {log:q} 2>&1"


rule predict_clocks:
    input:
        sweeps=expand(f"{RESULTS}/clocks/{{sweep}}.sweep.parquet", sweep=SWEEPS),
        choices=expand(f"{RESULTS}/clocks/{{sweep}}.choice.json", sweep=SWEEPS),
    output:
        predictions=f"{RESULTS}/clocks/predictions.parquet",
        standings=f"{RESULTS}/clocks/prediction_standings.parquet",
    log:
        f"{LOGS}/clocks/predict_clocks.log",
    benchmark:
        f"{BENCHMARKS}/clocks/predict_clocks.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        max_slowdown_share=STUDY.clocks.max_slowdown_share,
        seed=STUDY.clocks.seed,
        code=code_of("clocks/predict_clocks.py"),
    message:
        "Predict the clocks of workloads and GPUs that are left out"
    shell:
        f"python {SCRIPTS}/clocks/predict_clocks.py --sweeps {{input.sweeps:q}} --choices {{input.choices:q}}"
        " --max-slowdown-share {params.max_slowdown_share} --seed {params.seed} --output {output.predictions:q}"
        " --standings {output.standings:q} > {log:q} 2>&1"


rule govern_clocks:
    input:
        samples=expand(rules.read_recording.output.samples, recording=RECORDINGS),
    output:
        governed=f"{RESULTS}/clocks/governor.json",
        phases=f"{RESULTS}/clocks/phases.parquet",
    log:
        f"{LOGS}/clocks/govern_clocks.log",
    benchmark:
        f"{BENCHMARKS}/clocks/govern_clocks.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        governor=as_json(STUDY.clocks.governor),
        max_slowdown_share=STUDY.clocks.max_slowdown_share,
        seed=STUDY.clocks.seed,
        logs=lambda wildcards, input: " ".join(
            quote(f"--samples={name}={path}") for name, path in zip(RECORDINGS, input.samples)
        ),
        code=code_of("clocks/govern_clocks.py"),
    message:
        "Try the governor on simulated mixes of phases, and find the phases of power logs"
    shell:
        f"python {SCRIPTS}/clocks/govern_clocks.py --governor {{params.governor:q}}"
        " --max-slowdown-share {params.max_slowdown_share} --seed {params.seed} {params.logs}"
        " --governed {output.governed:q} --phases {output.phases:q} > {log:q} 2>&1"
