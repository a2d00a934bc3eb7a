"""Draws of classes: how often each comes, and how often it is said to come."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf

TRUE = np.array([[0, 3], [9, 1]], np.int64)


def draws(sampler, runs=1, **arguments):
    with tf.Graph().as_default(), tf.Session() as session:
        candidates = sampler(TRUE, num_true=2, num_sampled=arguments.pop("num_sampled", 4000), seed=7, **arguments)
        return [session.run(candidates) for _ in range(runs)]


def weighted(*arguments, **others):
    weights = [1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 5.0, 1.0]
    return tf.nn.fixed_unigram_candidate_sampler(
        *arguments, **others, unigrams=weights, num_reserved_ids=2, distortion=0.5
    )


SAMPLERS = [
    tf.nn.log_uniform_candidate_sampler,
    tf.nn.uniform_candidate_sampler,
    tf.nn.learned_unigram_candidate_sampler,
    weighted,
]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_classes_come_as_often_as_they_are_said_to(sampler):
    [found] = draws(sampler, unique=False, range_max=10)
    assert found.sampled_candidates.dtype == np.int64
    counts = np.bincount(found.sampled_candidates, minlength=10)
    for value, expected in zip(found.sampled_candidates, found.sampled_expected_count, strict=True):
        assert abs(counts[value] - expected) < 5 * np.sqrt(expected)
    assert abs(counts[9] - found.true_expected_count[1, 0]) < 5 * np.sqrt(found.true_expected_count[1, 0] + 1)


@pytest.mark.parametrize("sampler", SAMPLERS[:3])
def test_unique_draws_have_each_class_once(sampler):
    first, second = draws(sampler, 2, unique=True, range_max=10, num_sampled=10)
    for found in (first, second):
        assert sorted(found.sampled_candidates) == list(range(10))
        assert np.all(found.sampled_expected_count <= 1)
    assert first.sampled_candidates.tolist() != second.sampled_candidates.tolist()


def test_learned_draws_prefer_what_was_true_before():
    with tf.Graph().as_default(), tf.Session() as session:
        labels = tf.constant(np.full((1, 1), 6))
        expected = tf.nn.learned_unigram_candidate_sampler(labels, 1, 10, False, 10).true_expected_count
        assert [round(float(session.run(expected)[0, 0]), 4) for _ in range(3)] == [1.0, 1.8182, 2.5]


def test_more_different_classes_than_there_are_is_refused():
    with pytest.raises(tf.errors.InvalidArgumentError, match="range is too small"):
        draws(tf.nn.uniform_candidate_sampler, unique=True, range_max=10, num_sampled=11)


@pytest.mark.parametrize("weights", [(1, 0, 0), (0, 0, 0), (1e10, 1, 0), (3, -3, 3), (1, float("inf"), 1)])
def test_more_different_classes_than_weights_let_be_drawn_is_refused(weights):
    with tf.Graph().as_default(), tf.Session() as session:
        found = tf.nn.fixed_unigram_candidate_sampler([[0]], 1, 2, True, 3, unigrams=weights)
        with pytest.raises(tf.errors.InvalidArgumentError, match="range is too small"):
            session.run(found)


def test_a_file_has_the_weights(tmp_path):
    (tmp_path / "words").write_text("the,3\na,1\nzebra,0\n")
    with tf.Graph().as_default(), tf.Session() as session:
        arguments = {"num_true": 1, "num_sampled": 400, "unique": False, "range_max": 3, "seed": 1}
        found = session.run(
            tf.nn.fixed_unigram_candidate_sampler([[0]], vocab_file=str(tmp_path / "words"), **arguments)
        )
        assert found.true_expected_count == 300
        assert set(found.sampled_candidates) == {0, 1}
        (tmp_path / "words").write_text("the,3\na\n")
        wrong = tf.nn.fixed_unigram_candidate_sampler([[0]], vocab_file=str(tmp_path / "words"), **arguments)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Wrong vocabulary format at line: a"):
            session.run(wrong)


def test_hits_are_the_last_places_of_true_classes():
    with tf.Graph().as_default(), tf.Session() as session:
        rows, places, weights = session.run(tf.nn.compute_accidental_hits(TRUE, [3, 0, 5, 3], num_true=2))
    assert (rows.tolist(), places.tolist()) == ([0, 0], [1, 3])
    assert weights.tolist() == [-np.finfo(np.float32).max] * 2
