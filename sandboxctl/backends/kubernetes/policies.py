"""What the NetworkPolicies of a namespace leave open to a pod. Pure.

Policies add up: one that allows more, whoever made it, allows it to every pod that it selects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandboxctl.backends.base import Json
from sandboxctl.dataclass import dataclass
from sandboxctl.ownership import NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a pod may reach: None is everything, () nothing. `closed`: some policy says who may reach it.

    `opened_by` are the policies that are not its own and allow it something.
    """

    egress: tuple[Json, ...] | None
    closed: bool
    opened_by: tuple[str, ...]


def sight(pod: Mapping[str, Any], policies: Iterable[Mapping[str, Any]]) -> Sight:
    """The sum of all policies that select a pod."""
    labels = pod["metadata"].get("labels") or {}
    here = [each for each in policies if selects(each["spec"].get("podSelector") or {}, labels)]
    outward = [each for each in here if "Egress" in _types(each["spec"])]
    rules = [_rule(rule) for each in outward for rule in each["spec"].get("egress") or []]
    strangers = [each for each in here if (each["metadata"].get("labels") or {}).get(NAME) != labels.get(NAME)]
    return Sight(
        egress=tuple(rules) if outward else None,
        closed=any("Ingress" in _types(each["spec"]) for each in here),
        opened_by=tuple(sorted(each["metadata"]["name"] for each in strangers if _opens(each["spec"]))),
    )


def _types(spec: Mapping[str, Any]) -> Sequence[str]:
    return spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def _opens(spec: Mapping[str, Any]) -> bool:
    return bool(spec.get("egress") or spec.get("ingress"))


def _rule(rule: Mapping[str, Any]) -> Json:
    """As the spec writes it, where it is of that kind; else as it stands."""
    peers, ports = rule.get("to") or [], rule.get("ports") or []
    block = peers[0].get("ipBlock") if len(peers) == 1 else None
    if not block or block.get("except") or any("endPort" in port or "port" not in port for port in ports):
        return {"cidr": "0.0.0.0/0" if not peers else "other pods", "ports": []}
    words: list[Json] = [f"{port['port']}/{port.get('protocol', 'TCP').lower()}" for port in ports]
    return {"cidr": block["cidr"], "ports": words}


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels; an empty one takes all."""
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == text for key, text in wanted.items()) and all(
        _holds(each, labels) for each in selector.get("matchExpressions") or []
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, among = expression["key"], expression.get("values") or []
    match str(expression["operator"]):
        case "In":
            return labels.get(key) in among
        case "NotIn":
            return labels.get(key) not in among
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return True  # a word that is newer than this: rather too many policies than too few
