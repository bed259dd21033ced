from dataclasses import replace

import numpy as np
import pytest

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.networks.molgan import MolGAN
from trainer.networks.ports import Ports

GRAPH = Field((4, 3 + 16), kind="graph", names=("none", "C", "O"))
SMALL = catalogue.MolGAN(units=(8,), convolutions=(6, 5), aggregation=7, discriminator_units=(6,))


def test_the_order_of_atoms_is_nothing_to_the_discriminator():
    outputs = {"logits": Field(), "reward": Field(kind="scalar")}
    judge = MolGAN(SMALL).discriminator(Ports({"sample": GRAPH}, outputs))
    random = np.random.RandomState(0)
    atoms = random.dirichlet(np.ones(3), size=(5, 4)).astype(np.float32)
    bonds = random.dirichlet(np.ones(4), size=(5, 4, 4)).astype(np.float32)

    def judged(order):
        bound = bonds[:, order][:, :, order].reshape(5, 4, 16)
        answer = judge({"sample": np.concatenate([atoms[:, order], bound], axis=2)})
        return np.stack([answer["logits"], answer["reward"]])

    first = judged([0, 1, 2, 3])
    for order in ([3, 2, 1, 0], [1, 0, 2, 3], [2, 3, 1, 0]):
        np.testing.assert_allclose(judged(order), first, rtol=1e-5)
    # The bonds are seen, and so is which atom they are at.
    assert np.abs(judged([0, 1, 2, 2]) - first).max() > 1e-3


def test_the_generator_makes_a_graph_of_a_latent():
    inputs = {"latent": Field((3,), kind="latent"), "key": Field((2,), "uint32", "key")}
    maker = MolGAN(SMALL).generator(Ports(inputs, {"sample": GRAPH}))
    made = maker({"latent": np.ones((2, 3)), "key": np.ones((2, 2), np.uint32)})["sample"]
    assert made.shape == (2, 4, 19)


def test_of_a_pack_every_graph_is_read_by_itself_by_the_same_weights():
    packed = Ports({"sample": replace(GRAPH, shape=(4, 2 * 19))}, {"logits": Field()})
    judge = MolGAN(SMALL).discriminator(packed)
    single = MolGAN(SMALL).discriminator(Ports({"sample": GRAPH}, {"logits": Field()}))
    # Only the dense layer that sees both vectors is larger, by as much as one vector has.
    more = judge.count_params() - single.count_params()
    assert more == SMALL.aggregation * SMALL.discriminator_units[0]
    graphs = np.random.RandomState(0).uniform(size=(3, 4, 19)).astype(np.float32)
    one, two, other = (graph[np.newaxis] for graph in graphs)

    def logit(*pair):
        return float(judge({"sample": np.concatenate(pair, axis=-1)})["logits"][0])

    order = [2, 0, 3, 1]
    bonds = two[..., 3:].reshape(1, 4, 4, 4)[:, order][:, :, order].reshape(1, 4, 16)
    permuted = np.concatenate([two[:, order, :3], bonds], axis=-1)
    assert logit(one, permuted) == pytest.approx(logit(one, two), abs=1e-5)
    assert abs(logit(one, other) - logit(one, two)) > 1e-4
    assert abs(logit(two, one) - logit(one, two)) > 1e-6


def test_other_samples_are_refused():
    picture = Field((8, 8, 1), kind="image")
    for ports in (
        Ports({"key": Field((2,), "uint32", "key")}, {"sample": picture}),
        Ports({"sample": picture}, {"logits": Field()}),
    ):
        build = MolGAN(SMALL).generator if "key" in ports.inputs else MolGAN(SMALL).discriminator
        with pytest.raises(ConfigError, match="network: received 'molgan' with samples of kind"):
            build(ports)
