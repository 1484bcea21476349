# wattshed: from measured household data to the paper's tables, with the energy of every job.
from snakemake.utils import min_version

min_version("9.20")


# A study is one complete file; --configfile replaces the default one.
if not workflow.config_settings.configfiles:

    configfile: f"{workflow.basedir}/config/config.yaml"


include: "workflow/rules/common.smk"


wildcard_constraints:
    model=any_of(STUDY.models),
    lineage=any_of(LINEAGES),


include: f"{RULES}/source.smk"
include: f"{RULES}/data.smk"
include: f"{RULES}/training.smk"
include: f"{RULES}/rolling.smk"
include: f"{RULES}/adaptation.smk"
include: f"{RULES}/compression.smk"
include: f"{RULES}/clocks.smk"
include: f"{RULES}/law.smk"
include: f"{RULES}/memory.smk"
include: f"{RULES}/accounts.smk"
include: f"{RULES}/parts.smk"
include: f"{RULES}/publish.smk"


rule all:
    default_target: True
    input:
        report=rules.write_report.output.report,
        tables=TABLES,
        figures=FIGURES,
        exports=[rules.export_runs.output[name] for name in STUDY.energy.exports],
    localrule: True
    message:
        "The report is at {input.report}"


rule ladder:
    input:
        tables=[*TABLE_FILES.get("ladder", []), *TABLE_FILES.get("techniques", [])],
        figures=FIGURE_FILES.get("ladder", []),
    localrule: True
    message:
        "The ladder alone, without later months, compression and clocks: {input.tables}"


rule rolling:
    input:
        tables=TABLE_FILES.get("rolling", []),
        figures=FIGURE_FILES.get("rolling", []),
    localrule: True
    message:
        "The rolling origins alone, without the study's other stages: {input.tables}"
