"""A language model's gradients in NumPy, as one process computes them, and what a wrong gradient looks like.

V tokens of the vocabulary, D width of the model, N samples. Nothing in here averages over ranks or packs a message. A
gradient may be off by 1e-4 of its largest number. In ten seeds the worst of the right answers was off by 2e-6
(float32), the nearest of the wrong ones by 0.17.
"""

import numpy as np

from workbench.checks import CheckFailed, as_array, close, expect

RESULT = "comm.all_reduce returns its result, and leaves the tensor that it got as it was"


def make_weights(rng, vocabulary, width, *, tied=False, dtype="float32"):
    shapes = {
        "embedding.weight": (vocabulary, width),
        "hidden.weight": (width, width),
        "hidden.bias": (width,),
        "output.weight": (vocabulary, width),
        "output.bias": (vocabulary,),
    }
    if tied:
        del shapes["output.weight"]
    return {name: rng.normal(0, 0.7, shape).astype(dtype) for name, shape in shapes.items()}


def make_samples(rng, vocabulary, n_samples):
    """A batch: tokens and the tokens that follow them."""
    return rng.integers(0, vocabulary, n_samples), rng.integers(0, vocabulary, n_samples)


def serial_gradients(weights, samples, share_N=None, *, frozen=False):
    """Gradients of the mean cross-entropy over all samples, as one process computes them; by name.

    `share_N`: how much each sample counts; one each, where it is left out.
    """
    tokens_N, targets_N = samples
    share_N = np.ones(len(tokens_N)) if share_N is None else share_N
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    tied = "output.weight" not in w
    output_VD = w["embedding.weight"] if tied else w["output.weight"]
    e_ND = w["embedding.weight"][tokens_N]
    h_ND = np.tanh(e_ND @ w["hidden.weight"].T + w["hidden.bias"])
    scores_NV = h_ND @ output_VD.T + w["output.bias"]
    p_NV = np.exp(scores_NV - scores_NV.max(axis=1, keepdims=True))
    d_NV = p_NV / p_NV.sum(axis=1, keepdims=True)
    d_NV[np.arange(len(tokens_N)), targets_N] -= 1
    d_NV *= (share_N / share_N.sum())[:, None]
    dz_ND = (d_NV @ output_VD) * (1 - h_ND**2)
    d_embedding_VD = np.zeros_like(output_VD)
    np.add.at(d_embedding_VD, tokens_N, dz_ND @ w["hidden.weight"])
    gradients = {"embedding.weight": d_embedding_VD, "hidden.weight": dz_ND.T @ e_ND, "hidden.bias": dz_ND.sum(axis=0)}
    if tied:
        gradients["embedding.weight"] = d_embedding_VD + d_NV.T @ h_ND
    else:
        gradients["output.weight"] = d_NV.T @ h_ND
    if not frozen:
        gradients["output.bias"] = d_NV.sum(axis=0)
    return gradients


def joined(batches):
    """One big batch."""
    return tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))


def compare_gradient(got, want, by_rank, rank, name, what, given, *, talked=False, clue=None, n_micro=1, of_last=None):
    """Fails unless the gradients agree; says what a wrong one looks like.

    Args:
        by_rank: each rank's own gradient.
        talked: this rank sent something.
        clue: a function of a wrong gradient that looks like nothing known; gives a sentence.
        n_micro: micro-batches of each rank; `of_last` is the gradient of the last ones alone, averaged.
    """
    label = f"the gradient of {name} on rank {rank}"
    expect(got is not None, expected="a gradient", came=None, given=given, why=f"{label} is None")
    try:
        got = as_array(got, shape=want.shape, kind="float", name=label)
    except CheckFailed as failure:
        failure.add_given(given)
        raise
    right = same(got, want)
    looks = "" if right else looks_like(got, want, by_rank, by_rank[rank], talked, n_micro, of_last)
    if clue and not right:
        looks = looks or clue(got)
    expect(right, expected=want, came=got, given=given, why=f"{label} is not {what}. {looks}".removesuffix(". "))


def looks_like(got, want, by_rank, own, talked, n_micro, of_last):
    """A wrong gradient in words that answer the belief behind it; "" where it looks like nothing known."""
    n_ranks = len(by_rank)
    dropped = f". Perhaps a result was not used: {RESULT}" if talked else ""
    if not got.any():
        return "All its numbers are 0: perhaps an integer division (//)?"
    if same(got, own):
        return f"It is what this rank alone would have{dropped}"
    if same(got, np.mean(by_rank, axis=0)):
        return "It is the plain mean over the ranks, so a rank with few samples has the vote of one with many"
    if ratio := multiple_of(got, want):
        summed = f"it is the sum over the {n_ranks} ranks, not the mean"
        added = f"backward() adds, and there are {n_micro} micro-batches"
        causes = {n_ranks * n_micro: f"{added}; and {summed}", n_micro: added, n_ranks: summed}
        for factor, cause in causes.items():
            if factor > 1 and np.isclose(ratio, factor, rtol=1e-3):
                return f"Each number is {factor} times too large: {cause}"
        return f"Each number is {ratio:.3g} times the right one"
    if same(got, np.sum(by_rank, axis=0)):
        return f"It is the plain sum over the {n_ranks} ranks"
    if of_last is not None and (ratio := multiple_of(got, of_last)):
        times = "" if np.isclose(ratio, 1, rtol=1e-3) else f"{ratio:.3g} times "
        return f"It is {times}that of the last micro-batch alone: perhaps .grad is cleared before each one"
    if ratio := multiple_of(got, np.mean(by_rank, axis=0)):
        late = "perhaps it was weighed after the sum. The ranks have different gradients: weigh each before it is sent"
        return f"It is {ratio:.3g} times the plain mean over the ranks: {late}"
    if ratio := multiple_of(got, own):
        return f"It is {ratio:.3g} times what this rank alone would have, with nothing from the others{dropped}"
    return ""


def multiple_of(got, base):
    """The factor, if `got` is a multiple of `base`; else 0."""
    with np.errstate(all="ignore"):
        ratio = float((got * base).sum() / max(float((base**2).sum()), 1e-30))
        return ratio if ratio and same(got / ratio, base) else 0.0


def secret_share(rng):
    return float(rng.uniform(0.1, 0.9))


def same(got, want):
    return close(got, want, rtol=1e-4, atol=1e-4 * max(float(np.abs(want).max()), 1e-3))
