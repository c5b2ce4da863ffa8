"""What a sandbox promises, and how it is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandboxctl import derive
from sandboxctl.backends.base import Engine, ImageConfig, Json
from sandboxctl.capabilities import weaker
from sandboxctl.fields import wanted
from sandboxctl.quantity import Bytes, MilliCpu
from sandboxctl.spec import (
    BindMount,
    Capabilities,
    Device,
    FileMount,
    Image,
    Lifecycle,
    Network,
    Resources,
    Sandbox,
    Seccomp,
    Security,
    TmpfsMount,
    Ulimit,
    VolumeMount,
)
from sandboxctl.verify.controls import Promise, bounding_set, promises, traits_of
from sandboxctl.verify.facts import Facts, facts
from sandboxctl.verify.judge import Control, Evidence, Source, from_engine, judge
from sandboxctl.verify.readings import Reading, from_facts
from tests.unit.verify_samples import sample, texts

PY = Sandbox(name="py", image=Image(ref="docker.io/library/busybox:1"))
BASELINE = Security(
    profile="baseline",
    user=None,
    group=None,
    fs_group=None,
    read_only_root=False,
    capabilities=Capabilities(drop=()),
)


DOCKER = Engine(backend="docker", endpoint="", version="20.10.24")
PODMAN = Engine(
    backend="podman",
    endpoint="",
    version="4.3.1",
    default_capabilities=("CHOWN", "KILL"),
    added_capabilities_reach_users=True,
)


def expected(sandbox: Sandbox, *, engine: Engine = DOCKER, image: ImageConfig | None = None) -> dict[str, Promise]:
    return {each.control: each for each in promises(sandbox, traits=traits_of(engine), image=image)}


def judged(sandbox: Sandbox, *sources: tuple[Evidence, Facts], accepted: tuple[str, ...] = ()) -> dict[str, Control]:
    asked: list[Source] = [(name, lambda promise, known=known: from_facts(promise, known)) for name, known in sources]
    return {name: judge(promise, asked, accepted=accepted) for name, promise in expected(sandbox).items()}


def statuses(controls: dict[str, Control]) -> dict[str, str]:
    return {name: control.status for name, control in controls.items()}


def test_the_default_sandbox_promises_these_controls_at_these_fields() -> None:
    assert {name: each.path for name, each in expected(PY).items()} == {
        "state": (),
        "user": ("security", "user"),
        "group": ("security", "group"),
        "groups": ("security", "groups"),
        "capabilities.effective": ("security", "capabilities"),
        "capabilities.permitted": ("security", "capabilities"),
        "capabilities.inheritable": ("security", "capabilities"),
        "capabilities.bounding": ("security", "capabilities"),
        "capabilities.ambient": ("security", "capabilities"),
        "no-new-privileges": ("security", "noNewPrivileges"),
        "seccomp": ("security", "seccomp"),
        "root-filesystem": ("security", "readOnlyRoot"),
        "mount:/tmp": ("security", "readOnlyRoot"),
        "mount:/workspace": ("resources", "scratch"),
        "mount:/dev/shm": ("resources", "shm"),
        "memory": ("resources", "memory"),
        "swap": ("resources", "swap"),
        "cpu": ("resources", "cpu"),
        "pids": ("resources", "pids"),
        "ulimit:core": ("resources", "ulimits", "core"),
        "ulimit:nofile": ("resources", "ulimits", "nofile"),
        "namespace.pid": (),
        "namespace.ipc": (),
        "namespace.net": ("network", "mode"),
        "namespace.mnt": (),
        "namespace.uts": (),
        "namespace.cgroup": (),
        "namespace.user": ("security", "userNamespace"),
        "network": ("network", "mode"),
        "hostname": ("network", "hostname"),
        "init": ("lifecycle", "init"),
        "engine-socket": (),
        "service-account-token": (),
    }


def test_the_hosts_kernel_proves_every_control_of_the_default_sandbox() -> None:
    controls = judged(PY, ("kernel", sample("docker-kernel-v1")))
    assert set(statuses(controls).values()) == {"proved"}
    assert {control.evidence for control in controls.values()} == {"kernel"}


def test_the_sandboxs_own_shell_only_reports() -> None:
    controls = judged(PY, ("inside", sample("docker-inside-v1")))
    assert {name: status for name, status in statuses(controls).items() if status != "reported"} == {
        "namespace.net": "unprovable",
        "namespace.mnt": "unprovable",
    }


def test_a_podman_sandbox_on_cgroup_v2_is_proved_with_its_mapped_ids() -> None:
    sandbox = replace(
        PY,
        resources=Resources(cpu=MilliCpu(500)),
        network=Network(mode="bridge"),
        security=Security(user_namespace="auto", groups=(7,)),
    )
    assert set(statuses(judged(sandbox, ("kernel", sample("podman-kernel-v2")))).values()) == {"proved"}


def test_of_gvisor_the_kernel_proves_the_limits_and_the_rest_is_reported_or_cannot_be_known() -> None:
    sandbox = replace(PY, security=Security(runtime="gvisor"), mounts=())
    controls = judged(sandbox, ("kernel", sample("gvisor-kernel")), ("inside", sample("gvisor-inside")))
    status = statuses(controls)
    assert {name for name, each in status.items() if each == "proved"} == {
        "state", "memory", "swap", "pids", "network", "runtime",
    }  # fmt: skip
    assert {name for name, each in status.items() if each == "unprovable"} >= {"seccomp", "cpu", "ulimit:nofile"}
    assert (status["user"], status["capabilities.bounding"], status["root-filesystem"]) == ("reported",) * 3


def test_in_a_pod_gvisor_tells_of_a_mount_all_but_what_its_gofer_hides() -> None:
    sandbox = replace(PY, resources=Resources(memory=Bytes(64 * 2**20)), security=Security(runtime="gvisor"))
    pods = replace(DOCKER, backend="kubernetes", pods=True)
    less = tuple(".".join(field) for field, _ in weaker(sandbox, "kubernetes"))
    promised = {each.control: each for each in promises(sandbox, traits=traits_of(pods), image=None, less=less)}
    seen = sample("gvisor-pod-inside")
    told = {name: from_facts(promised[name], seen) for name in ("mount:/tmp", "mount:/workspace", "mount:/dev/shm")}
    owner = {"readOnly": False, "size": 64 * 2**20, "owner": "0:10001", "writable": True}
    assert told == {
        "mount:/tmp": Reading(actual=owner, matches=False, weaker=True, detail="differs in owner"),
        "mount:/workspace": Reading(actual=owner, matches=False, weaker=True, detail="differs in owner, size"),
        "mount:/dev/shm": Reading(
            actual={"type": "tmpfs", "readOnly": False, "exec": True, "size": -1, "writable": True},
            matches=False, weaker=False, detail="differs in exec, size",
        ),
    }  # fmt: skip
    assert from_facts(promised["user"], seen) == Reading(actual=10001, matches=True)


TASK = texts("docker-kernel-v1")["2/status"]
MOUNTS = texts("docker-kernel-v1")["mountinfo"]
LIMITS = texts("docker-kernel-v1")["2/limits"]


@pytest.mark.parametrize(
    ("control", "changed", "actual"),
    [
        ("user", {"2__status": TASK.replace("Uid:\t10001\t10001", "Uid:\t10001\t0")}, [10001, 0, 10001, 10001]),
        ("user", {"1__status": TASK.replace("Uid:\t" + "\t".join(["10001"] * 4), "Uid:\t0\t0\t0\t0")}, 0),
        ("group", {"2__status": TASK.replace("Gid:\t" + "\t".join(["10001"] * 4), "Gid:\t0\t0\t0\t0")}, 0),
        ("groups", {"2__status": TASK.replace("Groups:\t10001", "Groups:\t0 27 10001")}, [0, 27]),
        (
            "capabilities.bounding",
            {"2__status": TASK.replace("CapBnd:\t0000000000000000", "CapBnd:\t0000000000002000")},
            ["NET_RAW"],
        ),
        (
            "capabilities.effective",
            {"1__status": TASK.replace("CapEff:\t0000000000000000", "CapEff:\t0000000000000001")},
            ["CHOWN"],
        ),
        ("no-new-privileges", {"2__status": TASK.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0")}, False),
        ("seccomp", {"2__status": TASK.replace("Seccomp:\t2", "Seccomp:\t0")}, "off"),
        ("root-filesystem", {"mountinfo": MOUNTS.replace("/ / ro,", "/ / rw,")}, "writable"),
        ("memory", {"cg__memory.limit_in_bytes": "9223372036854771712"}, -1),
        ("memory", {"cg__memory.limit_in_bytes": "536936448"}, 536936448),
        ("swap", {"cg__memory.memsw.limit_in_bytes": "1073741824"}, 536870912),
        ("cpu", {"cg__cpu.cfs_quota_us": "-1"}, -1),
        ("pids", {"cg__pids.max": "max"}, -1),
        ("ulimit:nofile", {"2__limits": LIMITS.replace("1024                 1024", "1024                 4096")},
         {"soft": 1024, "hard": 4096}),
        ("namespace.pid", {"ns__pid": "pid:[4026531836]"}, "host"),
        ("namespace.net", {"ns__net": "net:[4026531833]"}, "host"),
        ("network", {"net__dev": texts("podman-kernel-v2")["net/dev"]}, "bridge"),
        ("hostname", {"hostname": "other"}, "other"),
        ("init", {"1__cmdline": "sleep\0infinity\0", "1__exe": "/bin/sleep"}, False),
        ("engine-socket", {"sockets": "/run/docker.sock\n"}, ["/run/docker.sock"]),
        ("service-account-token", {"token": "/var/run/secrets/kubernetes.io/serviceaccount/token"}, "present"),
        ("mount:/workspace", {"mountinfo": "\n".join(MOUNTS.splitlines()[:3])}, None),
    ],
)  # fmt: skip
def test_what_is_not_as_promised_fails_and_is_shown(control: str, changed: dict[str, str], actual: Json) -> None:
    found = judged(PY, ("kernel", sample("docker-kernel-v1", **changed)))[control]
    assert (found.status, found.evidence, found.actual) == ("failed", "kernel", actual)


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"mountinfo": MOUNTS.replace("/tmp rw,nosuid,nodev,noexec,", "/tmp rw,nosuid,nodev,")}, "exec"),
        ({"mountinfo": MOUNTS.replace("/tmp rw,nosuid,nodev,noexec,", "/tmp rw,nodev,noexec,")}, "suid"),
        ({"mountinfo": MOUNTS.replace("/tmp rw,nosuid,nodev,noexec,", "/tmp rw,nosuid,noexec,")}, "dev"),
        ({"mountinfo": MOUNTS.replace("/tmp rw,", "/tmp ro,")}, "readOnly, writable"),
        ({"mountinfo": MOUNTS.replace("tmpfs rw,size=65536k,mode=700", "tmpfs rw,mode=700")}, "size"),
        ({"mountinfo": MOUNTS.replace("/tmp rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=65536k",
                                      "/tmp rw,nosuid,nodev,noexec,relatime - ramfs none rw,size=65536k")}, "type"),
        ({"place:/tmp": "stat 0 0 41ed 0:0\npath /tmp"}, "owner, writable"),
        ({"place:/tmp": "stat 0 10001 41f8 0:0\npath /tmp"}, "owner"),
    ],
)  # fmt: skip
def test_each_part_of_a_tmpfs_is_compared(changed: dict[str, str], differs: str) -> None:
    found = judged(PY, ("kernel", sample("docker-kernel-v1", **changed)))["mount:/tmp"]
    assert (found.status, found.detail) == ("failed", f"differs in {differs}")


@pytest.mark.parametrize(("mode", "status"), [("0755", "proved"), ("0700", "weaker"), ("1777", "failed")])
def test_a_written_mode_counts_and_the_default_one_may_be_looser_for_others(mode: str, status: str) -> None:
    sandbox = replace(PY, mounts=(TmpfsMount(target="/tmp", mode=mode),))
    assert judged(sandbox, ("kernel", sample("docker-kernel-v1")))["mount:/tmp"].status == status


def with_mount(line: str, target: str, place: str) -> Facts:
    return sample("docker-kernel-v1", **{"mountinfo": f"{MOUNTS}\n{line}", f"place:{target}": place})


@pytest.mark.parametrize(
    ("mount", "options", "place", "status"),
    [
        (BindMount(target="/data", source="/srv"), "ro", "stat 0 0 41ed 0:0", "proved"),
        (BindMount(target="/data", source="/srv"), "rw", "stat 0 0 41ed 0:0", "failed"),
        (BindMount(target="/data", source="/srv", read_only=False), "rw", "stat 10001 5 41ed 0:0", "proved"),
        (BindMount(target="/data", source="/srv", read_only=False), "rw", "stat 0 10001 41fd 0:0", "proved"),
        (BindMount(target="/data", source="/srv", read_only=False), "rw", "stat 0 0 41fd 0:0", "failed"),
        (VolumeMount(target="/data", source="v"), "rw", "stat 10001 10001 41c0 0:0", "proved"),
        (VolumeMount(target="/data", source="v"), "ro", "stat 10001 10001 41c0 0:0", "failed"),
        (FileMount(target="/data", content="x"), "ro", "stat 0 0 8124 0:0", "proved"),
        (FileMount(target="/data", content="x"), "ro", "stat 0 0 81a4 0:0", "failed"),
    ],
)
def test_binds_volumes_and_files_are_as_writable_as_they_should_be(
    mount: BindMount | VolumeMount | FileMount, options: str, place: str, status: str
) -> None:
    known = with_mount(f"99 74 8:1 /srv /data {options},relatime - ext4 /dev/sda1 rw", "/data", f"{place}\npath /data")
    controls = judged(replace(PY, mounts=(mount,)), ("kernel", known))
    assert controls["mount:/data"].status == status


def test_a_read_only_bind_with_something_writable_mounted_below_is_not_read_only() -> None:
    lines = "99 74 8:1 /srv /data ro - ext4 /dev/sda1 rw\n100 99 8:2 / /data/inner rw - ext4 /dev/sda2 rw"
    known = with_mount(lines, "/data", "stat 0 0 41ed 0:0\npath /data")
    sandbox = replace(PY, mounts=(BindMount(target="/data", source="/srv"),))
    assert judged(sandbox, ("kernel", known))["mount:/data"].actual == {"readOnly": False, "writable": False}


def test_a_target_behind_a_link_is_found_where_the_link_leads() -> None:
    line = "99 74 8:1 /srv /run/data ro - ext4 /dev/sda1 rw"
    sandbox = replace(PY, mounts=(BindMount(target="/var/run/data", source="/srv"),))
    resolved = with_mount(line, "/var/run/data", "stat 0 0 41ed 0:0\npath /run/data")
    unresolved = with_mount(line, "/var/run/data", "stat 0 0 41ed 0:0")
    assert judged(sandbox, ("kernel", resolved))["mount:/var/run/data"].status == "proved"
    assert judged(sandbox, ("probe", unresolved))["mount:/var/run/data"].status == "unprovable"


def test_the_kernel_rounds_limits_to_pages() -> None:
    sandbox = replace(PY, resources=Resources(memory=Bytes(536_872_000), shm=Bytes(67_108_000)))
    controls = judged(sandbox, ("kernel", sample("docker-kernel-v1")))
    assert (controls["memory"].status, controls["mount:/dev/shm"].status) == ("proved", "proved")


def test_without_an_account_of_swap_nobody_can_prove_it() -> None:
    known = {key: text for key, text in texts("docker-kernel-v1").items() if "memsw" not in key}
    found = judged(PY, ("kernel", facts(known)), ("inside", sample("docker-inside-v1")))["swap"]
    assert (found.status, found.evidence, found.detail) == ("unprovable", None, "this kernel keeps no account of swap")


@pytest.mark.parametrize(
    ("permissions", "rules", "place", "status"),
    [
        ("rw", "c 10:229 rw", "stat 0 0 2190 a:e5", "proved"),
        ("r", "c 10:229 r\nc *:* m", "stat 0 0 2190 a:e5", "proved"),
        ("rwm", "c 10:229 rwm", "stat 0 0 2190 a:e5", "proved"),
        ("r", "c 10:229 rw", "stat 0 0 2190 a:e5", "failed"),
        ("rw", "b 10:229 rw", "stat 0 0 2190 a:e5", "failed"),
        ("rw", "a *:* rwm", "stat 0 0 6190 8:0", "proved"),
        ("rw", "c 10:229 rw", "absent", "failed"),
    ],
)
def test_a_device_is_there_with_its_permissions_and_no_more(
    permissions: str, rules: str, place: str, status: str
) -> None:
    device = Device(source="/dev/fuse", target="/dev/fuse", permissions=permissions)
    known = sample("docker-kernel-v1", **{"cg__devices.list": rules, "place:/dev/fuse": place})
    controls = judged(replace(PY, security=Security(devices=(device,))), ("kernel", known))
    assert controls["device:/dev/fuse"].status == status


def test_the_strongest_source_that_knows_decides() -> None:
    kernel = facts({key: text for key, text in texts("docker-kernel-v1").items() if key != "hostname"})
    inside = sample("docker-inside-v1", cg__pids_max="max", hostname="py")
    controls = judged(PY, ("kernel", kernel), ("inside", inside))
    assert (controls["hostname"].status, controls["hostname"].evidence) == ("reported", "inside")
    assert (controls["pids"].status, controls["pids"].evidence) == ("proved", "kernel")


def test_a_weaker_source_is_not_asked_once_nothing_is_open() -> None:
    def sources() -> Iterator[Source]:
        yield "kernel", lambda promise: from_facts(promise, sample("docker-kernel-v1"))
        pytest.fail("a weaker source was asked")

    assert judge(expected(PY)["user"], sources()).status == "proved"


def test_which_named_network_it_is_on_only_the_engine_knows() -> None:
    sandbox = replace(PY, network=Network(mode="named", name="lab"))
    live = wanted(sandbox).fields
    promise = expected(sandbox)["network"]
    sources: list[Source] = [
        ("kernel", lambda promise: from_facts(promise, sample("podman-kernel-v2"))),
        ("inside", lambda promise: pytest.fail("it cannot know")),
        ("engine", lambda promise: from_engine(promise, wanted(sandbox), live, frozenset())),
    ]
    found = judge(promise, sources)
    assert (found.status, found.evidence, found.actual) == ("reported", "engine", "lab")


def test_a_sandbox_without_interfaces_is_on_no_network_whatever_the_engine_says() -> None:
    sandbox = replace(PY, network=Network(mode="named", name="lab"))
    assert judged(sandbox, ("kernel", sample("docker-kernel-v1")))["network"].status == "failed"


def test_the_engines_answer_reports_and_its_difference_fails() -> None:
    desired = wanted(PY)
    promise = expected(PY)["capabilities.bounding"]
    same: list[Source] = [("engine", lambda each: from_engine(each, desired, desired.fields, frozenset()))]
    live = {**desired.fields, ("security", "capabilities", "add"): ["SYS_ADMIN"]}
    other: list[Source] = [("engine", lambda each: from_engine(each, desired, live, frozenset()))]
    hidden: list[Source] = [("engine", lambda each: from_engine(each, desired, live, frozenset({("security",)})))]
    assert (judge(promise, same).status, judge(promise, same).actual) == ("reported", [])
    assert (judge(promise, other).status, judge(promise, other).actual) == (
        "failed",
        {"security.capabilities.add": ["SYS_ADMIN"]},
    )
    assert judge(promise, hidden).status == "unprovable"


@pytest.mark.parametrize(
    ("accepted", "status"), [((), "failed"), (("resources.pids",), "weaker"), (("resources",), "weaker")]
)
def test_what_the_spec_accepts_as_weaker_is_weaker(accepted: tuple[str, ...], status: str) -> None:
    known = sample("docker-kernel-v1", **{"cg__pids.max": "max"})
    assert judged(PY, ("kernel", known), accepted=accepted)["pids"].status == status


@pytest.mark.parametrize(
    ("security", "engine", "effective", "bounding", "ambient"),
    [
        (Security(), DOCKER, [], [], []),
        (Security(capabilities=Capabilities(add=("NET_ADMIN",))), DOCKER, [], ["NET_ADMIN"], []),
        (
            Security(capabilities=Capabilities(add=("NET_ADMIN",))),
            PODMAN,
            ["NET_ADMIN"],
            ["NET_ADMIN"],
            ["NET_ADMIN"],
        ),
        (
            Security(user=0, group=0, capabilities=Capabilities(add=("NET_ADMIN",))),
            PODMAN,
            ["NET_ADMIN"],
            ["NET_ADMIN"],
            [],
        ),
    ],
)
def test_capabilities_reach_a_user_as_the_engine_gives_them(
    security: Security, engine: Engine, effective: list[Json], bounding: list[Json], ambient: list[Json]
) -> None:
    found = expected(replace(PY, security=security), engine=engine)
    assert [found[f"capabilities.{name}"].expected for name in ("effective", "bounding", "ambient")] == [
        effective,
        bounding,
        ambient,
    ]


def test_an_engines_default_set_is_what_drop_and_add_start_from() -> None:
    default = traits_of(DOCKER).default_capabilities
    assert len(default) == 14
    assert traits_of(PODMAN).default_capabilities == {"CHOWN", "KILL"}
    assert bounding_set(Capabilities(drop=("NET_RAW",), add=("SYS_ADMIN",)), default) == (
        default - {"NET_RAW"} | {"SYS_ADMIN"}
    )
    assert "SYS_BOOT" in bounding_set(Capabilities(drop=("NET_RAW",), add=("ALL",)), default)


@pytest.mark.parametrize(
    ("image", "ids"),
    [
        (None, (None, None)),
        ("", (0, 0)),
        ("root", (0, 0)),
        ("1000", (1000, None)),
        ("1000:50", (1000, 50)),
        ("postgres", (None, None)),
    ],
)
def test_the_images_user_is_expected_as_far_as_it_is_a_number(
    image: str | None, ids: tuple[int | None, int | None]
) -> None:
    config = None if image is None else ImageConfig(id="sha256:1", user=image)
    assert derive.user_ids(replace(PY, security=BASELINE), config) == ids


def test_a_user_that_the_image_names_is_only_reported() -> None:
    promise = expected(replace(PY, security=BASELINE), image=ImageConfig(id="x", user="postgres"))["user"]
    found = judge(promise, [("kernel", lambda each: from_facts(each, sample("docker-kernel-v1")))])
    assert (found.expected, found.actual, found.status) == ("postgres", 10001, "reported")


def test_what_the_spec_gives_away_is_expected_to_be_gone() -> None:
    sandbox = replace(
        PY,
        network=Network(mode="host"),
        lifecycle=Lifecycle(init=False),
        security=replace(BASELINE, seccomp=Seccomp(kind="unconfined"), no_new_privileges=False, user_namespace="auto"),
        resources=Resources(ulimits={"nproc": Ulimit(soft=1, hard=2)}),
    )
    found = expected(sandbox)
    assert {name: found[name].expected for name in ("seccomp", "no-new-privileges", "root-filesystem", "network")} == {
        "seccomp": "off",
        "no-new-privileges": False,
        "root-filesystem": "writable",
        "network": "host",
    }
    assert (found["namespace.net"].expected, found["namespace.user"].expected) == ("host", "own")
    assert (found["init"].expected, found["ulimit:nproc"].expected) == (False, {"soft": 1, "hard": 2})
    assert not {"hostname", "mount:/tmp", "ulimit:nofile"} & set(found)


def test_json_has_exactly_the_documented_keys() -> None:
    found = judged(PY, ("kernel", sample("docker-kernel-v1")))["ulimit:core"]
    assert found.to_json() == {
        "control": "ulimit:core",
        "path": ["resources", "ulimits", "core"],
        "expected": {"soft": 0, "hard": 0},
        "actual": {"soft": 0, "hard": 0},
        "status": "proved",
        "evidence": "kernel",
    }


@pytest.mark.parametrize(
    ("profile", "status", "evidence", "actual"),
    [
        ("default", "proved", "kernel", "filter"),
        ("sha256:lax", "failed", "engine", {"security.seccomp": "sha256:lax"}),
    ],
)
def test_where_the_kernel_does_not_say_which_one_it_is_the_engine_has_to_agree(
    profile: str, status: str, evidence: str, actual: Json
) -> None:
    promise = expected(PY)["seccomp"]
    live: dict[tuple[str, ...], Json] = {("security", "seccomp"): profile}
    sources: list[Source] = [
        ("kernel", lambda _: Reading(actual="filter", matches=True)),
        ("inside", lambda _: None),
        ("engine", lambda each: from_engine(each, wanted(PY), live, frozenset())),
    ]
    found = judge(promise, sources)
    assert (found.status, found.evidence, found.actual) == (status, evidence, actual)
