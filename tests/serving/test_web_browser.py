"""The page in a real browser, in front of real endpoints: each control, errors, sizes, colours."""

import io
import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from serving import Client
from serving.server import Server

from .conftest import NUM_CLASSES, TinyGenerator
from .page import Page, serving

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("SADDLEPOINT_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
if CHROMIUM is None:
    pytest.skip("no Chromium here; SADDLEPOINT_CHROMIUM names one", allow_module_level=True)

pytestmark = pytest.mark.integration

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 10_000  # milliseconds
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory, points_server):
    """Model name → address: digits with a Gaussian prior, and points."""
    base = tmp_path_factory.mktemp("gaussian")
    TinyGenerator(prior="gaussian").save(base / "1")
    with Server(str(base), "digits", port=0, rest_api_port=0) as server:
        ports = {"digits": server.rest_api_port, "points": points_server.rest_api_port}
        yield {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}


@pytest.fixture(scope="module")
def client(endpoints):
    with Client(endpoints["digits"], "digits") as client:
        yield client


@pytest.fixture
def origin(endpoints):
    """What the page talks to, and its address."""
    models = [
        {"name": "digits", "versions": ["1"], "labels": {}},
        {"name": "points", "versions": ["1"], "labels": {}},
    ]
    page = Page(endpoints, models)
    with serving(page) as page.address:
        yield page


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, origin):
    """Opens the page; in the end nothing may have gone elsewhere or broken unseen."""
    contexts, problems, addresses, allowed = [], [], [], ["blob:"]

    def start(address=origin.address, **options):
        allowed.append(address.partition("?")[0])
        calm = {"reduced_motion": "reduce"} | options
        context = browser.new_context(accept_downloads=True, **calm)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if is_problem(m.text) else None)
        page.on("request", lambda request: addresses.append(request.url))
        page.goto(address)
        return page

    yield start
    for context in contexts:
        context.close()
    assert problems == []
    assert all(url.startswith(tuple(allowed)) for url in addresses), addresses


def is_problem(text):
    return "Content Security Policy" in text or "Something broke" in text or "TypeError" in text


@pytest.fixture
def page(opened):
    page = opened()
    finished(page, 24)
    page.locator("#settings summary").click()
    return page


def finished(page, count):
    """Waits until so many pictures are there, and scored."""
    page.wait_for_function(
        """count => document.querySelectorAll(".cell").length === count
            && !document.querySelector("[aria-busy]")""",
        arg=count,
    )


def until(page, condition):
    """Waits for a condition; as a function, since the page's policy forbids evaluating text."""
    page.wait_for_function(f"() => {condition}")


def names(page):
    return page.locator(".cell").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")


def generate(page, count, **values):
    for name, value in values.items():
        page.get_by_label(name.replace("_", " "), exact=True).fill(str(value))
    page.get_by_label("Pictures", exact=True).first.fill(str(count))
    page.get_by_role("button", name="Generate").click()


def shown(page, selector):
    """The levels of a canvas, uint8 [8, 8]."""
    values = page.locator(selector).first.evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    )
    return np.array(values, np.uint8).reshape(8, 8, 4)[..., 0]


def assert_same(levels, image):
    assert np.abs(levels.astype(int) - image[..., 0]).max() <= 1


def slide(page, identifier, value):
    page.locator(f"#{identifier}").evaluate(
        "(e, value) => { e.value = value; e.dispatchEvent(new Event('input', {bubbles: true}));"
        " e.dispatchEvent(new Event('change', {bubbles: true})); }",
        str(value),
    )


def choose(page, *cells):
    for cell in cells:
        page.locator(".cell").nth(cell).click()
    page.wait_for_selector(f"#{('walk', 'between', 'mix')[len(cells) - 1]} .stage:not([hidden])")
    finished(page, page.locator(".cell").count())


def tool(page, name):
    """Opens a tool's tab."""
    page.locator(f"#{name}-tab").click()
    page.wait_for_selector(f"#{name} .stage:not([hidden])")
    finished(page, page.locator(".cell").count())


def label(page, words):
    """Chooses the label to generate under."""
    page.locator("#labels").get_by_label(words, exact=True).check(force=True)


def run_python(page):
    """Runs the program that the page offers and returns what it calls `sample` or `samples`."""
    scope = {}
    exec(page.locator("#python").text_content(), scope)
    return scope.get("sample", scope.get("samples"))


def error(page):
    until(page, "document.querySelector('#error').textContent !== ''")
    return page.get_by_role("alert").text_content()


# ---- Generating ----------------------------------------------------------------------------------


def test_it_opens_with_pictures_scores_and_times(page, client):
    assert "8×8×1 uint8, 4 gaussian latents" in page.locator("#about").text_content()
    # The name that the model has, whatever recipe it began as.
    name = client.describe()["name"]
    assert page.locator("#about").text_content().startswith(f"{name}: ")
    assert page.title() == f"{name} · Saddlepoint"
    assert re.match(
        r"24 pictures in \d+ ms, .* Mean score", page.get_by_role("status").first.text_content()
    )
    samples = client.generate(range(24))
    scores = client.score(samples["image"], samples["label"])
    assert_same(shown(page, ".cell >> nth=5 >> canvas"), samples["image"][5])
    assert names(page)[5] == f"Seed 5, label 5, score {scores[5]:.2f}"


