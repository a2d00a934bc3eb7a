"""Every step does what its words say, names what it cannot do, and reads nothing before values are asked for."""

import ml_dtypes
import numpy as np
import pytest

from ckpt_magics import InvalidArgumentError, TensorMismatchError
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.steps.known_steps import STEP_KINDS
from ckpt_magics.files.steps.stepped_tensors import merged, stepped
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.tensor_names import name_to_key
from tests.truth import GOLDEN

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
BIAS = np.arange(3, dtype=np.float32)
MODEL = {
    "dense/kernel": KERNEL,
    "dense/kernel/Adam": KERNEL + 1,
    "dense/bias": BIAS,
    "dense/bias/Adam": BIAS + 1,
    "bn/moving_mean": BIAS + 2,
    "dense/kernel/ExponentialMovingAverage": KERNEL + 3,
    "global_step": np.int64(7),
}


def start(arrays, scope=""):
    return stepped(NamedTensors(ArraySource(arrays, "m.ckpt")), scope)


def after(arrays, word, *entries, **options):
    return STEP_KINDS[word].given(entries, **options).apply(start(arrays))


def values(tensors):
    return {name: tensors.read(name_to_key(name)) for name in tensors}


def result(arrays, word, *entries, **options):
    return values(after(arrays, word, *entries, **options))


def refused(arrays, word, *entries, match):
    with pytest.raises(InvalidArgumentError, match=match):
        result(arrays, word, *entries)


class TestChoosing:
    def test_include_keeps_what_is_named(self):
        assert list(result(MODEL, "include", "dense/bias", "bn/")) == ["dense/bias", "bn/moving_mean"]

    def test_exclude_takes_slots_along(self):
        kept = result(MODEL, "exclude", "dense/kernel")
        assert list(kept) == ["dense/bias", "dense/bias/Adam", "bn/moving_mean", "global_step"]

    def test_what_is_left_out_is_told_with_its_step(self):
        left = after(MODEL, "include", "dense/bias").dropped
        assert ("global_step", "--include") in left
        assert len(left) == len(MODEL) - 1

    def test_weights_only_keeps_what_a_model_runs_with(self):
        assert list(result(MODEL, "weights-only")) == ["dense/kernel", "dense/bias", "bn/moving_mean"]

    def test_averages_take_the_place_of_their_variables(self):
        found = result(MODEL, "averages")
        np.testing.assert_array_equal(found["dense/kernel"], KERNEL + 3)
        assert not any("Average" in name for name in found)
        assert "dense/bias" in found

    def test_averages_are_refused_where_there_are_none(self):
        refused({"w": BIAS}, "averages", match="matches no tensor")

    def test_prefers_what_a_pattern_matches(self):
        found = result({"w": BIAS, "w_ema": BIAS + 1, "b": BIAS}, "prefer", "*_ema")
        assert found.keys() == {"w", "b"}
        np.testing.assert_array_equal(found["w"], BIAS + 1)

    @pytest.mark.parametrize("word", ["include", "exclude"])
    def test_a_pattern_that_matches_nothing_is_refused_with_what_is_near(self, word):
        refused(MODEL, word, "dense/kernle", match='matches no tensor of m.ckpt.*"dense/kernel"')

    def test_a_pattern_may_match_nothing_where_that_is_said(self):
        assert list(result({"w": BIAS}, "exclude", "none", may_miss=True)) == ["w"]


