"""The batch file, run by stand-ins for Slurm's programs that start local processes."""

import subprocess
import textwrap

import pytest

from trainer import task
from trainer.submit.slurm import Script


@pytest.fixture
def script(job):
    return lambda *options, **fields: Script(job("slurm", *options, **fields)).text


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A folder on PATH with sbatch, srun and scontrol; the job that they know writes `said`."""
    tools = tmp_path / "bin"
    tools.mkdir()

    def program(name, text):
        (tools / name).write_text("#!/usr/bin/env bash\n" + textwrap.dedent(text))
        (tools / name).chmod(0o755)

    # As Slurm does, sbatch keeps the script, and a job that is put back runs it once more.
    program(
        "sbatch",
        f"""\
        cat > {tmp_path}/batch.sh
        tasks=$(sed -n 's/^#SBATCH --nodes=//p' {tmp_path}/batch.sh)
        for start in 0 1 2 3; do
          SLURM_NTASKS=$tasks SLURM_JOB_ID=7 SLURM_RESTART_COUNT=$start \\
            bash {tmp_path}/batch.sh >> {tmp_path}/said 2>&1
          echo "start $start ended with $?" >> {tmp_path}/said
          rm {tmp_path}/requeued 2> /dev/null || break
        done
        [ "$1" = --parsable ] && echo "7;cluster"
        """,
    )
    program("scontrol", f'[ "$1 $2" = "requeue 7" ] && touch {tmp_path}/requeued')
    program(
        "srun",
        """\
        [ "$1" = --kill-on-bad-exit=0 ] && shift
        worst=0
        export SLURM_STEP_NUM_TASKS=$SLURM_NTASKS SLURM_STEP_NODELIST=localhost
        export SLURM_STEP_TASKS_PER_NODE=$SLURM_NTASKS
        for ((i = 0; i < SLURM_NTASKS; i++)); do
          SLURM_PROCID=$i "$@" &
          tasks[i]=$!
        done
        for pid in "${tasks[@]}"; do
          wait $pid
          code=$?
          [ $code -gt $worst ] && worst=$code
        done
        exit $worst
        """,
    )
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return tmp_path


def _python(folder, *codes):
    """A stand-in for Python that ends with the code of its start, and says what it was given."""
    path = folder / "python"
    path.write_text(
        '#!/usr/bin/env bash\nprintf "%s|" "$SLURM_PROCID" "$@"; echo\n'
        f"codes=({' '.join(map(str, codes))}); exit ${{codes[$SLURM_RESTART_COUNT]}}\n"
    )
    path.chmod(0o755)
    return str(path)


def test_the_script_is_bash_and_names_what_was_asked_for(script):
    text = script({"gpus": 4, "time": "24:00:00", "partition": "gpu", "cpus": 8}, workers=4)
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    head = [line for line in text.splitlines() if line.startswith("#SBATCH --")]
    options = dict(line.removeprefix("#SBATCH --").partition("=")[::2] for line in head)
    assert options["nodes"] == "4" and options["ntasks-per-node"] == "1"
    assert options["gpus-per-task"] == "4" and options["partition"] == "gpu"
    assert options["signal"] == "TERM@120" and "requeue" in options
    # What Slurm reads ends with the first command.
    assert text.split("\n\n")[0].count("#SBATCH --") == len(head)


def test_the_workers_take_their_arguments(cluster, job):
    python = _python(cluster, 0)
    described = job("slurm", {"python": python}, set={"train.steps": 9}, workers=2, run_dir="/a b")
    assert Script(described).submit() == "Submitted batch job 7; it writes /a b."
    *lines, ended = (cluster / "said").read_text().splitlines()
    assert ended == "start 0 ended with 0"
    assert sorted(line[0] for line in lines) == ["0", "1"]
    _, *words = lines[0].rstrip("|").split("|")
    assert words[:2] == ["-m", "trainer.task"]
    context = task.main.make_context("task", words[2:])
    assert context.params["recipe"] == "cgan-digits" and context.params["run_dir"] == "/a b"
    assert context.params["overrides"] == ("train.steps=9", "devices.cluster=slurm")


@pytest.mark.parametrize(
    ("codes", "starts"),
    [
        ((138, 138, 0, 0), [138, 138, 0]),
        ((138, 1, 0, 0), [138, 1]),
        # By SIGTERM before it was heard, and by a crash.
        ((143, 139, 0, 0), [143, 139, 0]),
        ((2, 0, 0, 0), [2]),
        ((138, 138, 138, 0), [138, 138, 138]),
    ],
)
def test_a_job_whose_workers_ask_for_it_goes_back_into_the_queue(cluster, job, codes, starts):
    options = {"python": _python(cluster, *codes), "restarts": 2}
    Script(job("slurm", options, workers=2)).submit()
    said = (cluster / "said").read_text()
    ended = [int(line.rpartition(" ")[2]) for line in said.splitlines() if "ended with" in line]
    assert ended == starts


@pytest.mark.slow
def test_two_workers_train_and_export(cluster, job):
    run_dir = cluster / "run"
    tiny = {"network.base_filters": 4, "train.batch_size": 16, "train.steps": 4}
    Script(job("slurm", set=tiny, run_dir=str(run_dir), workers=2)).submit()
    said = (cluster / "said").read_text()
    assert said.endswith("start 0 ended with 0\n"), said
    assert (run_dir / "model" / "1" / "saved_model.pb").exists()
