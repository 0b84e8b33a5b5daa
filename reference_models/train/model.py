"""The Llama architecture in plain torch; parameter names are Hugging Face's without the leading "model."."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Config:
    vocab_size: int
    d_model: int
    n_layers: int
    d_ff: int
    n_heads: int
    n_kv_heads: int
    rope_theta: float = 100_000.0
    norm_eps: float = 1e-5
    n_ctx: int = 512

    @property
    def d_head(self) -> int:
        return self.d_model // self.n_heads


SIZES = {
    "full": dict(d_model=256, n_layers=6, d_ff=768, n_heads=8, n_kv_heads=4),
    "small": dict(d_model=128, n_layers=6, d_ff=384, n_heads=4, n_kv_heads=2),
}


class RmsNorm(nn.Module):
    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


def rotary_tables(config: Config, positions: Tensor) -> tuple[Tensor, Tensor]:
    """cos and sin, [batch, 1, time, d_head]; both halves of a head turn by the same angles."""
    exponents = torch.arange(0, config.d_head, 2, device=positions.device, dtype=torch.float32) / config.d_head
    angles = positions[:, None, :, None].float() * config.rope_theta ** -exponents
    angles = torch.cat((angles, angles), -1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    low, high = x.chunk(2, -1)
    return x * cos + torch.cat((-high, low), -1) * sin


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.d_head = config.d_head
        kv_width = config.n_kv_heads * config.d_head
        self.q_proj = nn.Linear(config.d_model, config.d_model, bias=False)
        self.k_proj = nn.Linear(config.d_model, kv_width, bias=False)
        self.v_proj = nn.Linear(config.d_model, kv_width, bias=False)
        self.o_proj = nn.Linear(config.d_model, config.d_model, bias=False)

    def heads(self, x: Tensor) -> Tensor:
        """[batch, time, heads * d_head] -> [batch, heads, time, d_head]"""
        return x.unflatten(-1, (-1, self.d_head)).transpose(1, 2)

    def forward(self, x: Tensor, rotary, mask: Tensor, cache: list | None) -> Tensor:
        q, k, v = (self.heads(projection(x)) for projection in (self.q_proj, self.k_proj, self.v_proj))
        q, k = rotate(q, *rotary), rotate(k, *rotary)
        if cache is not None:
            if cache:
                k, v = torch.cat((cache[0], k), 2), torch.cat((cache[1], v), 2)
            cache[:] = k, v
        shared_by = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(shared_by, 1), v.repeat_interleave(shared_by, 1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.o_proj(y.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.gate_proj = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.up_proj = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.down_proj = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.input_layernorm = RmsNorm(config.d_model, config.norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RmsNorm(config.d_model, config.norm_eps)
        self.mlp = Mlp(config)

    def forward(self, x: Tensor, rotary, mask: Tensor, cache: list | None = None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rotary, mask, cache)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """`forward` gives the normed last hidden states; `logits` multiplies those that are wanted with the tied embedding."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.d_model)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = RmsNorm(config.d_model, config.norm_eps)
        self.initialise()

    def initialise(self) -> None:
        """What writes into the residual stream starts at zero: every block begins as the identity."""
        for name, parameter in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02 if "embed" in name else parameter.shape[1] ** -0.5)

    def forward(self, tokens: Tensor, positions: Tensor, mask: Tensor, caches: list | None = None) -> Tensor:
        """tokens, positions [batch, time]; mask [batch, 1, time, keys], true where a token sees a key."""
        x = self.embed_tokens(tokens)
        rotary = rotary_tables(self.config, positions)
        for index, layer in enumerate(self.layers):
            x = layer(x, rotary, mask, None if caches is None else caches[index])
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.embed_tokens.weight)


def causal_mask(time: int) -> Tensor:
    return torch.ones(time, time, dtype=torch.bool).tril()[None, None]


def make_model(size: str, vocab_size: int) -> Llama:
    return Llama(Config(vocab_size=vocab_size, **SIZES[size]))
