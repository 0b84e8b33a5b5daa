"""Muon: momentum whose update of a matrix is replaced by the nearest semi-orthogonal matrix. In f32, where torch.optim.Muon
works in bf16, which most CPUs emulate; matrices of one shape are done together.

Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon.
"""

from collections import defaultdict

import torch
import torch.distributed as dist
from torch import Tensor

# The odd polynomial a x + b x^3 + c x^5 that drives singular values in (0, 1] to about 1.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """matrices [count, rows, columns], rows <= columns"""
    a, b, c = COEFFICIENTS
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr: float = 0.0, momentum: float = 0.95):
        super().__init__(parameters, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            by_shape = defaultdict(list)
            for parameter in group["params"]:
                by_shape[parameter.shape].append(parameter)
            for parameters in by_shape.values():
                self.update(parameters, group)

    def update(self, parameters: list[Tensor], group: dict) -> None:
        rows, columns = parameters[0].shape
        directions = torch.stack([self.direction(parameter, group["momentum"]) for parameter in parameters])
        tall = rows > columns
        directions = self.share_out(directions.mT if tall else directions)
        directions = directions.mT if tall else directions
        # The same root mean square of an update, 0.2, for every shape, as AdamW's: one learning rate fits both.
        scale = 0.2 * max(rows, columns) ** 0.5
        for parameter, direction in zip(parameters, directions):
            parameter.add_(direction, alpha=-group["lr"] * scale)

    @staticmethod
    def share_out(directions: Tensor) -> Tensor:
        """Every process orthogonalises a part of the matrices and gets the others' from them."""
        if not dist.is_initialized():
            return orthogonalise(directions)
        own = slice(dist.get_rank(), None, dist.get_world_size())
        result = torch.zeros_like(directions)
        result[own] = orthogonalise(directions[own])
        dist.all_reduce(result)
        return result

    def direction(self, parameter: Tensor, momentum: float) -> Tensor:
        """Nesterov's look ahead."""
        buffer = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
        buffer.lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(buffer, momentum)
