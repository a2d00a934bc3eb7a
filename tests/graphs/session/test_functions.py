"""Functions of a graph's library are called by their ops, with the session's variables, and with all that they call."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from ckpt_magics.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError, UnimplementedError
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.session import Session
from ckpt_magics.proto.messages import GraphDef

FUNCTIONS = """
function {
  signature {
    name: "double"
    input_arg { name: "x" type: DT_FLOAT }
    output_arg { name: "y" type: DT_FLOAT }
  }
  node_def { name: "sum" op: "Add" input: "x" input: "x" attr { key: "T" value { type: DT_FLOAT } } }
  ret { key: "y" value: "sum:z:0" }
}
function {
  signature {
    name: "both"
    input_arg { name: "x" type_attr: "T" }
    output_arg { name: "first" type_attr: "T" }
    output_arg { name: "second" type_attr: "T" }
    attr { name: "T" type: "type" }
  }
  node_def {
    name: "parts" op: "Unpack" input: "x"
    attr { key: "T" value { placeholder: "T" } } attr { key: "num" value { i: 2 } }
  }
  ret { key: "first" value: "parts:output:1" }
  ret { key: "second" value: "parts:output:0" }
}
function {
  signature { name: "forever" input_arg { name: "x" type: DT_FLOAT } output_arg { name: "y" type: DT_FLOAT } }
  node_def { name: "again" op: "forever" input: "x" }
  ret { key: "y" value: "again:y:0" }
}
function {
  signature { name: "below" input_arg { name: "x" type: DT_FLOAT } output_arg { name: "y" type: DT_BOOL } }
  node_def {
    name: "limit" op: "Const"
    attr { key: "dtype" value { type: DT_FLOAT } }
    attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape {} float_val: 10 } } }
  }
  node_def {
    name: "less" op: "Less" input: "x" input: "limit:output:0" attr { key: "T" value { type: DT_FLOAT } }
  }
  ret { key: "y" value: "less:z:0" }
}
function {
  signature { name: "custom" input_arg { name: "x" type: DT_FLOAT } output_arg { name: "y" type: DT_FLOAT } }
  node_def { name: "odd" op: "VeryCustom" input: "x" }
  node_def { name: "call" op: "PartitionedCall" input: "x" attr { key: "f" value { func { name: "stranger" } } } }
  ret { key: "y" value: "odd:y:0" }
}
function {
  signature { name: "stranger" input_arg { name: "x" type: DT_FLOAT } output_arg { name: "y" type: DT_FLOAT } }
  node_def { name: "odd" op: "EvenStranger" input: "x" }
  ret { key: "y" value: "odd:y:0" }
}
"""

X = """
node {
  name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
  attr { key: "shape" value { shape { unknown_rank: true } } }
}
"""


def float_types(*names):
    return "".join(f'attr {{ key: "{name}" value {{ list {{ type: DT_FLOAT }} }} }} ' for name in names)


def calls(op, **functions):
    attrs = float_types("Tin", "Tout", "T")
    for key, name in functions.items():
        attrs += f'attr {{ key: "{key}" value {{ func {{ name: "{name}" }} }} }} '
    return f'node {{ name: "f" op: "{op}" input: "x" {attrs} }}'


def session(nodes):
    graph = Graph()
    text = f"{X}{nodes} library {{ {FUNCTIONS} }} versions {{ producer: 1000 }}"
    with graph.as_default():
        import_graph_def(text_format.Parse(text, GraphDef()), name="")
    return Session(graph=graph)


def test_a_function_is_called_by_its_name_and_by_a_call():
    assert session('node { name: "f" op: "double" input: "x" }').run("f:0", {"x:0": 2.0}) == 4.0
    assert session(calls("PartitionedCall", f="double")).run("f:0", {"x:0": 2.0}) == 4.0


def test_a_function_takes_its_types_from_the_call():
    nodes = 'node { name: "f" op: "both" input: "x" attr { key: "T" value { type: DT_FLOAT } } }'
    assert session(nodes).run(["f:0", "f:1"], {"x:0": [1.0, 2.0]}) == [2.0, 1.0]


@pytest.mark.parametrize(("x", "expected"), [(1.0, 16.0), (12.0, 12.0)])
def test_a_while_calls_its_body_until_its_condition_fails(x, expected):
    assert session(calls("While", cond="below", body="double")).run("f:0", {"x:0": x}) == expected


def test_all_ops_without_a_kernel_are_named_those_of_functions_too():
    nodes = calls("PartitionedCall", f="custom")
    with pytest.raises(UnimplementedError, match=r"EvenStranger \(node odd\).*VeryCustom \(node odd\)"):
        session(nodes).run("f:0", {"x:0": 1.0})


def test_a_function_that_is_not_there_is_refused():
    with pytest.raises(NotFoundError, match="Function nobody is not defined"):
        session(calls("PartitionedCall", f="nobody")).run("f:0", {"x:0": 1.0})


def test_a_function_that_calls_itself_forever_is_refused():
    with pytest.raises(ResourceExhaustedError, match="forever"):
        session('node { name: "f" op: "forever" input: "x" }').run("f:0", {"x:0": 1.0})


def test_a_condition_of_several_values_is_refused():
    with pytest.raises(InvalidArgumentError):
        session(calls("While", cond="both", body="double")).run("f:0", {"x:0": np.float32(1)})
