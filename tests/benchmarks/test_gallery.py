from PIL import Image

from benchmarks import gallery


def test_the_newest_picture_is_kept_no_wider_than_a_page(tmp_path):
    samples, docs = tmp_path / "samples", tmp_path / "docs"
    samples.mkdir()
    for step, colour in [(20, "red"), (4, "blue")]:
        Image.new("RGB", (720, 100), colour).save(samples / f"step-{step}.png")
    made = gallery._made("ring", samples, docs)
    assert made == "![What ring made](images/gallery/ring.png)"
    kept = Image.open(docs / "images" / "gallery" / "ring.png")
    assert kept.size == (360, 50)
    assert kept.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_texts_are_lines_of_a_cell(tmp_path):
    (tmp_path / "step-8.txt").write_text("a|b\n\n" + 100 * "x" + "\n`y`\nfifth\n")
    assert gallery._made("text", tmp_path, tmp_path) == f"`a¦b`<br>` `<br>`{60 * 'x'}…`<br>`´y´`"


def test_a_run_that_shows_nothing_has_a_dash(tmp_path):
    assert gallery._made("vectors", tmp_path, tmp_path) == "–"


def test_what_must_be_fetched_is_left_out():
    built_in = {n: gallery._is_built_in(n) for n in ("mlp-ring", "photos-64", "dcgan-mnist")}
    assert built_in == {"mlp-ring": True, "photos-64": False, "dcgan-mnist": False}
