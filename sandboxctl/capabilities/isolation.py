"""What each field of the network, the mounts and the security comes to on each backend. Data only.

A key is the field's dotted path, without list indexes and the keys of free maps; below a row all is as the row says.
`network.mode/none` holds for that kind of value only. Sources: engines.md, kubernetes.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandboxctl.capabilities.cell import Row, does, everywhere, no, node, ours, weaker

_NO_NETWORKS = "a pod has one network, the cluster's"
_USE_POLICY = "say what may be reached with `network.egress`"

_NETWORK: Mapping[str, Row] = {
    "network": (does("`NetworkMode`"), does("`netns`"), does("the pod network, and a NetworkPolicy")),
    "network.mode": (does("`NetworkMode`"), does("`netns`"), does("the pod network")),
    "network.mode/none": (
        does("`NetworkMode` none: no interface but lo"),
        does("`netns` none: no interface but lo"),
        ours("a NetworkPolicy that denies all; the interface stays, and the cluster has to enforce policies"),
    ),
    "network.mode/host": (does("`NetworkMode` host"), does("`netns` host"), does("`hostNetwork`")),
    "network.mode/named": (
        does("`NetworkMode` NAME"),
        does("`networks`"),
        no(_NO_NETWORKS, "write `network: bridge` or `network: none`"),
    ),
    "network.name": (does("`NetworkMode` NAME"), does("`networks`"), no(_NO_NETWORKS, "leave it out")),
    "network.create": (
        ours("a bridge of our own, made before the first sandbox in it and removed with the last"),
        ours("a bridge of our own, made before the first sandbox in it and removed with the last"),
        no(_NO_NETWORKS, "leave it out"),
    ),
    "network.create/no": everywhere(does("nothing to do")),
    "network.internal": (
        does("`Internal` of the network"),
        does("`internal` of the network"),
        no(_NO_NETWORKS, _USE_POLICY),
    ),
    "network.internal/no": everywhere(does("nothing to do")),
    "network.ports": (
        does("`PortBindings`"),
        does("`portmappings`"),
        does("a Service inside the cluster, and the policy lets nothing else in"),
    ),
    "network.ports.address": (
        does("`HostIp`"),
        does("`host_ip`"),
        weaker("a Service is reached from the whole cluster, not from one address"),
    ),
    "network.dns": (
        does("`Dns`, `DnsSearch`, `DnsOptions`"),
        does("`dns_server`, …"),
        does("`dnsConfig`; without `servers`, the rest is added to the cluster's own"),
    ),
    "network.hosts": (does("`ExtraHosts`"), does("`hostadd`"), does("`hostAliases`")),
    "network.hostname": (does("`Hostname`"), does("`hostname`"), does("`hostname`")),
    "network.egress": (
        no("Docker cannot filter by destination", "use `network: none`, or an internal network with a proxy in it"),
        no("Podman cannot filter by destination", "use `network: none`, or an internal network with a proxy in it"),
        does("a NetworkPolicy; the cluster has to enforce it"),
    ),
    "network.egress.allow.domain": (
        no("Docker cannot filter by destination", "use `network: none`, or an internal network with a proxy in it"),
        no("Podman cannot filter by destination", "use `network: none`, or an internal network with a proxy in it"),
        no("a NetworkPolicy knows addresses, not domains", "write a `cidr`"),
    ),
}

_MOUNTS: Mapping[str, Row] = {
    "mounts.bind": (
        does("a bind mount; a missing source is an error"),
        does("a bind mount; a missing source is an error"),
        no("a directory of the node, which is another one on each node", "use a volume, or allow `host-path:<PATH>`"),
    ),
    "mounts.bind/yes": (does("a bind mount"), does("a bind mount"), does("`hostPath`, on whichever node it is")),
    "mounts.bind.selinux": (
        no("its mounts take no label, and its binds would make a missing source", "label it yourself, with chcon"),
        does("option `z` or `Z`"),
        no("labels are the node's affair", "leave it out"),
    ),
    "mounts.volume": (does("a named volume"), does("a named volume"), does("a PersistentVolumeClaim")),
    "mounts.volume/mapped": (
        does("a named volume"),
        no("its files would belong to nobody in a user namespace", "leave userNamespace out, or use a tmpfs"),
        does("a PersistentVolumeClaim"),
    ),
    "mounts.volume.subPath": (
        does("`Subpath`", since="26.0"),
        does("`SubPath`", since="5.0"),
        does("`subPath`"),
    ),
    "mounts.volume.size": (
        no("a local volume has no size", "leave it out: the disk of the engine is the bound"),
        no("a local volume has no size", "leave it out: the disk of the engine is the bound"),
        node("`requests.storage` of a claim that is made; whether it binds is the storage class's affair"),
    ),
    "mounts.volume.keep": everywhere(ours("deleted with the sandbox, or kept")),
    "mounts.tmpfs": (does("`Tmpfs`"), does("a tmpfs mount"), does("an emptyDir in memory")),
    "mounts.tmpfs.exec": (does("`noexec`"), does("`noexec`"), weaker("an emptyDir is mounted without `noexec`")),
    "mounts.tmpfs.exec/yes": everywhere(does("mounted without `noexec`")),
    "mounts.tmpfs.mode": (
        does("`mode=`"),
        does("`mode=`"),
        weaker("an emptyDir is writable by everybody in the pod; only the sandbox is in it"),
    ),
    "mounts.file": (
        ours("a volume of its own, named by the content, of which the sandbox gets that file, read-only"),
        ours("a volume of its own, named by the content, of which the sandbox gets that file, read-only"),
        does("an immutable ConfigMap, or a Secret"),
    ),
    "mounts.file/mapped": (
        ours("a volume of its own, named by the content, of which the sandbox gets that file, read-only"),
        no(
            "in a user namespace it would be nobody's, and only its owner may read it",
            "write mode 0444: nobody but the sandbox sees it",
        ),
        does("an immutable ConfigMap, or a Secret"),
    ),
    "mounts.configMap": (
        no("Docker has no config maps", "bind a file or a directory"),
        no("Podman has no config maps", "bind a file or a directory"),
        does("a ConfigMap volume"),
    ),
    "mounts.secret": (
        no("Docker has no store of secrets", "bind a file"),
        does("`secrets`: a Podman secret is one value, and `target` the file that holds it"),
        does("a Secret volume"),
    ),
    "mounts.secret.items": (
        no("Docker has no store of secrets", "bind a file"),
        no("a Podman secret is one value", "leave it out: `target` is the file"),
        does("`items`"),
    ),
}

_SECURITY: Mapping[str, Row] = {
    "security.profile": everywhere(ours("sets the defaults of this section")),
    "security.allow": everywhere(ours("names what may be weaker than the profile")),
    "security.user": (does("`User`"), does("`user`"), does("`runAsUser`, `runAsNonRoot`")),
    "security.group": (does("`User`"), does("`user`"), does("`runAsGroup`")),
    "security.groups": (does("`GroupAdd`"), does("`groups`"), does("`supplementalGroups`")),
    "security.fsGroup": (
        ours("owns the tmpfs, the workdir and new volumes, and is one of the groups"),
        ours("owns the tmpfs, the workdir and new volumes, and is one of the groups"),
        does("`fsGroup`"),
    ),
    "security.fsGroup/apart": (
        ours("owns the tmpfs, the workdir and new volumes, and is one of the groups"),
        no("Podman gives a tmpfs to the user and its own group", "leave it out, or make `group` the same"),
        does("`fsGroup`"),
    ),
    "security.readOnlyRoot": (
        does("`ReadonlyRootfs`"),
        does("`read_only_filesystem`, and no writable tmpfs of Podman's own"),
        does("`readOnlyRootFilesystem`"),
    ),
    "security.capabilities.drop": (does("`CapDrop`"), does("`cap_drop`"), does("`capabilities.drop`")),
    "security.capabilities.add": (
        does("`CapAdd`; for a user that is not root in the bounding set only"),
        does("`cap_add`; effective for every user"),
        does("`capabilities.add`; for a user that is not root in the bounding set only"),
    ),
    "security.noNewPrivileges": (
        does("`no-new-privileges`"),
        does("`no_new_privileges`"),
        does("`allowPrivilegeEscalation: false`"),
    ),
    "security.seccomp": (
        does("the engine's own profile"),
        does("the engine's own profile"),
        does("`RuntimeDefault`"),
    ),
    "security.seccomp.file": (
        does("`seccomp=` with the profile's text"),
        does("`seccomp_profile_path`, so the engine has to be on this machine"),
        no("a pod cannot bring a profile", "put it on the nodes, and name it with `localhost`"),
    ),
    "security.seccomp.localhost": (
        no("Docker takes the profile itself", "name the file with `file`"),
        no("Podman has no directory of profiles that a path could be below", "name the file with `file`"),
        does("`Localhost`"),
    ),
    "security.apparmor": (
        does("`apparmor=`, where the engine has AppArmor"),
        does("`apparmor_profile`"),
        does("`appArmorProfile`", since="1.30"),
    ),
    "security.selinux": (
        does("`label=`, where the engine has SELinux"),
        does("`selinux_opts`, where the engine has SELinux"),
        does("`seLinuxOptions`"),
    ),
    "security.selinux.disable": (
        does("`label=disable`"),
        does("`selinux_opts` disable"),
        no("a pod cannot switch SELinux off", "name a `type` that the node's policy allows"),
    ),
    "security.userNamespace": (
        no(
            "the daemon has one remapping for all of its containers",
            "set `userns-remap` in the daemon, or leave it out",
        ),
        does("`userns`"),
        does("`hostUsers`", since="1.33"),
    ),
    "security.userNamespace/host": (
        does("`UsernsMode` host: without the daemon's remapping, where it has one"),
        does("`userns`"),
        does("`hostUsers`", since="1.33"),
    ),
    "security.userNamespace/keep-id": (
        no("Docker cannot keep the caller's id", "leave it out, or use Podman without root"),
        does("`userns` keep-id, for an engine without root"),
        no("a pod has no user to keep", "write `auto`"),
    ),
    "security.userNamespace/private": (
        no(
            "the daemon has one remapping for all of its containers",
            "set `userns-remap` in the daemon, or leave it out",
        ),
        does("`userns` private with `idmappings`: 65536 ids of the host's that are its own, by its name"),
        does("`hostUsers: false`", since="1.33"),
    ),
    "security.runtime": (
        does("`Runtime`, which the daemon has to know"),
        node("the runtime that the Podman service was started with: its API ignores the field"),
        does("`runtimeClassName`"),
    ),
    "security.runtime/default": everywhere(does("the engine's own")),
    "security.privileged": everywhere(does("`privileged`")),
    "security.privileged/no-new-privileges": (
        does("`Privileged`, `no-new-privileges`"),
        does("`privileged`, `no_new_privileges`"),
        no(
            "a privileged pod must allow new privileges",
            "write `noNewPrivileges: false`, and allow `new-privileges`",
        ),
    ),
    "security.devices": (
        does("`Devices`"),
        does("`devices`"),
        no("a pod gets devices from a device plugin", "ask for its resource in `kubernetes.pod`"),
    ),
    "security.sysctls": (does("`Sysctls`"), does("`sysctl`"), does("`sysctls`; unsafe ones the node must allow")),
}

ROWS: Mapping[str, Row] = {**_NETWORK, **_MOUNTS, **_SECURITY}
