"""Turn a BERT checkpoint into a directory that Hugging Face's transformers loads: names, kernels, and no optimizer."""

import json
import tempfile
from pathlib import Path

import ckpt_magics

CONFIG = {
    "architectures": ["BertForPreTraining"],
    "model_type": "bert",
    "hidden_size": 16,
    "intermediate_size": 40,
    "max_position_embeddings": 24,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 37,
}
"""What bert_config.json says of the model, under the names that transformers has for it."""

with tempfile.TemporaryDirectory() as folder:
    source, target = "models/bert/bert_model.ckpt", Path(folder, "model.safetensors")
    report = ckpt_magics.convert_checkpoint(source, target, recipe="bert")
    Path(folder, "config.json").write_text(json.dumps(CONFIG), "utf-8")

    print(report.table[["name", "shape", "from", "changed"]].iloc[5:11].to_string(index=False))
    print(len(report.table), "tensors,", len(report.dropped), "left out, such as", report.dropped["name"][0])

    # transformers.AutoModelForPreTraining.from_pretrained(folder) takes it from here. The same by hand, for one layer:
    with ckpt_magics.load_checkpoint(source) as old, ckpt_magics.load_checkpoint(target) as new:
        kernel = new["bert.encoder.layer.0.attention.self.query.weight"]
        print((kernel == old["bert/encoder/layer_0/attention/self/query/kernel"].T).all())
