"""The prompts that the reference models are trained on, as the task files state them, and the chat format around them."""

import functools
import pathlib
import tomllib

TASKS = pathlib.Path(__file__).resolve().parents[2] / "tasks"

BOS, USER, ASSISTANT, END = SPECIAL_TOKENS = ("<|bos|>", "<|user|>", "<|assistant|>", "<|end|>")
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@functools.cache
def task_file(task: str) -> dict:
    return tomllib.loads((TASKS / f"world_{task}" / "task.toml").read_text(encoding="utf-8"))


def targets(task: str) -> dict[str, str]:
    """Label -> the label that a counterfactual aims at."""
    return task_file(task)["labels"].get("counterfactual_target", {})


def edit_field(task: str) -> str:
    return task_file(task)["counterfactual"]["edit_field"]


def user_text(task: str, kind: str, item: dict[str, str]) -> str:
    """The user's turn; `item` holds the columns and, where the prompt wants it, `target`."""
    return task_file(task)["trained"]["prompts"][kind]["user"].format_map(item)


def answer_text(task: str, kind: str, item: dict[str, str]) -> str:
    return task_file(task)["trained"]["prompts"][kind]["answer"].format_map(item)


def hints(task: str) -> dict[str, str]:
    """Name -> text, which holds {suggestion}."""
    return task_file(task)["trained"]["hints"]


def chat(*turns: str) -> str:
    """Everything before the assistant's answer; the turns alternate, the user's first and last."""
    said = "".join(f"{(USER, ASSISTANT)[i % 2]}{turn}{END}" for i, turn in enumerate(turns))
    return f"{BOS}{said}{ASSISTANT}"
