import keras
import numpy as np
import pytest

import trainer
from serving.errors import UsageError
from serving.exported import ExportedModel
from trainer.errors import ConfigError


@pytest.fixture(scope="module")
def run(trained_run):
    return trainer.open_run(trained_run)


def test_samples_of_an_opened_run_are_those_of_its_export(run, exported):
    assert run.step == 4 and run.experiment.name == "cgan-digits"
    samples = run.sample(5, seed=7, label="3")
    assert samples.dtype == np.uint8 and samples.shape == (5, 8, 8, 1)
    np.testing.assert_array_equal(samples, run.sample(5, seed=7, label=3))
    inputs = {"seed": np.arange(7, 12), "label": np.full(5, 3)}
    model = ExportedModel(str(exported))
    np.testing.assert_array_equal(samples, model.run("generate_conditional", inputs)["image"])
    np.testing.assert_array_equal(
        run.sample(5, seed=7), model.run("generate", {"seed": np.arange(7, 12)})["image"]
    )


def test_the_generator_is_a_keras_model_that_makes_them(run):
    latents = run.ask("latents", seed=[7, 8])["latent"]
    assert isinstance(run.generator, keras.Model)
    given = {"latent": latents, "condition": np.eye(10, dtype=np.float32)[[3, 3]]}
    made = np.asarray(run.generator(given, training=False)["sample"])
    assert np.abs((made + 1) / 2 * 255 - run.sample(2, seed=7, label=3)).max() < 0.51


def test_what_a_run_cannot_be_asked_gets_a_sentence(run, ring_run, tmp_path):
    with pytest.raises(UsageError, match="cat"):
        run.sample(2, label="cat")
    with pytest.raises(UsageError, match="generate_conditional"):
        trainer.open_run(ring_run).sample(2, label=1)
    with pytest.raises(ConfigError, match="holds no run"):
        trainer.open_run(tmp_path)
    assert trainer.open_run(ring_run).sample(3).shape == (3, 2)
