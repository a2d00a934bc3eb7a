"""What recipes make of text models is what transformers loads, with no name missing and none too many."""

import numpy as np
import pytest
import torch

from tests.files.recipes import text_models as toys
from tests.files.recipes.references.hugging_face import CASES, HEADS, SIZES, Case

WORDS = torch.arange(12).reshape(2, 6)


def load(case, folder):
    """Load what a recipe made; no name is missing, none too many, and each entry of the file is in the model."""
    arrays = case.saved(folder)
    model, info = case.loaded(folder)
    state = model.state_dict()
    for word in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        # The pooler is in every file of BERT, and a model that answers questions or tags words has none.
        assert [name for name in info[word] if ".pooler." not in name] == [], word
    assert not [name for name in info["missing_keys"] if ".pooler." in name]
    for name, array in arrays.items():
        if name in state:
            np.testing.assert_array_equal(state[name].numpy(), array.astype(np.float32), err_msg=name)
    return model


@pytest.mark.parametrize("case", [*CASES, *HEADS], ids=str)
def test_loads_with_all_names(case, tmp_path):
    load(case, tmp_path)


@pytest.mark.parametrize("model", ["BertForMaskedLM", "BertModel"])
def test_a_part_of_the_model_takes_what_is_its_own(model, tmp_path):
    case = Case("bert", toys.bert_pretraining, model, "BertConfig", SIZES)
    case.saved(tmp_path)
    _, info = case.loaded(tmp_path)
    assert not info["missing_keys"]


def test_a_classifier_computes_what_run_classifier_does(tmp_path):
    case = HEADS[0]
    model, arrays = load(case, tmp_path), case.arrays()
    with torch.no_grad():
        pooled = model.bert(WORDS).pooler_output.numpy()
        logits = model(WORDS).logits.numpy()
    np.testing.assert_allclose(
        logits, pooled @ arrays["output_weights"].T + arrays["output_bias"], rtol=1e-4, atol=1e-5
    )


def test_the_first_row_of_squad_is_where_an_answer_starts(tmp_path):
    case = HEADS[2]
    model, arrays = load(case, tmp_path), case.arrays()
    with torch.no_grad():
        words = model.bert(WORDS).last_hidden_state.numpy()
        found = model(WORDS)
    weights, bias = arrays["cls/squad/output_weights"], arrays["cls/squad/output_bias"]
    for row, logits in enumerate((found.start_logits, found.end_logits)):
        np.testing.assert_allclose(logits.numpy(), words @ weights[row] + bias[row], rtol=1e-4, atol=1e-5)