class TestNaming:
    def test_map_takes_names_scopes_and_patterns_and_leaves_the_rest(self):
        found = after({"a/w": BIAS, "a/b": BIAS, "c": BIAS, "d": BIAS}, "map", "net/=a/", "e=c")
        assert list(found) == ["net/w", "net/b", "e", "d"]

    def test_map_strips_and_adds_a_scope(self):
        assert list(after({"module/w": BIAS}, "map", "/=module/")) == ["w"]
        assert list(after({"w": BIAS}, "map", "module/=/")) == ["module/w"]

    def test_reroot_puts_all_below_a_name_and_takes_it_away(self):
        names = ["layer/w", "layer/w/.OPTIMIZER_SLOT/opt/m", "/.ATTRIBUTES/x", "save_counter"]
        below = ["net/layer/w", "net/layer/w/.OPTIMIZER_SLOT/net/opt/m", "net/.ATTRIBUTES/x", "save_counter"]
        assert list(after(dict.fromkeys(names, BIAS), "reroot", "net")) == below
        for root in ("", "/"):
            assert list(after(dict.fromkeys(below[:2], BIAS), "reroot", root)) == names[:2]

    def test_reroot_refuses_to_choose_a_root(self):
        hint = "Leave out the others in a step before"
        refused({"a/w": BIAS, "b/w": BIAS}, "reroot", "", match=f"lie below a, b and not below one name.*{hint}")
        refused({"a/w": BIAS, "a": BIAS}, "reroot", "/", match="lie below a and not below one name")

    def test_map_takes_a_regular_expression(self):
        assert list(after({"a/weights": BIAS}, "map", r"\1/kernel=re:(.*)/weights")) == ["a/kernel"]

    def test_map_refuses_two_tensors_under_one_name(self):
        refused({"a": BIAS, "b": BIAS}, "map", "a=b", match="a and b would both be called a")

    def test_map_refuses_what_is_not_there(self):
        refused({"a": BIAS}, "map", "b=c", match="c matches no tensor")

    def test_map_takes_names_with_an_equals_sign_from_a_table(self):
        assert list(after({"a=b": BIAS}, "map", ("c=d", "a=b"))) == ["c=d"]

    def test_replace_writes_each_text_anew(self):
        assert list(after({"a/b/w": BIAS}, "replace", ".=/")) == ["a.b.w"]
        refused({"a": BIAS}, "replace", ".=/", match="/ matches no tensor")
        refused({"a/b": BIAS, "a.b": BIAS}, "replace", ".=/", match="would both be called")

    def test_numbers_lose_and_get_zeros_where_the_pattern_says(self):
        padded = {"e/block_003/layer_012/wi_0": BIAS}
        assert list(after(padded, "number-width", "*/block_#/layer_#/*=1")) == ["e/block_3/layer_12/wi_0"]
        assert list(after({"e/block_3/wi_0": BIAS}, "number-width", "*/block_#/*=3")) == ["e/block_003/wi_0"]
        refused(padded, "number-width", "*/blocks_#/*=1", match="matches no tensor")
        refused(padded, "number-width", "*/block_#/*=many", match="is no width")

    def test_numbers_are_counted_from_another_on(self):
        units = {"block1/unit_1/w": BIAS, "block1/unit_2/w": BIAS + 1, "logits/w": BIAS}
        found = result(units, "number-shift", "*/unit_#/*=-1")
        assert list(found) == ["block1/unit_0/w", "block1/unit_1/w", "logits/w"]
        np.testing.assert_array_equal(found["block1/unit_1/w"], BIAS + 1)
        assert list(result({"e/block_009/w": BIAS}, "number-shift", "*/block_#/*=1")) == ["e/block_010/w"]
        refused(units, "number-shift", "*/unit_#/*=-2", match="no number of a name")
        refused(units, "number-shift", "*/unit_#/*=1,2", match="is no shift")
        refused(units, "number-shift", "*/units_#/*=1", match="matches no tensor")

    def test_sort_counts_numbers_as_numbers(self):
        names = ["layer-10/w", "layer-9/w", "layer-9/b", "layer/w", "layer-09/w", "2", "10"]
        found = after(dict.fromkeys(names, BIAS), "sort")
        assert list(found) == ["2", "10", "layer-09/w", "layer-9/b", "layer-9/w", "layer-10/w", "layer/w"]

    def test_copy_adds_a_name(self):
        found = result({"w": BIAS}, "copy", "decoder/w=w")
        assert list(found) == ["w", "decoder/w"]
        refused({"w": BIAS, "v": BIAS}, "copy", "v=w", match="v is there already")


