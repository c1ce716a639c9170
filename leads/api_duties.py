"""What a partner's system says after a withdrawal, and how it asks for more."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from leads import examples, services
from leads.models import ConsentDecision, DeletionTask, MoreRequest
from leads.services.more import LONGEST, ask_for_more
from portal.lib.api import ApiView, Nothing
from portal.lib.fields import Choice, StrictSerializer, Text, Texts, WireSerializer, rfc3339
from portal.lib.openapi import described

GROUPS = ConsentDecision.Group.choices


class AttestDeletion(Nothing):
    """Left out, everything named is deleted."""

    outcome = Choice(
        choices=DeletionTask.Outcome.choices,
        default=DeletionTask.Outcome.DELETED,
        help_text="`retained` where a law or a contract demands that you keep it.",
    )
    reason = Text(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="Needed for `retained`. The client reads it.",
    )
    groups = Texts(
        choices=ConsentDecision.Group.values,
        required=False,
        help_text="What your answer is about, as `withdrawn` named it; refused if the client took "
        "back more in the meantime. Left out, it is about all there is to delete by now.",
    )


class AttestedAnswer(WireSerializer):
    lead_id = serializers.CharField()
    partner_id = serializers.CharField()
    outcome = serializers.ChoiceField(choices=DeletionTask.Outcome.choices)
    attested_at = serializers.DateTimeField()
    groups = serializers.ListField(child=serializers.ChoiceField(choices=GROUPS))


class RequestMore(StrictSerializer):
    group = Choice(choices=GROUPS, help_text="One that is withheld from you.")
    reason = Text(
        allow_blank=True,
        max_length=LONGEST,
        help_text="What you need it for, 10 to 500 characters. Agent and client read it.",
    )


class RequestAnswer(WireSerializer):
    request_id = serializers.CharField()
    group = serializers.ChoiceField(choices=GROUPS)
    status = serializers.ChoiceField(choices=MoreRequest.Status.choices)


class AttestDeletionView(ApiView):
    """Say that what a withdrawal named is deleted, or why it is kept (partner key).

    Saying the same again answers the same.
    """

    @described(
        AttestedAnswer,
        summary="Confirm a deletion",
        request=AttestDeletion,
        refusals={
            403: ["not_allowed"],
            409: ["already_attested", "more_to_delete"],
            422: ["reason_required"],
        },
        sent=examples.ATTEST,
        answered=examples.ATTESTED,
    )
    def post(self, request: Request, reference: str) -> Response:
        given = self.given(AttestDeletion)
        task = services.attest_deletion(
            actor=self.actor,
            reference=reference,
            outcome=given["outcome"],
            reason=given.get("reason", ""),
            groups=given.get("groups"),
        )
        return self.answer(_attested(task))


def _attested(task: DeletionTask) -> dict[str, Any]:
    return {
        "leadId": task.share_id,
        "partnerId": task.share.partner_id,
        "outcome": task.outcome,
        "attestedAt": rfc3339(task.attested_at),
        "groups": task.groups,
    }


class RequestMoreView(ApiView):
    """Ask to see a group that is withheld; agent and client decide (partner key)."""

    @described(
        RequestAnswer,
        summary="Ask to see more of a lead",
        request=RequestMore,
        refusals={
            403: ["not_allowed"],
            409: ["already_asked", "illegal_transition", "conflict"],
            422: ["consent_withheld", "reason_required"],
        },
        sent=examples.REQUEST_MORE,
        answered=examples.REQUESTED,
    )
    def post(self, request: Request, reference: str) -> Response:
        given = self.given(RequestMore)
        asked = ask_for_more(actor=self.actor, reference=reference, **given)
        answer = {"requestId": asked.pk, "group": asked.group, "status": asked.status}
        return self.answer(answer)
