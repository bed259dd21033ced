"""Recurrent players: forms, time's direction, and latents that cannot be dealt to the steps."""

import keras
import numpy as np
import pytest

from trainer.catalogue import Lstm as Options
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.networks.lstm import Lstm
from trainer.networks.ports import Ports

LATENT, SERIES = Field((12,), kind="latent"), Field((4, 2))


def test_a_step_hangs_on_what_came_before_it():
    keras.utils.set_random_seed(0)
    given = {"latent": LATENT, "label": Field((3,), kind="label")}
    model = Lstm(Options(hidden=5, layers=2)).generator(Ports(given, {"sample": SERIES}))
    z, label = np.zeros((2, 12), np.float32), np.zeros((2, 3), np.float32)
    # The numbers of the third of four steps.
    z[1, 6:9] = 1.0
    made = model({"latent": z, "label": label})["sample"].numpy()
    assert made.shape == (2, 4, 2)
    np.testing.assert_array_equal(made[0, :2], made[1, :2])
    assert (made[0, 2:] != made[1, 2:]).all()


def test_symbols_are_distributions():
    words = Field((4, 3), kind="tokens", names=("a", "b", "c"))
    model = Lstm(Options(hidden=5)).generator(Ports({"latent": LATENT}, {"sample": words}))
    made = model({"latent": np.ones((2, 12), np.float32)})["sample"].numpy()
    np.testing.assert_allclose(made.sum(axis=2), np.ones((2, 4)), rtol=1e-6)


def test_a_judge_reads_series_and_what_is_told():
    outputs = {"logits": Field(()), "classes": Field((5,))}
    ports = Ports({"sample": SERIES, "label": Field((3,), kind="label")}, outputs)
    model = Lstm(Options(hidden=5)).discriminator(ports)
    conditioning = np.eye(3, dtype=np.float32)[:2]
    answers = model({"sample": np.ones((2, 4, 2), np.float32), "label": conditioning})
    assert answers["logits"].shape == (2,) and answers["classes"].shape == (2, 5)
    assert answers["logits"][0] != answers["logits"][1]


def test_a_latent_that_cannot_be_dealt_gets_a_sentence():
    ports = Ports({"latent": Field((10,), kind="latent")}, {"sample": SERIES})
    with pytest.raises(ConfigError, match=r"prior.size: received 10 with sequences of 4 steps"):
        Lstm(Options()).generator(ports)
