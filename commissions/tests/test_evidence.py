"""Papers: what is taken, what is dropped of them, who may hand them in, and their end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from commissions import papers, services
from commissions.dispute_story import paper_of, papers_of
from commissions.models import Commission, Correction, DisputeMessage, Evidence, ReconciliationItem
from commissions.papers import PaperRefused
from commissions.services.disputes import answer, decide, open_dispute
from commissions.services.evidence import add_evidence
from commissions.tests.money_world import accepted, closed
from commissions.tests.paper_samples import chunk, exif, jpeg, pdf, png, segment
from conftest import ClientFor
from events.models import Event
from leads.models import Lead, Share
from leads.services.erasure import erase_lead
from partners.models import User
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import Conflict, NotAllowed, NotFound


class TestWhatIsTaken:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [(pdf(), papers.PDF), (png(), papers.PNG), (jpeg(), papers.JPEG)],
    )
    def test_as_it_is(self, content: bytes, kind: str) -> None:
        assert papers.read(content) == papers.Paper(kind, content)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html><script>alert(1)</script></html>",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"GIF89a" + b"\0" * 50,
            b"PK\x03\x04" + b"\0" * 50,
            b"MZ" + b"\0" * 50,
            b"%PDF-1.7 and no end",
            png()[:-13],
            png().replace(b"IHDR", b"IHDX"),
            b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""),
            b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xff" + b"IDAT",
            jpeg()[:-2],
            b"\xff\xd8\xff\xd9",
            b"\xff\xd8\xff\xe0\xff\xff",
            b"\xff\xd8\xff\xe0\x00\x00\xff\xd9",
            b"\xff\xd8" + b"\xff" * 50,
        ],
    )
    def test_nothing_else(self, content: bytes) -> None:
        with pytest.raises(PaperRefused):
            papers.read(content)

    def test_of_a_png_only_what_shows_it_is_kept(self) -> None:
        told = png(chunk(b"eXIf", b"GPS 25.2048 N"), chunk(b"tEXt", b"Author\0John Doe"))
        assert papers.read(told + b"<script>").content == png()

    def test_of_a_jpeg_the_cameras_notes_are_dropped(self) -> None:
        notes = (segment(0xFE, b"John Doe"), segment(0xED, b"Photoshop"), exif(1))
        assert papers.read(jpeg(*notes, tail=b"<script>")).content == jpeg()

    @pytest.mark.parametrize("order", [">", "<"])
    def test_which_way_up_it_goes_is_kept(self, order: str) -> None:
        kept = papers.read(jpeg(exif(6, order))).content
        assert b"GPS" not in kept
        assert papers._orientation(kept[2:38]) == 6
        assert papers.read(kept).content == kept

    def test_broken_notes_say_nothing(self) -> None:
        for notes in (b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0ZZ", b"http://ns"):
            assert papers.read(jpeg(segment(0xE1, notes))).content == jpeg()

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("contract.pdf", "contract.pdf"),
            ("../../etc/passwd", "passwd.pdf"),
            (r"C:\Papers\Deal.EXE", "Deal.pdf"),
            ("a\r\nX-Evil: 1\u202egpj.pdf", "aX-Evil: 1gpj.pdf"),
            ("", "paper.pdf"),
            ("عقد.jpeg", "عقد.pdf"),
            ("x" * 300, "x" * 116 + ".pdf"),
        ],
    )
    def test_its_name(self, name: str, shown: str) -> None:
        assert papers.named(name, papers.PDF) == shown


@pytest.fixture
def deal(dana: User, amira: User) -> Commission:
    return closed(dana, amira, 1_000_000)


def added(actor: User, deal: Commission, content: bytes | None = None, **given: Any) -> Evidence:
    return add_evidence(
        actor=actor,
        reference=str(deal.share_id),
        content=png() if content is None else content,
        name="deal.png",
        **given,
    )


@pytest.mark.django_db
class TestAdding:
    def test_a_paper_is_kept_once(self, deal: Commission, amira: User, finance_user: User) -> None:
        first = added(amira, deal, png(chunk(b"tEXt", b"Author\0John Doe")))
        again = added(finance_user, deal, png())
        assert again == first
        assert (first.by_partner, first.content_type, first.size) == (True, papers.PNG, len(png()))
        event = Event.objects.get(kind="evidence_added")
        assert event.data == {"evidence": str(first.pk), "content_type": papers.PNG}

    def test_who_may_not(self, deal: Commission, rami: User, amira: User, dana: User) -> None:
        with pytest.raises(NotFound):
            added(rami, deal)
        inactive = User(role="owner", partner=amira.partner, is_active=False)
        with pytest.raises(NotAllowed):
            added(inactive, deal)
        assert not Evidence.objects.exists()
        assert not added(dana, deal).by_partner

    def test_what_cannot_be(self, deal: Commission, amira: User, dana: User) -> None:
        with override_settings(EVIDENCE_MAX_BYTES=10), pytest.raises(PaperRefused):
            added(amira, deal)
        with override_settings(EVIDENCE_PER_SHARE=0), pytest.raises(Conflict):
            added(amira, deal)
        open_share = accepted(dana, amira)
        with pytest.raises(Conflict, match="not closed"):
            add_evidence(actor=amira, reference=str(open_share.pk), content=png(), name="a.png")

    def test_to_a_dispute_while_it_is_open(
        self, deal: Commission, amira: User, admin_user: User, dana: User, rami: User
    ) -> None:
        one = open_dispute(
            actor=amira, commission_id=str(deal.pk), claimed_amount=Decimal(1), reason="Signed"
        )
        assert added(amira, deal, dispute_id=str(one.pk)).dispute == one
        others = closed(dana, rami)
        for wrong in ("dispute_1", str(one.pk)):
            with pytest.raises(NotFound):
                added(rami, others, jpeg(), dispute_id=wrong)
        decide(actor=admin_user, dispute_id=str(one.pk), decision="rejected", reason="As signed")
        with pytest.raises(Conflict, match="ended"):
            added(amira, deal, jpeg(), dispute_id=str(one.pk))


@pytest.mark.django_db
class TestWhoReads:
    def test_a_partner_reads_the_platforms_papers_only_with_contact(
        self, deal: Commission, amira: User, finance_user: User
    ) -> None:
        """A contract names the client."""
        theirs = added(amira, deal)
        ours = added(finance_user, deal, jpeg())
        read = {str(one.pk) for one in papers_of(user=amira, share_id=str(deal.share_id))}
        assert read == {str(theirs.pk)}
        assert paper_of(user=amira, evidence_id=str(ours.pk)) is None
        Share.objects.filter(pk=deal.share_id).update(
            chosen_contact=True, shares_contact=True, received_contact=True
        )
        assert paper_of(user=amira, evidence_id=str(ours.pk)) == ours
        assert paper_of(user=finance_user, evidence_id=str(theirs.pk)) == theirs

    def test_looks_of_staff_are_recorded(
        self, deal: Commission, amira: User, finance_user: User, client_for: ClientFor
    ) -> None:
        paper = added(amira, deal)
        assert client_for(finance_user).get(f"/evidence/{paper.pk}/").status_code == 200
        event = Event.objects.get(kind="evidence_read")
        assert (event.actor, event.lead_id) == (finance_user.actor_id, deal.lead_id)
        assert event.data["evidence"] == paper.pk


@pytest.mark.django_db
def test_erasing_the_client_empties_what_was_said_and_shown(
    dana: User, amira: User, admin_user: User
) -> None:
    deal = closed(dana, amira, 1_000_000, claimed_percent=Decimal(17))
    item = ReconciliationItem.objects.get()
    services.settle_item(
        actor=admin_user, item_id=str(item.pk), resolution="record", reason="John Doe says so"
    )
    one = open_dispute(
        actor=amira, commission_id=str(deal.pk), claimed_amount=Decimal(1), reason="John Doe paid"
    )
    answer(actor=amira, dispute_id=str(one.pk), text="Ask John Doe")
    paper = added(amira, deal, dispute_id=str(one.pk))
    services.correct(
        actor=admin_user, commission_id=str(deal.pk), value=Decimal(9), reason="John Doe paid less"
    )
    decide(actor=admin_user, dispute_id=str(one.pk), decision="rejected", reason="John Doe denies")
    Lead.objects.filter(pk=deal.lead_id).update(erase_after="2020-01-01T00:00Z")

    erase_lead(actor=THE_SYSTEM, lead_id=str(deal.lead_id))

    one.refresh_from_db()
    paper.refresh_from_db()
    item.refresh_from_db()
    assert (one.reason, one.decision_reason, item.reason) == ("", "", "")
    assert (paper.file_name, paper.sha256, bytes(paper.content), paper.size) == ("", "", b"", 0)
    assert DisputeMessage.objects.get().text == ""
    assert Correction.objects.get().reason == ""
    assert (one.claimed_amount, one.decision) == (1, "rejected")
    with pytest.raises(Conflict, match="erased"):
        added(amira, deal)