def test_seed_count_label_and_score(page, client):
    label(page, "3")
    page.get_by_label("Score", exact=True).uncheck()
    generate(page, 6, First_seed=40)
    finished(page, 6)
    assert [name.partition(", chosen")[0] for name in names(page)] == [
        f"Seed {40 + i}, label 3" for i in range(6)
    ]
    images = client.generate_conditional(range(40, 46), 3)["image"]
    assert_same(shown(page, ".cell >> nth=2 >> canvas"), images[2])
    np.testing.assert_array_equal(run_python(page), images)
    label(page, "each in turn")
    until(page, "document.querySelectorAll('.cell')[5].ariaLabel?.includes('label 5')")
    np.testing.assert_array_equal(
        run_python(page), client.generate_conditional(range(40, 46), range(6))["image"]
    )


def test_new_pictures_have_seeds_that_are_easily_read(page):
    page.get_by_role("button", name="New pictures").click()
    until(page, "document.querySelector('#seed').value !== '0'")
    finished(page, 24)
    seed = page.locator("#seed").input_value()
    assert names(page)[0].startswith(f"Seed {seed},") and 1 <= int(seed) <= 10_000


@pytest.mark.parametrize("seed", [123_456_789, 2**53 - 64, -(2**53 - 1)])
def test_a_long_seed_breaks_no_caption(page, seed):
    generate(page, 12, First_seed=seed)
    finished(page, 12)
    assert names(page)[3].startswith(f"Seed {seed + 3},")
    lines = page.locator(".cell .words > div")
    assert lines.nth(1).text_content() == f"seed …{str(abs(seed))[-6:]}"
    heights = lines.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert max(heights) == min(heights)
    cut = lines.evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth).length")
    assert cut == 0


def test_truncation(page, client):
    before = shown(page, ".cell >> nth=4 >> canvas")
    slide(page, "truncation", 0.5)
    until(page, "document.querySelector('#python').textContent.includes('0.5 *')")
    finished(page, 24)
    assert page.locator("#truncation-value").text_content() == "0.50"
    samples = client.decode(0.5 * client.latents(range(24)), client.generate(range(24))["label"])
    assert_same(shown(page, ".cell >> nth=4 >> canvas"), samples["image"][4])
    assert np.abs(shown(page, ".cell >> nth=4 >> canvas").astype(int) - before).max() > 1
    np.testing.assert_array_equal(run_python(page), samples["image"])
    choose(page, 4, 5)
    slide(page, "between-slider", 32)
    assert_same(shown(page, "#between-picture"), run_python(page))


def test_as_the_endpoint_itself_serves_it(opened, start_server, digits):
    server = start_server(digits, web=True)
    page = opened(address=f"http://127.0.0.1:{server.rest_api_port}")
    finished(page, 24)
    choose(page, 1, 2, 3)
    assert run_python(page).shape == (8, 8, 1)


# ---- Choosing, and what follows ------------------------------------------------------------------


def test_scrubbing_between_two_pictures(page, client):
    choose(page, 4, 9)
    way = client.interpolate(4, 9, 33, label=[4] * 17 + [9] * 16)
    for step in (0, 16, 17, 32):
        slide(page, "between-slider", step)
        assert_same(shown(page, "#between-picture"), way["image"][step])
        assert_same(shown(page, "#between-picture"), run_python(page))
    assert_same(shown(page, "#between-picture"), client.generate_conditional([9], 9)["image"][0])
    caption = page.locator("#between .caption").text_content()
    assert re.match(r"100 % of the way from A to B, label 9, score \d+\.\d\d$", caption)
    assert page.locator("#between-slider").get_attribute("aria-valuetext") == caption
    assert page.locator("#between .strip canvas").count() == 9
    for picked, number in [("7", 7), ("a", 4)]:
        page.get_by_label("Label on the way").select_option(picked)
        finished(page, 24)
        image = client.generate_conditional([9], number)["image"][0]
        assert_same(shown(page, "#between-picture"), image)
        assert_same(image[..., 0], run_python(page))
        caption = page.locator("#between .caption").text_content()
        words = f"100 % of the way from A to B: latent of B, label {number}, score"
        assert caption.startswith(words)


def test_mixing_three(page, client):
    choose(page, 1, 2, 3)
    mix = client.arithmetic(1, minus=2, plus=3, label=1)
    assert_same(shown(page, "#mix-picture"), mix["image"][0])
    assert_same(shown(page, "#mix-picture"), run_python(page))
    words = "A − B + C of the latents, label 1"
    assert page.locator("#mix .caption").text_content().startswith(f"{words}, score")
    assert page.locator("#request-what").text_content() == f"{words}."


@pytest.mark.parametrize("kind", ["seed", "axis", "difference"])
def test_walking_along_a_direction(page, kind):
    choose(page, 1, 2, 3)
    tool(page, "walk")
    page.get_by_label("Direction", exact=True).select_option(kind)
    if kind != "difference":
        page.get_by_label("Seed" if kind == "seed" else "Axis", exact=True).fill("2")
    page.wait_for_timeout(400)
    finished(page, 24)
    for step, words in [(0, "100 % against"), (16, "At A"), (28, "75 % along")]:
        slide(page, "walk-slider", step)
        assert page.locator("#walk .caption").text_content().startswith(words)
        assert_same(shown(page, "#walk-picture"), run_python(page))


def test_choosing_and_freeing(page):
    choose(page, 1, 2, 3)
    chosen = page.locator(".cell[aria-selected=true]")
    assert chosen.count() == 3
    page.locator(".cell").nth(8).click()  # a fourth takes the last place
    assert "chosen as C" in names(page)[8] and "chosen" not in names(page)[3]
    page.locator(".cell").nth(1).click()  # a chosen one is let go
    page.get_by_role("button", name="Free B").click()
    assert chosen.count() == 1
    assert page.locator("#mix .stage").is_hidden() and page.locator("#between .hint").is_visible()


