"""Every code of a `Problem`: what it means, a spec that has it, and one that has it no more. Data, and finding one.

docs/errors.md is made of this table. `wrong` and `right` are lines of `spec` where they are not said to be something
else; the tests hold every one of them against the loader.
"""

from __future__ import annotations

from sandboxctl.dataclass import dataclass
from sandboxctl.problems import suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code. `about` says what is wrong, in one sentence; `wrong` and `right` are an example and its fix."""

    name: str
    about: str
    wrong: str
    right: str


def find(name: str) -> Code | None:
    """The code of this name."""
    return next((code for code in TABLE if code.name == name), None)


def nearest(name: str) -> str | None:
    """The code that was probably meant."""
    return suggestion(name, [code.name for code in TABLE])


def _code(name: str, about: str, wrong: str, right: str) -> Code:
    return Code(name=name, about=about, wrong=wrong, right=right)


# One entry in two or three lines, so that all can be read at a glance.
# fmt: off
_TEXT = (
    _code("ambiguous-scalar",
          "A plain value that YAML 1.1 and YAML 1.2 read differently: quote it, or write what you mean.",
          "env: {DEBUG: no}", 'env: {DEBUG: "no"}'),
    _code("bad-name", "A name with letters or a length that it cannot have.",
          "metadata: {name: My_Sandbox}", "metadata: {name: my-sandbox}"),
    _code("bad-reference", "`${…}` that is no reference to a variable.",
          "workdir: /srv/${WORK-DIR}", "workdir: /srv/${WORK_DIR:-data}"),
    _code("control-character", "A character that cannot stand in YAML text as it is.",
          'env: {A: "\x1b[0m"}', 'env: {A: "\\x1b[0m"}'),
    _code("custom-tag", "A tag. A spec is plain text, numbers, lists and mappings.",
          "workdir: !path /srv", "workdir: /srv"),
    _code("duplicate-key", "The same key twice in one mapping: one of the two would be lost.",
          "workdir: /a\nworkdir: /b", "workdir: /b"),
    _code("empty-document", "A file, or one of its documents, with nothing in it.",
          "---", "apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nmetadata: {name: box}\nspec: {image: busybox:1.36}"),
    _code("non-string-key", "A key that is no text.", "env: {1: a}", "env: {ONE: a}"),
    _code("not-utf8", "A file that is not UTF-8.", "(a file in Latin-1)", "(the same file, saved as UTF-8)"),
    _code("nul-character", "A NUL, which no text of an engine can hold.", 'workdir: "/a\x00"', "workdir: /a"),
    _code("null-value", "A key without a value. A default is had by leaving the key out.",
          "workdir: null", "workdir: /workspace"),
    _code("recursive-alias", "An alias that holds itself.", "command: &a [*a]", "command: [sh]"),
    _code("too-deep", "Nesting of more than 64 levels.", f"command: {'[' * 70}{']' * 70}", "command: [sh]"),
    _code("too-large", "A file of more than 1 MiB.",
          "(a file of 2 MiB)", "(several files, or `source` for large contents)"),
    _code("too-many-nodes", "More than 100,000 values after aliases are expanded.",
          "(an alias of aliases of aliases)", "(the values themselves)"),
    _code("unknown-alias", "An alias of an anchor that is nowhere before it.", "command: *cmd", "command: [sh]"),
    _code("unset-variable", "A `${NAME}` for which there is no `--var` and no default.",
          "workdir: /srv/${DIR}", "workdir: /srv/${DIR:-data}"),
    _code("unsupported-number", "A number that is none anywhere else (infinite, not a number, too long).",
          "resources: {pids: .nan}", "resources: {pids: 128}"),
    _code("yaml-syntax", "Text that is not YAML.", "command: [sh, -c", "command: [sh, -c, id]"),
)

_SHAPE = (
    _code("bad-value", "A text of another form than what is asked for.", "(see the message)", "(as the message says)"),
    _code("exclusive-keys", "Two keys that exclude each other.",
          "env: {A: {fromEnv: B, fromFile: c}}", "env: {A: {fromEnv: HOME}}"),
    _code("missing-key", "A key that has to be there is not.",
          "commit: {when: manual}", "commit: {image: 'localhost/a:1'}"),
    _code("no-sandbox", "Files without a single sandbox in them.", "(a directory with policies alone)", "(a spec)"),
    _code("same-identity", "Two sandboxes of one name for one engine.",
          "(two documents with `name: py`)", "(`name: py-1` and `name: py-2`)"),
    _code("config-backends", "A project's config that says which backends are in use, or a list of none.",
          "(.sandboxctl.yaml) backends: [kubernetes]", "(the same in the user's own config.yaml)"),
    _code("config-form", "A config file with more than one document.",
          "kind: Config\n---\nkind: Config", "(one document with all in it)"),
    _code("overlay-form", "An overlay that is no mapping of fields.",
          "(an overlay) [tty]", "(an overlay) spec: {tty: true}"),
    _code("overlay-unused", "An overlay for a sandbox that is not there.",
          "(an overlay) metadata: {name: other}", "(an overlay) metadata: {name: box}"),
    _code("overlay-weakens", "An overlay that takes a safety setting away, or makes one weaker than the spec has it.",
          "(--set network=bridge over `network: none`)", "(put it into the spec itself, if it is meant for good)"),
    _code("overlay-remove", "`$remove` in an overlay that is no list of keys, or names a key that is not there.",
          "(in an overlay) $remove: tty", "(in an overlay) $remove: [tty]"),
    _code("set-path", "A `--set` of a field that cannot be there.",
          "(option) --set memory=1Gi", "(option) --set resources.memory=1Gi"),
    _code("set-syntax", "A `--set` that is not written FIELD=VALUE.", "(option) --set tty", "(option) --set tty=true"),
    _code("unknown-key", "A key that the format does not have. Nothing is ever ignored.",
          "memory: 512Mi", "resources: {memory: 512Mi}"),
    _code("unknown-value", "None of the words that there are.", "run: idel", "run: idle"),
    _code("wrong-kind", "A document that is no sandbox.", "kind: sandbox", "kind: Sandbox"),
    _code("wrong-type", "A value of another kind than what is asked for.",
          "command: sh -c id", "command: [sh, -c, id]"),
    _code("wrong-version", "A version of the format that is not this one.",
          "apiVersion: sandboxctl.dev/v9", "apiVersion: sandboxctl.dev/v1"),
)

_IMAGES_AND_PROCESSES = (
    _code("build-context", "A context that is no directory.",
          "image: {build: {context: ./nowhere}}", "image: {build: {context: .}}"),
    _code("empty-command", "A command without a program.", "command: []", "command: [sh]"),
    _code("env-name", "A name that no process can have for a variable.", 'env: {"A=B": c}', "env: {A: B=c}"),
    _code("env-not-set", "A variable of your environment that is not set.",
          "env: {A: {fromEnv: SANDBOXCTL_NO_SUCH}}", "env: {A: {fromEnv: HOME}}"),
    _code("env-syntax", "A line of an env file that is none. The line is named, its value never shown.",
          "(in an env file) KEY = value", "(in an env file) KEY=value"),
    _code("env-twice", "Two names that mean one variable.", 'env: {"\xe9": a, "e\u0301": b}', 'env: {"é": a}'),
    _code("env-value", "A value that no process can be given.", 'env: {A: "a\\0b"}', "env: {A: ab}"),
    _code("file-source", "A file mount without exactly one source.",
          "mounts: [{type: file, target: /a}]", "mounts: [{type: file, target: /a, content: hello}]"),
    _code("file-unreadable", "A file that the spec names cannot be read.", "envFiles: [./nowhere.env]", "env: {A: b}"),
    _code("fraction", "A fraction where no engine takes one.", "kubernetes: {pod: {priority: 0.5}}", "kubernetes: {}"),
    _code("ids", "Ids that are not two numbers.",
          "image: {ref: 'busybox:1.36', setup: {run: [[id]], user: root}}",
          "image: {ref: 'busybox:1.36', setup: {run: [[id]], user: '0:0'}}"),
    _code("image-credentials", "Credentials in an image reference. They are not shown, and should be changed.",
          "image: user:secret@registry.example.com/a:1", "image: registry.example.com/a:1"),
    _code("image-latest", "A warning: `latest`, written or not, is another image tomorrow.",
          "image: busybox", "image: busybox:1.36"),
    _code("image-reference", "A text that is no image reference.", "image: docker://busybox", "image: busybox:1.36"),
    _code("image-source", "An image without exactly one of `ref`, `build` and `archive`.",
          "image: {pull: always}", "image: {ref: 'busybox:1.36', pull: always}"),
    _code("literal-secret", "A warning: a value that looks like a secret stands in the spec.",
          "env: {API_TOKEN: abc}", "env: {API_TOKEN: {fromEnv: HOME}}"),
    _code("platform", "A text that is no platform.",
          "image: {ref: 'busybox:1.36', platform: amd64}", "image: {ref: 'busybox:1.36', platform: linux/amd64}"),
    _code("run-with-command", "`run` beside `command` or `args`: only one of them can say what runs.",
          "run: idle\ncommand: [sh]", "command: [sh]"),
    _code("system-workdir", "A workdir that is one of the system's directories; a workdir is made writable.",
          "workdir: /etc", "workdir: /workspace"),
    _code("unknown-signal", "A name that is no signal.",
          "lifecycle: {stopSignal: SIGFOO}", "lifecycle: {stopSignal: SIGINT}"),
    _code("workdir-not-writable", "A workdir in which the sandbox's user could not write.",
          "workdir: /data\nmounts: [{type: volume, source: data, target: /data, readOnly: true}]",
          "workdir: /data\nmounts: [{type: volume, source: data, target: /data}]"),
    _code("zero-byte", "A NUL in a text that an engine hands to the kernel.", 'command: ["a\\0b"]', "command: [ab]"),
)

_LIMITS_AND_LIFE = (
    _code("commit-auto-remove", "A commit of what the engine removes as it ends.",
          "lifecycle: {autoRemove: true}\ncommit: {image: 'localhost/a:1'}", "commit: {image: 'localhost/a:1'}"),
    _code("commit-image", "A name that a commit may not take.",
          "commit: {image: 'busybox:1.36'}", "commit: {image: 'localhost/mine:1'}"),
    _code("commit-nothing", "A warning: everything writable is memory, so there is nothing to commit.",
          "commit: {image: 'localhost/a:1'}",
          "commit: {image: 'localhost/a:1'}\nsecurity: {readOnlyRoot: false, allow: [writable-root]}"),
    _code("commit-secret", "A sensitive variable, which a commit would write into the image.",
          "env: {A: {fromEnv: HOME}}\ncommit: {image: 'localhost/a:1'}",
          "env: {A: b}\ncommit: {image: 'localhost/a:1'}"),
    _code("cpuset", "A list of CPUs that is none.", "resources: {cpuset: a-b}", 'resources: {cpuset: "0-3"}'),
    _code("gpus", "Neither a number of GPUs nor `all`.", "resources: {gpus: some}", "resources: {gpus: all}"),
    _code("health-retries", "Retries out of range.",
          'health: {command: ["true"], retries: 0}', 'health: {command: ["true"], retries: 3}'),
    _code("limit-out-of-range", "A number that no engine takes.",
          "resources: {memory: 1Mi}", "resources: {memory: 64Mi}"),
    _code("quantity", "A size, a number of CPUs or a duration that is none. Sizes need a unit.",
          "resources: {memory: 512m}", "resources: {memory: 512Mi}"),
    _code("ready-times", "Ready later than it may take.",
          "lifecycle: {ready: {minSeconds: 90, timeout: 60s}}", "lifecycle: {ready: {minSeconds: 1, timeout: 60s}}"),
    _code("request-over-limit", "A request above its limit.",
          "resources: {cpu: 500m, requests: {cpu: 1}}", "resources: {cpu: 1, requests: {cpu: 1}}"),
    _code("restart-excludes", "What cannot be kept where the engine restarts by itself.",
          "lifecycle: {ttl: 1h, restart: always}", "lifecycle: {ttl: 1h}"),
    _code("restart-max", "A number of restarts that the policy does not count.",
          "lifecycle: {restart: {policy: always, max: 3}}", "lifecycle: {restart: {policy: on-failure, max: 3}}"),
    _code("shares-twice", "Two fields that both set the CPU shares.",
          "resources: {cpuShares: 512, requests: {cpu: 1}}", "resources: {cpuShares: 512}"),
    _code("ulimit", "A limit of a process that is none.",
          "resources: {ulimits: {nofile: {soft: 10, hard: 5}}}", "resources: {ulimits: {nofile: {soft: 5, hard: 10}}}"),
    _code("ulimit-twice", "One limit of a process under two spellings.",
          "resources: {ulimits: {nofile: 10, RLIMIT_NOFILE: 20}}", "resources: {ulimits: {nofile: 10}}"),
    _code("unknown-ulimit", "A name that is no limit of a process.",
          "resources: {ulimits: {files: 10}}", "resources: {ulimits: {nofile: 10}}"),
    _code("zero-time", "A time that has to be longer than 0s.", "lifecycle: {ttl: 0s}", "lifecycle: {ttl: 1h}"),
)

_NETWORK = (
    _code("address", "An address, or a network, that is none.",
          "network: {mode: bridge, dns: {servers: [dns.example.com]}}",
          "network: {mode: bridge, dns: {servers: [192.0.2.1]}}"),
    _code("egress-without-network", "Rules of the way out where there is none.",
          "network: {egress: {allow: [{cidr: 192.0.2.0/24}]}}",
          "network: {mode: bridge, egress: {allow: [{cidr: 192.0.2.0/24}]}}"),
    _code("host-twice", "One host name twice.",
          "network: {mode: bridge, hosts: {db: 192.0.2.1, DB: 192.0.2.2}}",
          "network: {mode: bridge, hosts: {db: 192.0.2.1}}"),
    _code("hostname", "A host name that is none.", "network: {hostname: my_box}", "network: {hostname: my-box}"),
    _code("hostname-of-host", "A host name of one's own with the host's network.",
          "network: {mode: host, hostname: a}\nsecurity: {allow: [host-network]}",
          "network: {mode: host}\nsecurity: {allow: [host-network]}"),
    _code("network-internal", "`internal` of a network that is not made here.",
          "network: {name: lab, internal: true}", "network: {name: lab, create: true, internal: true}"),
    _code("network-mode", "A mode that there is not, or one beside the name of a network.",
          "network: {mode: none, name: lab}", "network: {name: lab}"),
    _code("network-name", "A text that is no name of a network.", 'network: "a b"', "network: lab"),
    _code("network-name-missing", "A network without its name.",
          "network: {mode: bridge, create: true}", "network: {name: lab, create: true}"),
    _code("port", "A port that is none.",
          "network: {mode: bridge, ports: ['8080:70000']}", "network: {mode: bridge, ports: ['8080:80']}"),
    _code("port-twice", "One port of the host for two.",
          "network: {mode: bridge, ports: ['8080:80', '8080:81']}",
          "network: {mode: bridge, ports: ['8080:80', '8081:81']}"),
    _code("ports-without-network", "Ports where nothing can reach them.",
          "network: {mode: none, ports: ['8080:80']}", "network: {mode: bridge, ports: ['8080:80']}"),
    _code("public-port", "A warning: a port that other machines reach.",
          "network: {mode: bridge, ports: ['0.0.0.0:80:80']}\nsecurity: {allow: [public-port]}",
          "network: {mode: bridge, ports: ['80:80']}"),
    _code("reserved-network", "A name that is kept for what is to come.", "network: public", "network: bridge"),
)

_MOUNTS = (
    _code("bind-escape", "A relative source that leaves the spec's directory.",
          "mounts: [{type: bind, source: ../.., target: /data}]", "mounts: [{type: bind, source: ., target: /data}]"),
    _code("bind-home", "`~`, which is not expanded.",
          "mounts: [{type: bind, source: ~/data, target: /data}]", "mounts: [{type: bind, source: ., target: /data}]"),
    _code("bind-kind", "A source that is neither a file nor a directory.",
          "mounts: [{type: bind, source: /dev/null, target: /data}]\nsecurity: {allow: ['host-path:/dev/null']}",
          "mounts: [{type: bind, source: ., target: /data}]"),
    _code("bind-link", "An absolute source with a link on the way.",
          "mounts: [{type: bind, source: /proc/self/cwd, target: /data}]",
          "mounts: [{type: bind, source: ., target: /data}]"),
    _code("bind-missing", "A source that is not there. It is never created.",
          "mounts: [{type: bind, source: ./nowhere, target: /data}]",
          "mounts: [{type: bind, source: ., target: /data}]"),
    _code("bind-not-writable", "A writable bind in which the sandbox's user could not write.",
          "mounts: [{type: bind, source: /usr/share, target: /data, readOnly: false}]",
          "mounts: [{type: bind, source: /usr/share, target: /data}]"),
    _code("mode", "Permissions that are not three or four octal digits.",
          "mounts: [{type: tmpfs, target: /a, mode: rwx}]", "mounts: [{type: tmpfs, target: /a, mode: '0700'}]"),
    _code("mount-in-file", "A mount below a mounted file.",
          "mounts: [{type: file, target: /a, content: x}, {type: tmpfs, target: /a/b}]",
          "mounts: [{type: file, target: /a/c, content: x}, {type: tmpfs, target: /a/b}]"),
    _code("mount-target", "A target on which nothing can be mounted.",
          "mounts: [{type: tmpfs, target: /proc/a}]", "mounts: [{type: tmpfs, target: /data}]"),
    _code("mount-twice", "One target twice.",
          "mounts: [{type: tmpfs, target: /a}, {type: tmpfs, target: /a/}]", "mounts: [{type: tmpfs, target: /a}]"),
    _code("path", "A path that is none, or that engines would take for something else.",
          "workdir: data", "workdir: /data"),
    _code("tmpfs-mode", "A mode with which the sandbox's own user could not use its tmpfs.",
          "mounts: [{type: tmpfs, target: /a, mode: '0500'}]", "mounts: [{type: tmpfs, target: /a, mode: '0700'}]"),
    _code("tmpfs-over-memory", "Sizes of tmpfs mounts that are together more than the memory.",
          "mounts: [{type: tmpfs, target: /a, size: 1Gi}]",
          "mounts: [{type: tmpfs, target: /a, size: 1Gi}]\nresources: {memory: 2Gi}"),
    _code("tmpfs-size", "A tmpfs of no size, which would be one without a limit.",
          "mounts: [{type: tmpfs, target: /a, size: 0Mi}]", "mounts: [{type: tmpfs, target: /a, size: 64Mi}]"),
    _code("volume-name", "A text that is no name of a volume.",
          "mounts: [{type: volume, source: ./data, target: /a}]", "mounts: [{type: volume, source: data, target: /a}]"),
)

_SECURITY = (
    _code("allow-unused", "A warning: a name in `security.allow` that nothing needs.",
          "security: {allow: [root-user]}", "security: {user: 0, allow: [root-user]}"),
    _code("device-permissions", "Permissions of a device that are not made of r, w and m.",
          "security: {devices: [{source: /dev/kvm, permissions: x}], allow: ['device:/dev/kvm']}",
          "security: {devices: [{source: /dev/kvm, permissions: rw}], allow: ['device:/dev/kvm']}"),
    _code("id-out-of-range", "An id that Linux does not have.", "security: {user: -1}", "security: {user: 10001}"),
    _code("label-clash", "One name as a label and as an annotation.",
          "metadata: {name: box, labels: {a: b}, annotations: {a: c}}", "metadata: {name: box, labels: {a: b}}"),
    _code("label-name", "A name that no label can have.",
          'metadata: {name: box, labels: {"a b": c}}', "metadata: {name: box, labels: {a-b: c}}"),
    _code("reserved-label", "A name that belongs to an engine or to sandboxctl.",
          "metadata: {name: box, labels: {sandboxctl.dev/x: a}}", "metadata: {name: box, labels: {example.com/x: a}}"),
    _code("seccomp-profile", "A seccomp profile that is none.",
          "security: {seccomp: {file: ./notes.txt}}", "security: {seccomp: default}"),
    _code("sysctl-of-host", "A kernel setting that no sandbox has of its own: it would change the whole host.",
          "security: {sysctls: {vm.swappiness: '1'}, allow: ['sysctl:vm.swappiness']}",
          "security: {sysctls: {net.core.somaxconn: '1'}, allow: ['sysctl:net.core.somaxconn']}"),
    _code("sysctl-twice", "One kernel setting under two spellings.",
          "security: {sysctls: {kernel.sem: '1', kernel/sem: '2'}, allow: ['sysctl:kernel.sem']}",
          "security: {sysctls: {kernel.sem: '1'}, allow: ['sysctl:kernel.sem']}"),
    _code("unknown-capability", "A name that is no capability of Linux.",
          "security: {capabilities: {add: [NET_ADMN]}}",
          "security: {capabilities: {add: [NET_ADMIN]}, allow: ['capability:NET_ADMIN']}"),
    _code("unknown-weakening", "A name in `security.allow` that nothing has.",
          "security: {user: 0, allow: [root]}", "security: {user: 0, allow: [root-user]}"),
    _code("weakening-not-allowed", "A weakening that the spec does not name in `security.allow`.",
          "security: {user: 0}", "security: {user: 0, allow: [root-user]}"),
)

_ENGINES = (
    _code("image-not-found", "An image that the engine does not have and may not pull.",
          "image: {ref: 'mine:1', pull: never}", "(load the image first, or leave `pull` out)"),
    _code("image-volume", "A volume of the image that nothing covers: a writable directory without a limit.",
          "image: postgres:17", "mounts: [{type: tmpfs, target: /var/lib/postgresql/data, size: 256Mi}]"),
    _code("keep-id-of-root", "`keep-id` on an engine that runs as root.",
          "security: {userNamespace: keep-id}", "security: {userNamespace: auto}"),
    _code("limits-ignored", "Limits that the engine, which runs without root, would ignore.",
          "(a rootless engine without delegated control groups)",
          "(`Delegate=cpu cpuset memory pids` in user@.service)"),
    _code("network-not-found", "A network that the engine does not have.",
          "network: lab", "network: {name: lab, create: true}"),
    _code("no-such-module", "A security module that the engine's host does not have.",
          "security: {apparmor: mine}", "(a host with AppArmor, or without the field)"),
    _code("no-such-runtime", "A runtime that the engine does not have.",
          "security: {runtime: gvisor}", "(an engine set up with gVisor, or without the field)"),
    _code("not-built-yet", "A field that this version cannot do on this backend. Nothing is ever ignored.",
          "(see `sandboxctl explain --field FIELD`)", "(another backend, or without the field)"),
    _code("refused-by-backend", "A field that this backend does not have.",
          "(see `sandboxctl explain --field FIELD`)", "(another backend, or without the field)"),
    _code("remote-bind", "A bind on an engine that is on another machine.",
          "mounts: [{type: bind, source: ./data, target: /data}]",
          "mounts: [{type: volume, source: data, target: /data}]"),
    _code("too-many-cpus", "More CPUs than the engine's host has.", "resources: {cpu: 512}", "resources: {cpu: 2}"),
)

_POLICY = (
    _code("policy-bind", "A mount of a directory that a policy does not name.",
          "mounts: [{type: bind, source: /usr/share, target: /data}]", "(in the policy) bindSources: [/usr/share]"),
    _code("policy-digest", "An image without a digest where a policy requires one.",
          "image: busybox:1.36", "image: busybox@sha256:…"),
    _code("policy-image", "A build or an archive where a policy wants a reference.",
          "image: {build: {context: .}}", "(in the policy) images: {sources: [ref, build]}"),
    _code("policy-label", "A label that a policy requires is not there.",
          "metadata: {name: box}", "metadata: {name: box, labels: {team: ml}}"),
    _code("policy-limit", "More than a policy allows, or no limit at all.",
          "resources: {memory: 64Gi}", "resources: {memory: 4Gi}"),
    _code("policy-network", "A network that a policy does not name.", "network: bridge", "network: none"),
    _code("policy-registry", "An image from a registry that a policy does not name.",
          "image: quay.io/other/python:3", "image: docker.io/library/python:3.12"),
    _code("policy-runtime", "A runtime that a policy does not name.",
          "security: {runtime: mine}", "security: {runtime: default}"),
    _code("policy-weakening", "A weakening that a policy does not allow, whatever brings it.",
          "security: {profile: baseline}", "security: {profile: restricted}"),
)

# fmt: on
SECTIONS = (
    ("Text and YAML", _TEXT),
    ("The format", _SHAPE),
    ("Images and processes", _IMAGES_AND_PROCESSES),
    ("Limits and life", _LIMITS_AND_LIFE),
    ("Network", _NETWORK),
    ("Mounts", _MOUNTS),
    ("Security and labels", _SECURITY),
    ("What an engine has not", _ENGINES),
    ("Policies", _POLICY),
)  # fmt: skip

TABLE = tuple(code for _, codes in SECTIONS for code in codes)
