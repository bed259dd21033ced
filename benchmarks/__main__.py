"""`python -m benchmarks`: lists the benchmarks, runs one, or renders its table."""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from benchmarks import harness, tables

# Names to one line each; `benchmarks.NAME` has `add_arguments(parser)` and `run(arguments)`.
BENCHMARKS = {
    "training_speed": "images/s of a DCGAN training step against three well-known loops",
    "two_dimensional_dispatch": "steps/s of a tiny game by steps played per call",
    "instruments_cost": "what reading the instruments costs a run of the DCGAN at 32x32",
    "remedies_cost": "steps/s of the DCGAN at 32x32 with penalties or unrolling, and plain",
    "metrics_agreement": "values of the metrics beside other implementations",
    "metrics_speed": "seconds that the metrics take beside other implementations",
    "metrics_ladder": "whether each metric orders known corruptions of real images",
    "evaluation_memory": "peak memory of evaluating 50 000 images of 128x128x3",
    "recipe_quality": "the recipes trained with several seeds, under one protocol",
    "mode_recovery": "modes of ring and grid that a game reaches, plain beside every remedy",
    "stacked_modes": "modes of stacked MNIST that a game reaches, plain beside every remedy",
    "theory": "the numbers at the end of the games that `gan lab` plays",
    "energy_grid": "scores of GAN and EBGAN over 16 configurations of their players",
    "little_data": "few examples, augmented or not: distance, and what is known by heart",
    "captioned_digits": "pictures that show what their caption says, seen and never seen",
    "emoji_captions": "how well emoji fit their captions, by a matcher of its own",
    "infogan": "what a code of ten categories finds without labels, as a classifier of digits",
    "semi_supervised": "digits read after 20 to 200 labels, beside the same network without a game",
    "conditions": "how well games hear a label, by every way to tell it",
    "crowns": "crowns below an opposing jaw: what passes through it, and which contacts are kept",
    "adaptation": "classes told in one domain and read in another: CoGAN, and classes alone",
    "coloured_outlines": "emoji coloured by an error alone, an adversary alone, and both",
    "super_resolution": "photographs four times larger: bicubic, by pixels, SRGAN, ESRGAN",
    "enlarged_emoji": "emoji four times larger: bicubic, and a small network by pixels",
    "equal_time": "growing and style-based games beside plain ones that train as long",
    "pyramid_levels": "LAPGAN chained, with true coarse pictures, and one scale in equal time",
    "aging": "digits at another age: the width of strokes, and whether it is still that digit",
    "posed_digits": "errors of attributes that were asked for, measured on the pictures",
    "overlapping_classes": "classes that overlap in the data, by AC-GAN and its remedies",
    "predicted_digits": "errors of predicted frames, with an adversary and without",
    "predicted_clips": "as predicted_digits, ten frames after ten of two digits on 32 pixels",
    "clip_inpainting": "holes of clips filled along the clip and frame by frame: error and flicker",
    "inpainting_starts": "how much sooner completions arrive that begin at the nearest of a pool",
    "search_speed": "completions/s of one call with many rows, beside a call for each",
    "latent_walks": "arithmetic and interpolation of latents: GAN, VAE and autoencoder",
    "encoder_neighbours": "nearest neighbours of latents that encoders give, against the classes",
    "autoencoder_likelihood": "the likelihood of a VAE on binarised digits, beside the published",
    "odd_digits": "a digit held out of training and found: EGBAD beside a VAE",
    "kdd_anomalies": "EGBAD on network connections, F1 by the convention of the paper",
    "projection_ways": "errors of latents that an encoder, a search and both together find",
    "rivals": "a GAN beside VAE, autoencoder, GLO, negative sampling and a Boltzmann machine",
    "resegmentation": "how well pictures keep to the label maps that they are made of",
    "known_maps": "pairs whose other half is known: CoGAN, CycleGAN and pix2pix beside the truth",
    "coco_sentences": "BLEU-5 against self-BLEU-5 of writers of captions, over temperatures",
    "picture_captions": "captions of digits and emoji by maximum likelihood and by games",
    "oracle_sequences": "how likely an oracle finds what MLE and SeqGAN make of its sequences",
    "tabular": "what classifiers learn from rows of CTGAN and TVAE, beside as many real ones",
    "mixture_rows": "likelihoods of rows of CTGAN and TVAE on a grid and a ring of Gaussians",
    "painted_digits": "digits that programs paint, beside a random agent and a greedy search",
    "molecules": "valid, unique and novel molecules of MolGAN on QM9, beside the data itself",
    "planned_rooms": "plans between two rooms that can be walked, beside straight lines in codes",
    "dna_motifs": "motifs, splice sites and couplings of sequences, and designs judged exactly",
    "moved_clips": "how well frames that are made follow one another, and keep one style",
    "time_to_quality": "distance to the data by seconds of training, beside Keras' example",
    "serving_speed": "images/s and latencies of the endpoint beside the model in process",
    "serving_peers": "the endpoint beside Flask, LitServe, BentoML and KServe with the same export",
    "serving_soak": "half an hour of load while versions come, break and go",
    "serving_fuzz": "hostile requests to the endpoint: statuses, crashes, leaks, harm to others",
    "bulk_throughput": "images/s of bulk generation beside the bare model; one core, all, and Beam",
    "bulk_faults": "runs that are killed or damaged at random moments, then resumed",
    "bulk_dask": "images/s of bulk generation by Dask's workers, beside one machine's own",
    "bulk_circle": "a classifier trained on generated digits, on real ones",
    "worker_traffic": "what workers exchange in a step, and images/s on 1 to 32 GPUs on paper",
    "photo_scales": "parameters, memory and speed of the recipes for photographs, by resolution",
    "gallery": "what every system on built-in data makes after the same short time",
    "whole_run": "a recipe trained from start to end: images/s, epochs, share of the ceiling",
}