# ---- Models --------------------------------------------------------------------------------------


def test_another_model_without_labels(page):
    choose(page, 1, 2)
    page.get_by_label("Model").select_option("points")
    finished(page, 24)
    assert "2 float32, 4 uniform latents" in page.locator("#about").text_content()
    assert names(page)[0].startswith("Seed 0, score")
    for hidden in ("labels", "truncation-field", "explore-label-field"):
        assert page.locator(f"#{hidden}").is_hidden()
    assert page.locator(".cell[aria-selected=true]").count() == 2  # the page's suggestion
    choose(page, 1, 2)
    assert run_python(page).shape == (2,)


def label_columns(route):
    """Answers as a model of two label columns, which it draws itself where none is given."""
    seed = {"shape": [], "dtype": "int64", "kind": "seed"}
    pet = {"shape": [], "dtype": "int64", "kind": "label", "names": ["cat", "dog"]}
    colour = pet | {"names": ["red", "blue", "green"]}
    image = {"shape": [8, 8, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
    labels = {"pet": pet, "colour": colour}
    fields = {
        "generate": {"inputs": {"seed": seed}, "outputs": {"image": image} | labels},
        "generate_conditional": {"inputs": {"seed": seed} | labels, "outputs": {"image": image}},
    }
    description = {"name": "pets", "latent": None, "objective": "hinge", "step": 1}
    body = json.loads(route.request.post_data)
    seeds = body["inputs"].get("seed", [])
    outputs = {"image": [[[[200]] * 8] * 8] * len(seeds)}
    if body["signature_name"] == "describe":
        outputs = [json.dumps(description | {"fields": fields})]
    elif body["signature_name"] == "generate":
        outputs |= {"pet": [n % 2 for n in seeds], "colour": [n % 3 for n in seeds]}
    else:
        outputs = outputs["image"]
    route.fulfill(json={"outputs": outputs})


def test_several_label_columns(opened, origin):
    page = opened()
    finished(page, 24)
    page.route("**/v1/**", label_columns)
    page.reload()
    finished(page, 24)
    assert names(page)[5] == "Seed 5, pet dog, colour green"
    label(page, "cat")
    assert error(page) == "colour: received nothing; this model takes one."
    page.get_by_label("colour", exact=True).select_option("blue")
    until(page, "document.querySelector('.cell').ariaLabel === 'Seed 0, pet cat, colour blue'")
    assert page.locator("#error").text_content() == ""
    finished(page, 24)
    python = page.locator("#python").text_content()
    assert "generate_conditional(range(0, 24), 0, colour=1)" in python
    page.reload()
    finished(page, 24)
    assert names(page)[1] == "Seed 1, pet cat, colour blue"


def coded(route):
    """Answers as a model whose pictures are as bright as their codes, and a caption's length."""
    seed, latent = ({"shape": s, "dtype": t, "kind": k} for s, t, k in
                    (([], "int64", "seed"), ([4], "float32", "latent")))  # fmt: skip
    image = {"shape": [8, 8, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
    layout = [
        {"name": "noise", "kind": "noise", "start": 0, "size": 1},
        {"name": "category", "kind": "one_hot", "start": 1, "size": 2},
        {"name": "codes", "kind": "continuous", "start": 3, "size": 1},
    ]
    fields = {
        "generate": {"inputs": {"seed": seed}, "outputs": {"image": image}},
        "decode": {"inputs": {"latent": latent}, "outputs": {"image": image}},
        "latents": {"inputs": {"seed": seed}, "outputs": {"latent": latent}},
    }
    drawn = {"size": 4, "prior": "uniform", "layout": layout}
    description = {"name": "coded", "latent": drawn, "objective": "hinge", "step": 1}
    body = json.loads(route.request.post_data)
    points = [[0.0, 1, 0, 0.5]] * len(body["inputs"].get("seed", []))
    if body["signature_name"] == "describe":
        outputs = [json.dumps(description | {"fields": fields})]
    elif body["signature_name"] == "latents":
        outputs = points
    else:
        shades = [round(100 * z[2] + 50 * (z[3] + 1)) for z in body["inputs"].get("latent", points)]
        outputs = [[[[shade]] * 8] * 8 for shade in shades]
    route.fulfill(json={"outputs": outputs})


def test_a_code_is_moved_and_all_codes_are_seen_moving(opened, origin):
    """Beside A with other codes each control shows what its own code does, at once."""
    page = opened()
    finished(page, 24)
    page.route("**/v1/**", coded)
    page.reload()
    finished(page, 24)
    page.locator(".cell").nth(0).click()
    page.wait_for_selector("#codes .stage:not([hidden])")

    def strip(name):
        levels = (
            page.get_by_label(f"A with {name} moved")
            .locator("canvas")
            .evaluate_all(
                "all => all.map(c => c.getContext('2d').getImageData(0, 0, 1, 1).data[0])"
            )
        )
        return levels

    along = [round(50 * (1 + x)) for x in np.linspace(-1, 1, 10)]
    until(page, "document.querySelectorAll('#code-controls canvas').length === 20")
    assert strip("category") == [50, 150] * 5
    np.testing.assert_allclose(strip("codes"), along, atol=1)
    # Drawn, and not let go yet.
    page.get_by_label("codes", exact=True).evaluate(
        "e => { e.value = 1; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    until(page, "document.querySelector('#codes-picture').getContext('2d')"
                ".getImageData(0, 0, 1, 1).data[0] === 100")  # fmt: skip
    assert strip("category") == [100, 200] * 5
    page.get_by_label("category", exact=True).select_option("1")
    until(page, "document.querySelector('#codes-picture').getContext('2d')"
                ".getImageData(0, 0, 1, 1).data[0] === 200")  # fmt: skip
    np.testing.assert_allclose(strip("codes"), [100 + level for level in along], atol=1)


def test_versions_and_the_list_of_models(page, origin):
    origin.models[0]["versions"] = ["7", "1"]
    origin.models[0]["labels"] = {"stable": "1"}
    page.get_by_role("button", name="Reload").click()
    until(page, "document.querySelector('#version').options.length === 3")
    options = page.locator("#version option").all_text_contents()
    assert options == ["7 (newest)", "1", "stable (1)"]
    page.get_by_label("Version").select_option("/versions/7")
    assert "Servable not found for request: Specific(digits, 7)" in error(page)
    page.get_by_label("Version").select_option("/versions/1")
    finished(page, 24)
    assert page.locator("#error").text_content() == ""


# ---- Coming back ---------------------------------------------------------------------------------


def test_a_reload_brings_everything_back(page, client, origin):
    page.get_by_label("Model").select_option("points")
    finished(page, 24)
    page.get_by_label("Model").select_option("digits")
    finished(page, 24)
    choose(page, 4)
    label(page, "3")
    page.get_by_label("Score", exact=True).uncheck()
    generate(page, 6, First_seed=40)
    slide(page, "truncation", 0.5)
    finished(page, 6)
    page.locator(".cell").nth(2).click()
    page.get_by_label("Label on the way").select_option("a")
    slide(page, "between-slider", 24)
    page.wait_for_function("() => location.search.includes('at=24')")
    before = [names(page), shown(page, "#between-picture"), page.locator("#picks").text_content()]
    assert "api" not in page.url and page.url.startswith(f"{origin.address}/?")
    page.reload()
    finished(page, 6)
    assert names(page) == before[0]
    np.testing.assert_array_equal(shown(page, "#between-picture"), before[1])
    assert page.locator("#picks").text_content() == before[2]
    assert page.locator("#between-slider").input_value() == "24"
    assert page.locator("#truncation-value").text_content() == "0.50"
    assert not page.get_by_label("Score", exact=True).is_checked()


def test_the_address_names_classes_and_says_where_a_name_is_another_ones_index(opened, origin):
    origin.rewritten = {rb"\"0\", \"1\", \"2\"": rb"\"0\", \"2\", \"1\""}
    for query, index, name, doubt in (
        ("label=1", 2, "1", "Label 1 is the class of that name, of index 2; the class of index 1"),
        ("label_index=1", 1, "2", ""),
        ("label=7", 7, "7", ""),
    ):
        origin.requests.clear()
        page = opened(f"{origin.address}/?{query}")
        finished(page, 24)
        asked = [json.loads(body)["inputs"] for _, body in origin.requests if b'"seed"' in body]
        assert set(asked[0]["label"]) == {index}
        assert names(page)[0].startswith(f"Seed 0, label {name}")
        assert doubt in page.locator("#status").text_content()
        assert ("index" in page.locator("#status").text_content()) is bool(doubt)
        assert f"label={name}" in page.url.split("?")[1].split("&")
        assert "1 (index 2)" in page.locator("#labels").text_content()


@pytest.mark.parametrize(
    "query",
    ["a=x_1_1", "a=4_2_4&b=5", "tool=nonsense&at=-3", "model=gone&label=99&ask=no", "c=4_1_77"],
)
def test_an_address_that_means_nothing_is_not_followed(opened, origin, query):
    page = opened(f"{origin.address}/?{query}")
    finished(page, 24)
    choose(page, 1, 2)


def test_an_address_of_the_reader_is_not_overwritten_by_a_suggestion(opened, origin):
    page = opened(f"{origin.address}/?a=7_1_2")
    finished(page, 24)
    assert page.get_by_label("A: Seed 7, label 2").is_visible()
    assert page.locator(".pick.full").count() == 1


# ---- The first minute ----------------------------------------------------------------------------


def test_it_opens_with_something_that_moves(opened):
    page = opened(reduced_motion="no-preference")
    until(page, "document.querySelector('#between-play').textContent === 'Pause'")
    at = page.locator("#between-slider").input_value()
    page.wait_for_function("at => document.querySelector('#between-slider').value !== at", arg=at)
    page.locator("#between-play").click()
    assert page.locator("#between-play").text_content() == "Play"
    assert page.url.count("a=") == 0  # what the page chose is nobody's choice
    choose(page, 3, 5)
    chosen = [name for name in names(page) if "chosen" in name]
    assert [name[:6] for name in chosen] == ["Seed 3", "Seed 5"]


def test_it_stands_still_for_who_wants_that(page):
    assert page.locator("#between .stage").is_visible()
    assert page.locator("#between-play").text_content() == "Play"
    assert page.locator("#between-slider").input_value() == "16"


def test_words_that_need_an_explanation_have_one(page):
    for control, words in [("truncation", "more typical and more alike"), ("scored", "a logit")]:
        described = page.locator(f"#{control}").get_attribute("aria-describedby")
        text = page.locator(f"#{described}")
        assert words in text.text_content() and text.is_visible()


# ---- A picture of the reader's -------------------------------------------------------------------


@pytest.fixture
def shop(opened, workshop_server):
    """The page of a model that answers with pictures, and the client of the same model."""
    address = f"http://127.0.0.1:{workshop_server.rest_api_port}"
    models = [{"name": "workshop", "versions": ["1"], "labels": {}}]
    with serving(Page({"workshop": address}, models)) as origin:
        yield opened(origin)


def give(page, signature, image):
    """Gives a picture to a signature and waits until its control holds it."""
    page.locator("#signature").select_option(signature)
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    file = {"name": "picture.png", "mimeType": "image/png", "buffer": content.getvalue()}
    page.locator("#ask-inputs input[type=file]").first.set_input_files(file)
    page.wait_for_selector("#ask-inputs canvas.preview:not([hidden])")


def levels_of(page, selector):
    """The grey levels of a canvas, uint8 [h, w]."""
    width, values = page.locator(selector).first.evaluate(
        "c => [c.width, Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)]"
    )
    return np.array(values, np.uint8).reshape(-1, width, 4)[..., 0]


def box_of(page, selector):
    """Where an element lies in the window, into which it is brought."""
    page.locator(selector).scroll_into_view_if_needed()
    return page.locator(selector).bounding_box()


def test_a_picture_is_translated_at_once_and_compared(shop):
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    give(shop, "translate_to_a", image)
    shop.wait_for_selector(".compared")
    shop.locator(".compared input").fill("0.25")
    large = levels_of(shop, ".compared canvas")
    assert large.shape == (256, 256)
    parts = np.concatenate([image[:, :2], 255 - image[:, 2:]], axis=1)
    np.testing.assert_array_equal(large[16::32, 16::32], parts)
    assert 'client.call("translate_to_a", image=image)' in shop.locator("#python").text_content()
    box = box_of(shop, ".compared canvas")
    shop.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 5)
    assert float(shop.locator(".compared input").input_value()) == pytest.approx(0.75, abs=0.02)


def test_a_picture_can_be_drawn(shop):
    shop.locator("#signature").select_option("reconstruct")
    shop.get_by_role("button", name="Empty picture").click()
    box = box_of(shop, "#ask-inputs canvas")
    shop.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    shop.mouse.down()
    shop.mouse.up()
    shop.wait_for_selector(".compared")
    drawn = levels_of(shop, "#ask-inputs canvas")
    assert drawn[0].min() < 255 and (drawn[1:] == 255).all()
    np.testing.assert_array_equal(levels_of(shop, ".answer:not(.compared) canvas"), drawn)


def test_what_is_painted_over_is_found_anew(shop):
    image = np.full([8, 8], 200, np.uint8)
    give(shop, "complete", image)
    box = box_of(shop, ".brush canvas:last-child")
    shop.mouse.move(box["x"] + 2, box["y"] + 2)
    shop.mouse.down()
    shop.mouse.move(box["x"] + box["width"] - 2, box["y"] + 2)
    shop.mouse.up()
    shop.get_by_role("button", name="Ask", exact=True).click()
    shop.wait_for_selector(".compared")
    answer = levels_of(shop, ".answer:not(.compared) canvas")
    assert (answer[0] == 0).all() and (answer[1:] == 200).all()  # where unknown, the seed


def test_an_edit_has_what_was_painted_in_the_colour_of_the_brush(shop):
    give(shop, "edit", np.full([8, 8], 200, np.uint8))
    shop.get_by_label("Colour of the brush").fill("#404040")
    box = box_of(shop, ".brush canvas:last-child")
    shop.mouse.move(box["x"] + 2, box["y"] + 2)
    shop.mouse.down()
    shop.mouse.move(box["x"] + box["width"] - 2, box["y"] + 2)
    shop.mouse.up()
    shop.get_by_role("button", name="Ask", exact=True).click()
    shop.wait_for_selector(".compared")
    answer = levels_of(shop, ".answer:not(.compared) canvas")
    assert (answer[0] == 64).all() and (answer[1:] == 200).all()
    assert (
        'client.call("edit", image=image, strokes=strokes' in shop.locator("#python").inner_text()
    )
    # Candidates are of seeds that follow one another, the one of the least loss first.
    assert shop.locator(".candidates button").count() == 4
    assert "seed=[0]" in shop.locator("#python").inner_text()
    shop.get_by_role("button", name="Candidate 3, loss 2.00").click()
    assert "seed=[2]" in shop.locator("#python").inner_text()
    assert shop.locator(".candidates [aria-pressed=true]").count() == 1
    assert shop.get_by_role("button", name="Find the way").count() == 0  # nothing decodes latents
    shop.get_by_role("button", name="Clear").click()
    shop.get_by_role("button", name="Ask", exact=True).click()
    canvas = "document.querySelector('.answer:not(.compared) canvas')"
    until(shop, f"{canvas}?.getContext('2d').getImageData(0, 0, 1, 1).data[0] === 200")
    assert (levels_of(shop, ".answer:not(.compared) canvas") == 200).all()


@pytest.mark.parametrize("signature", ["complete", "edit"])
def test_a_touch_paints_whole_pixels_wherever_it_lands(shop, signature):
    """Between four pixels, none would be painted by more than a half."""
    give(shop, signature, np.full([8, 8], 200, np.uint8))
    box = box_of(shop, ".brush canvas:last-child")
    for part in (0.25, 0.5):  # where pixels meet
        shop.mouse.click(box["x"] + part * box["width"], box["y"] + part * box["height"])
    alpha = shop.locator(".brush canvas:last-child").evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    )[3::4]
    assert set(alpha) == {0, 255} and sum(map(bool, alpha)) >= 2


def encoder(route):
    """Answers as a model whose latents are the left half and the right half of 2×2 pictures."""
    image = {"shape": [2, 2, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
    seed = {"shape": [], "dtype": "int64", "kind": "seed"}
    latent = {"shape": [2], "dtype": "float32", "kind": "latent"}
    number = {"shape": [], "dtype": "int64", "kind": "label", "names": ["dark", "bright"]}
    strokes = {"shape": [2, 2, 4], "dtype": "uint8", "kind": "strokes", "range": [0, 255]}
    fields = {
        "generate": {"inputs": {"seed": seed}, "outputs": {"image": image}},
        "latents": {"inputs": {"seed": seed}, "outputs": {"latent": latent}},
        "decode": {"inputs": {"latent": latent}, "outputs": {"image": image}},
        "encode": {"inputs": {"image": image}, "outputs": {"latent": latent}},
        "classify": {"inputs": {"image": image}, "outputs": {"label": number}},
        "edit": {
            "inputs": {"image": image, "strokes": strokes, "seed": seed},
            "outputs": {"image": image, "loss": {"shape": [], "dtype": "float32"}},
        },
        "project": {"inputs": {"image": image, "seed": seed}, "outputs": {"latent": latent}},
    }
    layout = {"size": 2, "prior": "other", "layout": [{"name": "noise", "start": 0, "size": 2}]}
    description = {"name": "halves", "latent": layout, "objective": "hinge", "step": 1}
    body = json.loads(route.request.post_data)
    inputs = {name: np.array(rows) for name, rows in body["inputs"].items()}
    drawn = np.stack([inputs.get("seed", np.zeros(0)) % 5 - 2.0] * 2, axis=1)
    z = np.array(inputs.get("latent", drawn), float)
    halves = lambda: (inputs["image"][:, 0, :, 0] / 64.0 - 2.0).tolist()  # noqa: E731
    outputs = {
        "describe": lambda: [json.dumps(description | {"fields": fields})],
        "latents": drawn.tolist,
        "encode": halves,
        "project": halves,
        "edit": lambda: edited(inputs["image"], inputs["seed"]),
        "classify": lambda: (inputs["image"][:, 0, 0, 0] > 128).astype(int).tolist(),
    }
    decoded = np.clip(64 * z + 128, 0, 255).astype(int)[:, None, :, None].repeat(2, axis=1)
    route.fulfill(json={"outputs": outputs.get(body["signature_name"], decoded.tolist)()})


def edited(image, seed):
    """The right half becomes brighter with the seed, and comes nearer to what was asked for."""
    image[:, :, 1] = 64 + 32 * seed[:, None, None]
    return {"image": image.tolist(), "loss": (-seed).tolist()}


def test_the_way_from_a_picture_to_its_edit_is_gone_along(opened, origin):
    page = opened()
    finished(page, 24)
    page.route("**/v1/**", encoder)
    page.reload()
    finished(page, 24)
    give(page, "edit", np.full([2, 2], 64, np.uint8))
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_selector(".candidates")
    assert levels_of(page, ".answer:not(.compared) canvas").tolist() == [[64, 160]] * 2
    assert "seed=[3]" in page.locator("#python").inner_text()
    page.get_by_role("button", name="Find the way").click()
    page.wait_for_selector(".way-there")
    for step, levels in [(0, [64, 64]), (8, [64, 112]), (16, [64, 160])]:
        page.get_by_role("slider", name="Way from the picture").fill(str(step))
        assert levels_of(page, ".way-there canvas").tolist() == [levels] * 2
    page.get_by_role("button", name="Candidate 4").click()  # another one has a way of its own
    assert page.locator(".way-there").count() == 0


def test_pictures_of_the_readers_are_encoded_and_gone_between(opened, origin):
    page = opened()
    finished(page, 24)
    page.route("**/v1/**", encoder)
    page.reload()
    finished(page, 24)
    for place, levels in [("A", [64, 192]), ("B", [192, 64])]:
        give(page, "encode", np.array([levels, levels], np.uint8))
        page.get_by_role("button", name="Ask", exact=True).click()
        page.locator("#answer").get_by_role("button", name=f"Put it in {place}").click()
        page.wait_for_selector(f".pick.{place.lower()} canvas")
        finished(page, 24)
    for step, levels in [(0, [64, 192]), (16, [128, 128]), (32, [192, 64])]:
        slide(page, "between-slider", step)
        assert levels_of(page, "#between-picture").tolist() == [levels, levels]
    python = page.locator("#python").text_content()
    assert "interpolate(np.array([-1,1], np.float32), np.array([1,-1], np.float32)" in python
    assert "a=" not in page.url  # a picture that is the reader's is in no address
    page.locator("#walk-tab").click()
    page.get_by_label("Direction", exact=True).select_option("class")
    finished(page, 24)
    slide(page, "walk-slider", 32)  # towards the bright class: both halves by 1
    assert page.locator("#walk .caption").text_content() == "100 % along the direction"
    assert levels_of(page, "#walk-picture").tolist() == [[128, 255]] * 2


# ---- What goes wrong -----------------------------------------------------------------------------


def test_a_refusal_is_a_sentence_and_goes_away(page, origin):
    origin.refusal = 503, "queue is full"
    page.get_by_role("button", name="Generate").click()
    assert error(page) == (
        "The server has no room just now; try again in a moment. It said: queue is full"
    )
    origin.refusal = 400, "<b>assertion failed</b>"
    page.locator(".cell").nth(1).click()
    until(page, "document.querySelector('#error').textContent.includes('<b>')")
    origin.refusal = None
    page.get_by_role("button", name="Generate").click()
    page.locator(".cell").nth(2).click()
    until(page, "document.querySelector('#error').textContent === ''")


@pytest.mark.parametrize(
    ("label", "value", "words"),
    [
        (
            "First seed",
            "9007199254740992",
            "First seed: received 9007199254740992; expected",
        ),
        ("First seed", "9007199254740990", "First seed: 9007199254740990 and 23 more do not stay"),
        ("First seed", "1.5", "First seed: received 1.5; expected a whole number between −2^53"),
        ("First seed", "", "First seed: received nothing"),
        ("Pictures", "65", "Pictures: received 65; expected a whole number from 1 to 64."),
        ("Pictures", "0", "Pictures: received 0"),
    ],
)
def test_numbers_that_cannot_be(page, origin, label, value, words):
    before = len(origin.requests)
    page.get_by_label(label, exact=True).first.fill(value)
    page.get_by_role("button", name="Generate").click()
    assert words in error(page)
    assert len(origin.requests) == before


def test_an_error_goes_as_soon_as_it_is_corrected(page, origin):
    page.get_by_label("First seed").fill("1.5")
    page.get_by_role("button", name="Generate").click()
    assert error(page).startswith("First seed")
    page.get_by_label("First seed").fill("15")
    assert page.locator("#error").text_content() == ""
    choose(page, 1)
    page.get_by_label("Direction", exact=True).select_option("axis")
    page.get_by_label("Axis", exact=True).fill("99")
    assert error(page).startswith("Axis: received 99")
    page.locator("#between-tab").click()
    assert page.locator("#error").text_content() == ""


def test_an_error_of_the_server_goes_when_it_answers_another_part(page, origin):
    origin.refusal = 503, "queue is full"
    page.get_by_role("button", name="Generate").click()
    assert "queue is full" in error(page)
    origin.refusal = None
    choose(page, 1, 2)
    assert page.locator("#error").text_content() == ""


def test_the_largest_seed_arrives_whole(page, origin):
    generate(page, 1, First_seed=2**53 - 1)
    finished(page, 1)
    assert names(page)[0].startswith("Seed 9007199254740991,")
    bodies = [json.loads(body) for _, body in origin.requests]
    assert {"seed": [2**53 - 1]} in [body["inputs"] for body in bodies]


def test_nobody_there(page, origin):
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_role("button", name="Generate").click()
    assert error(page).startswith("Nobody answers at 127.0.0.1:")


def test_an_api_key(opened, origin):
    origin.api_key = "open sesame"
    page = opened()
    assert error(page).startswith("The server wants an API key; enter it under Access.")
    page.get_by_text("Access", exact=True).click()
    page.get_by_label("API key").fill("open sesame")
    page.get_by_label("API key").press("Enter")
    finished(page, 24)
    assert page.locator("#error").text_content() == ""
    assert 'api_key=os.environ["SADDLEPOINT_API_KEY"]' in page.locator("#python").text_content()
    assert "open sesame" not in page.content()


# ---- Taking away ---------------------------------------------------------------------------------


def downloaded(page, act):
    with page.expect_download() as download:
        act()
    content = download.value.path().read_bytes()
    return download.value.suggested_filename, np.asarray(Image.open(io.BytesIO(content)))


def test_downloads(page, client):
    name, picture = downloaded(page, page.get_by_role("button", name="Download all").click)
    columns = page.locator(".cell").evaluate_all(
        "all => all.filter(e => e.offsetTop === all[0].offsetTop).length"
    )
    assert name == "tiny-grid.png"
    rows = -(-24 // columns)
    height = (picture.shape[0] - 8) // rows  # of a picture of 96 pixels, three lines and a gap
    assert picture.shape[1] == columns * 104 + 8 and height == 96 + 3 * 15 + 8
    assert_same(picture[14:104:12, 118:208:12, 0], client.generate([1])["image"][0])
    words = picture[104 : 104 + 45, 112:208, 0]
    assert all((words[line : line + 15] < 128).any() for line in (0, 15, 30))
    choose(page, 1, 2, 3)
    page.locator(".cell").nth(2).press("z")
    name, picture = downloaded(page, page.locator("#zoom-download").click)
    assert name == "tiny-seed-2-label-2.png"
    assert_same(picture[..., 0], client.generate([2])["image"][0])
    page.keyboard.press("Escape")
    for kind in ("between", "mix", "walk"):
        tool(page, kind)
        name, picture = downloaded(page, page.locator(f"#{kind}-download").click)
        assert name.startswith(f"tiny-{kind}-1") and name.endswith("-label-1.png")
        assert_same(picture[..., 0], shown(page, f"#{kind}-picture")[..., None])


def test_enlarging(page, client):
    page.locator(".cell").nth(4).hover()
    page.locator(".cell").nth(4).locator(".enlarge").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("paragraph").text_content().startswith("Seed 4, label 4, score")
    assert page.locator("#zoom-picture").bounding_box()["width"] > 400
    page.keyboard.press("ArrowRight")
    assert_same(shown(page, "#zoom-picture"), client.generate([5])["image"][0])
    dialog.get_by_role("button", name="Put it in B").click()
    assert dialog.is_hidden() and "chosen as B" in names(page)[5]
    page.locator(".cell").nth(4).click()
    page.wait_for_selector("#between .stage:not([hidden])")
    assert_same(run_python(page)[..., 0], client.interpolate(4, 5, 33, label=4)["image"][16])


def test_the_request_as_curl_and_as_python(page, client):
    label(page, "2")
    until(page, "document.querySelector('#curl').textContent.includes('label')")
    page.get_by_role("button", name="Copy as curl").click()
    until(page, "document.querySelector('#copied').textContent === 'Copied as curl.'")
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == page.locator("#curl").text_content()
    images = client.generate_conditional(range(24), 2)["image"]
    if shutil.which("curl"):
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
        np.testing.assert_array_equal(json.loads(done.stdout)["outputs"], images)
    page.get_by_role("button", name="Copy as Python").click()
    until(page, "document.querySelector('#copied').textContent === 'Copied as Python.'")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#python").text_content()
    np.testing.assert_array_equal(run_python(page), images)


# ---- By keyboard, on a phone, in the dark --------------------------------------------------------


def test_by_keyboard_alone(opened):
    page = opened()
    finished(page, 24)
    order = []
    for _ in range(9):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert order == ["skip", "model", "reload", "", "dice", "", "", "cell", "download-grid"]
    page.keyboard.press("Shift+Tab")
    columns = page.locator(".cell").evaluate_all(
        "all => all.filter(e => e.offsetTop === all[0].offsetTop).length"
    )
    where = "[...document.querySelectorAll('.cell')].indexOf(document.activeElement)"
    for key, place in [("ArrowRight", 1), ("ArrowDown", 1 + columns), ("ArrowLeft", columns),
                       ("ArrowUp", 0), ("ArrowUp", 0), ("ArrowLeft", 0), ("End", 23),
                       ("ArrowRight", 23), ("Home", 0)]:  # fmt: skip
        page.keyboard.press(key)
        assert page.evaluate(where) == place, key
    outline = "getComputedStyle(document.activeElement).outlineWidth"
    assert page.evaluate(outline) == "3px"
    for key in ("Enter", "ArrowRight", " ", "ArrowRight", "c"):
        page.keyboard.press(key)
    chosen = [name.rpartition(" ")[2] for name in names(page) if "chosen as" in name]
    assert chosen == ["A", "B", "C"]
    page.keyboard.press("c")  # the same again changes nothing
    page.wait_for_selector("#mix .stage:not([hidden])")
    page.locator("#mix-tab").press("ArrowLeft")
    page.wait_for_selector("#between .stage:not([hidden])")
    page.locator("#between-slider").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#between .caption").text_content().startswith("53 % of the way")


def test_on_a_phone(opened):
    page = opened(viewport=PHONE, has_touch=True, is_mobile=True)
    finished(page, 24)
    page.locator(".cell").nth(3).tap()
    page.locator(".cell").nth(5).tap()
    page.wait_for_selector("#between .stage:not([hidden])")
    finished(page, 24)
    for part in ("#between-picture", "#between-slider"):  # in sight without scrolling
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= PHONE["height"], part
    page.locator(".cell").nth(1).tap()
    page.wait_for_selector("#mix .stage:not([hidden])")
    page.locator("#settings summary").tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    wide = page.locator("body *:visible").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().right > 391).map(e => e.outerHTML)"
    )
    beside = ("skip", "chip", 'name="label"', "<span>")  # and labels, which scroll sideways
    assert [html for html in wide if not any(word in html for word in beside)] == []
    controls = page.locator("button:visible, select:visible, input:visible, .chip:visible")
    small = controls.evaluate_all(
        "all => all.filter(e => !['checkbox', 'radio'].includes(e.type)"
        " && e.getBoundingClientRect().height < 36).map(e => e.outerHTML)"
    )
    assert small == []


def luminance(colour):
    levels = np.array(re.findall(r"[\d.]+", colour)[:3], float) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out(opened, origin, scheme):
    page = opened(color_scheme=scheme)
    finished(page, 24)
    page.locator("#settings summary").click()
    origin.refusal = 400, "no"
    page.get_by_role("button", name="Generate").click()
    error(page)
    pairs = page.evaluate(
        """() => ["#about", "#status", ".cell .words", "#error", "button.main", "#python",
            "label[for=seed]", ".badge", ".pick .words", ".caption", ".chip input:checked + span"]
            .map(selector => {
                const element = document.querySelector(selector);
                let behind = element;
                while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)")
                    behind = behind.parentElement;
                return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
            })"""
    )
    for colour, behind in pairs:
        light, dark = sorted([luminance(colour), luminance(behind)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (colour, behind)
    background = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert background < 0.1 if scheme == "dark" else background > 0.9


@pytest.mark.parametrize("signature", ["translate_to_a", "complete", "edit"])
def test_a_picture_of_the_readers_on_a_phone(shop, signature):
    shop.set_viewport_size({"width": 360, "height": 740})
    give(shop, signature, np.zeros([8, 8], np.uint8))
    shop.get_by_role("button", name="Ask", exact=True).click()
    shop.wait_for_selector(".compared")
    assert shop.evaluate("document.documentElement.scrollWidth") <= 360
    wide = shop.locator("#ask *:visible").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().right > 361).map(e => e.outerHTML)"
    )
    assert wide == []


def test_a_wide_page_has_two_columns(opened):
    page = opened(viewport={"width": 1280, "height": 900})
    finished(page, 24)
    left = page.locator("#generate").bounding_box()
    right = page.locator("#tools").bounding_box()
    assert right["x"] > left["x"] + left["width"] - 1
    assert len(names(page)) == 24 and NUM_CLASSES == 10
