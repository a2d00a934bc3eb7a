"""JAX's arrays and pytrees come back in the same types, as new arrays: those of JAX never change."""

import collections
import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError, TargetRefusedError, TensorMismatchError
from ckpt_magics.files.objects.collected import collect_tensors
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.graphs.saver.array_saving import save_checkpoint
from ckpt_magics.notebook.reader import load_checkpoint

Moments = collections.namedtuple("Moments", ["mean", "variance"])


@functools.partial(jax.tree_util.register_dataclass, data_fields=["params", "step"], meta_fields=["apply"])
@dataclasses.dataclass(frozen=True)
class TrainState:
    params: dict
    step: jax.Array
    apply: object


@jax.tree_util.register_pytree_with_keys_class
class Scale:
    """A node that only JAX knows how to look into."""

    def __init__(self, weight):
        self.weight = weight

    def tree_flatten_with_keys(self):
        return [(jax.tree_util.GetAttrKey("weight"), self.weight)], None

    @classmethod
    def tree_unflatten(cls, _, children):
        return cls(*children)


def assert_same(one, other):
    assert jax.tree_util.tree_structure(one) == jax.tree_util.tree_structure(other)
    for leaf, twin in zip(jax.tree_util.tree_leaves(one), jax.tree_util.tree_leaves(other), strict=True):
        assert isinstance(leaf, jax.Array)
        assert (leaf.dtype, leaf.shape) == (twin.dtype, twin.shape)
        assert np.asarray(leaf).tobytes() == np.asarray(twin).tobytes()


def make(start):
    layer = {"kernel": jnp.arange(start, start + 6, dtype=jnp.float32).reshape(2, 3), "bias": jnp.full(3, start)}
    moments = Moments(jnp.zeros((2, 2)) + start, jnp.ones(4, jnp.bfloat16) * start)
    return {"net": {"layer": layer, "scales": [jnp.float16(start), jnp.array([start > 0])]}, "moments": moments}


@pytest.mark.parametrize(
    "dtype", ["float32", "bfloat16", "float16", "float8_e4m3fn", "int8", "uint32", "bool", "complex64", "int4"]
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_arrays_of_every_type_come_back(tmp_path, dtype, shape):
    saved = {"w": jnp.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)}
    prefix = save_checkpoint(tmp_path / "m", saved)
    with load_checkpoint(prefix) as reader:
        assert reader.entry("w").dtype.name == dtype
    values = {"w": jnp.ones(shape, dtype)}
    restore_checkpoint(prefix, values)
    assert_same(values, saved)


def test_nested_values_come_back_as_new_arrays(tmp_path):
    prefix = save_checkpoint(tmp_path / "m", make(5))
    values = make(0)
    net, kernel = values["net"], values["net"]["layer"]["kernel"]
    restore_checkpoint(prefix, values)
    assert_same(values, make(5))
    assert values["net"] is net
    assert net["layer"]["kernel"] is not kernel
    assert kernel[0, 0] == 0
    with load_checkpoint(prefix) as reader:
        assert {"net/layer/kernel", "net/scales/0", "moments/variance"} <= set(reader)


def test_a_frozen_state_is_made_anew(tmp_path):
    prefix = save_checkpoint(tmp_path / "m", {"state": TrainState(make(3), jnp.int32(7), len)})
    before = TrainState(make(0), jnp.int32(0), max)
    values = {"state": before}
    restore_checkpoint(prefix, values)
    assert_same(values["state"], TrainState(make(3), jnp.int32(7), max))
    assert values["state"].apply is max
    assert before.step == 0


def test_a_node_that_only_jax_knows_is_looked_into(tmp_path):
    prefix = save_checkpoint(tmp_path / "m", {"scale": Scale(jnp.ones(2))})
    with load_checkpoint(prefix) as reader:
        assert list(reader) == ["scale/weight"]
    values = {"scale": Scale(jnp.zeros(2))}
    restore_checkpoint(prefix, values)
    assert isinstance(values["scale"], Scale)
    assert values["scale"].weight.tolist() == [1, 1]


