"""From a view to DOT, to a layout by an engine or by ourselves, to SVG and HTML; every name escaped."""
