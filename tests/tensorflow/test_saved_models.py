"""SavedModels between this package and TensorFlow, both ways: graphs, values, signatures, assets."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as ours

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def theirs():
    import tensorflow

    return tensorflow.compat.v1


def write(tf, folder, words):
    """A SavedModel with a variable, an asset, a start operation and a signature."""
    words.write_text("beta")
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        weight = tf.get_variable("w", initializer=[[1.0], [2.0]], use_resource=False)
        said = tf.get_variable("said", initializer="", use_resource=False)
        path = tf.constant(str(words), name="path")
        start = tf.group(tf.assign(said, path), name="start")
        y = tf.matmul(x, weight, name="y")
        session.run(tf.global_variables_initializer())
        signature = tf.saved_model.predict_signature_def({"rows": x}, {"sums": y})
        builder = tf.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature}, assets_collection=[path], main_op=start
        )
        builder.save()
    words.unlink()


def read(tf, folder, scope=None):
    """What a session gives that has loaded it, and the signature."""
    with tf.Graph().as_default(), tf.Session() as session:
        meta_graph = tf.saved_model.load(session, ["serve"], str(folder), import_scope=scope)
        names = [name if scope is None else f"{scope}/{name}" for name in ("x:0", "y:0", "said:0")]
        found = session.run(names[1:], {names[0]: [[1, 1], [2, 0]]})
        return [np.asarray(each).tolist() for each in found], meta_graph.signature_def["serving_default"]


@pytest.mark.parametrize("scope", [None, "in"])
def test_each_loads_what_either_writes(theirs, tmp_path, scope):
    for number, tf in enumerate((ours, theirs)):
        folder = tmp_path / str(number)
        write(tf, folder, tmp_path / "words.txt")
        loaded = [read(reader, folder, scope) for reader in (ours, theirs)]
        asset = str(folder / "assets" / "words.txt").encode()
        assert [values for values, _ in loaded] == [[[[3.0], [2.0]], asset]] * 2
        assert len({signature.SerializeToString(deterministic=True) for _, signature in loaded}) == 1


def test_both_write_the_same_signature_and_the_same_files(theirs, tmp_path):
    for name, tf in (("ours", ours), ("theirs", theirs)):
        write(tf, tmp_path / name, tmp_path / "words.txt")
    files = [
        sorted(p.relative_to(tmp_path / name).as_posix() for p in (tmp_path / name).rglob("*"))
        for name in ("ours", "theirs")
    ]
    assert files[0] == files[1]
    signatures = [read(ours, tmp_path / name)[1].SerializeToString(deterministic=True) for name in ("ours", "theirs")]
    assert signatures[0] == signatures[1]


def test_tensorflow_2_calls_the_signature(theirs, tmp_path):
    import tensorflow

    write(ours, tmp_path / "m", tmp_path / "words.txt")
    model = tensorflow.saved_model.load(str(tmp_path / "m"))
    result = model.signatures["serving_default"](rows=tensorflow.constant([[1.0, 1.0]]))
    assert result["sums"].numpy().tolist() == [[3.0]]
