"""What TensorFlow, tf_keras and Keras save is called as the model alone would have it, whatever trains it."""

import pytest

from ckpt_magics.files.object_graph.object_graph import parse_object_graph
from ckpt_magics.files.object_graph.shown_names import shown_names
from tests.tensorflow.object_programs import PROGRAMS, run

pytestmark = pytest.mark.tensorflow


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_names_and_groups_are_those_of_the_model(tf, name, tmp_path):
    program = run(name, tf, tmp_path)
    truth = [tuple(line.split("\t")) for line in program.truth]
    shown = shown_names([key for key, _, _ in truth], parse_object_graph(program.graph))
    assert [(key, shown.name(key), shown.group(key)) for key, _, _ in truth] == truth
