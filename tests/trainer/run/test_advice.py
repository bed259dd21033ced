import shlex

from click.testing import CliRunner

from trainer.cli import main
from trainer.run import advice


def typed(command: str):
    """What comes of a command that a message names."""
    return CliRunner().invoke(main, shlex.split(command)[1:])


def test_another_run_has_a_directory_of_its_own_and_the_weights_of_the_first(tmp_path):
    run_dir = str(tmp_path / "my run: first")
    (tmp_path / "my run: first-2").mkdir()
    words = shlex.split(advice.begin_anew(run_dir, "seed=1", warm=True))
    assert words[:3] == ["gan", "train", f"{run_dir}/config.yaml"]
    assert words[3:5] == ["--run-dir", f"{run_dir}-3"]
    assert words[5:] == ["--set", f'train.warm_start="{run_dir}"', "--set", "seed=1"]
    assert "--set train.warm_start=runs/a" in advice.begin_anew("runs/a", warm=True)
    assert "warm_start" not in advice.begin_anew("runs/a", warm=False)


def test_what_is_advised_after_other_data_is_a_command_that_is_accepted(trained_run):
    command = advice.begin_anew(str(trained_run), "train.steps=9", warm=True)
    result = typed(f"{command} --dry-run")
    assert result.exit_code == 0, result.stderr
    assert f"warm_start: {trained_run}" in result.stdout and "steps: 9" in result.stdout
