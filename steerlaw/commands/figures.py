"""`steerlaw figures`: the paper's figures, from the embedded models or from the results of a plan."""

from dataclasses import dataclass
from pathlib import Path

from steerlaw.commands.options import InputFile, OutputDirectory, Seed
from steerlaw.rendering.console import complain, print_json, say
from steerlaw.rendering.progress import progress_bar


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Draw the paper's figures on the embedded models, or on a plan's, as SVG."""

    out: OutputDirectory = Path("steerlaw-report")
    """Directory in which figures/ is written."""
    paper: InputFile | None = None
    """Results of `steerlaw run PLAN`: draw every figure of the paper that they have cells for, in its numbering."""
    seed: Seed = 0
    """Seed of the random-direction control."""
    pdf: bool = False
    """Draw each as PDF, too."""
    json: bool = False
    """Print the names of the files as JSON alone."""

    def __call__(self) -> int:
        from numerics.files.alone import alone

        with alone(self.out / "figures"), progress_bar() as progress:
            written = self._of_results(self.paper) if self.paper else self._of_embedded(progress)
        if self.json:
            print_json(written)
        else:
            say(*written)
        return 0

    def _of_embedded(self, progress) -> list[str]:
        """The figures of the embedded models, which are run."""
        from steerlaw.experiments.embedded import embedded_experiments
        from steerlaw.experiments.experiment import Grid, run
        from steerlaw.rendering.figures import paper_figures

        experiments = progress.track(list(embedded_experiments(Grid())), description="sweeping")
        figures = paper_figures(run(experiments, self.seed))
        return [str(path) for drawn in figures for path in drawn.write(self.out / "figures", pdf=self.pdf)]

    def _of_results(self, results: Path) -> list[str]:
        """The theory's figures, of the toy model, and those of the results; beside each its caption as text."""
        from steerlaw.experiments.paper_theory import theory_observations
        from steerlaw.rendering.figures import theory_drawings, write_drawings
        from steerlaw.rendering.figures.paper.captions import write_captions
        from steerlaw.rendering.figures.paper.table import paper_drawings

        measured = paper_drawings(results)
        directory = self.out / "figures"
        figures, notes = write_drawings([*theory_drawings(theory_observations()), *measured], directory, pdf=self.pdf)
        for note in notes:
            complain(note)
        kinds = ("svg", "pdf") if self.pdf else ("svg",)
        captions = write_captions(figures, directory)
        return [str(directory / f"{drawn.name}.{kind}") for drawn in figures for kind in kinds] + [str(captions)]
