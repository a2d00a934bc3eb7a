"""Names and shapes of what TensorFlow programs of text models save, in the sizes of toys, with random numbers."""

from __future__ import annotations

import ml_dtypes
import numpy as np

HIDDEN, WIDE, EMBEDDING, WORDS, PLACES, HEADS, LAYERS, LABELS = 16, 40, 8, 37, 24, 4, 2, 3
"""Sizes; half of BERT's matrices are square, so that no shape would show that one is not transposed."""


def numbers(shapes, dtype=np.float32):
    """Arrays of these shapes, of which no two elements are likely to be equal."""
    random = np.random.default_rng(len(shapes))
    return {name: random.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def with_slots(arrays, *slots):
    """The arrays with what an optimizer keeps for each, and a step."""
    found = dict(arrays)
    for slot in slots:
        found |= {f"{name}{slot}": array + 1 for name, array in arrays.items()}
    return found | {"global_step": np.int64(7)}


def dense(scope, rows, columns):
    return {f"{scope}/kernel": (rows, columns), f"{scope}/bias": (columns,)}


def norm(scope, width):
    return {f"{scope}/{last}": (width,) for last in ("gamma", "beta")}


def embeddings(scope, width):
    lengths = {"word": WORDS, "position": PLACES, "token_type": 2}
    return {f"{scope}/{kind}_embeddings": (length, width) for kind, length in lengths.items()} | norm(
        f"{scope}/LayerNorm", width
    )


def bert_layer(scope, hidden=HIDDEN, wide=WIDE):
    parts = [dense(f"{scope}/attention/self/{one}", hidden, hidden) for one in ("query", "key", "value")]
    parts += [
        dense(f"{scope}/attention/output/dense", hidden, hidden),
        norm(f"{scope}/attention/output/LayerNorm", hidden),
    ]
    parts += [dense(f"{scope}/intermediate/dense", hidden, wide), dense(f"{scope}/output/dense", wide, hidden)]
    return merged(*parts, norm(f"{scope}/output/LayerNorm", hidden))


def merged(*parts):
    return {name: shape for part in parts for name, shape in part.items()}


def bert_layers(scope, hidden=HIDDEN, wide=WIDE):
    return merged(*(bert_layer(f"{scope}/layer_{at}", hidden, wide) for at in range(LAYERS)))


def bert_body():
    layers = bert_layers("bert/encoder")
    return merged(embeddings("bert/embeddings", HIDDEN), layers, dense("bert/pooler/dense", HIDDEN, HIDDEN))


def pretraining_heads(width):
    """What predicts words and the next sentence."""
    return merged(
        {"cls/predictions/output_bias": (WORDS,)},
        dense("cls/predictions/transform/dense", HIDDEN, width),
        norm("cls/predictions/transform/LayerNorm", width),
        {"cls/seq_relationship/output_weights": (2, HIDDEN), "cls/seq_relationship/output_bias": (2,)},
    )


CLASSIFIER = {"output_weights": (LABELS, HIDDEN), "output_bias": (LABELS,)}


def bert_pretraining():
    arrays = numbers(bert_body() | pretraining_heads(HIDDEN))
    return with_slots(arrays, "/adam_m", "/adam_v")


def bert_classifier():
    return with_slots(numbers(bert_body() | CLASSIFIER), "/lamb_m", "/lamb_v")


def bert_squad():
    head = {"cls/squad/output_weights": (2, HIDDEN), "cls/squad/output_bias": (2,)}
    return with_slots(numbers(bert_body() | head), "/adam_m", "/adam_v")


def albert():
    layer = "bert/encoder/transformer/group_0/inner_group_0"
    parts = [dense(f"{layer}/attention_1/self/{one}", HIDDEN, HIDDEN) for one in ("query", "key", "value")]
    return merged(
        embeddings("bert/embeddings", EMBEDDING),
        dense("bert/encoder/embedding_hidden_mapping_in", EMBEDDING, HIDDEN),
        *parts,
        dense(f"{layer}/attention_1/output/dense", HIDDEN, HIDDEN),
        norm(f"{layer}/LayerNorm", HIDDEN),
        norm(f"{layer}/LayerNorm_1", HIDDEN),
        dense(f"{layer}/ffn_1/intermediate/dense", HIDDEN, WIDE),
        dense(f"{layer}/ffn_1/intermediate/output/dense", WIDE, HIDDEN),
        dense("bert/pooler/dense", HIDDEN, HIDDEN),
    )


def albert_pretraining():
    return with_slots(numbers(albert() | pretraining_heads(EMBEDDING)), "/adam_m", "/adam_v")


def albert_classifier():
    """As TensorFlow Hub exports it, below a scope of its own."""
    return {f"module/{name}": array for name, array in numbers(albert()).items()} | numbers(CLASSIFIER)


GENERATOR_HIDDEN, GENERATOR_WIDE = 12, 20


def electra():
    """Both models, which share their embeddings."""
    shapes = merged(
        embeddings("electra/embeddings", EMBEDDING),
        dense("electra/embeddings_project", EMBEDDING, HIDDEN),
        bert_layers("electra/encoder"),
        dense("discriminator_predictions/dense", HIDDEN, HIDDEN),
        dense("discriminator_predictions/dense_1", HIDDEN, 1),
        dense("generator/embeddings_project", EMBEDDING, GENERATOR_HIDDEN),
        bert_layers("generator/encoder", GENERATOR_HIDDEN, GENERATOR_WIDE),
        dense("generator_predictions/dense", GENERATOR_HIDDEN, EMBEDDING),
        norm("generator_predictions/LayerNorm", EMBEDDING),
        {"generator_predictions/output_bias": (WORDS,)},
    )
    return with_slots(numbers(shapes), "/adam_m", "/adam_v")


def gpt2():
    def convolution(scope, rows, columns):
        return {f"{scope}/w": (1, rows, columns), f"{scope}/b": (columns,)}

    def norm_of(scope):
        return {f"{scope}/{last}": (HIDDEN,) for last in "gb"}

    shapes = {"model/wte": (WORDS, HIDDEN), "model/wpe": (PLACES, HIDDEN)} | norm_of("model/ln_f")
    for at in range(LAYERS):
        layer = f"model/h{at}"
        shapes |= norm_of(f"{layer}/ln_1") | norm_of(f"{layer}/ln_2")
        shapes |= convolution(f"{layer}/attn/c_attn", HIDDEN, 3 * HIDDEN)
        shapes |= convolution(f"{layer}/attn/c_proj", HIDDEN, HIDDEN)
        shapes |= convolution(f"{layer}/mlp/c_fc", HIDDEN, 4 * HIDDEN)
        shapes |= convolution(f"{layer}/mlp/c_proj", 4 * HIDDEN, HIDDEN)
    return numbers(shapes)


BUCKETS = 32


def t5(*inner, head=False, dtype=np.float32):
    """T5 with these first matrices of the feed-forward layers.

    The numbers have a slot each: a matrix two, a vector another.
    """
    shapes = {"shared/embedding": (WORDS, HIDDEN)}
    for stack, attentions in (("encoder", ["SelfAttention"]), ("decoder", ["SelfAttention", "EncDecAttention"])):
        for block in range(LAYERS):
            scope = f"{stack}/block_{block:03d}"
            for layer, attention in enumerate(attentions):
                here = f"{scope}/layer_{layer:03d}"
                shapes |= {f"{here}/{attention}/{one}": (HIDDEN, HIDDEN) for one in "qkvo"}
                shapes |= {f"{here}/layer_norm/scale": (HIDDEN,)}
            last = f"{scope}/layer_{len(attentions):03d}"
            shapes |= {f"{last}/DenseReluDense/{one}/kernel": (HIDDEN, WIDE) for one in inner}
            shapes |= {f"{last}/DenseReluDense/wo/kernel": (WIDE, HIDDEN), f"{last}/layer_norm/scale": (HIDDEN,)}
        shapes[f"{stack}/block_000/layer_000/SelfAttention/relative_attention_bias"] = (HEADS, BUCKETS)
        shapes[f"{stack}/final_layer_norm/scale"] = (HIDDEN,)
    arrays = numbers(shapes | ({"decoder/logits/kernel": (HIDDEN, WORDS)} if head else {}), dtype)
    slots = {}
    for name, array in arrays.items():
        for ending in ["_slot_v"] if array.ndim == 1 else ["_slot_vr", "_slot_vc"]:
            slots[f"{name}{ending}"] = np.ones(3, np.float32)
    return arrays | slots | {"global_step": np.int64(7)}


def t5_first():
    return t5("wi")


def t5_second():
    return t5("wi_0", "wi_1", head=True, dtype=ml_dtypes.bfloat16)
