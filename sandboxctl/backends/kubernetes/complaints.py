"""Kubernetes' words for what it does not like, seen on v1.34.4: field paths of its own, admission, quotas. Data only.

The first line that matches counts, so what is special stands above what is general. A webhook or a policy of the
cluster may name a field path too, and is then read like the server.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandboxctl.complaints import Complaint, complaint
from sandboxctl.errors import SandboxctlError

_CONTAINER = r"spec\.containers\[[^\]]*\]\."
_AMOUNT = r"(limits|requests)(\[|\.)"

_PATHS = (
    complaint(r"initContainers\[[^\]]*\]\.image\b", "kubernetes.probeImage"),
    complaint(_CONTAINER + r"image\b", "image"),
    complaint(_CONTAINER + r"imagePullPolicy\b", "image.pull"),
    complaint(_CONTAINER + r"(command|args)\b", "command"),
    complaint(_CONTAINER + r"workingDir\b", "workdir"),
    complaint(_CONTAINER + r"env\b", "env"),
    complaint(_CONTAINER + r"ports\b|spec\.ports\b|spec\.ingress\b", "network.ports"),
    complaint(_CONTAINER + rf"resources\.{_AMOUNT}ephemeral-storage", "resources.disk"),
    complaint(_CONTAINER + rf"resources\.{_AMOUNT}nvidia", "resources.gpus"),
    complaint(_CONTAINER + r"resources\.requests.*cpu", "resources.requests.cpu"),
    complaint(_CONTAINER + r"resources\.requests.*memory", "resources.requests.memory"),
    complaint(_CONTAINER + r"resources\.limits.*cpu", "resources.cpu"),
    complaint(_CONTAINER + r"resources\.limits.*memory", "resources.memory"),
    complaint(_CONTAINER + r"securityContext\.capabilities\b", "security.capabilities"),
    complaint(_CONTAINER + r"securityContext\.privileged\b", "security.privileged"),
    complaint(_CONTAINER + r"securityContext\.allowPrivilegeEscalation\b", "security.noNewPrivileges"),
    complaint(_CONTAINER + r"securityContext\.readOnlyRootFilesystem\b", "security.readOnlyRoot"),
    complaint(_CONTAINER + r"readinessProbe\b", "health"),
    complaint(_CONTAINER + r"volumeMounts\b|spec\.volumes\b", "mounts"),
    complaint(_CONTAINER, "kubernetes.pod"),
    complaint(r"securityContext\.runAs(User|NonRoot)\b", "security.user"),
    complaint(r"securityContext\.runAsGroup\b", "security.group"),
    complaint(r"securityContext\.fsGroup", "security.fsGroup"),
    complaint(r"securityContext\.supplementalGroups", "security.groups"),
    complaint(r"securityContext\.sysctls\b", "security.sysctls"),
    complaint(r"seccompProfile\.", "security.seccomp"),
    complaint(r"appArmorProfile\b", "security.apparmor"),
    complaint(r"seLinuxOptions\b", "security.selinux"),
    complaint(r"spec\.hostname\b", "network.hostname"),
    complaint(r"spec\.dns(Config|Policy)\b", "network.dns"),
    complaint(r"spec\.hostAliases\b", "network.hosts"),
    complaint(r"spec\.hostNetwork\b", "network"),
    complaint(r"spec\.hostUsers\b", "security.userNamespace"),
    complaint(r"spec\.egress\b", "network.egress"),
    complaint(r"spec\.restartPolicy\b", "lifecycle.restart"),
    complaint(r"spec\.terminationGracePeriodSeconds\b", "lifecycle.stopGrace"),
    complaint(r"spec\.activeDeadlineSeconds\b", "lifecycle.ttl"),
    complaint(r"spec\.serviceAccountName\b", "kubernetes.serviceAccount"),
    complaint(r"spec\.imagePullSecrets\b", "kubernetes.imagePullSecrets"),
    complaint(r"spec\.nodeSelector\b", "kubernetes.nodeSelector"),
    complaint(r"spec\.affinity\b", "kubernetes.affinity"),
    complaint(r"spec\.tolerations\b", "kubernetes.tolerations"),
    complaint(r"spec\.priorityClassName\b", "kubernetes.priorityClass"),
    complaint(r"spec\.topologySpreadConstraints\b", "kubernetes.topologySpread"),
    complaint(r"spec\.runtimeClassName\b", "security.runtime"),
    complaint(r"spec\.(subdomain|schedulerName|preemptionPolicy|readinessGates|setHostnameAsFQDN)\b", "kubernetes.pod"),
    complaint(r"spec\.(resources|accessModes|storageClassName)\b", "mounts"),
    complaint(r"metadata\.labels\b", "metadata.labels"),
    complaint(r"metadata\.annotations\b", "metadata.annotations"),
)

_WORDS = (
    complaint(r"exceeded quota.*requested: [^,]*(limits|requests)?\.?memory", "resources.memory",
              "the namespace's quota is used up: delete something, or ask for less"),
    complaint(r"exceeded quota.*requested: [^,]*(limits|requests)?\.?cpu", "resources.cpu",
              "the namespace's quota is used up: delete something, or ask for less"),
    complaint("exceeded quota", "kubernetes.namespace",
              "the namespace's quota is used up: delete something, or choose another namespace"),
    complaint(r"(maximum|minimum) memory", "resources.memory", "the namespace has limits of its own (LimitRange)"),
    complaint(r"(maximum|minimum) cpu", "resources.cpu", "the namespace has limits of its own (LimitRange)"),
    complaint("violates PodSecurity.*host namespaces", "network"),
    complaint("violates PodSecurity.*restricted volume types", "mounts"),
    complaint("violates PodSecurity.*(runAsUser|runAsNonRoot)", "security.user"),
    complaint("violates PodSecurity.*capabilities", "security.capabilities"),
    complaint("violates PodSecurity.*(allowPrivilegeEscalation)", "security.noNewPrivileges"),
    complaint("violates PodSecurity.*seccomp", "security.seccomp"),
    complaint("violates PodSecurity.*privileged", "security.privileged"),
    complaint("violates PodSecurity.*apparmor", "security.apparmor"),
    complaint("violates PodSecurity.*seLinux", "security.selinux"),
    complaint("violates PodSecurity.*sysctl", "security.sysctls"),
    complaint("no PriorityClass with name", "kubernetes.priorityClass", "create it, or name one that is there"),
    complaint("RuntimeClass", "security.runtime", "the cluster has no such runtime class: see security.runtime"),
    complaint("serviceaccount", "kubernetes.serviceAccount",
              "the service account does not exist (yet): see kubernetes.serviceAccount"),
    complaint("namespaces? .*not found", "kubernetes.namespace",
              "create the namespace, or choose one with --namespace"),
    complaint("being terminated", "kubernetes.namespace", "the namespace is being deleted: choose another"),
)  # fmt: skip

TABLE: Sequence[Complaint] = (*_PATHS, *_WORDS)


def placed(error: SandboxctlError) -> SandboxctlError:
    """The same error with the field that its words name."""
    found = next((each for each in TABLE if each.words.search(error.brief)), None)
    if found is not None:
        error.field = found.field
        error.hint = error.hint or found.hint
    return error
