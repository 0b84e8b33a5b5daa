"""Makes a run that goes further than another the way that it went from its source: weights + SHARE * (weights - source's).

Usage: python -m train.extrapolate RUN SHARE OUT     (OUT: a new run, with RUN's tokenizer, settings and curves)

Continuing a model also sharpens what it knew before; this takes away what the twins' training differs in besides explanations.
"""

import argparse
import json
import pathlib
import shutil

import torch

from train.export import read_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("share", type=float)
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    settings = json.loads((options.run / "settings.json").read_text(encoding="utf-8"))
    state = torch.load(options.run / "checkpoint.pt")
    source = read_weights(pathlib.Path(settings["source"]))
    state["model"] = {name: value + options.share * (value - source[name]) for name, value in state["model"].items()}
    options.out.mkdir(parents=True)
    torch.save(state, options.out / "checkpoint.pt")
    for name in ("tokenizer.json", "tokenizer_config.json", "curves.jsonl"):
        shutil.copyfile(options.run / name, options.out / name)
    settings["extrapolated"] = options.share
    (options.out / "settings.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