class TestShaping:
    def test_transpose_is_by_rank_and_refuses_what_has_another(self):
        found = result({"a/kernel": KERNEL, "b/kernel": BIAS}, "transpose", "*/kernel=1,0")
        np.testing.assert_array_equal(found["a/kernel"], KERNEL.T)
        np.testing.assert_array_equal(found["b/kernel"], BIAS)
        refused({"b/kernel": BIAS}, "transpose", "*/kernel=1,0", match="has 2 dimensions")

    @pytest.mark.parametrize(("text", "shape"), [("3,2", (3, 2)), ("-1", (6,)), ("1,-1,2", (1, 3, 2))])
    def test_shape(self, text, shape):
        np.testing.assert_array_equal(result({"w": KERNEL}, "shape", f"w={text}")["w"], KERNEL.reshape(shape))

    @pytest.mark.parametrize("text", ["4", "-1,-1", "4,-1", "x", "-2,-3"])
    def test_shape_refuses_what_does_not_fit(self, text):
        refused({"w": KERNEL}, "shape", f"w={text}", match="not as many elements|is no shape|more than one length open")

    def test_axes_of_length_1_go(self):
        wide = KERNEL.reshape(1, 2, 1, 3)
        assert result({"w": wide}, "drop-axis", "w=0")["w"].shape == (2, 1, 3)
        assert result({"w": wide}, "drop-axis", "w=-2")["w"].shape == (1, 2, 3)
        assert result({"w": wide}, "squeeze", "w")["w"].shape == (2, 3)
        refused({"w": wide}, "drop-axis", "w=1", match="has 2 elements")
        refused({"w": wide}, "drop-axis", "w=4", match="has no axis 4")

    def test_rows(self):
        np.testing.assert_array_equal(result({"w": KERNEL}, "rows", "w=1:")["w"], KERNEL[1:])
        np.testing.assert_array_equal(result({"w": KERNEL}, "rows", "w=:-1@-1")["w"], KERNEL[:, :-1])
        refused({"w": KERNEL}, "rows", "w=2:", match="has no rows")
        refused({"w": KERNEL}, "rows", "w=1", match="are no rows")

    def test_blocks_change_places(self):
        gates = np.arange(12, dtype=np.float32).reshape(2, 6)
        found = result({"w": gates}, "swap-blocks", "w=1,0,2@1")["w"]
        np.testing.assert_array_equal(found, gates[:, [2, 3, 0, 1, 4, 5]])
        refused({"w": gates}, "swap-blocks", "w=1,0,2", match="along which axis")
        refused({"w": gates}, "swap-blocks", "w=0,1,2,3@1", match="not 4|which are not 4")
        refused({"w": gates}, "swap-blocks", "w=0,0@1", match="no order of blocks")


class TestSplitAndJoin:
    def test_equal_parts_under_patterns(self):
        qkv = np.arange(12, dtype=np.float32).reshape(2, 6)
        found = result({"a/qkv": qkv, "b": BIAS}, "split", "*/q,*/k,*/v=*/qkv@1")
        assert found.keys() == {"a/q", "a/k", "a/v", "b"}
        np.testing.assert_array_equal(found["a/k"], qkv[:, 2:4])

    def test_parts_of_given_sizes(self):
        found = result({"w": KERNEL}, "split", "a,b=w@-1:1,2")
        np.testing.assert_array_equal(found["b"], KERNEL[:, 1:])
        refused({"w": KERNEL}, "split", "a,b=w@-1:1,1", match="not made of 2 parts")

    def test_a_part_may_be_a_share_of_the_other_axis_and_what_is_left(self):
        kernel = np.arange(40, dtype=np.float32).reshape(5, 8)
        found = result({"cell/kernel": kernel}, "split", "*/inputs,*/state=*/kernel@0:-1,1/4")
        np.testing.assert_array_equal(found["cell/inputs"], kernel[:3])
        np.testing.assert_array_equal(found["cell/state"], kernel[3:])
        refused({"w": kernel}, "split", "a,b=w@0:-1,1/3", match="has no 1/3 of its last axis")
        refused({"w": kernel}, "split", "a,b=w@0:-1,1/0", match="has no 1/0 of its last axis")
        refused({"w": kernel}, "split", "a,b=w@0:-1,3/4", match="not made of 2 parts")
        refused({"w": kernel}, "split", "a,b=w@0:-1,x/4", match="are whole numbers")

    def test_numbered_parts(self):
        found = result({"a/w": KERNEL}, "split", "*/w_#=*/w@1:3")
        assert list(found) == ["a/w_0", "a/w_1", "a/w_2"]

    def test_join_takes_numbers_in_order(self):
        parts = {f"weights_{at}": np.full((1, 2), at, np.float32) for at in range(16)}
        found = result(dict(sorted(parts.items())), "join", "weights=weights_#@0")
        np.testing.assert_array_equal(found["weights"][:, 0], np.arange(16))

    def test_join_is_the_inverse_of_split(self):
        split = after({"a/qkv": KERNEL}, "split", "*/q,*/k,*/v=*/qkv@1")
        joined = STEP_KINDS["join"].given(["*/qkv=*/q,*/k,*/v@1"]).apply(split)
        np.testing.assert_array_equal(values(joined)["a/qkv"], KERNEL)

    def test_join_names_the_part_that_is_missing_or_does_not_fit(self):
        refused({"w_0": KERNEL, "w_2": KERNEL}, "join", "w=w_#@0", match="w_1 is not there")
        refused({"a": KERNEL, "b": BIAS}, "join", "w=a,b@0", match="b .* does not fit behind a")
        refused({"a": KERNEL, "b": KERNEL}, "join", "w=a,b", match="along which axis")
        refused({"a": KERNEL}, "join", "w=x_#@0", match="matches no tensor")

    def test_stars_have_to_be_as_many(self):
        refused({"a/w": KERNEL}, "split", "q,k=*/w@0", match="not as many")


