"""Protocol buffer messages of TensorFlow's files, under a package name of our own.

The ``.proto`` files hold what TensorFlow 2.21 declares, field for field, in the package ``ckpt_magics``: the package
never reaches the wire, and TensorFlow's own ``tensorflow.*`` messages can live in the same process. ``make proto``
compiles them into :mod:`~ckpt_magics.proto.descriptor_set` and the type stub of :mod:`~ckpt_magics.proto.messages`,
which is the module to use::

    from ckpt_magics.proto import messages

    messages.MetaGraphDef.FromString(data)
"""
