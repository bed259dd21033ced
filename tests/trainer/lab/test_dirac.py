"""The Dirac-GAN's eigenvalues against Mescheder et al. 2018, played by the library's losses."""

import numpy as np
import pytest

from trainer.lab import dirac


@pytest.mark.parametrize("gamma", [0.0, 0.4, 1.0, 1.6])
def test_the_closed_form_solves_the_characteristic_equation(gamma):
    """λ² + γλ + ¼ = 0, of the Jacobian [[0, ½], [-½, -γ]]."""
    for root in dirac.penalised(gamma):
        assert abs(root**2 + gamma * root + 0.25) < 1e-12


@pytest.mark.parametrize(
    "name", [name for name, remedy in dirac.REMEDIES.items() if remedy.closed_form]
)
def test_eigenvalues_are_the_closed_ones(name):
    remedy = dirac.REMEDIES[name]
    found = dirac.game(remedy.recipe).eigenvalues([0.0, 0.0])
    np.testing.assert_allclose(found, np.sort_complex(remedy.closed_form), atol=remedy.tolerance)


def test_noise_acts_as_a_penalty_does():
    """-σ²/4 ± √(σ⁴/16 - ¼) of instance noise, which is R1's formula at γ = σ²/2."""
    for root in dirac.noisy(1.5):
        assert abs(root**2 + 2.0 * 1.5**2 / 4.0 * root + 0.25) < 1e-12


@pytest.fixture(scope="module")
def numbers():
    chosen = ("GAN (minimax)", "R1, γ = 0.5", "unrolled, 5 steps")
    remedies = {name: dirac.REMEDIES[name] for name in chosen}
    return dirac.measure(remedies, steps=120, gammas=(0.0, 0.5, 1.5))


def test_the_plain_game_circles_and_the_penalised_one_comes_home(numbers):
    """Without a penalty the distance stays; with γ = ½ it falls as exp(-γ/2 · h · steps)."""
    plain = numbers["games"]["GAN (minimax)"]["distance"]
    assert min(plain[60:]) > 1.0
    penalised = np.array(numbers["games"]["R1, γ = 0.5"]["distance"])
    expected = np.exp(-0.25 * numbers["learning_rate"] * 60)
    assert penalised[120] / penalised[60] == pytest.approx(expected, rel=0.5)
    assert numbers["games"]["unrolled, 5 steps"]["distance"][-1] < 0.05


def test_the_scan_of_r1_lies_on_its_curve(numbers):
    for gamma, found in zip(numbers["r1"]["gamma"], numbers["r1"]["measured"], strict=True):
        expected = [[root.real, root.imag] for root in np.sort_complex(dirac.penalised(gamma))]
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_the_arrows_are_the_field_of_the_game(numbers):
    played, arrows = numbers["games"]["GAN (minimax)"], np.array(numbers["arrows"])
    theta, psi = np.meshgrid(arrows, arrows)
    share = 1.0 / (1.0 + np.exp(-psi * theta))
    expected = np.stack([share * psi, -share * theta], axis=-1)
    np.testing.assert_allclose(played["field"], expected, atol=1e-3)


def test_it_is_drawn(numbers):
    titles = {a.get_title(loc) for a in dirac.draw(numbers).axes for loc in ("left", "center")}
    assert set(numbers["games"]) <= titles