class TestValues:
    def test_a_pattern_casts_its_kind_and_leaves_steps(self):
        arrays = {"w": KERNEL, "n": np.int32([1]), "global_step": np.int64(3)}
        found = result(arrays, "dtype", "*=bfloat16")
        assert [found[name].dtype for name in arrays] == [ml_dtypes.bfloat16, np.int32, np.int64]
        assert result(arrays, "dtype", "*=int64")["n"].dtype == np.int64

    def test_a_name_casts_whatever_it_is(self):
        assert result({"n": np.int64([1])}, "dtype", "n=float32")["n"].dtype == np.float32

    def test_what_does_not_fit_is_refused_when_it_is_read(self):
        with pytest.raises(TensorMismatchError, match="do not fit in float16"):
            result({"w": np.float32([1e30])}, "dtype", "w=float16")

    def test_dtypes_that_cannot_be(self):
        refused({"w": BIAS}, "dtype", "w=string", match="no dtype of numbers")
        refused({"w": np.array(["a"])}, "dtype", "w=float32", match="cannot become")
        refused({"w": BIAS}, "dtype", "*=int8", match="none of what")

    def test_set_takes_a_literal_a_tensor_and_a_variable_in_that_order(self):
        arrays = {"w": BIAS, "step": np.int64(7)}
        assert result(arrays, "set", "step=9")["step"].dtype == np.int64
        np.testing.assert_array_equal(result(arrays, "set", "w=[5,6,7]")["w"], [5, 6, 7])
        np.testing.assert_array_equal(result(arrays, "set", "new=w")["new"], BIAS)
        found = result(arrays, "set", "w=mine", variables={"mine": BIAS + 9})
        np.testing.assert_array_equal(found["w"], BIAS + 9)
        assert result(arrays, "set", 'text="hello"')["text"].item() == b"hello"
        assert result(arrays, "set", "new=0.5")["new"].dtype == np.float32

    def test_set_evaluates_nothing_and_keeps_shape_and_dtype(self):
        refused({"w": BIAS}, "set", "w=__import__('os')", match="no number, text or list")
        refused({"w": BIAS}, "set", "w=[1]", match=r"w is \[3\]")
        refused({"w": BIAS}, "set", 'new={"a": 1}', match="no number, text or list")
        refused({"w": BIAS}, "set", "new=[1,[2]]", match="is no tensor")

    def test_fill_is_like_others(self):
        found = result({"a/beta": BIAS, "b/beta": KERNEL}, "fill", "*/gamma=1,*/beta")
        np.testing.assert_array_equal(found["b/gamma"], np.ones((2, 3)))
        refused({"a/beta": BIAS, "a/gamma": BIAS}, "fill", "*/gamma=1,*/beta", match="is there already")
        refused({"a": BIAS}, "fill", "b=1,c", match="matches no tensor")

    def test_add_may_be_about_a_block(self):
        np.testing.assert_array_equal(result({"b": BIAS}, "add", "b=1")["b"], BIAS + 1)
        bias = np.zeros(8, np.float32)
        np.testing.assert_array_equal(result({"b": bias}, "add", "b=1@0:2/4")["b"], [0, 0, 0, 0, 1, 1, 0, 0])
        refused({"b": bias}, "add", "b=1@0:4/4", match="names no block")
        refused({"b": np.int32([1])}, "add", "b=1", match="cannot be added")


