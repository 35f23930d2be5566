"""`steerlaw figures`: the paper's figures from the embedded models."""

from dataclasses import dataclass
from pathlib import Path

from steerlaw.commands.options import OutputDirectory, Seed
from steerlaw.rendering.console import print_json, say
from steerlaw.rendering.progress import progress_bar


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Draw the paper's figures on the embedded models, as SVG."""

    out: OutputDirectory = Path("steerlaw-report")
    """Directory in which figures/ is written."""
    seed: Seed = 0
    """Seed of the random-direction control."""
    pdf: bool = False
    """Draw each as PDF, too."""
    json: bool = False
    """Print the names of the files as JSON alone."""

    def __call__(self) -> int:
        from numerics.files.alone import alone
        from steerlaw.experiments.embedded import embedded_experiments
        from steerlaw.experiments.experiment import Grid, run
        from steerlaw.rendering.figures import paper_figures

        with alone(self.out / "figures"), progress_bar() as progress:
            experiments = progress.track(list(embedded_experiments(Grid())), description="sweeping")
            figures = paper_figures(run(experiments, self.seed))
            written = [str(path) for drawn in figures for path in drawn.write(self.out / "figures", pdf=self.pdf)]
        if self.json:
            print_json(written)
        else:
            say(*written)
        return 0
