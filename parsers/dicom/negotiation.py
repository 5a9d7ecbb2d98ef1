"""What an association's opening says about its two ends: PS3.8 9.3.2-9.3.3, roles after PS3.7 D.3.3.4."""

from __future__ import annotations

from functools import lru_cache

from parsers.dicom.dataset import Syntax, syntax_of
from parsers.dicom.pdu import Associate
from parsers.records import Evidence
from parsers.text import canonical

# (about the end that sent the PDU?, attribute, value, evidence)
Saying = tuple[bool, str, str, Evidence]

# User Identity that lets in whoever shows it (PS3.7 D.3.3.7.1): a name alone is no secret, and a Kerberos ticket is
# of use to its owner only.
_SHOWS_SECRET = frozenset(("username+passcode", "saml", "jwt"))


def _implementation(pdu: Associate) -> list[Saying]:
    said = (
        ("implementation_class_uid", pdu.implementation_class_uid),
        ("implementation_version_name", pdu.implementation_version_name),
        ("max_pdu_length", None if pdu.max_pdu_length is None else str(pdu.max_pdu_length)),
    )
    return [(True, attribute, value, Evidence.PEER) for attribute, value in said if value is not None]


def _listed(mine: bool, attribute: str, uids: set[str]) -> list[Saying]:
    return [(mine, attribute, canonical(sorted(uids)), Evidence.PEER)] if uids else []


def request_sayings(request: Associate) -> tuple[Saying, ...]:
    """Return what an A-ASSOCIATE-RQ says of the requestor, and what it calls the other end."""
    sayings: list[Saying] = [(True, "calling_ae_title", request.calling_ae_title, Evidence.PEER)]
    if request.called_ae_title:
        sayings.append((False, "called_ae_title", request.called_ae_title, Evidence.CLAIM))
    sayings += _implementation(request)
    if request.application_context_name:
        sayings.append((True, "application_context_name", request.application_context_name, Evidence.PEER))
    if request.user_identity_type:
        sayings.append((True, "user_identity_type", request.user_identity_type, Evidence.PEER))
        if request.user_identity_type in _SHOWS_SECRET:
            sayings.append((False, "clear_credentials", "dicom", Evidence.CLAIM))
    sayings += _listed(True, "proposed_sop_classes", {c.abstract_syntax for c in request.contexts if c.abstract_syntax})
    return tuple(sayings)


def accept_sayings(accept: Associate) -> tuple[Saying, ...]:
    """Return what an A-ASSOCIATE-AC says of the acceptor by itself."""
    sayings = [(True, "association", canonical({"Outcome": "accepted"}), Evidence.PEER), *_implementation(accept)]
    transfers = {uid for c in accept.contexts if c.result == 0 for uid in c.transfer_syntaxes[:1]}
    return (*sayings, *_listed(True, "transfer_syntaxes", transfers))


def negotiated_sayings(request: Associate, accept: Associate) -> tuple[Saying, ...]:
    """Return what the acceptance of `request` says: the title it was accepted under, and who does what in it."""
    proposed = {c.id: c.abstract_syntax for c in request.contexts}
    requestor_scu, requestor_scp = set(), set()
    for context in accept.contexts:
        sop_class = proposed.get(context.id)
        if context.result == 0 and sop_class:
            scu, scp = _roles(request.roles.get(sop_class), accept.roles.get(sop_class))
            if scu:
                requestor_scu.add(sop_class)
            if scp:
                requestor_scp.add(sop_class)
    sayings: list[Saying] = []
    if request.called_ae_title:
        sayings.append((True, "accepted_ae_title", request.called_ae_title, Evidence.CLAIM))
    sayings += _listed(False, "scu_sop_classes", requestor_scu) + _listed(False, "scp_sop_classes", requestor_scp)
    sayings += _listed(True, "scu_sop_classes", requestor_scp) + _listed(True, "scp_sop_classes", requestor_scu)
    return tuple(sayings)


def _roles(proposed: tuple[bool, bool] | None, answered: tuple[bool, bool] | None) -> tuple[bool, bool]:
    """Return whether the requestor is (SCU, SCP). An acceptor can only refuse a role, not give one: PS3.7 D.3.3.4."""
    if proposed is None or answered is None:
        return True, False
    return proposed[0] and answered[0], proposed[1] and answered[1]


@lru_cache(maxsize=128)
def context_syntaxes(accept: Associate) -> dict[int, Syntax]:
    """Return presentation context ID -> how its data sets are encoded, for accepted contexts."""
    return {
        c.id: syntax
        for c in accept.contexts
        if c.result == 0 and c.transfer_syntaxes and (syntax := syntax_of(c.transfer_syntaxes[0]))
    }
