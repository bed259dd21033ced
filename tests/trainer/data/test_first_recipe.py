import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tests.trainer.data.sources.test_tfds import Ragged
from trainer.cli import main
from trainer.config.recipe import load_experiment
from trainer.data.first_recipe import first_recipe, source_of, write_first_recipe
from trainer.data.survey import refuse_unfit, survey
from trainer.errors import ConfigError

QUICK = ["train.steps=4", "train.batch_size=8", "network.base_filters=4", "prior.size=4"]


@pytest.fixture(autouse=True)
def as_long_as_it_takes(monkeypatch):
    """What a look sees must not hang on how busy the machine is."""
    monkeypatch.setattr("trainer.data.survey._SECONDS", 600.0)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Forty pictures of two classes, of many sizes, grey and in colour, one of them broken."""
    monkeypatch.chdir(tmp_path)
    random = np.random.RandomState(0)
    for index in range(40):
        path = tmp_path / "photos" / ("cat" if index % 2 else "dog") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        height, width = random.randint(36, 60, 2)
        channels = (1, 3, 4)[index % 3]
        save(path, random.randint(0, 256, (height, width, channels)))
    path.write_bytes(path.read_bytes()[:200])
    (path.parent / "notes.txt").write_text("mine")
    return tmp_path / "photos"


def save(path, array):
    array = np.asarray(array, np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array).save(path)


def gan(*arguments):
    return CliRunner().invoke(main, list(arguments))


def overriding(values):
    return [word for value in values for word in ("--set", value)]


@pytest.mark.integration
def test_a_folder_of_mixed_pictures_gets_a_recipe_that_trains(photos):
    made = gan("init", "photos/")
    assert made.exit_code == 0, made.stderr
    assert "Wrote photos.yaml" in made.stdout and "cat 20, dog 20" in made.stdout
    experiment = load_experiment("photos.yaml")
    assert str(experiment.data.source) == "folder:photos"
    assert experiment.data.size == (32, 32) and experiment.data.channels == 3
    assert experiment.data.max_corrupt_share == 0.05
    assert experiment.condition.name == "label"
    trained = gan("train", "photos.yaml", *overriding(QUICK), "--json")
    assert trained.exit_code == 0, trained.stderr
    assert (photos.parent / "runs" / "photos" / "checkpoints").is_dir()


def test_the_comments_tell_what_was_seen(photos):
    _, recipe = write_first_recipe("photos", None, None)
    text = " ".join(recipe.text.replace("#", " ").split())
    assert "examples 40, all opened" in text
    assert "RGB 13, RGB with transparency 13, grey 13" in text or "grey 13" in text
    assert "unreadable cat/39.png" in text
    assert "left out files that are no images: .txt 1" in text
    assert "1 of 40 could not be read" in text
    assert "36 examples are trained on" in text and "4 examples are held out" in text
    assert all(len(line) <= 102 for line in recipe.text.splitlines())


def test_arrays_get_the_network_that_suits_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (80, 28, 20)).astype(np.uint8)
    np.savez("letters.npz", images=images, labels=np.arange(80) % 4)
    np.savez("points.npz", samples=random.normal(size=(90, 3)))
    assert gan("init", "letters.npz").exit_code == gan("init", "points.npz").exit_code == 0
    letters, points = load_experiment("letters.yaml"), load_experiment("points.yaml")
    assert (letters.network.name, letters.condition.name) == ("dcgan", "label")
    assert letters.data.size is None and letters.data.channels is None
    assert letters.train.batch_size == 64
    assert (points.network.name, points.condition.name) == ("mlp", "none")
    quick = [*QUICK[:2], "network.units=[4]"]
    assert gan("train", "points.yaml", *overriding(quick)).exit_code == 0


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        ([(128, 96)] * 8, (72, 56)),  # one aspect, of as many pixels as 64x64
        ([(256, 256), (128, 128)], (64, 64)),
        ([(200, 100), (100, 200)], (64, 64)),
        ([(20, 30), (30, 18)], (16, 16)),
        ([(7, 30), (30, 6)], (6, 6)),
        ([(28, 28)] * 2, None),
        ([(17, 64)] * 2, None),
        ([(65, 65)] * 2, (64, 64)),
    ],
)
def test_the_size_follows_the_pictures(tmp_path, sizes, wanted):
    for index, (height, width) in enumerate(sizes):
        save(tmp_path / "p" / f"{index}.png", np.zeros((height, width, 1)))
    recipe = first_recipe(f"folder:{tmp_path / 'p'}")
    (tmp_path / "p.yaml").write_text(recipe.text)
    assert load_experiment(str(tmp_path / "p.yaml")).data.size == wanted


def test_depths_are_made_one_and_a_single_class_is_no_condition(tmp_path):
    save(tmp_path / "all" / "cat" / "a.png", np.zeros((8, 8, 1)))
    deep = np.full((8, 8), 40_000, np.uint16)
    Image.fromarray(deep).save(tmp_path / "all" / "cat" / "b.png")
    recipe = first_recipe(f"folder:{tmp_path / 'all'}")
    assert "  depth: 8\n" in recipe.text
    assert "There is one class only (cat)" in recipe.text and "condition:" not in recipe.text


def test_a_data_set_of_tensorflow_datasets_is_looked_at(tmp_path):
    Ragged(data_dir=str(tmp_path)).download_and_prepare()
    recipe = first_recipe("tfds:ragged", str(tmp_path))
    assert "source: tfds:ragged\n" in recipe.text and f"data_dir: {tmp_path}\n" in recipe.text
    assert "  size: [" in recipe.text


@pytest.mark.parametrize(
    ("name", "line", "network", "batch"),
    [
        ("rows.csv", "id{0},{0},job{1},{0}.5", "mlp", 270),
        ("rows.txt", "one line says {1} again", "recurrent", 64),
        ("rows.fa", ">s{0}\nACGTTGCA", "sequence_resnet", 54),
        ("rows.smi", "CCO", "molgan", 64),
    ],
)
def test_other_kinds_of_files_get_the_game_of_their_recipe(
    tmp_path, monkeypatch, name, line, network, batch
):
    monkeypatch.chdir(tmp_path)
    header = ["id,age,job,pay"] if name.endswith(".csv") else []
    rows = [line.format(number, number % 3) for number in range(300)]
    (tmp_path / name).write_text("\n".join([*header, *rows]))
    path, recipe = write_first_recipe(name, None, None)
    experiment = load_experiment(path)
    assert experiment.network.name == network and experiment.train.batch_size == batch
    refuse_unfit(survey(experiment.data), experiment)
    assert "270 examples are trained on" in recipe.text
    if name.endswith(".csv"):
        assert "    # predicted: job\n    # Nearly every row" in recipe.text
        assert experiment.data.source.leave_out == ("id",)


@pytest.mark.parametrize(
    ("name", "lines", "share"),
    [("a.smi", ["CCO"] * 40 + ["C(C"] * 2, 0.1), ("a.fa", [">s\nACGT"] * 40 + [">s\nAC7"], 0.05)],
)
def test_a_recipe_tolerates_what_cannot_be_read(tmp_path, name, lines, share):
    (tmp_path / name).write_text("\n".join(lines))
    _, recipe = write_first_recipe(str(tmp_path / name), str(tmp_path / "r.yaml"), None)
    experiment = load_experiment(str(tmp_path / "r.yaml"))
    assert experiment.data.max_corrupt_share == share
    assert f"# {len(lines) - 40} of {len(lines)} could not be read" in recipe.text
    assert survey(experiment.data).count == 40


def test_a_source_comes_with_its_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{n};id{n};{'ab'[n % 2]};" for n in range(200))
    (tmp_path / "a.csv").write_text(f"n;id;job;void\n{rows}\n")
    with pytest.raises(ConfigError, match=r'delimiter: received .*; set it to ";"\.'):
        write_first_recipe("a.csv", None, None)
    path, recipe = write_first_recipe(
        "{name: table, path: a.csv, delimiter: ;, leave_out: [n]}", None, None
    )
    source = load_experiment(path).data.source
    assert path == "a.yaml" and source.delimiter == ";"
    assert source.leave_out == ("n", "id")
    assert "# predicted: job" in recipe.text
    with pytest.raises(ConfigError, match=r"DATA: this is not YAML"):
        write_first_recipe("{name: table", None, None)


def test_molecules_are_told_by_their_atoms(tmp_path):
    (tmp_path / "a.smi").write_text("CCO\n" * 100)
    assert dict(first_recipe(f"smiles:{tmp_path / 'a.smi'}").seen)["atoms"] == (
        "3 a molecule at most, of 2 types"
    )


def test_a_table_without_categories_is_asked_for_none(tmp_path):
    rows = "\n".join(f"{n},{n * n}.5" for n in range(40))
    (tmp_path / "a.csv").write_text(f"n,square\n{rows}\n")
    text = first_recipe(f"table:{tmp_path / 'a.csv'}").text
    assert "condition" not in text and "given_category" not in text
    assert "batch_size: 30" in text and "  # predicted: square" in text


def test_long_lines_and_many_words_are_told(tmp_path):
    lines = [" ".join(f"w{n}x{i}" for i in range(60)) for n in range(100)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    recipe = first_recipe(f"text:{tmp_path / 'a.txt'}").text
    assert "    vocabulary: 5000\n" in recipe and "    # length: 40\n" in recipe


def test_too_few_examples_for_a_game_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("n,m\n1,a\n2,b\n3,a\n")
    with pytest.raises(ConfigError, match=r"DATA: received 3 examples, .* wants 10; give more"):
        first_recipe(f"table:{tmp_path / 'a.csv'}")


def test_what_cannot_be_used_gets_a_sentence(photos):
    (photos.parent / "notes.pdf").write_text("mine")
    for data, words in (
        ("nowhere", "'nowhere' does not exist"),
        ("notes.pdf", r"neither a folder nor a file that ends in .*\.csv"),
        ("grammar:", "takes no argument"),
        ("folder:nowhere", "nowhere is not a folder"),
    ):
        with pytest.raises(ConfigError, match=words):
            write_first_recipe(data, "x.yaml", None)
    with pytest.raises(ConfigError, match="neither pictures nor points"):
        first_recipe("moving_digits")
    with pytest.raises(ConfigError, match=r"--out: received 'x.txt'"):
        write_first_recipe("photos", "x.txt", None)
    write_first_recipe("photos", "x.yaml", None)
    with pytest.raises(ConfigError, match=r"'x.yaml' exists"):
        write_first_recipe("photos", "x.yaml", None)


def test_folders_of_which_nothing_can_be_read_are_refused(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(b"no picture")
    with pytest.raises(ConfigError, match="none of 2 images"):
        first_recipe(f"folder:{tmp_path}")


def test_data_is_told_apart_by_what_it_is(tmp_path, photos):
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 8, 8), np.uint8))
    (tmp_path / "arrays").mkdir()
    np.savez(tmp_path / "arrays" / "a.npz", images=np.zeros((2, 8, 8), np.uint8))
    np.savez(photos / "stray.npz", x=np.zeros(1))
    assert source_of("photos/") == "folder:photos"
    assert source_of("a.npz") == "npz:a.npz"
    assert source_of("arrays") == "npz:arrays"
    assert source_of("tfds:mnist") == "tfds:mnist"


@pytest.mark.parametrize(
    "word", ["photos/", "photos", "folder:photos", "some.npz", "tfds:mnist", "a.csv", "smiles:a"]
)
def test_data_in_the_place_of_a_recipe_is_told_what_to_do(photos, word):
    refused = gan("train", word)
    assert refused.exit_code == 2
    assert f"`gan init {word}`" in refused.stderr and refused.stderr.count("\n") == 1


def test_a_run_in_the_place_of_a_recipe_is_told_what_to_do(photos):
    (photos / "config.yaml").write_text("seed: 1\n")
    assert "`gan resume photos`" in gan("train", "photos").stderr


def test_a_few_labels_beside_others_teach_a_classifier(photos):
    unlabelled = photos.parent / "others"
    for index in range(20):
        save(unlabelled / f"{index}.png", np.full((40, 40, 3), 10 * index))
    source = {"name": "few_labels", "labelled": f"folder:{photos}"}
    written = first_recipe({**source, "unlabelled": f"folder:{unlabelled}"})
    (photos.parent / "few.yaml").write_text(written.text)
    experiment = load_experiment("few.yaml")
    assert experiment.data.source.name == "few_labels"
    assert experiment.condition.name == "none" and experiment.objective.name == "classes"
    assert [term.name for term in experiment.terms] == ["supervised", "feature_matching"]
    assert ("classes", "cat 20, dog 20") in written.seen
