import pytest

from trainer.run import health


def rows(every, count, **values):
    """Metric rows of a game that is played: step 0, and every so many steps."""
    return [
        {"step": every * i, "generator_loss": 0.7 + i / 1000, "D(x)": 0.6, "D(G(z))": 0.4}
        | {name: value(i) if callable(value) else value for name, value in values.items()}
        for i in range(count)
    ]


DECIDED = {"D(x)": 1.0, "D(G(z))": 0.0}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (rows(100, 3, **DECIDED), "D(x) is exactly 1 and D(G(z)) exactly 0 since step 0"),
        (rows(1, 101, **DECIDED), "D(x) is exactly 1 and D(G(z)) exactly 0 since step 0"),
        (rows(100, 3, generator_loss=lambda i: 1e13 + i), "a loss is beyond 1e+08 since step 0"),
        (rows(100, 2) + rows(100, 9, generator_loss=0.0)[2:], "to its last digit since step 200"),
    ],
)
def test_a_destroyed_game_is_named_with_its_beginning(found, words):
    assert words in health.destroyed(found)
    assert words in health.destroyed(found[-health.MOST_ROWS :])


@pytest.mark.parametrize(
    "found",
    [
        [],
        rows(100, 30),
        rows(1, 50, **DECIDED),  # too short to be sure
        rows(100, 5, **DECIDED) + rows(100, 6)[5:],  # it came back
        rows(100, 5) + rows(100, 6, generator_loss=1e9)[5:],
        rows(100, 30, discriminator_loss=lambda i: 1.386294 + i * 1e-7),
        rows(100, 30, images_per_second=100.0, real_logits=0.0),
        rows(100, 30, discriminator_loss=lambda i: 1.3 - i / 1000, generator_loss=0.0),
        [{"step": step} for step in range(0, 1000, 100)],
    ],
)
def test_a_game_that_is_played_is_left_in_peace(found):
    assert health.destroyed(found) is None
