"""What memory levels save and cost: training steps of the study's models, predicted and measured.

The rule exists for every study, and is requested only if it has the block `memory`.
"""

# Models whose steps are measured at every memory level, and the memory of the largest step that is [MB].
MEMORY_MODELS = STUDY.memory.measured(STUDY.models) if STUDY.memory else []
MEMORY_MB = int(STUDY.memory.largest_mb) if STUDY.memory else 0
MEMORY_BLOCKS = {name: STUDY.models[name].model_dump(mode="json") for name in MEMORY_MODELS}
MEMORY_RECIPES = {name: STUDY.recipe_of(name).model_dump(mode="json") for name in MEMORY_MODELS}


rule measure_memory:
    input:
        panel=rules.build_panel.output.panel,
        splits=rules.split_calendar.output.splits,
        graph=rules.build_graph.output.graph,
    output:
        steps=f"{RESULTS}/memory/steps.parquet",
        timeline=f"{RESULTS}/memory/timeline.parquet",
        ledger=f"{RESULTS}/ledger/memory/measure_memory.jsonl",
    log:
        f"{LOGS}/memory/measure_memory.log",
    benchmark:
        f"{BENCHMARKS}/memory/measure_memory.tsv"
    conda:
        "../../envs/wattshed.yaml"
    threads: ALL_CORES
    resources:
        meter=1,
        mem_mb=TORCH_MB + MEMORY_MB,
        gpu=int(STUDY.device == "cuda"),
    params:
        memory=as_json(STUDY.memory) if STUDY.memory else "null",
        models=without_braces(json.dumps(MEMORY_BLOCKS)),
        recipes=without_braces(json.dumps(MEMORY_RECIPES)),
        windows=as_json(STUDY.data.windows),
        metering=as_json(STUDY.energy.metering),
        device=STUDY.device,
        engine=STUDY.engine,
        code=code_of_measured(
            "memory/measure_memory.py",
            *dict.fromkeys(("family", STUDY.models[name].form) for name in MEMORY_MODELS),
            # Levels take any of them.
            *(("mechanism", name) for name in names("mechanism") if MEMORY_MODELS),
        ),
    message:
        "Measure what memory levels save and cost"
    shell:
        f"python {SCRIPTS}/memory/measure_memory.py --memory {{params.memory:q}} --models {{params.models:q}}"
        " --recipes {params.recipes:q} --windows {params.windows:q} --metering {params.metering:q}"
        " --panel {input.panel:q} --splits {input.splits:q} --graph {input.graph:q}"
        " --device {params.device} --engine {params.engine}"
        f" --threads {TORCH_THREADS}"
        " --steps {output.steps:q} --timeline {output.timeline:q} --ledger {output.ledger:q} > {log:q} 2>&1"
