"""The page's files: what can be said of them without a browser."""

import io
import json
import re
import shutil
import subprocess
from graphlib import TopologicalSorter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving import latents
from serving.fields import Field
from serving.palettes import coloured
from serving.pictures import read_picture

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "serving" / "web").iterdir())
WEB = FILES[0].parent
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
VOID = {"meta", "link", "input", "br", "img"}
NAMESPACE = "http://www.w3.org/2000/svg"


class Outline(HTMLParser):
    """Every element with its attributes, its text and the labels around it."""

    def __init__(self):
        super().__init__()
        self.elements, self.open = [], []

    def handle_starttag(self, tag, attributes):
        labels = [element for element in self.open if element["tag"] == "label"]
        element = {"tag": tag, "text": "", "labels": labels, **dict(attributes)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data


@pytest.fixture(scope="module")
def outline():
    parser = Outline()
    parser.feed((WEB / "index.html").read_text())
    parser.close()
    assert parser.open == []
    return parser.elements


def test_identifiers_are_unique_and_references_meet_one(outline):
    identifiers = [element["id"] for element in outline if "id" in element]
    assert len(identifiers) == len(set(identifiers))
    for element in outline:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            for reference in element.get(name, "").split():
                assert reference in identifiers, (name, reference)
    scripts = "".join(path.read_text() for path in SCRIPTS)
    used = re.findall(r'\$\("([\w-]+)"\)|whole\("([\w-]+)"', scripts)
    assert {first or second for first, second in used} <= set(identifiers)


def test_every_control_has_a_name(outline):
    labelled = {e["for"]: e["text"] for e in outline if e["tag"] == "label" and "for" in e}
    controls = [
        e for e in outline if e["tag"] in ("input", "select", "button", "canvas", "summary")
    ]
    assert len(controls) > 20
    for control in controls:
        name = (
            control.get("aria-label")
            or (control["tag"] in ("button", "summary") and control["text"])
            or labelled.get(control.get("id"))
        )
        assert name and name.strip(), control


def test_errors_and_progress_are_announced(outline):
    roles = {element.get("id"): element.get("role") for element in outline}
    assert (roles["error"], roles["status"], roles["grid"]) == ("alert", "status", "listbox")


def test_nothing_is_inline(outline):
    """The policy `default-src 'self'` allows no script and no style inside the page."""
    for element in outline:
        assert "style" not in element and not any(name.startswith("on") for name in element)
        assert element["tag"] != "style"
        assert element["tag"] != "script" or (element.get("src") and not element["text"].strip())
    for path in SCRIPTS:
        assert not re.search(
            r"\beval\(|new Function|\.style\b|innerHTML|\.cssText", path.read_text()
        )


def test_nothing_comes_from_elsewhere(outline):
    for path in FILES:
        text = path.read_text().replace(NAMESPACE, "")
        assert not re.search(r"https?://|//[a-z]+\.|@import", text), path.name
        assert path.suffix != ".css" or "url(" not in text
    for element in outline:
        for name in ("src", "href"):
            if not element.get(name, "#").startswith("#"):
                assert (WEB.parent / element[name]).is_file(), element[name]


def test_modules_import_what_is_there():
    for path in SCRIPTS:
        text = path.read_text()
        for names, module in re.findall(r'import (?:\{(.*?)\}|\* as \w+) from "\./(.*?)"', text):
            exported = (WEB / module).read_text()
            for name in filter(None, map(str.strip, names.split(","))):
                declared = rf"export (async )?(function|class|const|let) {re.escape(name)}(?!\w)"
                assert re.search(declared, exported), name


def test_modules_import_one_another_in_one_direction():
    imports = {path.name: re.findall(r'from "\./(.*?)"', path.read_text()) for path in SCRIPTS}
    assert list(TopologicalSorter(imports).static_order())[-1] == "app.js"  # or a CycleError


def test_the_files_are_packaged_flat():
    assert all(path.is_file() for path in FILES)
    assert '"web/*"' in (ROOT / "setup.py").read_text()


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Runs a module beside the page's own, which Node reads as modules by their names' ends."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("no Node.js here, which would read the page's modules")
    folder = tmp_path_factory.mktemp("modules")
    for path in SCRIPTS:
        text = path.read_text().replace('.js"', '.mjs"')
        (folder / path.with_suffix(".mjs").name).write_text(text)

    def run(*arguments, script=None):
        if script is not None:
            (folder / "script.mjs").write_text(script)
        command = [program, *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_the_syntax_is_sound(node, path):
    node("--check", path.with_suffix(".mjs").name)


@pytest.mark.parametrize("prior", ["gaussian", "uniform"])
def test_the_page_and_the_client_mean_the_same_paths_and_sums(node, prior):
    a, b, c = np.random.default_rng(0).uniform(-1, 1, [3, 6]).astype(np.float32)
    layout = [{"name": "noise", "start": 0, "size": 4}, {"name": "code", "start": 4, "size": 2}]
    values = json.dumps([*(z.tolist() for z in (a, b, c)), {"prior": prior, "layout": layout}])
    script = f"""
        import {{ mixed, path, rounded }} from "./latents.mjs";
        const [a, b, c, latent] = {values};
        console.log(JSON.stringify([path(a, b, 5, latent), mixed(a, b, c, latent), rounded(a)]));
    """
    way, mix, same = json.loads(node("script.mjs", script=script))
    np.testing.assert_allclose(way, latents.path(a, b, 5, prior, layout), atol=1e-6)
    np.testing.assert_allclose(mix, latents.arithmetic(a, b, c, prior), atol=1e-6)
    np.testing.assert_array_equal(np.array(same, np.float32), a)


def test_a_walk_leads_through_its_beginning(node):
    script = """
        import { length, walk } from "./latents.mjs";
        const way = walk([3, 4], [0, 1], 5, { prior: "gaussian" });
        console.log(JSON.stringify([way[2], way.map(length)]));
    """
    middle, lengths = json.loads(node("script.mjs", script=script))
    assert middle == [3, 4]
    np.testing.assert_allclose(lengths, 5)


def test_the_page_and_the_client_mean_the_same_direction(node):
    z = np.random.default_rng(0).normal(size=[6, 3]).astype(np.float32)
    has = [True, False, False, True, True, False]
    script = f"""
        import {{ direction }} from "./latents.mjs";
        console.log(JSON.stringify(direction({z.tolist()}, {json.dumps(has)})));
    """
    way = json.loads(node("script.mjs", script=script))
    np.testing.assert_allclose(way, latents.direction(z, has), atol=1e-6)


def test_a_latent_that_no_seed_gave_is_told_by_its_numbers(node):
    script = """
        import { picked } from "./address.mjs";
        import { latent, point } from "./snippets.mjs";
        const cells = [[null, 1], [4, 1], [4, 0.5]].map(([seed, truncation]) => ({ seed, truncation, latent: [0.5, -1] }));
        console.log(JSON.stringify([cells.map(point), cells.map(latent), picked(cells[0], [])]));
    """  # noqa: E501
    points, told, address = json.loads(node("script.mjs", script=script))
    assert points == ["np.array([0.5,-1], np.float32)", "4", "0.5 * client.latents([4])[0]"]
    assert told == [points[0], "client.latents([4])[0]", points[2]]
    assert address is None


def test_conditions_that_are_vectors_are_mixed_and_others_change_in_the_middle(node):
    fields = {
        "style": {"shape": [2], "dtype": "float32", "kind": "vector", "range": [0, 1]},
        "age": {"shape": [], "dtype": "float32", "kind": "scalar"},
        "label": {"shape": [], "dtype": "int64", "kind": "label"},
        "text": {"shape": [], "dtype": "string", "kind": "text"},
    }
    rows = [
        {"style": [0, 1], "age": 10, "label": 4, "text": "a"},
        {"style": [1, 0], "age": 30, "label": 9, "text": "b"},
        {"style": [0.5, 0.5], "age": 50, "label": 7, "text": "c"},
    ]
    script = f"""
        import {{ between, inPython, mixed }} from "./rows.mjs";
        const [a, b, c] = {json.dumps(rows)};
        const fields = {json.dumps(fields)};
        const way = [0, 0.25, 0.5, 0.75, 1].map((t) => between(a, b, t, fields));
        const labels = inPython(way.map(({{ label }}) => label));
        console.log(JSON.stringify([way, mixed(a, b, c, fields), labels, inPython([3, 3])]));
    """
    way, mix, labels, same = json.loads(node("script.mjs", script=script))
    assert [way[0], way[-1]] == rows[:2]
    assert way[1] == {"style": [0.25, 0.75], "age": 15, "label": 4, "text": "a"}
    assert [row["label"] for row in way] == [4, 4, 4, 9, 9]
    assert mix == {"style": [0, 1], "age": 30, "label": 4, "text": "a"}
    assert (labels, same) == ("[4] * 3 + [9] * 2", "3")


def test_a_class_is_named_by_its_name_and_else_by_its_index(node):
    """The rule of command lines and tables, on names that are numbers of other classes."""
    names = ["1", "2", "10", "cat", "cat"]
    script = f"""
        import {{ classIndex, className, classWords, twoReadings }} from "./fields.mjs";
        const field = {{ kind: "label", names: {json.dumps(names)} }};
        const plain = {{ kind: "label", names: ["cat", "0", "dog"].sort() }};
        const digits = {{ kind: "label", range: [0, 2] }};
        console.log(JSON.stringify([
          ["1", "10", "0", "4", "5", "cat", "dog", "-1", ""].map((text) => classIndex(field, text)),
          [0, 2, 3, 4, 5].map((index) => className(field, index)),
          ["1", "2", "10", "0", "cat"].map((text) => twoReadings(field, text) !== ""),
          twoReadings(field, "1"),
          [classWords(field)[2], classWords(plain)[0], classWords(digits)[1]],
        ]));
    """
    indices, told, doubtful, sentence, words = json.loads(node("script.mjs", script=script))
    assert indices == [0, 2, 0, 4, None, 3, None, None, None]
    assert told == ["1", "10", "cat", None, None]
    assert doubtful == [True, True, False, False, False]
    assert sentence == ("Label 1 is the class of that name, of index 0; the class of index 1 is 2.")
    assert words == ["10 (index 2)", "0", "1"]


def test_a_picture_in_the_address_is_read_back_or_refused(node):
    script = """
        import { picked, unpicked } from "./address.mjs";
        const cell = { seed: -7, truncation: 0.5, row: { kind: 2, colour: 0, text: "a" } };
        const texts = ["x", "1.5_1", "3_2", "4_1_-1", "", undefined];
        const back = [picked(cell, ["kind", "colour"]), picked({ seed: 3, truncation: 1 }, [])].map(unpicked);
        console.log(JSON.stringify([...back, ...texts.map(unpicked)]));
    """  # noqa: E501
    assert json.loads(node("script.mjs", script=script)) == [
        {"seed": -7, "truncation": 0.5, "labels": [2, 0]},
        {"seed": 3, "truncation": 1, "labels": []},
        *6 * [None],
    ]


@pytest.mark.parametrize(
    "field",
    [
        Field((2, 3, 1), "uint8", "image", (0, 255)),
        Field((2, 3, 3), "uint8", "image", (0, 255)),
        Field((2, 3, 4), "uint8", "strokes"),
        Field((2, 3, 3), "float32", "image", (-1, 1)),
        Field((2, 3, 1), "uint16", "image"),
        Field((2, 3, 1), "uint8", "mask"),
    ],
    ids=lambda field: f"{field.kind} {field.dtype} {field.shape[2]}",
)
def test_a_picture_means_the_same_in_the_page_and_in_python(node, field):
    colours = np.random.default_rng(0).integers(0, 256, [2, 3, 4], np.uint8)
    colours[..., 3] = 255
    content = io.BytesIO()
    Image.fromarray(colours).save(content, "PNG")
    described = {"shape": field.shape, "dtype": field.dtype, "kind": field.kind}
    script = f"""
        import {{ toRows }} from "./pixels.mjs";
        const data = {colours.ravel().tolist()};
        const field = {json.dumps(described | {"range": field.range})};
        console.log(JSON.stringify(toRows(data, 3, 2, field)));
    """
    rows = np.array(json.loads(node("script.mjs", script=script)))
    wanted = read_picture("picture", content.getvalue(), field)
    np.testing.assert_allclose(rows, wanted, atol=1e-6)


def test_a_label_map_means_the_same_in_the_page_and_in_python(node):
    palette = ["#80c0ff", "#604020", "#604020"]
    classes = np.random.default_rng(0).integers(0, 2, [2, 3, 1], np.uint8)
    colours = coloured(classes, palette)
    data = np.concatenate([colours, np.full([2, 3, 1], 255, np.uint8)], axis=-1).ravel().tolist()
    script = f"""
        import {{ classesOf, toMap, within }} from "./maps.mjs";
        const {{ classes, unknown }} = classesOf({data}, {palette});
        const other = classesOf([1, 2, 3, 255, 1, 2, 3, 255], {palette});
        const cross = within(1.5, 1.5, 1, 3, 3);
        console.log(JSON.stringify([toMap(classes, 3, 2), unknown, other.unknown, cross]));
    """
    rows, unknown, others, cross = json.loads(node("script.mjs", script=script))
    assert rows == classes.tolist() and unknown == [] and others == ["#010203"]
    assert cross == [1, 3, 4, 5, 7]


def test_the_page_learns_of_signatures_from_the_description(node):
    image = {"shape": [8, 8, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
    seed = {"shape": [], "dtype": "int64", "kind": "seed"}
    label = {"shape": [], "dtype": "int64", "kind": "label", "names": ["cat", "dog"]}
    number = {"shape": [], "dtype": "float32", "kind": "scalar"}
    text = {"shape": [], "dtype": "string", "kind": "text"}
    category = text | {"kind": "category", "names": ["", "nurse"]}
    signatures = {
        "generate_conditional": {
            "inputs": {"seed": seed, "label": label, "text": text, "edges": image},
            "outputs": {"age": number, "pet": label, "job": category},
        },
        "generate_png": {"inputs": {"seed": seed}, "outputs": {"image_bytes": image}},
        "complete": {
            "inputs": {"seed": seed, "mask": image | {"kind": "mask"}, "image": image},
            "outputs": {"loss": number, "image": image},
        },
        "caption": {"inputs": {"image": image, "seed": seed}, "outputs": {"text": text}},
    }
    script = f"""
        import * as fields from "./fields.mjs";
        const signatures = {json.dumps(signatures)};
        const {"{ complete, caption, generate_conditional: table }"} = signatures;
        const rows = fields.samplesIn({{ age: [3, 0.25], pet: [1, 0], job: ["nurse", ""] }}, table);
        console.log(JSON.stringify([
            fields.askable(signatures), Object.keys(fields.conditions(signatures)),
            fields.subject(complete)[0], fields.main(complete)[0],
            fields.samplesIn({{ text: ["a"] }}, caption).spec.kind, rows.spec.kind, rows.samples,
            rows.samples.map((row) => fields.words(row.pet, rows.spec.columns.pet)),
            fields.words(-0.123456, signatures.complete.outputs.loss),
        ]));
    """
    assert json.loads(node("script.mjs", script=script)) == [
        ["caption", "complete"], ["text", "edges"], "image", "image", "text", "table",
        [{"age": 3, "pet": 1, "job": "nurse"}, {"age": 0.25, "pet": 0, "job": ""}],
        ["dog", "cat"], "−0.1235",
    ]  # fmt: skip


def test_what_makes_a_picture_of_a_picture_is_known_by_its_fields_alone(node):
    image = {"shape": [2, 2, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
    seed = {"shape": [], "dtype": "int64", "kind": "seed"}
    signatures = [
        {"inputs": {"seed": seed, "photo": image}, "outputs": {"loss": seed, "painting": image}},
        {"inputs": {"map": image | {"kind": "label_map"}}, "outputs": {"image": image}},
        {"inputs": {"image": image}, "outputs": {"latent": {"shape": [4], "kind": "latent"}}},
        {"inputs": {"image": image}, "outputs": {"png": image | {"shape": [], "dtype": "string"}}},
        {"inputs": {"clip": image | {"kind": "clip"}}, "outputs": {"image": image}},
    ]
    script = f"""
        import {{ columnsBefore, enlargement }} from "./comparing.mjs";
        import {{ translation }} from "./fields.mjs";
        console.log(JSON.stringify([
          {json.dumps(signatures)}.map(translation),
          [-1, 0, 0.25, 1, 2].map((share) => columnsBefore(share, 10)),
          [8, 128, 255, 256, 1024].map(enlargement),
        ]));
    """
    assert json.loads(node("script.mjs", script=script)) == [
        [["photo", "painting"], ["map", "image"], None, None, None],
        [0, 0, 3, 10, 10],
        [32, 2, 2, 1, 1],
    ]


def test_pictures_of_two_domains_stand_beside_one_another(node):
    image = {"shape": [2, 2, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
    joint = {"outputs": {"a": image, "b": image, "loss": {"shape": [], "kind": "scalar"}}}
    other = {"outputs": {"a": image, "b": image | {"shape": [2, 2, 3]}}}
    reply = {"a": [[[[1], [2]], [[3], [4]]]], "b": [[[[5], [6]], [[7], [8]]]], "loss": [0]}
    script = f"""
        import {{ samplesIn }} from "./fields.mjs";
        const reply = {json.dumps(reply)};
        const both = samplesIn(reply, {json.dumps(joint)});
        const one = samplesIn(reply, {json.dumps(other)});
        console.log(JSON.stringify([both.samples, both.spec.shape, one.samples, one.spec.shape]));
    """
    assert json.loads(node("script.mjs", script=script)) == [
        [[[[1], [2], [5], [6]], [[3], [4], [7], [8]]]],
        [2, 4, 1],
        reply["a"],
        [2, 2, 1],
    ]


def test_the_page_and_the_client_mean_the_same_codes(node):
    layout = [
        {"name": "noise", "start": 0, "size": 1},
        {"name": "kind", "start": 1, "size": 2, "kind": "one_hot"},
        {"name": "codes", "kind": "continuous", "start": 3, "size": 2},
    ]
    script = f"""
        import {{ codesOf, withCodes }} from "./latents.mjs";
        const parts = codesOf({{ layout: {json.dumps(layout)} }});
        console.log(JSON.stringify(withCodes([9, 0, 0, 0, 0], parts, [1, 0.5, -1])));
    """
    latent = np.array([[9, 0, 0, 0, 0]], np.float32)
    for code, value in [("kind", 1.0), ("codes.0", 0.5), ("codes.1", -1.0)]:
        latents.set_code(latent, layout, code, np.array([value]))
    assert json.loads(node("script.mjs", script=script)) == latent[0].tolist()


def test_codes_are_moved_one_at_a_time(node):
    """As `trainer.run.traversals` does: categories in turn, numbers from -1 to 1."""
    layout = [
        {"name": "kind", "start": 0, "size": 2, "kind": "one_hot"},
        {"name": "codes", "kind": "continuous", "start": 2, "size": 1},
    ]
    script = f"""
        import {{ codesOf, traversal }} from "./latents.mjs";
        const parts = codesOf({{ layout: {json.dumps(layout)} }});
        console.log(JSON.stringify(traversal([1, 0, 0.5], parts, [1, 0.25], 3)));
    """
    assert json.loads(node("script.mjs", script=script)) == [
        *([1, 0, 0.25], [0, 1, 0.25], [1, 0, 0.25]),
        *([0, 1, -1], [0, 1, 0], [0, 1, 1]),
    ]


def test_the_last_word_of_a_text_is_completed(node):
    script = """
        import { completions } from "./fields.mjs";
        const words = ["a", "blue", "bold", "red"];
        const texts = ["", "b", "a B", "a blue  r", "a red", "a red ", "a x"];
        console.log(JSON.stringify(texts.map((text) => completions(text, words))));
    """
    assert json.loads(node("script.mjs", script=script)) == [
        ["a", "blue", "bold", "red"],
        ["blue", "bold"],
        ["a blue", "a bold"],
        ["a blue  red"],
        [],
        ["a red a", "a red blue", "a red bold", "a red red"],
        [],
    ]


def test_a_request_is_quoted_for_the_shell(node):
    script = """
        import { curl } from "./snippets.mjs";
        console.log(curl("http://h/v1/models/it's:predict", { text: "it's" }, true));
    """
    command = node("script.mjs", script=script).replace("curl ", "printf '%s\\n' ", 1)
    words = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True
    ).stdout.splitlines()
    assert words == ["-H", "x-api-key: ", "-H", "Content-Type: application/json",
                     "-d", '{"text":"it\'s"}', "http://h/v1/models/it's:predict"]  # fmt: skip
