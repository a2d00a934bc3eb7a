"""Graphs to draw, made of node lists."""

from ckpt_magics.proto import messages

Node = tuple[str, str, list[str]]


def graph_of(*nodes: Node) -> messages.GraphDef:
    graph = messages.GraphDef()
    for name, op, inputs in nodes:
        graph.node.add(name=name, op=op, input=inputs).attr["T"].type = messages.DT_FLOAT
    return graph


def training_graph(stages: int, blocks: int, ops: int = 10) -> messages.GraphDef:
    """A model of stages of blocks, its gradients, a momentum optimizer and save/, in the manner of TensorFlow 1."""
    nodes: list[Node] = [("images", "Placeholder", []), ("is_training", "Placeholder", [])]
    variables = []

    def add(name: str, op: str, *inputs: str) -> str:
        nodes.append((name, op, list(inputs)))
        return name

    def variable(name: str) -> str:
        add(name, "VariableV2")
        add(f"{name}/Initializer/zeros", "Const")
        add(f"{name}/Assign", "Assign", name, f"{name}/Initializer/zeros")
        variables.append(name)
        return add(f"{name}/read", "Identity", name)

    last = "images"
    for stage in range(stages):
        for block in range(blocks):
            scope = f"model/stage{stage}/block{block}"
            last = add(f"{scope}/Conv2D", "Conv2D", last, variable(f"{scope}/kernel"), "is_training")
            for number in range(ops):
                last = add(f"{scope}/mul_{number}", "Mul", last, add(f"{scope}/mul_{number}/y", "Const"))
    loss = add("loss", "Mean", last)
    forward = [name for name, op, _ in nodes if op in {"Conv2D", "Mul"}]
    for name in reversed(forward):
        loss = add(f"gradients/{name}_grad/mul", "Mul", loss, name)
    for name in list(variables):
        variable(f"{name}/Momentum")
        add(f"train/update_{name}/ApplyMomentum", "ApplyMomentum", name, f"{name}/Momentum", loss)
    add("save/SaveV2", "SaveV2", *variables)
    add("save/RestoreV2", "RestoreV2")
    for number, name in enumerate(variables):
        add(f"save/Assign_{number}", "Assign", name, f"save/RestoreV2:{number}")
    add("init", "NoOp", *(f"^{name}/Assign" for name in variables))
    return graph_of(*nodes)
