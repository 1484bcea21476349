"""The published numbers of the energy law, recomputed."""


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
