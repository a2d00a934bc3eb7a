"""Pictures and listings of graphs: name scopes to a view, to DOT, to SVG; every name in them escaped.

Reading order follows a picture: ``model`` (the graph as a tree of scopes, built once), ``views`` (which scopes are
open: boxes and edges within a budget), ``drawing`` (DOT, its layout by Graphviz in a process of its own or by
``plain_layout``, SVG). ``graph_model`` has one graph for all that shows it; ``picture`` is the way through all of them.
"""
