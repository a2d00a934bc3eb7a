"""What is shown of a checkpoint says which recipe it seems to be for."""

import numpy as np

from ckpt_magics import describe_checkpoint, save_checkpoint, show_checkpoint

BERT = {
    "bert/embeddings/word_embeddings": np.zeros((9, 4), np.float32),
    "bert/encoder/layer_0/attention/self/query/kernel": np.zeros((4, 4), np.float32),
}


def test_names_the_recipe_of_a_family(tmp_path):
    prefix = save_checkpoint(tmp_path / "bert.ckpt", BERT, write_state=False)
    line = f"%ckpt_convert {prefix} TARGET --recipe bert writes it under another program's names."
    assert describe_checkpoint(prefix).lines == [line]
    assert line in str(describe_checkpoint(prefix))
    assert show_checkpoint(prefix).contents.recipes == ("bert",)


def test_says_nothing_of_others(tmp_path):
    prefix = save_checkpoint(tmp_path / "m.ckpt", {"w": np.zeros(3)}, write_state=False)
    assert describe_checkpoint(prefix).lines == []
