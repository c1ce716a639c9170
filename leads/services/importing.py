"""Record the leads of a file: all of them in one transaction, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event, refusals_recorded
from leads import receipts, suppression
from leads.duplicates import Known, known_among, lock_everybody
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, Lead
from leads.services.capture import LeadDraft, client_decisions, drawn_up, told_by
from leads.services.resolving import refused_by
from portal.lib import rows
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Malformed

MAX_ROWS = 2_000
TOGETHER = 250  # leads of one message to the database
SOURCE = "import"
_NOT_TYPED = {"agent", "duplicate_of"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One person of a file, and what that person decided; NUMBER as the spreadsheet counts."""

    number: int
    market: str
    draft: LeadDraft
    # Only the groups the file says something about.
    decided: Mapping[str, bool] = field(default_factory=dict)
    method: str = ConsentDecision.Method.UNSTATED
    note: str = ""
    notice_version: str = ""


@dataclass(slots=True)
class ImportReport:
    """What came of a file, or would come of it."""

    recorded: int = 0
    # Recorded and known already under the same email or phone.
    duplicates: int = 0
    # Left out because they are known, as was asked for.
    known: int = 0
    # Left out because they were erased.
    suppressed: int = 0


def import_leads(
    *, actor: Actor, people: Sequence[ImportRow], skip_known: bool = True, dry_run: bool = False
) -> ImportReport:
    """Record PEOPLE as leads of ACTOR's, each with the decisions the file says it made.

    Who was erased is left out.

    :param skip_known: leave out who has a lead in the market already, or stands further up
    :param dry_run: only say what would be done
    :raises Malformed: if a value of any row cannot be right; `errors` names row and column
    """
    too_many = Malformed(_("A file may hold %(number)s rows.") % {"number": MAX_ROWS})
    reversed_ = Malformed(_("A budget's upper bound is below its lower one."))
    with (
        refusals_recorded(Event.Kind.LEAD_CAPTURE_REFUSED, actor=actor),
        refused_by("leads_lead_budget_in_order", reversed_),
        transaction.atomic(),
    ):
        require(actor, Can.CAPTURE_LEAD)
        if len(people) > MAX_ROWS:
            raise too_many
        if not dry_run:
            lock_everybody()
        report = ImportReport()
        kept = list(_kept(_checked(actor, people), report, skip_known=skip_known))
        if not dry_run:
            _write(actor, kept)
            record_event(Event.Kind.LEADS_IMPORTED, actor=actor, **asdict(report))
    return report


def _checked(actor: Actor, people: Sequence[ImportRow]) -> list[tuple[ImportRow, Lead]]:
    """Return each row with its lead, or refuse them all."""
    found, faults = [], []
    for row in people:
        lead = drawn_up(actor=actor, market=row.market, draft=row.draft)
        lead.source = lead.source or SOURCE
        try:
            lead.full_clean(_NOT_TYPED, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            faults += [
                {"pointer": f"#/{row.number}/{name}", "detail": " ".join(said), "code": "invalid"}
                for name, said in error.message_dict.items()
            ]
        found.append((row, lead))
    if faults:
        raise Malformed(_("The file has values that cannot be right."), errors=faults)
    return found


def _kept(
    drawn: Sequence[tuple[ImportRow, Lead]], report: ImportReport, *, skip_known: bool
) -> Iterator[tuple[ImportRow, Lead]]:
    """Yield what is to be recorded, each told whose duplicate it is, and count all in REPORT."""
    erased = _suppressed([lead for _row, lead in drawn])
    known: dict[str, Known] = {
        market: known_among(market, [lead for _row, lead in drawn if lead.market == market])
        for market in sorted({lead.market for _row, lead in drawn})
    }
    for row, lead in drawn:
        oldest = known[lead.market].lead_of(lead)
        if str(lead.pk) in erased:
            report.suppressed += 1
        elif oldest and skip_known:
            report.known += 1
        else:
            lead.duplicate_of_id = oldest
            known[lead.market].add(lead)
            report.recorded += 1
            report.duplicates += oldest is not None
            yield row, lead


def _suppressed(leads: Iterable[Lead]) -> set[str]:
    """Return the ids of those of LEADS whose email or phone is on the list."""
    digests = {str(lead.pk): suppression.digests_of(lead.email, lead.phone) for lead in leads}
    listed = suppression.listed_among([d for of_lead in digests.values() for d in of_lead])
    return {pk for pk, of_lead in digests.items() if listed.intersection(of_lead)}


def _write(actor: Actor, kept: Sequence[tuple[ImportRow, Lead]]) -> None:
    told = {version: told_by(version) for version in {row.notice_version for row, _lead in kept}}
    waiting = iter(kept)
    while batch := list(islice(waiting, TOGETHER)):
        decided = {
            str(lead.pk): _decisions(actor, row, lead, told[row.notice_version])
            for row, lead in batch
            if row.decided
        }
        with rows.together():
            rows.insert([lead for _row, lead in batch])
            rows.insert([decision for of_lead in decided.values() for decision in of_lead])
            for _row, lead in batch:
                _tell(actor, lead, decided.get(str(lead.pk), []))
        receipts.issue_first(list(decided.values()))


def _decisions(
    actor: Actor, row: ImportRow, lead: Lead, told: Mapping[str, str]
) -> list[ConsentDecision]:
    consent = Groups(*(row.decided.get(group, False) for group in GROUPS))
    return client_decisions(
        actor, lead, consent, groups=row.decided, method=row.method, note=row.note, **told
    )


def _tell(actor: Actor, lead: Lead, decisions: Sequence[ConsentDecision]) -> None:
    captured = Event.Kind.LEAD_CAPTURED
    record_event(captured, actor=actor, lead_id=str(lead.pk), market=lead.market, source=SOURCE)
    if decisions:
        given = [d.group for d in decisions if d.state == ConsentDecision.State.GIVEN]
        record_event(
            Event.Kind.CONSENT_DECIDED,
            actor=actor,
            lead_id=str(lead.pk),
            source="client",
            given=given,
        )
