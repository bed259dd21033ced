from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from trainer.data.molecules import growing
from trainer.data.molecules.arrays import field_of, from_array, to_array
from trainer.game import rewards

FIELD = replace(field_of(("C", "N+", "O", "O-", "F")), shape=(5, 5), dtype="uint8")


def test_valid_is_what_the_rules_say_of_random_graphs():
    """Few of these are: bonds are as rare as it takes for all four cases to occur."""
    random = np.random.RandomState(0)
    graphs = np.triu(random.randint(1, 4, (400, 5, 5)) * (random.uniform(size=(400, 5, 5)) < 0.35))
    graphs = graphs + graphs.transpose(0, 2, 1)
    atoms = random.randint(0, 6, (400, 5)) * (random.uniform(size=(400, 5)) < 0.6)
    there = atoms > 0
    graphs = (graphs * there[:, :, None] * there[:, None]).astype(np.uint8)
    graphs[:, range(5), range(5)] = atoms
    molecules = [from_array(graph, FIELD.names) for graph in graphs]
    expected = [(not m.problem, m.is_connected) for m in molecules]
    assert len(set(expected)) == 4
    found = rewards.valid(tf.constant(graphs), FIELD)
    np.testing.assert_array_equal(found, [float(all(both)) for both in expected])


def test_drug_likeness_is_rdkit_s():
    pytest.importorskip("rdkit")
    from rdkit import Chem
    from rdkit.Chem import QED

    molecule = next(islice(growing.molecules(5), 3, None))
    field = replace(field_of(growing.ATOMS), shape=(5, 5), dtype="uint8")
    graphs = np.stack([to_array(molecule, field.names, 5), np.diag([1, 1, 0, 0, 0])])
    found = rewards.make("drug_likeness")(tf.constant(graphs.astype(np.uint8)), field).numpy()
    from trainer.data.molecules import writing

    text = writing.written(tf.constant(graphs[:1].astype(np.uint8)), field).numpy()[0].decode()
    np.testing.assert_allclose(found, [QED.qed(Chem.MolFromSmiles(text)), 0.0], rtol=1e-6)


def own(graphs, field):
    return tf.fill(tf.shape(graphs)[:1], 0.25)


def test_a_reward_of_one_s_own():
    assert (
        rewards.make(f"{__name__}:own")(tf.zeros([3, 5, 5]), FIELD).numpy().tolist() == [0.25] * 3
    )
