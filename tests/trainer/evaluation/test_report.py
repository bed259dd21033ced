import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.trainer.evaluation.examples import evaluation, number
from trainer.catalogue import METRIC_INFO
from trainer.evaluation import gallery, report
from trainer.evaluation.charts import instrument_charts, training_charts
from trainer.evaluation.report import (
    ClassPictures,
    Neighbour,
    Picture,
    Quiz,
    Report,
    data_uri,
    html,
)
from trainer.evaluation.requirements import check, parse
from trainer.evaluation.samples import SampleSet
from trainer.run import pictures

VOID = {"meta", "img", "br", "hr", "input", "link"}
ROWS = [
    {"step": step, "generator_loss": 1 / step, "D(x)": 0.5, "images_per_second": 3.0}
    for step in range(100, 1100, 100)
]


class Page(HTMLParser):
    """A page's tags with their attributes, and its text; every tag must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def random_image(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def full():
    made = evaluation()
    return Report(
        made,
        gate=check([parse("fcd<8"), parse("recall>0.9")], made),
        pictures=(Picture("Generated", random_image(20, 20, 3), "80 seeds"),),
        neighbours=(Neighbour(random_image(8, 8, 1), random_image(8, 8, 1), 0.25, "seven"),),
        distance="features of mnistcnn-3f2a",
        classes=(
            ClassPictures("<script>alert(1)</script>", random_image(8, 80, 3), random_image(8, 80)),
        ),
        history=[evaluation(fcd=20.0, step=1000), evaluation(fcd=10.0, step=2000)],
        metric_rows=ROWS,
        config="name: cgan-mnist\nseed: 0\n",
        command="gan evaluate 'runs/a b'",
    )


@pytest.fixture(scope="module")
def page(full):
    return html(full)


def test_the_page_is_html_that_asks_for_nothing(page):
    parsed = Page(page)
    assert not re.search(r"https?://|//\w|url\((?!#)|@import", page)
    assert all(i["src"].startswith("data:image/png;base64,") for i in parsed.all("img"))
    assert {"script", "link", "iframe", "object"} & {tag for tag, _ in parsed.tags} == set()
    references = [a["href"] for _, a in parsed.tags if "href" in a]
    assert all(reference.startswith("#") for reference in references)
    (policy,) = (m["content"] for m in parsed.all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'")


def test_the_page_is_made_for_phones_dark_rooms_and_paper(page):
    metas = {m["name"]: m["content"] for m in Page(page).all("meta") if "name" in m}
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["color-scheme"] == "light dark"
    assert "prefers-color-scheme: dark" in page and "@media print" in page
    assert "image-rendering: pixelated" in page


def test_everything_that_was_given_is_shown(page):
    text = Page(page).text
    for words in (
        *("cgan-mnist", "5000", "0f1e2d3c4b5a", "80 seeds", "0.25 · seven"),
        *("✓ fcd < 8: met", "✗ recall > 0.9: not met", "All samples are the same."),
        *("prdc: only 3 samples", "features of mnistcnn-3f2a", "gan evaluate 'runs/a b'"),
        *(
            "ab12cd34ef56ab12",
            "99.31%",
            "Resolved configuration",
            "seed: 0",
            "a lower bound",
        ),
    ):
        assert words in " ".join(text.split()), words


def test_each_number_has_name_value_error_direction_and_explanation(page):
    text = " ".join(Page(page).text.split())
    for made in evaluation().numbers:
        assert made.name in text and METRIC_INFO[made.key].label in text
        assert METRIC_INFO[made.key].explanation in text
    assert "6.31 ± 0.08 ↓ lower is better" in text
    assert "0.612 ± 0.006 ↑ higher is better" in text
    assert "0.221 ± 0.004 neither direction is better" in text
    assert "1200000 a lower bound ↑ higher is better" in text


def test_hostile_names_are_shown_as_text(page):
    hostile = "<script>alert(1)</script>"
    assert hostile not in page and hostile in Page(page).text
    made = replace(evaluation(recipe=hostile, target=hostile), warnings=(f'"><b>{hostile}',))
    rows = [{"step": s, f"loss{hostile}$\\frac$": float(s)} for s in (1, 2)]
    attacked = html(Report(made, metric_rows=rows, config=f"a: {hostile}", command=hostile))
    assert "<script" not in attacked and Page(attacked).text.count(hostile) >= 6


def test_a_destroyed_game_is_said_on_the_page():
    rows = [{"step": s, "generator_loss": 1e13 * (s + 1)} for s in (0, 100, 200)]
    text = Page(html(Report(evaluation(), metric_rows=rows))).text
    assert "The game is destroyed: a loss is beyond 1e+08 since step 0" in text
    assert "destroyed" not in Page(html(Report(evaluation(), metric_rows=ROWS))).text


def test_pictures_are_their_pixels():
    for shape in ((4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4)):
        pixels = random_image(*shape)
        decoded = Image.open(io.BytesIO(base64.b64decode(data_uri(pixels).partition(",")[2])))
        assert np.array_equal(
            np.asarray(decoded), pixels.squeeze(-1) if shape[2:] == (1,) else pixels
        )


def test_curves_take_the_colours_of_the_page(page, full):
    assert list(full.charts) == ["Training", "Evaluations"]
    (losses, probabilities) = full.charts["Training"]
    assert losses.lines == ("generator_loss",) and probabilities.lines == ("D(x)",)
    assert full.charts["Evaluations"][0].title == "fcd_10k_test_mnistcnn-3f2a\N{NO-BREAK SPACE}↓"
    assert full.charts["Evaluations"][0].note == "best at step 5000"
    assert page.count("<svg") == 6 and "<style" not in losses.svg
    assert "var(--series-1)" in losses.svg and "currentColor" in losses.svg
    assert not re.search(r"#0101\d\d|DejaVu", losses.svg) and len(losses.svg) < 10_000


def test_the_labels_of_axes_keep_their_digits():
    rows = [{"step": step, "loss": 0.01 + 0.0002 * step} for step in range(1, 12)]
    ticks = re.findall(r">([\d.]+)</text>", training_charts(rows)[0].svg)
    assert "0.0102" in ticks and "0.0108" in ticks


def test_long_trainings_give_small_curves_and_odd_values_none():
    rows = [{"step": step, "loss": float(step % 7)} for step in range(100_000)]
    assert len(training_charts(rows)[0].svg) < 15_000
    odd = [{"step": 1, "loss": float("nan")}, {"loss": 1.0}, {"step": 2, "note": "text"}]
    assert "<svg" in training_charts(odd)[0].svg
    assert training_charts([{"step": 1, "images_per_second": 3.0}]) == []


def test_samples_from_elsewhere_have_numbers_and_density_maps_only():
    points = np.random.default_rng(0).normal(size=(1000, 2))
    made = replace(evaluation(step=None, target="mine.npz"), recipe="", config_hash="")
    page = html(Report(made, pictures=(Picture("Generated", pictures.plane(points, (-1.0, 1.0))),)))
    text = Page(page).text
    assert "mine.npz" in text and "Density" not in text and "over steps" not in text
    for absent in ("Resolved configuration", "To measure it again", "Nearest", "Classes"):
        assert absent not in text


def test_an_evaluation_without_numbers_makes_a_page():
    assert "No number could be measured." in html(Report(replace(evaluation(), numbers=())))


def test_a_number_with_a_target_says_where_it_is_best():
    def at(step, value):
        return evaluation(step=step, numbers=(number("memorisation", value, 0.01),))

    report = Report(at(3, 0.7), history=[at(1, 0.1), at(2, 0.55)])
    assert "0.700 ± 0.010 →0.5 best at 0.5" in " ".join(Page(html(report)).text.split())
    assert report.charts["Evaluations"][0].note == "best at step 2"


def test_instruments_have_curves_of_their_own_and_their_advice_stands_at_the_top():
    names = ["real_accuracy", "held_out_accuracy", "diversity", "recall", "recall_of_real"]
    names += ["conditional_diversity", "condition_effect", "class_accuracy"]
    rows = [{**row, **{f"instruments/{name}": 0.5 for name in names}} for row in ROWS]
    charts = instrument_charts(rows)
    assert [chart.lines for chart in charts] == [
        ("real_accuracy", "held_out_accuracy"),
        ("class_accuracy",),
        ("diversity",),
        ("conditional_diversity", "condition_effect"),
        ("recall", "recall_of_real"),
    ]
    assert not any("recall" in chart.lines for chart in training_charts(rows))
    assert instrument_charts(ROWS) == []
    advice = "Step 1200: the discriminator wins; another run with penalties=[r1] may help."
    text = html(Report(evaluation(), metric_rows=rows, advice=[advice]))
    page = Page(text)
    assert advice in page.text and page.text.index(advice) < page.text.index("Numbers")
    assert "Instruments over steps" in " ".join(page.text.split())


SCRIPT = Path(report.__file__).parent / "templates" / "quiz.js"


def test_a_quiz_mixes_real_and_generated_pictures_by_the_seed_alone():
    def context(seed, kind="image", count=100):
        real, fake = (np.full([count, 8, 8, 1], level, np.uint8) for level in (200, 50))
        sample = SimpleNamespace(limits=(0, 255), shape=(8, 8, 1))
        sides = {"real": SampleSet.of_array(real), "fake": SampleSet.of_array(fake)}
        return SimpleNamespace(kind=kind, seed=seed, spec=SimpleNamespace(sample=sample), **sides)

    made, again, other = (gallery.quiz(context(seed)) for seed in (3, 3, 4))
    assert made.key == again.key != other.key
    assert len(made.pictures) == 20 and 0 < sum(made.is_real) < 20
    levels = [int(pixels.max()) for pixels in made.pictures]
    assert levels == [200 if real else 50 for real in made.is_real]
    assert len(gallery.quiz(context(3, count=2)).pictures) == 2
    assert gallery.quiz(context(3, kind="vector")) is None


def test_the_quiz_keeps_its_answers_out_of_sight_and_runs_its_own_script_alone(page):
    images = [random_image(8, 8, 1)] * 4
    text = html(Report(evaluation(), quiz=Quiz(images, [True, False, False, True])))
    parsed = Page(text)
    (quiz,) = (tag for tag in parsed.all("section") if tag.get("id") == "quiz")
    assert quiz["data-key"] == "1001" and "hidden" in quiz  # which the script takes away
    assert [tag["alt"] for tag in parsed.all("img")] == [
        f"Picture {i} of the quiz" for i in (1, 2, 3, 4)
    ]
    assert all(set(tag) == {"src", "alt"} for tag in parsed.all("img"))
    assert [tag["value"] for tag in parsed.all("button")] == ["1", "0"] * 4
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = (m["content"] for m in parsed.all("meta") if "http-equiv" in m)
    assert f"script-src 'sha256-{digest}'" in policy and "script-src" not in page


def test_the_interval_of_a_score_is_wilsons():
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js here, which would run the quiz's script")
    asked = "[[81, 263], [15, 148], [0, 20], [1, 29]].map(([hits, n]) => wilson(hits, n))"
    words = "[[16, 20], [10, 20], [2, 20]].map(([hits, n]) => verdict(hits, n))"
    program = f"{SCRIPT.read_text()}\nconsole.log(JSON.stringify([{asked}, {words}]))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    intervals, (better, chance, worse) = json.loads(done.stdout)
    published = [[0.2553, 0.3662], [0.0624, 0.1605], [0.0, 0.1611], [0.0061, 0.1718]]
    np.testing.assert_allclose(intervals, published, atol=6e-5)
    assert better.startswith("16 of 20 right: 80 %, with 95 % confidence between 58 % and 92 %.")
    assert "better than guessing" in better and "worse than guessing" in worse
    assert "does not differ" in chance
