"""Games played on one or two replicas, and runs put back to a checkpoint of theirs."""

import functools
import shutil

from trainer.config.recipe import load_experiment
from trainer.data import pipeline
from trainer.game.assembly import assemble
from trainer.run import distribution
from trainer.run.play import play_function
from trainer.training import session


def played(experiment, dataset, replicas, *, steps, stages=(0,)):
    """The game after so many steps of each stage, and what its last step said.

    Stages that are not the first are entered; batches begin at the first one of the data's order.
    """
    devices = experiment.devices.model_copy(update={"replicas": replicas})
    strategy = distribution.strategy_for(devices)
    assert strategy.num_replicas_in_sync == replicas
    with strategy.scope():
        game = assemble(experiment, dataset.spec, replicas=replicas)
    batches = functools.partial(
        pipeline.batches,
        dataset.train,
        batch_size=experiment.train.batch_size,
        turns=game.gan.round.turns,
        seed=experiment.seed,
        flip=dataset.spec.images if experiment.data.flip else (),
        by_category=game.gan.round.parts.condition.drawn_by,
    )
    iterator = distribution.distributed(strategy, lambda share: batches(share=share))
    for stage in stages:
        if stage:
            game.gan.enter(stage)
        play = play_function(game, strategy, False, stage)
        for _ in range(steps):
            logs = play(1, iterator)
    return game, logs


def resume_and_replay(recipe, run_dir, resumed, step):
    """Plays a run to its end, keeps a copy, and plays it once more from a checkpoint it keeps."""
    with session(load_experiment(recipe, run_dir=run_dir), run_dir) as opened:
        summary = opened.play(progress=False)
        assert summary.start > 0 and summary.ended_by == "steps" and summary.samples
        assert summary.step == opened.experiment.train.steps
        shutil.copytree(run_dir, resumed)
        put_back_to(step, run_dir)
        assert opened.play(progress=False).start == step


def put_back_to(step, run_dir):
    """A run as it was when the checkpoint of a step, which it keeps, was its newest."""
    checkpoints = run_dir / "checkpoints"
    # A folder of parts may be left, too, where a kill came while one was written.
    for path in checkpoints.glob("step-*.*"):
        if int(path.stem.partition("-")[2]) > step:
            path.unlink()
    (checkpoints / "checkpoint").write_text(
        f'model_checkpoint_path: "step-{step}"\nall_model_checkpoint_paths: "step-{step}"\n',
        "utf-8",
    )
