"""Plants copying in fresh weights: heads that look one or two tokens back in layer 0 and induction heads in layer 1.

Trained from noise these form only after some 7 million tokens. A planted model copies from its first step, and keeps its planted
heads: the early steps, which need them little, would wear them away.

The residual stream at the start: dimension 0 is the same for all tokens; the next n_kv_heads * d_head dimensions are free of
the embedding and take what layer 0 writes: for each kv head, d_head random features of the token before. The rest holds the
embedding.
    layer 0   attends to the token before through rotary phases alone, copies its features; the other heads of each group
              attend to the token before that one, and training finds what they write
    layer 1   attends to tokens whose predecessor has the features of the current token, writes their embedding towards the output
Half of the heads of layer 1 are planted; the other half, and all other layers, start as usual.
"""

import torch
from torch import Tensor, nn

from train.model import Llama

EMBEDDING = 0.5  # standard deviation of an embedding's entries: large, so that no step of training drowns it
LAST_NORM = 0.1  # so that logits start small all the same
CONSTANT = 4.0  # dimension 0 beside them
PREVIOUS = 20.0  # score of the token that is looked for, over all rotary pairs
MATCH = 15.0  # score of a token whose predecessor is the current token
COPY = 4.0  # what a head writes of the found token, in lengths of the current token's embedding
NOISE = 1e-3  # in place of zeros: groups of one sign, which trained weights never have, are clipped by symmetric grids
SLOW = 0.02  # rotary pairs that turn less than this per token (in radians) can compare content


def written_width(model: Llama) -> int:
    """The dimensions in front that no embedding uses: the constant one and what layer 0 writes."""
    return 1 + model.config.n_kv_heads * model.config.d_head


def n_induction_groups(model: Llama) -> int:
    return max(1, model.config.n_kv_heads // 2)


def planted_entries(model: Llama) -> list[tuple[nn.Parameter, Tensor]]:
    """Parameters, each with a mask that is true where the planted heads need its values as they are."""
    config, written, (first, second) = model.config, written_width(model), model.layers[:2]
    n_keys = n_induction_groups(model) * config.d_head
    n_queries = n_keys * config.n_heads // config.n_kv_heads
    every, front = slice(None), slice(written)
    held = [
        (model.embed_tokens.weight, (every, front)),
        (first.input_layernorm.weight, front),
        (second.input_layernorm.weight, front),
        *((projection.weight, every) for projection in (first.self_attn.q_proj, first.self_attn.k_proj, first.self_attn.v_proj)),
        (first.self_attn.o_proj.weight, front),
        (first.mlp.down_proj.weight, front),
        (second.self_attn.q_proj.weight, slice(n_queries)),
        (second.self_attn.k_proj.weight, slice(n_keys)),
        (second.self_attn.v_proj.weight, slice(n_keys)),
        (second.self_attn.o_proj.weight, (every, slice(n_queries))),
    ]
    masks = []
    for parameter, entries in held:
        mask = torch.zeros_like(parameter, dtype=torch.bool)
        mask[entries] = True
        masks.append((parameter, mask))
    return masks


@torch.no_grad()
def plant(model: Llama, seed: int = 0) -> None:
    config = model.config
    generator = torch.Generator().manual_seed(seed)
    d_head, n_groups, width = config.d_head, config.n_kv_heads, config.d_model
    written = written_width(model)
    embedding = model.embed_tokens.weight
    embedding.normal_(std=EMBEDDING, generator=generator)
    embedding[:, 0] = CONSTANT * EMBEDDING
    embedding[:, 1:written] = 0
    model.norm.weight.fill_(LAST_NORM)

    # Orthonormal rows: the features that one head copies. Disjoint for different heads while the embedding has room.
    basis = torch.linalg.qr(torch.randn(width - written, width - written, generator=generator))[0]
    rows = torch.arange(n_groups * d_head) % len(basis)
    features = torch.zeros(n_groups, d_head, width)
    features[:, :, written:] = basis[rows].unflatten(0, (n_groups, d_head))

    _plant_previous(model, features)
    _plant_induction(model, features)
    for parameter, held in planted_entries(model)[3:]:
        add_noise(parameter, held, generator)


def add_noise(parameter: Tensor, held: Tensor, generator: torch.Generator) -> None:
    noise = torch.randn(parameter.shape, generator=generator) * NOISE
    parameter.copy_(torch.where(held & (parameter == 0), noise, parameter))


def _scale_after_norm(model: Llama, n_written: int) -> float:
    """What a norm multiplies the embedding's entries with."""
    width = model.config.d_model
    entries = width - 1 - n_written + CONSTANT**2
    return (width / entries) ** 0.5


def _angles(model: Llama) -> Tensor:
    config = model.config
    return config.rope_theta ** (-torch.arange(0, config.d_head, 2) / config.d_head)


def _plant_previous(model: Llama, features: Tensor) -> None:
    """Query and key are constant vectors; turned against each other by the angle of one token, or two, they meet at that distance."""
    config, attention = model.config, model.layers[0].self_attn
    d_head, n_groups = config.d_head, config.n_kv_heads
    angles = _angles(model)
    fast = (angles > SLOW).float()
    strength = (PREVIOUS * d_head**0.5 / fast.sum()) ** 0.5 / (CONSTANT * _scale_after_norm(model, n_groups * d_head))
    key = torch.cat((fast, torch.zeros_like(fast))) * strength
    per_group = config.n_heads // n_groups
    attention.q_proj.weight.zero_()
    for head in range(config.n_heads):
        turned = angles * (1 + head % per_group)
        query = torch.cat((fast * turned.cos(), -fast * turned.sin())) * strength
        attention.q_proj.weight[head * d_head : (head + 1) * d_head, 0] = query
    attention.k_proj.weight.zero_()[:, 0] = key.repeat(n_groups)
    attention.v_proj.weight.copy_(features.flatten(0, 1))
    for group, head in enumerate(range(0, config.n_heads, per_group)):
        target = slice(1 + group * d_head, 1 + (group + 1) * d_head)
        attention.o_proj.weight[target, head * d_head : (head + 1) * d_head] = torch.eye(d_head) * EMBEDDING


def _plant_induction(model: Llama, features: Tensor) -> None:
    config, attention = model.config, model.layers[1].self_attn
    d_head, n_groups = config.d_head, config.n_kv_heads
    per_group = config.n_heads // n_groups
    slow = _angles(model) < SLOW
    slow = torch.cat((slow, slow))
    # Entries of a normed embedding have about unit variance: slow.sum() of them match.
    strength = (MATCH * d_head**0.5 / slow.sum()) ** 0.5
    for group in range(n_induction_groups(model)):
        own = slice(group * d_head, (group + 1) * d_head)
        chosen = features[group] * slow[:, None] * strength
        attention.k_proj.weight[own] = torch.zeros(d_head, config.d_model)
        attention.k_proj.weight[own, 1 + group * d_head : 1 + (group + 1) * d_head] = torch.diag(slow.float()) * strength
        attention.v_proj.weight[own] = features[group]
        for head in range(group * per_group, (group + 1) * per_group):
            columns = slice(head * d_head, (head + 1) * d_head)
            attention.q_proj.weight[columns] = chosen
            attention.o_proj.weight[:, columns] = features[group].T * COPY * EMBEDDING
