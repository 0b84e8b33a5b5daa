"""Data-parallel training in single-threaded processes: on busy cores, threads that meet after every operation are far slower."""

import pathlib
from collections.abc import Callable

import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing


def _enter(rank: int, size: int, rendezvous: pathlib.Path, work: Callable, arguments: tuple) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=size)
    work(*arguments)
    dist.destroy_process_group()


def run_processes(size: int, rendezvous: pathlib.Path, work: Callable, *arguments) -> None:
    """Ends all of them when one fails."""
    rendezvous.unlink(missing_ok=True)
    multiprocessing.spawn(_enter, (size, rendezvous, work, arguments), nprocs=size)


def average_gradients(model: torch.nn.Module, first_process_says: float) -> float:
    """Gradients become the means over the processes; the first process's number reaches all."""
    gradients = [parameter.grad for parameter in model.parameters()]
    number = torch.tensor([first_process_says if dist.get_rank() == 0 else 0.0], dtype=torch.float32)
    flat = torch.cat([number * dist.get_world_size()] + [gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    parts = flat[1:].split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts):
        gradient.copy_(part.view_as(gradient))
    return float(flat[0])


def share_of_this_process(names: list[str]) -> list[str]:
    return names[dist.get_rank() :: dist.get_world_size()]


def gather(values: dict[str, float]) -> dict[str, float]:
    every: list[dict[str, float]] = [{}] * dist.get_world_size()
    dist.all_gather_object(every, values)
    return {name: value for one in every for name, value in one.items()}


def is_first() -> bool:
    return dist.get_rank() == 0
