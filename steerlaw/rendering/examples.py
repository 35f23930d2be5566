"""A line or two to begin from, for the help of each command; each is a command line as it is typed."""

import inspect
import textwrap

WIDTH = 79

EXAMPLES: dict[str, tuple[str, ...]] = {
    "choose": (
        'steerlaw choose --model gpt2 --vector v.safetensors --layer 6 \\\n    --prompt "I think" --budget 0.5',
        "steerlaw choose --model gpt2 --vector v.safetensors \\\n    --prompts p.txt --tokens 48 --text-budget 2",
    ),
    "compare": ("steerlaw compare report-before report-after",),
    "convert": ("steerlaw convert v.safetensors v.gguf",),
    "derive": ("steerlaw derive token_bump", "steerlaw derive entropy --latex"),
    "doctor": ("steerlaw doctor --model gpt2 --vector v.safetensors --layer 6",),
    "eval": ("steerlaw eval --model gpt2 --vector v.safetensors --layer 6 \\\n    --tasks hellaswag --limit 200",),
    "figures": ("steerlaw figures --out figures", "steerlaw figures --paper results --out figures"),
    "guide": ("steerlaw guide --model gpt2 --positive p.txt --negative n.txt --out guide",),
    "laws": ("steerlaw laws", "steerlaw laws --errata"),
    "prompts": (
        "steerlaw prompts --model gpt2 --concept joy --out joy.positive.jsonl",
        "steerlaw prompts --model gpt2 --concept joy --kind random \\\n    --draws 5 --out joy.random.{seed}.jsonl",
    ),
    "run": (
        "steerlaw run embedded --out results",
        "steerlaw run paper --dry-run --gpu H100",
        "steerlaw run plan.toml --on local:2 --out results",
    ),
    "sweep": (
        "steerlaw sweep --model gpt2 --vector v.safetensors --layer 6 \\\n    --contexts c.jsonl --out s.nc",
        "steerlaw verify s.nc",
    ),
    "texts": (
        "steerlaw texts --model gpt2 --vector v.safetensors --layer 6 \\\n    --prompts p.txt --score loops --out t.nc",
        "steerlaw texts --rescore t.nc --score distinct-2",
    ),
    "vector": ("steerlaw vector --model gpt2 --positive p.jsonl --negative n.jsonl \\\n    --out v.safetensors",),
    "verify": (
        "steerlaw verify",
        "steerlaw verify gpt2 --vector v.safetensors --contexts c.jsonl",
        "steerlaw verify curve.csv --laws token_bump",
    ),
}


def description(name: str, command: type, *, full: bool) -> str:
    """What a command says of itself: its first paragraph, for a list; or all, with examples."""
    text = inspect.cleandoc(command.__doc__ or "")
    if not full:
        return text.split("\n\n")[0]
    return f"{in_lines(text)}\n\nFor example:\n\n{textwrap.indent(chr(10).join(EXAMPLES[name]), '  ')}"


def in_lines(text: str) -> str:
    """Paragraphs in lines of 80 columns, each begun by a space, for which the parser leaves a line as it is."""
    return "\n\n".join(
        textwrap.fill(paragraph, WIDTH, initial_indent=" ", subsequent_indent=" ") for paragraph in text.split("\n\n")
    )
