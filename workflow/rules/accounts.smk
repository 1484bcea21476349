"""From ledgers to tables of runs and windows, and what follows from them."""


rule aggregate_ledgers:
    input:
        training=expand(rules.train_model.output.ledger, model=STUDY.models),
        baselines=rules.fit_baselines.output.ledger,
        rolling=rules.find_rolling.input.ledgers,
        inference=rules.forecast_test.output.ledger,
        adaptation=expand(rules.adapt_model.output.ledger, lineage=ADAPTED),
        compression=expand(rules.compress_model.output.ledger, lineage=COMPRESSED),
        comparison=expand(rules.compare_checkpoints.output.ledger, model=COMPARED),
        clocks=expand(rules.sweep_clocks.output.ledger, lineage=SWEPT, work=WORKS),
        law=LAW_LEDGERS,
        memory=rules.measure_memory.output.ledger if STUDY.memory else [],
        # Changes whenever a record does: a job without a result reruns the accounts too.
        records=list_of_records,
    output:
        runs=f"{RESULTS}/runs.parquet",
        windows=f"{RESULTS}/windows.parquet",
    log:
        f"{LOGS}/accounts/aggregate_ledgers.log",
    benchmark:
        f"{BENCHMARKS}/accounts/aggregate_ledgers.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        all_ledgers=[f"{RESULTS}/ledger", SPENT],
        code=code_of("accounts/aggregate_ledgers.py"),
    message:
        "Aggregate all ledgers"
    shell:
        f"python {SCRIPTS}/accounts/aggregate_ledgers.py --ledgers {{input.training:q}} {{input.baselines:q}}"
        " {input.rolling:q} {input.inference:q} {input.adaptation:q} {input.compression:q} {input.comparison:q} {input.clocks:q}"
        " {input.law:q} {input.memory:q}"
        " --all-ledgers {params.all_ledgers:q}"
        " --output-runs {output.runs:q} --output-windows {output.windows:q} > {log:q} 2>&1"


rule add_emissions:
    input:
        runs=rules.aggregate_ledgers.output.runs,
        panel=rules.build_panel.output.panel,
        series=intensity_series(),
    output:
        emissions=f"{RESULTS}/emissions.parquet",
    log:
        f"{LOGS}/accounts/add_emissions.log",
    benchmark:
        f"{BENCHMARKS}/accounts/add_emissions.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        energy=as_json(STUDY.energy, only={"country_iso", "region", "carbon"}),
        code=code_of("accounts/add_emissions.py"),
    message:
        "Turn energy into mass of CO2e by a named factor"
    shell:
        f"python {SCRIPTS}/accounts/add_emissions.py --runs {{input.runs:q}} --panel {{input.panel:q}}"
        " --energy {params.energy:q} --output {output.emissions:q} > {log:q} 2>&1"


rule export_runs:
    input:
        runs=rules.add_emissions.output.emissions,
    output:
        codecarbon=directory(f"{RESULTS}/emissions"),
        prometheus=f"{RESULTS}/emissions.prom",
    log:
        f"{LOGS}/accounts/export_runs.log",
    benchmark:
        f"{BENCHMARKS}/accounts/export_runs.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        energy=as_json(STUDY.energy, only={"country_iso", "region", "carbon"}),
        code=code_of("accounts/export_runs.py"),
    message:
        "Write the jobs in CodeCarbon's columns and for Prometheus"
    shell:
        f"python {SCRIPTS}/accounts/export_runs.py --runs {{input.runs:q}} --energy {{params.energy:q}}"
        " --output-codecarbon {output.codecarbon:q} --output-prometheus {output.prometheus:q} > {log:q} 2>&1"


rule find_frontier:
    input:
        scores=rules.score_forecasts.output.scores,
        windows=rules.aggregate_ledgers.output.windows,
    output:
        frontier=f"{RESULTS}/frontier.parquet",
    log:
        f"{LOGS}/accounts/find_frontier.log",
    benchmark:
        f"{BENCHMARKS}/accounts/find_frontier.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("accounts/find_frontier.py"),
    message:
        "Find the frontier of error against energy"
    shell:
        f"python {SCRIPTS}/accounts/find_frontier.py --scores {{input.scores:q}} --windows {{input.windows:q}}"
        " --output {output.frontier:q} > {log:q} 2>&1"


rule find_sensitivity:
    input:
        baselines=rules.fit_baselines.output.forecasts,
        models=rules.forecast_test.output.forecasts,
        panel=rules.build_panel.output.panel,
        quality=rules.check_quality.output.quality,
    output:
        sensitivity=f"{RESULTS}/accuracy/sensitivity.parquet",
        days=f"{RESULTS}/accuracy/sensitivity.days.parquet",
    log:
        f"{LOGS}/accounts/find_sensitivity.log",
    benchmark:
        f"{BENCHMARKS}/accounts/find_sensitivity.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("accounts/find_sensitivity.py"),
    message:
        "Find how far the errors depend on suspect nodes and on the calendar"
    shell:
        f"python {SCRIPTS}/accounts/find_sensitivity.py --forecasts {{input.baselines:q}} {{input.models:q}}"
        " --panel {input.panel:q} --quality {input.quality:q} --output {output.sensitivity:q}"
        " --output-days {output.days:q} > {log:q} 2>&1"


