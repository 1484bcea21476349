"""Parts of a self-contained page, without a template engine: the core of wattshed comes without one."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

# What the report's style lacks: marks of checks, and one column of text.
STYLE = """
.badge { display: inline-block; padding: 0 .5rem; border: 1px solid currentColor; border-radius: 1rem;
  font-size: .8rem; white-space: nowrap; }
.good { color: var(--accent); } .soft { color: var(--soft); } .bad { color: var(--warn); font-weight: 700; }
@media print { .badge { border: 0; padding: 0; } pre { break-inside: avoid; } section { break-inside: auto; } }
"""

Look = Literal["good", "soft", "bad"]


@dataclass(frozen=True)
class Column:
    """numeric: set flush right; long: wraps."""

    title: str
    numeric: bool = False
    long: bool = False


@dataclass(frozen=True)
class Html:
    """Text that is HTML already; everything else is escaped."""

    text: str


def markup(content: "str | Html") -> str:
    """Text as HTML; a number and its per cent sign stay on one line."""
    return content.text if isinstance(content, Html) else re.sub(r"(?<=\d) %", "\u00a0%", escape(content))


def table(
    caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str | Html]], notes: Sequence[str] = ()
) -> Html:
    head = "".join(f"<th{_class(column)}>{escape(column.title)}</th>" for column in columns)
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{_class(column)}>{markup(cell)}</td>" for column, cell in zip(columns, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    below = f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>' if notes else ""
    return Html(
        f'<figure class="table"><figcaption>{escape(caption)}</figcaption><div class="scroll" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>{below}</figure>\n"
    )


def picture(png: Path, caption: str) -> Html:
    data = base64.b64encode(png.read_bytes()).decode()
    return Html(
        f'<figure><div class="scroll picture" tabindex="0"><img src="data:image/png;base64,{data}" '
        f'alt="{escape(caption)}"></div><figcaption>{escape(caption)}</figcaption></figure>\n'
    )


def paragraph(*parts: str | Html) -> Html:
    return Html(f"<p>{''.join(map(markup, parts))}</p>\n")


def bullets(sentences: Sequence[str | Html]) -> Html:
    return Html(f'<ul class="outcomes">{"".join(f"<li>{markup(one)}</li>" for one in sentences)}</ul>\n')


def folded(title: str, *parts: Html) -> Html:
    inner = "".join(part.text for part in parts)
    return Html(f"<details><summary>{escape(title)}</summary>\n{inner}</details>\n")


def code(lines: Sequence[str]) -> Html:
    return Html(f"<pre>{escape(chr(10).join(lines))}</pre>\n")


def badge(text: str, look: Look) -> Html:
    return Html(f'<span class="badge {look}">{escape(text)}</span>')


def section(identity: str, title: str, *parts: Html) -> Html:
    return Html(
        f'<section id="{escape(identity)}"><h2>{escape(title)}</h2>\n{"".join(part.text for part in parts)}</section>\n'
    )


def page(
    title: str,
    kicker: str,
    opening: Sequence[Html],
    sections: Sequence[tuple[str, str, Html]],
    numbers: dict[str, Any],
) -> str:
    """The whole page. sections: identity, title and content; numbers: also on the page, as JSON."""
    css = files("wattshed.publish.report").joinpath("report.css").read_text(encoding="utf-8") + STYLE
    links = "".join(f'<a href="#{escape(one)}">{escape(name)}</a>' for one, name, _ in sections)
    body = "".join(section(one, name, content).text for one, name, content in sections)
    # "<" would end the element if a name held "</script>".
    data = json.dumps(numbers, allow_nan=False, ensure_ascii=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{css}</style>
</head>
<body>
<header>
<p class="kicker">{escape(kicker)}</p>
<h1>{escape(title)}</h1>
</header>
<main>
<section id="answer">
{"".join(part.text for part in opening)}</section>
<nav>{links}</nav>
{body}</main>
<script type="application/json" id="numbers">{data}</script>
</body>
</html>
"""


def _class(column: Column) -> str:
    names = [name for name, used in (("number", column.numeric), ("long", column.long)) if used]
    return f' class="{" ".join(names)}"' if names else ""
