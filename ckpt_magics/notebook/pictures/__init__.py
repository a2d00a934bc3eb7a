"""Pictures and listings of graphs: name scopes to a view, to DOT, to SVG; every name in them escaped.

Reading order follows a picture: ``hierarchy`` (the graph as a tree of scopes, built once), ``cut`` (which scopes are
open), ``compose`` (the view: boxes and edges within a budget), ``dot`` and ``engines`` (its layout, by Graphviz in a
process of its own or by ``plain_layout``), ``svg``. ``picture`` is the way through all of them.
"""
