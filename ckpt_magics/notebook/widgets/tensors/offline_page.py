"""A view as one HTML file: its scripts, its data and its fallback, with no server and no network behind it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ckpt_magics.errors import visible
from ckpt_magics.notebook.widgets.bundles import read_static
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages
from ckpt_magics.report import Report

__all__ = ["offline_page"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; \
style-src 'unsafe-inline'; img-src data: blob:">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 16px; font: 14px/1.4 system-ui, sans-serif; background: light-dark(#fff, #16181d); \
color: light-dark(#1f2328, #e6e8eb); }}
{style}
</style>
</head>
<body>
<main id="view"><noscript>{fallback}</noscript></main>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def offline_page(
    answers: VariableMessages, fallback: Report, filter_state: Mapping[str, Any], sort: Sequence[object]
) -> str:
    """Return the page.

    Args:
        answers: What the page would ask a kernel: its opening, index and known statistics are put into it.
        fallback: For browsers without scripts.
        filter_state: The filter to start with.
        sort: Column and direction to start with.
    """
    index = answers.index()
    data = {
        "opening": {**answers.opening(), "can_restore": False},
        "index": index.content,
        "buffers": [base64.b64encode(buffer).decode("ascii") for buffer in index.buffers],
        "statistics": answers.known_statistics(),
        "state": {"filter_state": dict(filter_state), "sort": list(sort), "selected_rows": [], "active_row": -1},
    }
    # Inside a script element only "<" could end it or open a comment.
    embedded = json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")
    return _PAGE.format(
        title=html.escape(visible(answers.head.title)),
        style=read_static("variables_view.css").decode().replace("</", "<\\/"),
        fallback=fallback.html(),
        data=embedded,
        script=read_static("variables_page.js").decode().replace("</script", "<\\/script"),
    )
