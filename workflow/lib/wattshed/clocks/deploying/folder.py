"""The files of a deployment: the document with its schema, and what a node or a cluster needs of it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattshed.clocks.deploying.document import deployment
from wattshed.clocks.deploying.monitoring import prometheus_rules
from wattshed.clocks.deploying.schema import Deployment, json_schema
from wattshed.clocks.deploying.slurm import script_text, table_text
from wattshed.clocks.deploying.systemd import unit_name, unit_text
from wattshed.foundation.writing import write_json, write_text


def write_deployment(
    folder: Path,
    choices: Sequence[Mapping[str, Any]],
    validations: Sequence[Mapping[str, Any]],
    *,
    timestamp_utc: str,
    version: str,
) -> tuple[Deployment, list[Path]]:
    """Write ``deployment.json`` and the folder ``deployment/``; returns the document and the files.

    Units of configurations that are deployed no longer are removed: installed by mistake, one would lock a clock that
    was not validated.
    """
    document = deployment(choices, validations, timestamp_utc=timestamp_utc, version=version)
    found = document.configurations
    texts = {unit_name(one): unit_text(one) for one in found.values() if one.deployed} | {
        "clocks.tsv": table_text(found),
        "prolog.sh": script_text("prolog"),
        "epilog.sh": script_text("epilog"),
        "alerts.yml": prometheus_rules(found),
    }
    parts = folder / "deployment"
    for stale in parts.glob("wattshed-*@.service"):
        if stale.name not in texts:
            stale.unlink()
    written = [folder / "deployment.json", parts / "deployment.schema.json", parts / "monitoring.json"]
    write_json(written[0], document.model_dump(mode="json"))
    write_json(written[1], json_schema())
    write_json(written[2], {key: one.monitoring for key, one in found.items() if one.deployed})
    for name, text in texts.items():
        path = parts / name
        write_text(path, text)
        if path.suffix == ".sh":
            os.chmod(path, path.stat().st_mode | 0o111)
        written.append(path)
    return document, written
