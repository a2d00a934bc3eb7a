"""Optimizers train, keep their slots under TensorFlow's names, and can be derived from."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf

OPTIMIZERS = {
    "descent": (lambda: tf.train.GradientDescentOptimizer(0.1), []),
    "momentum": (lambda: tf.train.MomentumOptimizer(0.05, 0.5, use_nesterov=True), ["momentum"]),
    "adagrad": (lambda: tf.train.AdagradOptimizer(0.5), ["accumulator"]),
    "adadelta": (lambda: tf.train.AdadeltaOptimizer(1.0, epsilon=0.01), ["accum", "accum_update"]),
    "adam": (lambda: tf.train.AdamOptimizer(0.1), ["m", "v"]),
    "rmsprop": (lambda: tf.train.RMSPropOptimizer(0.05), ["momentum", "rms"]),
    "centered": (lambda: tf.train.RMSPropOptimizer(0.05, centered=True), ["mg", "momentum", "rms"]),
    "ftrl": (lambda: tf.train.FtrlOptimizer(1.0), ["accum", "linear"]),
    "proximal": (lambda: tf.train.ProximalGradientDescentOptimizer(0.1, 0.001), []),
    "proximal adagrad": (lambda: tf.train.ProximalAdagradOptimizer(0.5), ["accumulator"]),
}


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def quadratic(resource=False):
    variable = tf.get_variable("w", initializer=np.array([[1.0, -2.0], [3.0, 0.5]], np.float32), use_resource=resource)
    return variable, tf.reduce_sum(tf.square(variable - 1.0))


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_makes_a_loss_small(name, resource):
    make, slots = OPTIMIZERS[name]
    variable, loss = quadratic(resource)
    optimizer = make()
    train = optimizer.minimize(loss)
    assert optimizer.get_slot_names() == slots
    assert all(optimizer.get_slot(variable, slot).shape == variable.shape for slot in slots)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(loss)
        for _ in range(60):
            session.run(train)
        assert session.run(loss) < before / 4


def test_slots_follow_their_variable_in_name():
    _, loss = quadratic()
    optimizer = tf.train.AdamOptimizer()
    with tf.variable_scope("outer"):
        optimizer.minimize(loss)
    names = [variable.name for variable in optimizer.variables()]
    assert names == ["outer/beta1_power:0", "outer/beta2_power:0", "outer/w/Adam:0", "outer/w/Adam_1:0"]


def test_the_step_counts_after_the_update(graph):
    variable, loss = quadratic()
    step = tf.train.get_or_create_global_step()
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss, global_step=step)
    assert graph.get_collection(tf.GraphKeys.TRAIN_OP) == [train]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        assert session.run(step) == 1
        np.testing.assert_allclose(session.run(variable), np.ones((2, 2)))


def test_a_constraint_holds_after_each_step():
    variable = tf.Variable([3.0, -3.0], constraint=lambda value: tf.clip_by_value(value, -1.0, 1.0))
    train = tf.train.GradientDescentOptimizer(0.01).minimize(tf.reduce_sum(variable))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        assert session.run(variable).tolist() == [1.0, -1.0]


class WeightDecay(tf.train.Optimizer):
    """Written as BERT's optimizer is: it makes its own variables, and assigns to all of them."""

    def __init__(self, rate, name="Decayed"):
        super().__init__(False, name)
        self.rate = rate

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        assignments = []
        for grad, param in grads_and_vars:
            m = tf.get_variable(
                name=param.op.name + "/adam_m",
                shape=param.shape.as_list(),
                dtype=tf.float32,
                trainable=False,
                initializer=tf.zeros_initializer(),
            )
            next_m = tf.multiply(0.9, m) + tf.multiply(0.1, grad)
            assignments.extend([param.assign(param - self.rate * (next_m + 0.01 * param)), m.assign(next_m)])
        return tf.group(*assignments, name=name)


class Signs(tf.train.Optimizer):
    """Written as a subclass that defines what TensorFlow asks for."""

    def __init__(self, rate):
        super().__init__(False, "Signs")
        self.rate = rate

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "count", self._name)

    def _prepare(self):
        self.rate_tensor = tf.convert_to_tensor(self.rate, name="rate")

    def _apply_dense(self, grad, var):
        counted = self.get_slot(var, "count").assign_add(tf.ones_like(grad))
        return tf.group(var.assign_sub(self.rate_tensor * tf.sign(grad)), counted)

    _resource_apply_dense = _apply_dense


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("kind", [WeightDecay, Signs])
def test_programs_derive_their_own(kind, resource):
    _, loss = quadratic(resource)
    train = kind(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(loss)
        for _ in range(20):
            session.run(train)
        assert session.run(loss) < before / 5


def test_rows_of_a_table_are_trained_alone():
    table = tf.get_variable("table", initializer=np.ones((4, 2), np.float32))
    loss = tf.reduce_sum(tf.gather(table, [1, 1, 3]))
    pairs = tf.train.AdagradOptimizer(0.1, 1.0).compute_gradients(loss)
    assert isinstance(pairs[0][0], tf.IndexedSlices)
    train = tf.train.MomentumOptimizer(0.5, 0.9).apply_gradients(pairs)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        np.testing.assert_allclose(session.run(table), [[1, 1], [0, 0], [1, 1], [0.5, 0.5]])


def test_a_value_that_was_read_stays_as_it_was():
    variable, loss = quadratic(resource=True)
    train = tf.train.AdamOptimizer(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(train)
            fetched = session.run(variable)
            held = session.variable_values()["w"]
            before = held.copy()
            session.run(train)
            assert held.tolist() == before.tolist() == fetched.tolist() != session.run(variable).tolist()


def test_refuses_what_cannot_be_trained():
    variable, loss = quadratic()
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    with pytest.raises(ValueError, match="No gradients provided"):
        optimizer.minimize(tf.constant(1.0))
    with pytest.raises(ValueError, match="No variables"):
        optimizer.apply_gradients([])
    with pytest.raises(ValueError, match="Invalid type"):
        optimizer.minimize(tf.cast(loss, tf.int32), var_list=[variable])
    with pytest.raises(ValueError, match="gate_gradients"):
        optimizer.compute_gradients(loss, gate_gradients=7)
    with pytest.raises(ValueError, match="name"):
        tf.train.Optimizer(False, "")
