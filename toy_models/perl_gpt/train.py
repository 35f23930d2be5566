"""Train the second shipped model: `python -m toy_models.perl_gpt.train --out DIR`, by the recipe of the first."""

from pathlib import Path
from typing import Annotated

import tyro

from real_models.decoding.decoder import Spec
from toy_models.perl_gpt import corpus
from toy_models.perl_gpt.checkpoint_files import save_gpt2
from toy_models.stdlib_gpt import tokenizer
from toy_models.stdlib_gpt.corpus import split
from toy_models.stdlib_gpt.train import Training, make_checkpoint

SPEC = Spec(
    family="gpt2",
    n_layers=4,
    d_model=192,
    n_heads=3,
    n_kv_heads=3,
    head_dim=64,
    d_ff=768,
    vocab_size=tokenizer.VOCAB_SIZE,
    max_positions=256,
    norm="layer",
    norm_eps=1e-5,
    activation="gelu_tanh",
    positions="learned",
    tied=True,
)
TRAINING = Training(steps=1_000, second_steps=100, batch_size=8)


def main(
    training: Annotated[Training, tyro.conf.arg(name="")] = TRAINING,
    out: Path = Path("perl_gpt_checkpoint"),
) -> None:
    """Train the model on the running Perl's library and write a checkpoint directory to OUT.

    While it runs, the state lies beside OUT in a file ending in `.state.safetensors`; the same command resumes from it.
    """
    learned, _ = split(corpus.documents())
    make_checkpoint(SPEC, training, learned, save_gpt2, out)


if __name__ == "__main__":
    tyro.cli(main)
