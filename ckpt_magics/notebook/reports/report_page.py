"""A report as one HTML file, with no server and no network behind it."""

from __future__ import annotations

import html

from ckpt_magics.errors import visible
from ckpt_magics.report import Report

__all__ = ["html_page", "report_page"]

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
{body}
</body>
</html>
"""

_SEARCH = """<input type="search" placeholder="Search" aria-label="Search in the tables">
<script>
document.querySelector("input[type=search]").addEventListener("input", event => {
  const wanted = event.target.value.toLowerCase();
  for (const row of document.querySelectorAll("tbody tr"))
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
</script>
"""


def html_page(title: str, body: str, style: str = "") -> str:
    """Return a page in light or dark.

    Args:
        title: Plain text.
        body: HTML.
        style: Rules of CSS beside those of the page.
    """
    return _PAGE.format(title=html.escape(visible(title)), body=body, style=style)


def report_page(report: Report) -> str:
    """Return a page of a report, in whose tables one can search."""
    return html_page(report.title, _SEARCH + report.html())