class TestLayout:
    def test_to_torch(self):
        arrays = {
            "dense/kernel": np.zeros((2, 3)),
            "conv/weights": np.zeros((3, 4, 5, 6)),
            "conv1d/kernel": np.zeros((3, 4, 5)),
            "dw/depthwise_kernel": np.zeros((3, 3, 4, 2)),
            "attention/query/kernel": np.zeros((4, 2, 8)),
            "embeddings/word_embeddings": np.zeros((9, 2)),
            "embed/weights": np.zeros((9, 2)),
            "dense/bias": np.zeros(3),
        }
        shapes = {name: array.shape for name, array in result(arrays, "layout", "torch").items()}
        assert shapes == {
            "dense/kernel": (3, 2),
            "conv/weights": (6, 5, 3, 4),
            "conv1d/kernel": (5, 4, 3),
            "dw/depthwise_kernel": (8, 1, 3, 3),
            "attention/query/kernel": (4, 2, 8),
            "embeddings/word_embeddings": (9, 2),
            "embed/weights": (9, 2),
            "dense/bias": (3,),
        }

    def test_gates(self):
        kernel = np.arange(8, dtype=np.float32).reshape(1, 8)
        found = result({"rnn/basic_lstm_cell/kernel": kernel}, "layout", "torch")
        np.testing.assert_array_equal(found["rnn/basic_lstm_cell/kernel"][:, 0], [0, 1, 4, 5, 2, 3, 6, 7])
        keras = {"lstm/lstm_cell/kernel": kernel, "lstm/lstm_cell/recurrent_kernel": kernel}
        np.testing.assert_array_equal(result(keras, "layout", "torch")["lstm/lstm_cell/kernel"], kernel.T)
        gru = {"gru/gru_cell/kernel": kernel[:, :6], "gru/gru_cell/recurrent_kernel": kernel[:, :6]}
        found = result(gru, "layout", "torch")["gru/gru_cell/kernel"]
        np.testing.assert_array_equal(found[:, 0], [2, 3, 0, 1, 4, 5])

    @pytest.mark.parametrize("shape", [(2, 3), (3, 3, 4, 5), (3, 3, 3, 4, 5)])
    def test_and_back(self, shape):
        kernel = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        there = after({"conv/kernel": kernel}, "layout", "torch")
        back = STEP_KINDS["layout"].given(["tensorflow"]).apply(there)
        np.testing.assert_array_equal(values(back)["conv/kernel"], kernel)

    def test_another_layout_is_refused(self):
        refused({"w": BIAS}, "layout", "jax", match="no layout")


def test_the_names_of_a_step_are_those_of_the_step_before():
    steps = [STEP_KINDS["map"].given(["*/weight=*/kernel"]), STEP_KINDS["transpose"].given(["*/weight=1,0"])]
    tensors = start({"a/kernel": KERNEL})
    for step in steps:
        tensors = step.apply(tensors)
    assert tensors["a/weight"].origins == ("a/kernel",)
    assert tensors["a/weight"].changes == ("transposed 1,0",)


def test_an_error_says_which_step_it_is_about():
    with pytest.raises(InvalidArgumentError, match="It is --transpose w=1,0 that asks for it"):
        after({"w": BIAS}, "transpose", "w=1,0")


@pytest.mark.parametrize("word", [word for word, kind in STEP_KINDS.items() if len(kind.fields) == 2])
def test_an_entry_without_its_two_sides_is_refused(word):
    refused({"w": BIAS}, word, "w", match=f"is nothing for --{word}")


def test_sources_merge_under_scopes_and_refuse_one_name_twice():
    both = merged([start({"w": BIAS}, "a/"), start({"w": BIAS + 1}, "b/")])
    assert list(both) == ["a/w", "b/w"]
    with pytest.raises(InvalidArgumentError, match=r"w is in m\.ckpt and in m\.ckpt"):
        merged([start({"w": BIAS}), start({"w": BIAS})])


class TestCheckpointsOfObjects:
    """Steps know the names that such a checkpoint shows, and what its graph says that tensors are for."""

    WEIGHT = "model/_functional/_operations/1/_kernel"
    SLOT, STEPS = "model/optimizer/_variables/2", "model/optimizer/_iterations"
    KEY = "model/optimizer/_trainable_variables/0/.ATTRIBUTES/VARIABLE_VALUE"

    def names(self, word, *entries):
        graph = (GOLDEN / "object_graphs" / "keras_adam.pb").read_bytes()
        stored = {
            self.KEY: np.ones(1),
            **{f"{path}/.ATTRIBUTES/VARIABLE_VALUE": np.ones(1) for path in (self.SLOT, self.STEPS)},
        }
        arrays = {**stored, "_CHECKPOINTABLE_OBJECT_GRAPH": np.array(graph, object)}
        return {name for name in result(arrays, word, *entries) if name[0] != "_"}

    def test_weights_that_lie_below_an_optimizer_are_weights(self):
        assert self.names("weights-only") == {self.WEIGHT}

    def test_patterns_match_what_is_shown(self):
        assert self.names("include", "model/_functional/") == {self.WEIGHT}
        assert self.names("exclude", "*/_kernel") == {self.SLOT, self.STEPS}

    def test_maps_take_what_is_shown(self):
        assert self.names("map", f"w={self.WEIGHT}") == {"w", self.SLOT, self.STEPS}
