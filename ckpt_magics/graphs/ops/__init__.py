"""The ops that graphs are made of: definitions, shape rules and NumPy kernels.

Reading order: ``row`` (what a row says, and how it is written), one short family such as ``calculation/elementwise`` or
``nets/nn``, then ``rows``, where every family is listed. ``partial_shapes`` is arithmetic of partly known shapes,
``shape_rules`` the rules that many rows share, ``sharing`` which outputs have an input's memory, ``variable_values``
what variable ops change, ``holders`` what others keep between runs. To add an op is to add a row to a family.
"""
