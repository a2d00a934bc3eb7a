"""Toys of text models: which recipe and which class of transformers each is for, and with which settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import transformers

from ckpt_magics import convert_checkpoint, save_checkpoint
from tests.files.recipes import text_models as toys
from tests.files.recipes.converted import converted

SIZES = {
    "vocab_size": toys.WORDS,
    "hidden_size": toys.HIDDEN,
    "num_hidden_layers": toys.LAYERS,
    "num_attention_heads": toys.HEADS,
    "intermediate_size": toys.WIDE,
    "max_position_embeddings": toys.PLACES,
}
NARROW = SIZES | {"embedding_size": toys.EMBEDDING}
GENERATOR = NARROW | {"hidden_size": toys.GENERATOR_HIDDEN, "intermediate_size": toys.GENERATOR_WIDE}
LABELS = {"num_labels": toys.LABELS}
GPT_2 = {
    "vocab_size": toys.WORDS,
    "n_positions": toys.PLACES,
    "n_embd": toys.HIDDEN,
    "n_layer": toys.LAYERS,
    "n_head": toys.HEADS,
}
T5 = {
    "vocab_size": toys.WORDS,
    "d_model": toys.HIDDEN,
    "d_kv": toys.HIDDEN // toys.HEADS,
    "d_ff": toys.WIDE,
    "num_layers": toys.LAYERS,
    "num_heads": toys.HEADS,
    "decoder_start_token_id": 0,
}
SECOND_T5 = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}


@dataclass(frozen=True)
class Case:
    """A toy and the model that its weights are for.

    Attributes:
        recipe: The recipe's name.
        arrays: Makes what TensorFlow has.
        model: The class in transformers.
        config: That of its settings.
        settings: The toy's sizes, and whatever the recipe's notes say.
        arguments: What transformers' function that reads TensorFlow's file wants besides.
        part: The attribute of the model that it fills, or "".
    """

    recipe: str
    arrays: Callable[[], dict[str, np.ndarray]]
    model: str
    config: str
    settings: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    part: str = ""

    def __str__(self) -> str:
        return f"{self.model}-{self.arrays.__name__}"

    def configured(self):
        return getattr(transformers, self.config)(**self.settings)

    def saved(self, folder):
        """Convert a checkpoint by the recipe, with the settings beside the file; return what should be in it."""
        save_checkpoint(folder / "model.ckpt", self.arrays())
        convert_checkpoint(folder / "model.ckpt", folder / "model.safetensors", recipe=self.recipe)
        self.configured().save_pretrained(folder)
        return converted(self.recipe, self.arrays())

    def loaded(self, folder):
        """Return the model of what was saved, and what transformers says of the names."""
        model = getattr(transformers, self.model)
        return model.from_pretrained(folder, output_loading_info=True, attn_implementation="eager", dtype=torch.float32)


CASES = [
    Case("bert", toys.bert_pretraining, "BertForPreTraining", "BertConfig", SIZES),
    Case("albert", toys.albert_pretraining, "AlbertForPreTraining", "AlbertConfig", NARROW),
    Case("electra-discriminator", toys.electra, "ElectraForPreTraining", "ElectraConfig", NARROW, ("discriminator",)),
    Case("electra-generator", toys.electra, "ElectraForMaskedLM", "ElectraConfig", GENERATOR, ("generator",)),
    Case("gpt-2", toys.gpt2, "GPT2LMHeadModel", "GPT2Config", GPT_2, part="transformer"),
    Case("t5", toys.t5_first, "T5ForConditionalGeneration", "T5Config", T5),
    Case("t5", toys.t5_second, "T5ForConditionalGeneration", "T5Config", T5 | SECOND_T5),
]
"""Those that transformers' own functions can read."""

HEADS = [
    Case("bert", toys.bert_classifier, "BertForSequenceClassification", "BertConfig", SIZES | LABELS),
    Case("bert", toys.bert_classifier, "BertForTokenClassification", "BertConfig", SIZES | LABELS),
    Case("bert", toys.bert_squad, "BertForQuestionAnswering", "BertConfig", SIZES),
    Case("albert", toys.albert_classifier, "AlbertForSequenceClassification", "AlbertConfig", NARROW | LABELS),
]
"""Those that they fail at."""
