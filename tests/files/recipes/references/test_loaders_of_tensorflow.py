"""What recipes make is, bit for bit, what the functions of transformers make that need TensorFlow."""

import importlib

import numpy as np
import pytest
import transformers

from ckpt_magics import convert_checkpoint, load_checkpoint
from tests.files.recipes import text_models as toys
from tests.files.recipes.references.hugging_face import CASES, SIZES


def filled(case, prefix):
    """The entries of a model that transformers' function has filled from a checkpoint."""
    config = case.configured()
    model = getattr(transformers, case.model)(config)
    module = importlib.import_module(f"transformers.models.{config.model_type}.modeling_{config.model_type}")
    part = getattr(model, case.part) if case.part else model
    getattr(module, f"load_tf_weights_in_{config.model_type}")(part, config, str(prefix), *case.arguments)
    model.tie_weights()
    return model.state_dict()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_entry_is_the_same(case, tmp_path):
    case.saved(tmp_path)
    expected = filled(case, tmp_path / "model.ckpt")
    state = case.loaded(tmp_path)[0].state_dict()
    assert state.keys() == expected.keys()
    for name, entry in expected.items():
        np.testing.assert_array_equal(state[name].numpy(), entry.numpy(), err_msg=name)


def test_back_in_tensorflow_bert_is_as_it_was(tmp_path):
    model = transformers.BertForPreTraining(transformers.BertConfig(**SIZES))
    entries = model.state_dict()
    model.save_pretrained(tmp_path)
    convert_checkpoint(tmp_path / "model.safetensors", tmp_path / "model.ckpt", recipe="bert-to-tensorflow")
    back = filled(CASES[0], tmp_path / "model.ckpt")
    assert back.keys() == entries.keys()
    for name, entry in entries.items():
        np.testing.assert_array_equal(back[name].numpy(), entry.numpy(), err_msg=name)
    names = {name for name in toys.bert_pretraining() if "adam" not in name} - {"global_step"}
    assert set(load_checkpoint(tmp_path / "model.ckpt")) == names