def main(arguments: list[str]) -> int:
    """Runs the command line and returns its exit code."""
    options = _parser(arguments[0] if arguments else "").parse_args(arguments)
    if options.command is None:
        for name, line in BENCHMARKS.items():
            print(f"{name:28s}{line}")
        return 0
    if options.command == "table":
        path = options.results / f"{options.name}.json"
        print(tables.render(json.loads(path.read_text(encoding="utf-8"))), end="")
        return 0
    if options.command == "document":
        text = options.path.read_text(encoding="utf-8")
        options.path.write_text(tables.refresh(text, options.results), encoding="utf-8")
        return 0
    begun = time.time()
    name = options.command + ("-quick" if options.quick else "")
    options.kept = kept = harness.Samples(options.results / f"{name}.samples.jsonl")
    if kept.num_kept:
        print(f"{kept.num_kept} samples of an earlier run are kept", file=sys.stderr)
    measured = importlib.import_module(f"benchmarks.{options.command}").run(options)
    path = harness.write(name, measured, begun=begun, folder=options.results)
    kept.remove()
    print(tables.render(json.loads(path.read_text(encoding="utf-8"))), end="")
    print(f"\nwritten: {path}", file=sys.stderr)
    return 0 if measured.get("passed", True) else 1


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    table = commands.add_parser("table", help="render a result as Markdown")
    table.add_argument("name")
    document = commands.add_parser("document", help="put the tables of a Markdown file anew")
    document.add_argument("path", type=Path)
    for name, line in BENCHMARKS.items():
        sub = commands.add_parser(name, help=line)
        sub.add_argument("--quick", action="store_true", help="few short runs, kept apart")
        sub.add_argument("--rounds", type=int, help="runs of each contender")
        sub.add_argument("--threads", type=int, default=2, help="threads of every contender")
        if name == command:
            importlib.import_module(f"benchmarks.{name}").add_arguments(sub)
    for sub in commands.choices.values():
        sub.add_argument("--results", type=Path, default=harness.RESULTS, help="folder of results")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
