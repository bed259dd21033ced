import numpy as np

from benchmarks import painted_digits


def test_digits_are_read_and_scribbles_are_not():
    random = np.random.RandomState(0)
    labels = np.arange(200) % 2
    digits = np.zeros((200, 8, 8, 1), np.uint8)
    digits[labels == 0, :, 2], digits[labels == 1, 5] = 255, 255
    scribbles = random.choice([0, 255], size=digits.shape, p=[0.7, 0.3]).astype(np.uint8)
    read = painted_digits.reader(digits, labels, scribbles[:100])
    assert read(digits) == 1.0 and read(scribbles[100:]) <= 0.05


def test_the_nearest_real_digit_by_hand():
    real = np.zeros((2, 2, 2, 1), np.uint8)
    real[1] = 255
    found = painted_digits.near(real[[1, 1, 1, 0]] - real[[0] * 4], real, np.array([0, 1]))
    assert found == {"squared error": 0.0, "rarest class": 0.25}
