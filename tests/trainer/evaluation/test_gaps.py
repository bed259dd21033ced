from types import SimpleNamespace

import numpy as np
import pytest

from trainer import catalogue
from trainer.data.sources import crowns
from trainer.errors import MetricError
from trainer.evaluation.measures.gaps import contacts
from trainer.evaluation.samples import SampleSet
from trainer.fields import Field


def _context(made, truth, given):
    fields = {
        "image": Field((16, 16, 3), "uint8", "image", (0.0, 255.0), names=crowns.CHANNELS),
        "sample": Field((16, 16, 1), "uint8", "image", (0.0, 255.0)),
    }
    sets = [SampleSet.of_array(array) for array in (truth, given)]
    fake = SampleSet(len(made), lambda own: made[own], truth=sets[0], given=sets[1])
    spec = SimpleNamespace(fields=fields, sample=fields["sample"])
    return SimpleNamespace(fake=fake, truth=sets[0], spec=spec)


@pytest.fixture(scope="module")
def jaws():
    random = np.random.RandomState(1)
    given, whole = zip(*[crowns.make(random) for _ in range(8)], strict=True)
    return np.stack(whole), np.stack(given)


@pytest.mark.parametrize(
    ("raised", "penetrating", "kept"), [(0, 0.0, 1.0), (-8, 0.0, 0.0), (255, 1.0, 0.0)]
)
def test_crowns_as_they_should_be_too_low_and_too_high(jaws, raised, penetrating, kept):
    truth, given = jaws
    made = np.clip(truth.astype(int) + raised, 0, 255).astype(np.uint8)
    found = contacts(catalogue.Contacts(), _context(made, truth, given))
    assert found["penetrating"].estimate.value == penetrating
    assert found["kept_contacts"].estimate.value == kept
    if not raised:
        assert found["contacts"].estimate.value == 1.0
        assert found["penetrating"].note == "0 of 8 surfaces pass through somewhere"


def test_surfaces_that_touch_nowhere_have_no_contacts_to_keep(jaws):
    truth, given = jaws
    with pytest.raises(MetricError, match="no surface touches"):
        contacts(catalogue.Contacts(), _context(truth, truth - 50, given))
