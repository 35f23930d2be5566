"""`steerlaw laws`: the catalogue, or what the published text gets wrong."""

from dataclasses import dataclass

from steerlaw.rendering.console import Column, print_json, print_table
from steerlaw.rendering.progress import phase


@dataclass(frozen=True, kw_only=True)
class Laws:
    """List the laws: source, claims, and how many steps of each proof a machine checks and how many are argued."""

    errata: bool = False
    """List what the published text (v1) gets wrong, what it leaves out, and remarks, each with its instance."""
    json: bool = False
    """Print JSON alone."""

    def __call__(self) -> int:
        return self._errata() if self.errata else self._catalogue()

    def _catalogue(self) -> int:
        from steerlaw.rendering.prose import in_unicode
        from steerlaw.results.derivations import derivation_records

        with phase("checking the derivations"):
            records = derivation_records()
        if self.json:
            print_json([record.to_json() for record in records])
        else:
            print_table(
                "Laws of activation steering",
                [
                    Column("law"),
                    Column("what it says", wrap=True),
                    Column("source", wrap=True, drop=2),
                    Column("checked", right=True, drop=1),
                    Column("argued", right=True, drop=1),
                    Column("proof"),
                ],
                [
                    [
                        r.id,
                        in_unicode(r.title),
                        in_unicode(r.source),
                        str(r.by_machine),
                        str(r.steps["argued"]),
                        r.status,
                    ]
                    for r in records
                ],
            )
        return int(any(r.status != "checked" for r in records))

    def _errata(self) -> int:
        from steerlaw.rendering.prose import in_unicode
        from theory.errata import errata

        records = []
        with phase("computing the instances"):
            for entry in errata().values():
                evidence = entry.check()
                records.append(entry.to_json() | {"evidence": evidence.to_json()})
        if self.json:
            print_json(records)
        else:
            print_table(
                "Where the published text (arXiv 2602.02712 v1) needs care",
                [
                    Column("kind"),
                    Column("where", wrap=True),
                    Column("the text says", wrap=True),
                    Column("what can be proved", wrap=True),
                    Column("evidence"),
                ],
                [
                    [
                        r["kind"],
                        r["where"],
                        in_unicode(r["published"]),
                        in_unicode(r["provable"]),
                        r["evidence"]["kind"],
                    ]
                    for r in records
                ],
            )
        return 0
