"""A derivation as a record: the law, what it assumes and claims, and its proof step by step, each with its check."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from theory.catalogue import DerivationStatus, derivation_report, laws
from theory.checker.kinds import KINDS, Status
from theory.law import Law
from theory.printing.notation import latex
from theory.printing.steps import describe
from theory.proofs import How

STEP_KINDS = KINDS
"""The kinds of step, those that a machine checks first."""


@dataclass(frozen=True, kw_only=True)
class ProofStep:
    """A step of a proof: its kind, whether it was checked, what it says, as Unicode text and LaTeX, and the check."""

    kind: str
    status: Status
    says: str
    text: str
    latex: str
    check: str


@dataclass(frozen=True, kw_only=True)
class ClaimProof:
    """Of a claim, the numbers of the steps that it names, and whether they state it or argue for it."""

    steps: tuple[int, ...]
    how: How
    why: str

    @property
    def words(self) -> str:
        """How the claim is proved, in a few words."""
        numbers = ", ".join(map(str, self.steps))
        which = f"step{'s' * (len(self.steps) > 1)} {numbers}" if self.steps else "no step"
        return {"stated": f"stated by {which}", "argued": f"argued in {which}"}.get(self.how, f"not proved: {self.why}")


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """A law and its proof; `statement` is LaTeX, `steps` counts the distinct steps of each kind.

    `proofs` says of each claim which steps state it.
    """

    id: str
    title: str
    source: str
    reading: str
    statement: str
    hypotheses: tuple[str, ...]
    claims: tuple[str, ...]
    proofs: tuple[ClaimProof, ...]
    steps: Mapping[str, int]
    status: DerivationStatus
    proof: tuple[ProofStep, ...]

    @property
    def by_machine(self) -> int:
        """How many steps of the proof a machine checks."""
        return sum(n for kind, n in self.steps.items() if kind != "argued")

    def to_json(self) -> dict[str, Any]:
        """As an entry of `laws` in report.json."""
        record: dict[str, Any] = asdict(self) | {"hypotheses": list(self.hypotheses), "claims": list(self.claims)}
        record["proof"] = list(record["proof"])
        record["proofs"] = [asdict(proof) | {"steps": list(proof.steps)} for proof in self.proofs]
        record["derivation"] = record.pop("status")
        return record


def derivation_record(law: Law) -> Derivation:
    """The law with its proof, every step checked."""
    report = derivation_report(law)
    steps = [describe(checked) for checked in report.steps]
    return Derivation(
        id=law.id,
        title=law.title,
        source=law.source,
        reading=law.reading,
        statement=latex(law.statement),
        hypotheses=tuple(law.hypotheses),
        claims=tuple(claim.says for claim in law.claims),
        steps=report.counts,
        proofs=tuple(ClaimProof(steps=p.steps, how=p.how, why=p.why) for p in report.proofs),
        status=report.status,
        proof=tuple(
            ProofStep(kind=s.kind, status=s.status, says=s.says, text=s.pretty, latex=s.latex, check=s.detail)
            for s in steps
        ),
    )


def derivation_records(chosen: Iterable[Law] | None = None) -> list[Derivation]:
    """One record a law, in the catalogue's order."""
    return [derivation_record(law) for law in (laws().values() if chosen is None else chosen)]
