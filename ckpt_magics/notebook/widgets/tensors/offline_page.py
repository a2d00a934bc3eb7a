"""A view as one HTML file: its scripts, its data and its fallback, with no server and no network behind it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ckpt_magics.notebook.reports.report_page import html_page
from ckpt_magics.notebook.widgets.bundles import read_static
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages
from ckpt_magics.report import Report

__all__ = ["offline_page"]

_BODY = """<main id="view"><noscript>{fallback}</noscript></main>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>"""


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
    body = _BODY.format(
        fallback=fallback.html(),
        data=embedded,
        script=read_static("variables_page.js").decode().replace("</script", "<\\/script"),
    )
    style = read_static("variables_view.css").decode().replace("</", "<\\/")
    return html_page(answers.head.title, body, style)
