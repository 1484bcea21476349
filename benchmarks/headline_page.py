"""The lines of docs/headline.json as a page of the docs, and a draft of README's section."""

import textwrap
from collections.abc import Sequence
from typing import Any

WIDTH = 118


def markdown(content: dict[str, Any]) -> str:
    """The lines as a page of the docs."""
    rows = [
        f"| {one['id']} | {one['sentence']} | `{one['table']}`: {one['cell']} |" for one in content["lines"]
    ]
    about = content["about"]
    return "\n".join(
        [
            "# What README may claim\n",
            "Made by `make headline` from a finished default study. README's section on that study holds no number "
            "that is not in one of these lines; a test computes the numbers again from the rows kept in "
            "`headline.json`.\n",
            f"Study: {about['study']}. Commit: {about['commit']}. Machine: {about['machine']}. Started: "
            f"{about['started_utc']}.\n",
            "| id | line | where |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def draft(lines: Sequence[dict[str, Any]]) -> str:
    """README's section on the default study from its most important lines; to be shortened by hand."""
    by_id = {one["id"]: one for one in lines}
    chosen = by_id["best"]["numbers"]
    best, use = chosen["best"], chosen["use"]
    trusted = [id for id in by_id if id.startswith("trusted-")]
    paragraphs = [
        ["data", "best", f"model-{best}", "naive", f"best-{use}", f"model-{use}", f"energy-{best}-{use}"]
        + [id for id in by_id if id.startswith("runs-")],
        ["graph", *trusted],
        [id for id in by_id if id.startswith(("trust-", "adaptation-")) or id in ("total", "compression")],
    ]
    texts = [
        textwrap.fill(" ".join(by_id[id]["sentence"] for id in dict.fromkeys(ids) if id in by_id), WIDTH)
        for ids in paragraphs
    ]
    return "\n\n".join(["## What the default study says", *texts])
