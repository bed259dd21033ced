"""Other implementations of the metrics, for an interpreter that has them.

    python -m pip install torch scipy scikit-learn prdc
    python -m pip install --no-deps torch-fidelity clean-fid torchmetrics lightning-utilities

Run as `python -m benchmarks.metrics_peers OPTIONS`, it prints their values as one line of JSON, or
serves them as contenders of `harness.Worker`. Only their functions from features to numbers are
used; torchvision, which they import for extracting features, need not be there.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import metadata
from importlib.machinery import ModuleSpec
from typing import Any
from unittest import mock

import numpy as np

# Number of the neighbour on the edge of a ball, and the Gaussian kernel's σ in units of √d.
NEIGHBOUR = 5
BANDWIDTH = 1.5

_PACKAGES = ("torch", "torch-fidelity", "clean-fid", "torchmetrics", "prdc", "scikit-learn")
_Values = dict[str, float]


def main(options: Mapping[str, Any]) -> None:
    """Prints values, or serves.

    Args:
        options: `data`, an npz of `metrics_sets.write`; `threads`; and `serve`, the metrics to
            measure, or nothing for the values of all.
    """
    _stand_in_for_torchvision()
    import torch

    torch.set_num_threads(options["threads"])
    with np.load(options["data"]) as data:
        real, fake, scores = data["real"], data["fake"], data["logits"]
    if options.get("serve"):
        from benchmarks.harness import serve

        works = {
            f"{metric}: {name}": partial(_quietly, work, real, fake)
            for metric in options["serve"]
            for name, work in _METRICS[metric].items()
        }
        serve(works, versions())
        return
    # In float64 all differences that remain are of definition.
    wide = real.astype(np.float64), fake.astype(np.float64)
    values = {
        metric: {name: _quietly(work, *wide) for name, work in works.items()}
        for metric, works in _METRICS.items()
    }
    values["Inception score"] = {
        name: work(scores.astype(np.float64)) for name, work in _SCORES.items()
    }
    print(json.dumps({"values": values, "versions": versions()}))


def versions() -> dict[str, str]:
    """What is installed here of the packages compared."""
    return {name: metadata.version(name) for name in _PACKAGES}


def _quietly(work: Callable[..., _Values], *arguments: np.ndarray) -> _Values:
    """Without what some print: the answers of a worker go there."""
    with mock.patch("sys.stdout", sys.stderr):
        return work(*arguments)


def _stand_in_for_torchvision() -> None:
    if importlib.util.find_spec("torchvision") is not None:
        return
    for name in ("", ".transforms", ".transforms.functional", ".models", ".datasets"):
        spec = ModuleSpec(f"torchvision{name}", None)
        sys.modules[spec.name] = mock.MagicMock(__spec__=spec, __version__="0")


# ---- Fréchet distance ----------------------------------------------------------------------------


def _frechet_torch_fidelity(real: np.ndarray, fake: np.ndarray) -> _Values:
    import torch
    from torch_fidelity import metric_fid

    sides = [metric_fid.fid_features_to_statistics(torch.from_numpy(x)) for x in (real, fake)]
    return {
        "Fréchet distance": next(iter(metric_fid.fid_statistics_to_metric(*sides, False).values()))
    }


def _frechet_clean_fid(real: np.ndarray, fake: np.ndarray) -> _Values:
    from cleanfid import fid

    moments = [m for x in (real, fake) for m in (np.mean(x, axis=0), np.cov(x, rowvar=False))]
    return {"Fréchet distance": float(fid.frechet_distance(*moments))}


def _frechet_torchmetrics(real: np.ndarray, fake: np.ndarray) -> _Values:
    import torch
    from torchmetrics.image.fid import _compute_fid

    moments = []
    for side in (real, fake):
        features = torch.from_numpy(side).double()
        moments += [features.mean(dim=0), torch.cov(features.T)]
    return {"Fréchet distance": float(_compute_fid(*moments))}


# ---- Kernel distances ----------------------------------------------------------------------------


def _kernel_torch_fidelity(real: np.ndarray, fake: np.ndarray, **kernel: Any) -> _Values:
    from torch_fidelity.metric_kid import kernel_mmd

    value = float(kernel_mmd(real, fake, **kernel))
    return {"kernel distance" if kernel["kid_kernel"] == "poly" else "Gaussian MMD²": value}


def _kernel_torchmetrics(real: np.ndarray, fake: np.ndarray) -> _Values:
    import torch
    from torchmetrics.image.kid import poly_mmd

    return {"kernel distance": float(poly_mmd(torch.from_numpy(real), torch.from_numpy(fake)))}


def _kernel_clean_fid(real: np.ndarray, fake: np.ndarray) -> _Values:
    from cleanfid import fid

    value = fid.kernel_distance(real, fake, num_subsets=1, max_subset_size=len(real))
    return {"kernel distance": value}


def _gaussian_torch_fidelity(real: np.ndarray, fake: np.ndarray) -> _Values:
    sigma = BANDWIDTH * real.shape[1] ** 0.5
    return _kernel_torch_fidelity(real, fake, kid_kernel="rbf", kid_kernel_rbf_sigma=sigma)


def _gaussian_scikit_learn(real: np.ndarray, fake: np.ndarray) -> _Values:
    from sklearn.metrics.pairwise import rbf_kernel

    kernel = partial(rbf_kernel, gamma=0.5 / (BANDWIDTH**2 * real.shape[1]))
    within = [(kernel(x).sum() - len(x)) / (len(x) * (len(x) - 1)) for x in (real, fake)]
    return {"Gaussian MMD²": float(sum(within) - 2 * kernel(real, fake).mean())}


# ---- Manifolds -----------------------------------------------------------------------------------


def _manifold_prdc(real: np.ndarray, fake: np.ndarray) -> _Values:
    from prdc import compute_prdc

    return {name: float(value) for name, value in compute_prdc(real, fake, NEIGHBOUR).items()}


def _manifold_torch_fidelity(real: np.ndarray, fake: np.ndarray) -> _Values:
    import torch
    from torch_fidelity.metric_prc import prc_features_to_metric

    values = prc_features_to_metric(
        torch.from_numpy(fake),
        torch.from_numpy(real),
        prc_neighborhood=NEIGHBOUR,
        prc_batch_size=len(real),
        save_cpu_ram=False,
        verbose=False,
    )
    return {name: values[name] for name in ("precision", "recall")}


def _manifold_scikit_learn(real: np.ndarray, fake: np.ndarray) -> _Values:
    from sklearn.metrics import pairwise_distances
    from sklearn.neighbors import NearestNeighbors

    radii = [
        NearestNeighbors(n_neighbors=NEIGHBOUR, algorithm="brute").fit(x).kneighbors()[0][:, -1]
        for x in (real, fake)
    ]
    distances = pairwise_distances(real, fake)
    in_real = distances < radii[0][:, None]
    return {
        "precision": float(in_real.any(axis=0).mean()),
        "recall": float((distances < radii[1]).any(axis=1).mean()),
        "density": float(in_real.sum(axis=0).mean() / NEIGHBOUR),
        "coverage": float(in_real.any(axis=1).mean()),
    }


# ---- Inception score -----------------------------------------------------------------------------


def _score_torch_fidelity(logits: np.ndarray) -> _Values:
    import torch
    from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

    found = isc_features_to_metric(torch.from_numpy(logits), splits=1, shuffle=False)
    return {"Inception score": found[KEY_METRIC_ISC_MEAN]}


def _score_torchmetrics(logits: np.ndarray) -> _Values:
    import torch
    from torchmetrics.image.inception import InceptionScore

    metric = InceptionScore(feature=torch.nn.Identity(), splits=1)
    metric.update(torch.from_numpy(logits))
    return {"Inception score": float(metric.compute()[0])}


_CUBIC: dict[str, Any] = {
    "kid_kernel": "poly",
    "kid_kernel_poly_degree": 3,
    "kid_kernel_poly_gamma": None,
    "kid_kernel_poly_coef0": 1,
}
_METRICS: dict[str, dict[str, Callable[[np.ndarray, np.ndarray], _Values]]] = {
    "Fréchet distance": {
        "torch-fidelity": _frechet_torch_fidelity,
        "clean-fid": _frechet_clean_fid,
        "torchmetrics": _frechet_torchmetrics,
    },
    "kernel distance": {
        "torch-fidelity": partial(_kernel_torch_fidelity, **_CUBIC),
        "clean-fid": _kernel_clean_fid,
        "torchmetrics": _kernel_torchmetrics,
    },
    "Gaussian MMD²": {
        "torch-fidelity": _gaussian_torch_fidelity,
        "scikit-learn": _gaussian_scikit_learn,
    },
    "manifolds": {
        "prdc": _manifold_prdc,
        "torch-fidelity": _manifold_torch_fidelity,
        "scikit-learn": _manifold_scikit_learn,
    },
}
_SCORES = {"torch-fidelity": _score_torch_fidelity, "torchmetrics": _score_torchmetrics}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
