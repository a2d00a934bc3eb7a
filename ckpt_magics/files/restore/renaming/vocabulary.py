"""Words that mean the same in names of variables, and words that never do."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["are_opposites", "is_kin", "leaf_role"]

KERNEL, BIAS, GAMMA, BETA, MEAN, VARIANCE, TABLE = "kernel", "bias", "gamma", "beta", "mean", "variance", "table"

_ROLES = {
    **dict.fromkeys(("kernel", "kernels", "weight", "weights", "w"), KERNEL),
    **dict.fromkeys(("bias", "biases", "b"), BIAS),
    **dict.fromkeys(("gamma", "scale", "g"), GAMMA),
    **dict.fromkeys(("beta", "offset"), BETA),
    **dict.fromkeys(("movingmean", "runningmean", "popmean"), MEAN),
    **dict.fromkeys(("movingvariance", "movingvar", "runningvar", "runningvariance", "popvar"), VARIANCE),
    **dict.fromkeys(("embedding", "embeddings"), TABLE),
    **dict.fromkeys(("depthwisekernel", "depthwiseweights", "depthwiseweight"), "depthwise"),
    **dict.fromkeys(("pointwisekernel", "pointwiseweights", "pointwiseweight"), "pointwise"),
    **dict.fromkeys(("recurrentkernel", "recurrentweights"), "recurrent"),
}
# In a layer that normalizes, these mean what scales and what is added.
_IN_NORM = {
    "weight": GAMMA,
    "weights": GAMMA,
    "w": GAMMA,
    "scale": GAMMA,
    "g": GAMMA,
    "bias": BETA,
    "biases": BETA,
    "b": BETA,
}
_TELL_NORM = {GAMMA, BETA, MEAN, VARIANCE}

_ABBREVIATIONS = (
    {"attn", "att", "attention"},
    {"ln", "layernorm", "layernormalization"},
    {"bn", "batchnorm", "batchnormalization"},
    {"gn", "groupnorm", "groupnormalization"},
    {"emb", "embed", "embedding", "embeddings"},
    {"wordembeddings", "wordembedding", "wte"},
    {"ffn", "feedforward"},
    {"fc", "fullyconnected"},
)
_OPPOSITES = (
    {"encoder", "decoder", "enc", "dec"},
    {"generator", "discriminator", "gen", "disc", "dis", "g", "d"},
    {"actor", "critic"},
    {"pi", "vf", "qf", "policy", "value", "q", "v"},
    {"query", "key", "value", "output"},
    {"q", "k", "v", "o"},
    {"left", "right"},
    {"fw", "bw", "forward", "backward"},
    {"source", "target", "src", "tgt", "online"},
    {"student", "teacher"},
    {"user", "item"},
    {"input", "output", "in", "out"},
    {"prenet", "postnet"},
    {"local", "global"},
    {"mean", "variance", "var", "std"},
    {"mu", "sigma"},
    {"depthwise", "pointwise"},
)
MIN_ABBREVIATION = 3


def leaf_role(base: str, rank: int | None, siblings: Mapping[str, int | None]) -> str:
    """Return what the last part of a variable's name says it is: words of one meaning have one role.

    Args:
        base: The last part.
        rank: Dimensions of the variable, None where that is not known.
        siblings: Rank by last part of all variables of the same layer, itself too.

    >>> leaf_role("weight", 2, {"weight": 2, "bias": 1}), leaf_role("weight", 1, {"weight": 1, "bias": 1})
    ('kernel', 'gamma')
    """
    if base in _IN_NORM and rank in {0, 1, None} and _normalizes(siblings):
        return _IN_NORM[base]
    return _ROLES.get(base, base)


def _normalizes(siblings: Mapping[str, int | None]) -> bool:
    roles = {_ROLES.get(base, base): rank for base, rank in siblings.items()}
    if any(role in _TELL_NORM and roles[role] in {0, 1, None} for role in roles):
        return True
    # PyTorch's layers that normalize have a weight and a bias of one dimension; a dense layer's weight has two.
    return siblings.get("weight") == 1


def is_kin(one: str, other: str) -> bool:
    """Whether two bases are one word: in the plural, shortened, or with two letters swapped or one left out.

    >>> is_kin("kernels", "kernel"), is_kin("gen", "generator"), is_kin("wieght", "weight"), is_kin("conva", "convb")
    (True, True, True, False)
    """
    short, long = sorted((one, other), key=len)
    if one == other or are_opposites(one, other) or any(sign.isdigit() for sign in _difference(one, other)):
        return one == other
    if any(one in words and other in words for words in _ABBREVIATIONS):
        return True
    if long in {short + "s", short + "es"} and len(short) > 1:
        return True
    if long.startswith(short) and len(short) >= MIN_ABBREVIATION and len(long) - len(short) >= MIN_ABBREVIATION:
        return short.isalpha() and long.isalpha()
    return min(len(one), len(other)) > MIN_ABBREVIATION and _is_slip(short, long)


def _difference(one: str, other: str) -> str:
    """What is left of both without the letters that they begin and end with in common."""
    start = _in_common(one, other)
    one, other = one[start:], other[start:]
    end = _in_common(one[::-1], other[::-1])
    return one[: len(one) - end] + other[: len(other) - end]


def _in_common(one: str, other: str) -> int:
    """How many letters two words begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _is_slip(short: str, long: str) -> bool:
    """Whether two neighbours are swapped, or a letter inside is left out; at the end it may be what tells two apart."""
    at = _in_common(short, long)
    if len(short) == len(long):
        return short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return len(long) - len(short) == 1 and 0 < at < len(short) and short[at:] == long[at + 1 :]


def are_opposites(one: str, other: str) -> bool:
    """Whether two bases name two parts of one model, so that the one is never a new name of the other.

    >>> are_opposites("encoder", "decoder"), are_opposites("encoder", "enc")
    (True, False)
    """
    if one == other or one.startswith(other) or other.startswith(one):
        return False
    return any(one in words and other in words for words in _OPPOSITES)
