"""Docker's words for what it does not like, from 20.10 to 29, with runc's among them. Data only.

The first line that matches counts, so what is special stands above what is general.
"""

from __future__ import annotations

from sandboxctl.complaints import complaint

_PROGRAM = "the image lacks this program: check command, or the image"
_FORBIDDEN = "the program is there, and this user may not execute it"
_PORT = "another program or container has this port: choose another, or host: 0"

TABLE = (
    complaint("port is already allocated", "network.ports", _PORT),
    complaint("address already in use", "network.ports", _PORT),
    complaint("cannot assign requested address", "network.ports", "the engine's host does not have this address"),
    complaint("external connectivity|port range", "network.ports"),
    complaint("/proc/sys/", "security.sysctls", "the kernel of the engine's host does not have this setting"),
    complaint('exec: "[^"]*": permission denied', "command", _FORBIDDEN),
    complaint('executable file not found|exec format error|exec: "[^"]*": (stat|no such)', "command", _PROGRAM),
    complaint("bind source path does not exist", "mounts", "make it first, or correct the path"),
    complaint("invalid mount|duplicate mount point|error mounting|error while mounting volume|creating mount ?point",
              "mounts"),
    complaint("no such volume|volume .* (not found|is in use)|failed to mount local volume", "mounts"),
    complaint("no such image", "image", "pull it first, or correct its name"),
    complaint("specified platform", "image.platform", "pull it for this platform first, or leave the field out"),
    complaint("unknown runtime|unknown or invalid runtime|invalid runtime", "security.runtime",
              "set the engine up with it first, or leave the field out"),
    complaint("sysctl", "security.sysctls", "a sandbox has only some settings of its own: leave this one out"),
    complaint("device information|custom device|not a device node", "security.devices",
              "the engine's host does not have it: load its driver first, or leave it out"),
    complaint("could not select device driver", "resources.gpus",
              "resources.gpus needs the vendor's container toolkit on the engine's host"),
    complaint("storage-opt|storage_opt", "resources.disk",
              "resources.disk needs overlay over xfs with quotas (pquota): leave it out, or change the host"),
    complaint("rlimit", "resources.ulimits",
              "the host forbids raising this limit: lower resources.ulimits, or give the engine CAP_SYS_RESOURCE"),
    complaint("apparmor", "security.apparmor", "load the profile on the engine's host first, or leave the field out"),
    complaint("selinux|error setting label", "security.selinux"),
    complaint("seccomp", "security.seccomp"),
    complaint("user ?namespace|userns", "security.userNamespace"),
    complaint("apply caps", "security.capabilities.add",
              "root on the engine's host lacks one of them itself (CapBnd in /proc/1/status): add only what is needed"),
    complaint("capabilit", "security.capabilities"),
    complaint("/etc/(passwd|group): (is a|not a) directory", "mounts", "the engine reads this file itself"),
    complaint("unable to find (user|group)|no matching entries in", "security.user"),
    complaint("network .*not found|could not find (the )?network|no such network", "network",
              "create it first, or use none or bridge"),
    complaint("invalid (dns|ip address|hostname)|sethostname", "network"),
    complaint("cpuset|requested cpus are not available", "resources.cpuset"),
    complaint("range of cpus", "resources.cpu", "ask for no more than that"),
    complaint(r"\bswap", "resources.swap"),
    complaint("memory reservation", "resources.requests.memory"),
    complaint(r"memory limit|limit memory|memory\.(max|limit)|minimum memory", "resources.memory"),
    complaint(r"\bpids", "resources.pids"),
    complaint(r"\bcpu", "resources.cpu"),
    complaint(r"\bshm", "resources.shm"),
    complaint("docker-init|tini", "lifecycle.init", "install docker-init on the engine's host, or set it to false"),
    complaint("chdir to cwd|working directory|cannot mkdir", "workdir"),
    complaint("log[- ]?(driver|opt)|logging plugin", "docker.logging"),
    complaint("no such file or directory: unknown", "command", _PROGRAM),
    complaint("permission denied: unknown", "command", _FORBIDDEN),
    complaint("invalid environment variable", "env"),
    complaint("no space left", "", "the engine's disk is full: `docker system df`"),
)  # fmt: skip
