"""Pictures and listings of graphs: name scopes to a view, to DOT, to SVG; every name in them escaped."""
