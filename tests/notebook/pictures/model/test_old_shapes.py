"""Empty shapes of old graphs are drawn as what they mean: any shape."""

import pytest
from google.protobuf import text_format

from ckpt_magics.notebook.pictures.model.hierarchy import build_hierarchy
from ckpt_magics.notebook.pictures.model.outputs import describe_node
from ckpt_magics.proto.messages import GraphDef

NODE = (
    'node { name: "p" op: "%s" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { %s } } %s }'
)
TOLD = 'attr { key: "_output_shapes" value { list { shape { } } } }'


@pytest.mark.parametrize(
    ("op", "shape", "more", "producer", "drawn"),
    [
        ("Placeholder", "shape { }", "", 21, "float32"),
        ("Placeholder", "shape { }", "", 22, "float32 []"),
        ("Placeholder", "shape { dim { size: 2 } }", "", 21, "float32 [2]"),
        ("Placeholder", "shape { }", TOLD, 21, "float32 []"),
        ("PlaceholderV2", "shape { }", "", 21, "float32 []"),
        ("Variable", "shape { }", "", 2474, "float32"),
        ("VariableV2", "shape { }", "", 21, "float32 []"),
    ],
)
def test_an_empty_shape_is_drawn_as_what_it_means(op, shape, more, producer, drawn):
    graph_def = text_format.Parse(f"{NODE % (op, shape, more)} versions {{ producer: {producer} }}", GraphDef())
    before = graph_def.SerializeToString(deterministic=True)
    (node,) = (item.node for item in build_hierarchy(graph_def).items if item.node is not None)
    assert describe_node(node, {}) == drawn
    assert graph_def.SerializeToString(deterministic=True) == before
