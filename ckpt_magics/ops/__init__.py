"""The ops that graphs are made of: definitions, shape rules and NumPy kernels.

Reading order: ``row`` (what a row says, and how it is written), one short family such as ``elementwise`` or ``nn``,
then ``table``, where every family is listed. ``shapes`` is the arithmetic of partly known shapes, ``shape_rules`` the
rules that many rows share, ``sharing`` which outputs have an input's memory, ``variable_store`` what variable ops
change. To add an op is to add a row to a family.
"""
