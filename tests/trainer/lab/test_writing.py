"""What `gan lab` writes: three files of one figure, the same ones every time."""

import json
from pathlib import Path

from PIL import Image

from trainer.lab import objectives
from trainer.lab.writing import make


def test_a_figure_is_a_picture_twice_and_its_numbers_once(tmp_path):
    made = make("objectives", str(tmp_path / "new"))
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "objectives.json",
        "objectives.png",
        "objectives.svg",
    ]
    document = json.loads(Path(made.json).read_text("utf-8"))
    assert document["figure"] == "objectives" and document["command"] == "gan lab objectives"
    assert document.items() >= objectives.measure().items()
    with Image.open(made.png) as picture:
        assert picture.width > 800 and len(picture.convert("RGB").getcolors()) > 4
    assert "What the generator minimises" in Path(made.svg).read_text("utf-8")
    again = make("objectives", str(tmp_path / "again"))
    for kind in ("png", "svg", "json"):
        first, second = Path(getattr(made, kind)), Path(getattr(again, kind))
        assert first.read_bytes() == second.read_bytes()
