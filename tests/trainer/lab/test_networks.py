"""Players for pencil and paper."""

import numpy as np

from trainer.fields import Field
from trainer.lab.networks import Judging, Point
from trainer.networks.ports import Ports

PORTS = Ports({"latent": Field((2,), kind="latent")}, {"sample": Field((2,))})
JUDGE = Ports({"sample": Field((2,))}, {"logits": Field()})


def test_a_point_moves_its_latents_and_is_judged_by_a_line():
    generator = Point(spread=[1.0, 0.5]).generator(PORTS)
    (place,) = generator.trainable_variables
    place.assign([3.0, -1.0])
    z = np.array([[0.0, 0.0], [1.0, 2.0]], np.float32)
    np.testing.assert_allclose(generator({"latent": z})["sample"], [[3.0, -1.0], [4.0, 0.0]])
    judge = Point(bias=True).discriminator(JUDGE)
    judge.set_weights([np.array([[2.0], [1.0]]), np.array([0.5])])
    np.testing.assert_allclose(judge({"sample": z})["logits"], [0.5, 4.5])
    assert len(Point().discriminator(JUDGE).trainable_variables) == 1


def test_a_judge_of_any_capacity_answers_a_logit_each():
    judge = Judging(units=4).discriminator(JUDGE)
    assert judge({"sample": np.zeros((5, 2), np.float32)})["logits"].shape == (5,)
    assert judge.count_params() == 2 * 4 + 4 + 4 * 4 + 4 + 4 + 1