def test_a_misfit_leaves_everything_as_it_was(tmp_path):
    prefix = save_checkpoint(tmp_path / "m", {"a": jnp.ones(2), "b": jnp.ones(2)})
    values = {"a": jnp.zeros(2), "b": jnp.zeros(3)}
    with pytest.raises(TensorMismatchError):
        restore_checkpoint(prefix, values)
    assert values["a"].tolist() == [0, 0]


def test_what_was_saved_from_numpy_is_restored_into_jax_and_back(tmp_path):
    prefix = save_checkpoint(tmp_path / "n", {"w": np.arange(3, dtype=np.float32)})
    values = {"w": jnp.zeros(3)}
    restore_checkpoint(prefix, values)
    assert isinstance(values["w"], jax.Array)
    target = np.zeros(3, np.float32)
    restore_checkpoint(save_checkpoint(tmp_path / "j", values), {"w": target})
    assert target.tolist() == [0, 1, 2]


def test_a_declared_shape_is_filled_with_an_array(tmp_path):
    prefix = save_checkpoint(tmp_path / "m", {"w": jnp.ones((2, 2), jnp.bfloat16)})
    values = {"w": jax.ShapeDtypeStruct((2, 2), jnp.bfloat16)}
    restore_checkpoint(prefix, values)
    assert values["w"].dtype == jnp.bfloat16
    assert np.asarray(values["w"], np.float32).tolist() == [[1, 1], [1, 1]]


def test_numbers_of_64_bits_are_not_narrowed_silently(tmp_path):
    prefix = save_checkpoint(tmp_path / "m", {"w": np.array([2**40])})
    with pytest.raises(TensorMismatchError):
        restore_checkpoint(prefix, {"w": jnp.zeros(1, jnp.int32)})


def test_values_inside_a_transformation_are_refused(tmp_path):
    @jax.jit
    def traced(value):
        save_checkpoint(tmp_path / "m", {"w": value})
        return value

    with pytest.raises(InvalidArgumentError, match=r"'w', an array, cannot be saved: .*traced array"):
        traced(jnp.ones(2))
    assert list(tmp_path.iterdir()) == []


def test_a_random_key_is_refused_with_what_to_save(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"'key', .* cannot be saved: .*jax.random.key_data"):
        save_checkpoint(tmp_path / "m", {"key": jax.random.key(0)})


def test_the_notebooks_arrays_are_saved_and_bound_anew(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell.run_line_magic("load_ext", "ckpt_magics")
    saved = jnp.arange(4, dtype=jnp.bfloat16)
    shell.push({"weight": saved})
    shell.run_line_magic("ckpt_save", "m -q")
    shell.push({"weight": jnp.zeros(4, jnp.bfloat16)})
    shell.run_line_magic("ckpt_restore", "m -q")
    assert_same(shell.user_ns["weight"], saved)
    shell.run_line_magic("unload_ext", "ckpt_magics")


def test_a_target_that_refuses_leaves_values_and_holders_as_they_were():
    class Refusing:
        shape, dtype = (2,), np.dtype(np.float32)

        def numpy(self):
            return np.zeros(2, np.float32)

        def assign(self, _):
            raise RuntimeError("no")

    values = {**make(0), "scale": Scale(jnp.zeros(2)), "refusing": Refusing()}
    before = {name: value for name, value in values.items() if name != "refusing"}
    layer, scales = dict(values["net"]["layer"]), list(values["net"]["scales"])
    saved = {**collect_tensors({**make(5), "scale": Scale(jnp.ones(2))}), "refusing": np.ones(2, np.float32)}
    with pytest.raises(TargetRefusedError, match="refusing"):
        restore_checkpoint(saved, values)
    assert all(values[name] is value for name, value in before.items())
    assert all(values["net"]["layer"][name] is value for name, value in layer.items())
    assert all(one is other for one, other in zip(values["net"]["scales"], scales, strict=True))
