import numpy as np
import pytest
import tensorflow as tf

from tests.recipes import small
from tests.trainer.game.wrappers.games import weights
from trainer.config.recipe import load_experiment
from trainer.data import loading, modalities, pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble


@pytest.fixture
def built(tmp_path):
    """A small game, and a batch of its data."""

    def built(*overrides):
        experiment = small("killoran-affinities", tmp_path, "export.searches=[]", *overrides)
        data = loading.load(experiment.data)
        batches = pipeline.batches(data.train, batch_size=8, turns=1, seed=0)
        return assemble(experiment, data.spec, examples=data.train), next(iter(batches))

    return built


def test_the_game_is_the_same_and_the_predictor_learns_squares(built):
    (made, batch), (plain, _) = built(), built("wrappers=[]")
    gan = made.gan
    sample, properties = (
        modalities.seen(batch[name][:, 0], gan.spec.fields[name])
        for name in ("sample", "attributes")
    )
    said = gan.networks["predictor"]({"sample": sample})["attributes"]
    expected = np.mean(np.sum(np.square(said - properties), axis=1))
    logs = gan.train_step(batch)
    assert float(logs["prediction_error"]) == pytest.approx(expected, rel=1e-5)
    plain.gan.train_step(batch)
    for role in ("generator", "discriminator"):
        for one, other in zip(weights(gan, role), weights(plain.gan, role), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


def test_predictions_come_in_the_units_of_the_data(built):
    made, batch = built()
    ids = batch["sample"][:5, 0].numpy()
    answer = made.live.run("predict", {"sample": ids})["attributes"]
    field = made.gan.spec.fields["attributes"]
    ((low, high),) = field.about["ranges"]
    seen = made.gan.networks["predictor"]({"sample": tf.one_hot(ids, 4)})["attributes"]
    np.testing.assert_allclose(answer, (low + high) / 2 + seen * (high - low) / 2, rtol=1e-4)


def test_data_without_properties_gets_a_sentence(built):
    with pytest.raises(ConfigError, match=r"'predict' with field=attributes, .* are none; name"):
        built("data.source={name: motifs, sequences: 20}")
    with pytest.raises(ConfigError, match="'design' with predictor 'game', which has none"):
        load_experiment("killoran-motifs", ["export.searches=[design]"])


def test_its_network_is_chosen_like_those_of_the_round():
    chosen = load_experiment("killoran-affinities", ["networks={predictor: {name: mlp}}"])
    assert chosen.network_of("predictor").name == "mlp"
    with pytest.raises(ConfigError, match=r"networks\.predictor: received 'unet', .* no encoder"):
        load_experiment("killoran-affinities", ["networks={predictor: {name: unet}}"])
    with pytest.raises(ConfigError, match=r"networks\.predictor: no such role"):
        load_experiment("killoran-motifs", ["networks={predictor: {name: mlp}}"])