# Predicted against measured energies, of a study that predicts.
PREDICTIONS = f"{RESULTS}/law/predictions.parquet" if getattr(STUDY, "law", None) else []
# What claims are measured by; an edit of anything else judges none again.
CLAIMS_READ = {
    "models": True,
    "recipes": True,
    "ladder": {"reference", "tuned"},
    "data": {"windows"},
    "adaptation": {"strategies"},
    "compression": {"variants"},
}


rule judge_claims:
    input:
        scores=rules.score_forecasts.output.scores,
        windows=rules.aggregate_ledgers.output.windows,
        days=rules.score_forecasts.output.days,
        compared=expand(rules.compare_checkpoints.output.compared, model=COMPARED),
        compared_days=expand(rules.compare_checkpoints.output.days, model=COMPARED),
        adaptation=rules.summarise_adaptation.output.summary if ADAPTED else [],
        compared_predictions=PREDICTIONS,
        memory_steps=rules.measure_memory.output.steps if STUDY.memory else [],
        classes=rules.score_classes.output.classes if LABELLED else [],
        choices=expand(rules.choose_clock.output.choice, sweep=SWEEPS),
    output:
        claims=f"{RESULTS}/claims.parquet",
    log:
        f"{LOGS}/accounts/judge_claims.log",
    benchmark:
        f"{BENCHMARKS}/accounts/judge_claims.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        study=as_json(STUDY, only=CLAIMS_READ),
        code=code_of("accounts/judge_claims.py", *(("claims", name) for name in names("claims"))),
    message:
        "Judge the claims of source documents by what was measured"
    shell:
        f"python {SCRIPTS}/accounts/judge_claims.py --study {{params.study:q}} --scores {{input.scores:q}}"
        " --days {input.days:q} --windows {input.windows:q} --compared {input.compared:q}"
        " --compared-days {input.compared_days:q} --adaptation {input.adaptation:q}"
        " --compared-predictions {input.compared_predictions:q} --memory-steps {input.memory_steps:q}"
        " --classes {input.classes:q}"
        " --choices {input.choices:q} --output {output.claims:q} > {log:q} 2>&1"


rule find_ladder:
    input:
        training=expand(rules.train_model.output.ledger, model=LADDER_MODELS),
        baselines=rules.fit_baselines.output.ledger,
        scores=rules.score_forecasts.output.scores,
        days=rules.score_forecasts.output.days,
        records=LADDER_RECORDS,
        tuning=LADDER_TUNING,
    output:
        ladder=f"{RESULTS}/ladder.parquet",
        checks=f"{RESULTS}/ladder.checks.parquet",
        targets=f"{RESULTS}/ladder.targets.parquet",
        curves=f"{RESULTS}/ladder.curves.parquet",
        parts=f"{RESULTS}/ladder.parts.parquet",
        techniques=f"{RESULTS}/ladder.techniques.parquet",
    log:
        f"{LOGS}/accounts/find_ladder.log",
    benchmark:
        f"{BENCHMARKS}/accounts/find_ladder.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        ladder=ladder_json(),
        code=code_of("accounts/find_ladder.py"),
    message:
        "Find what each step of the ladder costs"
    shell:
        f"python {SCRIPTS}/accounts/find_ladder.py --ladder {{params.ladder:q}}"
        " --ledgers {input.training:q} {input.baselines:q} --scores {input.scores:q} --days {input.days:q}"
        " --records {input.records:q} --tuning {input.tuning:q}"
        " --output {output.ladder:q} --output-checks {output.checks:q} --output-targets {output.targets:q}"
        " --output-curves {output.curves:q} --output-parts {output.parts:q}"
        " --output-techniques {output.techniques:q} > {log:q} 2>&1"


rule find_chains:
    input:
        compared=expand(rules.compare_checkpoints.output.compared, model=COMPARED),
        days=expand(rules.compare_checkpoints.output.days, model=COMPARED),
        windows=rules.aggregate_ledgers.output.windows,
    output:
        chains=f"{RESULTS}/chains.parquet",
    log:
        f"{LOGS}/accounts/find_chains.log",
    benchmark:
        f"{BENCHMARKS}/accounts/find_chains.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        chains=without_braces(json.dumps(CHAINS)),
        code=code_of("accounts/find_chains.py"),
    message:
        "Find what every step of every chain cost and changed"
    shell:
        f"python {SCRIPTS}/accounts/find_chains.py --chains {{params.chains:q}} --compared {{input.compared:q}}"
        " --days {input.days:q} --windows {input.windows:q} --output {output.chains:q} > {log:q} 2>&1"


rule find_checkpoints:
    input:
        compared=expand(rules.compare_checkpoints.output.compared, model=COMPARED),
        windows=rules.aggregate_ledgers.output.windows,
    output:
        checkpoints=f"{RESULTS}/checkpoints.parquet",
    log:
        f"{LOGS}/accounts/find_checkpoints.log",
    benchmark:
        f"{BENCHMARKS}/accounts/find_checkpoints.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("accounts/find_checkpoints.py"),
    message:
        "Find what is known of every checkpoint"
    shell:
        f"python {SCRIPTS}/accounts/find_checkpoints.py --compared {{input.compared:q}}"
        " --windows {input.windows:q} --output {output.checkpoints:q} > {log:q} 2>&1"
