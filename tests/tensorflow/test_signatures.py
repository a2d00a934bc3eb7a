"""Signatures of SavedModels give what they give in TensorFlow."""

import numpy as np
import pytest

import ckpt_magics
from tests.truth import CORPUS

pytestmark = pytest.mark.tensorflow

MODELS = sorted({path.parent for path in CORPUS.glob("tf*/*saved_model*/**/saved_model.pb")})


def made(rng, spec):
    shape = [4 if size is None else size for size in spec.shape]
    if spec.dtype == "string":
        return np.array([b"the", b"of", b"", b"no word"], object)[: int(np.prod(shape))].reshape(shape)
    return rng.standard_normal(shape).astype(spec.dtype.as_numpy_dtype)


@pytest.mark.parametrize("model", MODELS, ids=lambda path: "/".join(path.parts[-4:]))
def test_signatures_give_what_they_do_in_tensorflow(tf, corpus, model):
    rng = np.random.default_rng(0)
    theirs = tf.saved_model.load(str(model), tags=["serve"])
    ours = ckpt_magics.load_graph(model, ["serve"])
    assert set(ours.signatures) == set(theirs.signatures)
    for name, function in theirs.signatures.items():
        inputs = {key: made(rng, spec) for key, spec in function.structured_input_signature[1].items()}
        expected = function(**{key: tf.constant(value) for key, value in inputs.items()})
        actual = ours.signatures[name](**inputs)
        assert actual.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_allclose(actual[key], value.numpy(), 2e-5, 2e-5)
