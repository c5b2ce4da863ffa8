"""Which tests of the contract suite cannot hold on an engine, and why: there they are left out, by their names.

Nothing else leaves a test out but `conftest.honoured`, which leaves a case of a field out where the table of
capabilities says that the field cannot be had.
"""

from __future__ import annotations

from collections.abc import Mapping

_SOCKET = "a cluster is not on a unix socket: test_kubernetes and the faults have its own"
_IMAGES = "a cluster is given no images: its nodes pull"
_ONE_NETWORK = "a cluster has one network, and names in it are its DNS's"
_ENDED = "a pod that has ended cannot be started again: it is replaced, see test_kubernetes"
_ONE_NAME = "a pod has one name for life, so that nothing is ever kept or staged under another"
_NO_USER = "a pod's exec has no user of its own"
_HOST = "where a claim's directory is, its provisioner knows, and whose it is, it decides"

_CASE = "test_changes.py::test_a_change_of_a_field_has_its_effect[kubernetes-"

NOT_ON_KUBERNETES: Mapping[str, str] = {
    "test_absent.py": "the hosts of Docker and Podman; of a node test_kubernetes",
    "test_archives.py": _IMAGES,
    "test_auto_remove.py": "lifecycle.autoRemove is refused there",
    "test_builds.py": _IMAGES,
    "test_canaries.py::test_no_image_of_a_layer_holds_a_secret": "commit is refused there",
    "test_commit.py": "commit is refused there: test_kubernetes",
    "test_connections.py": "contexts, ssh and TLS of Docker and Podman; a kubeconfig's are in test_kubernetes",
    "test_image_setup.py": _IMAGES,
    "test_import.py::test_a_strangers_object": "somebody's pod has more than a spec can say: test_kubernetes",
    "test_import.py::test_a_secret_is_left": "it is in a Secret, and import does not read it",
    "test_import.py::test_what_is_in_a_file": "files of a pod are in two objects, not one volume each",
    "test_import.py::test_what_the_engine_fills_in": "of Docker and Podman; the examples show it of a pod",
    "test_own_networks.py": _ONE_NETWORK,
    "test_reading.py": "a pod starts when it is made; what is read of one, an empty second plan compares: test_kubernetes",
    "test_recovery.py": f"{_ONE_NAME}; what was left unmarked: test_kubernetes",
    "test_requests.py": _SOCKET,
    "test_unreachable.py": _SOCKET,
    f"{_CASE}security.sysctls:unset->77-sysctl:net.core.somaxconn]": "no node allows it of itself",
    "test_drift.py::test_a_paused_one_goes_on": "nobody can pause a pod",
    "test_drift.py::test_a_stopped_one_is_started_and_keeps_its_id": _ENDED,
    "test_drift.py::test_a_stopped_one_with_a_lifted_limit_is_mended_and_started": _ENDED,
    "test_exec.py::test_who_runs_it_where_and_with_what": _NO_USER,
    "test_failures.py::test_a_bind_whose_source_has_gone": "a bind is of the node's files, and refused",
    "test_failures.py::test_a_command_that_is_not_there_below_an_init": "the init is the pod's own, and starts nothing",
    "test_failures.py::test_a_free_port_is_free": "a Service's ports are its own",
    "test_failures.py::test_a_port_that_is_taken": "a Service's ports are its own",
    "test_failures.py::test_a_start_that_fails_is_stopped_again_and_kept": _ENDED,
    "test_failures.py::test_a_stopped_one_whose_replacement_fails_stays_stopped": _ENDED,
    "test_failures.py::test_a_volume_that_its_user_cannot_write": _HOST,
    "test_failures.py::test_an_engines_complaint_names_the_line_of_the_spec": "other words: test_kubernetes",
    "test_failures.py::test_an_image_that_cannot_be_had_names_its_line": _IMAGES,
    "test_failures.py::test_an_image_that_cannot_be_had_stops_everything_before_the_first_container": _IMAGES,
    "test_failures.py::test_start_first_replaces_without_a_gap": f"{_ONE_NAME}: start-first is not to be had",
    "test_files.py::test_it_is_proved": "a Secret's or ConfigMap's mode is the node's to widen: test_kubernetes",
    "test_files.py::test_a_commit_does_not_hold_it": "commit is refused there",
    "test_files.py::test_one_whose_volume_was_pruned_while_it_was_stopped_has_its_file_again": _ENDED,
    "test_filesystem.py::test_a_bind_is_read_only_unless_it_says_otherwise": "a bind is of the node's files, and refused",
    "test_filesystem.py::test_a_bind_of_one_file": "a bind is of the node's files, and refused",
    "test_filesystem.py::test_in_a_writable_root_the_workdir_is_made_for_the_user": "nobody can make one in a pod's layer",
    "test_filesystem.py::test_tmpfs_modes_and_the_group_of_files": "mounts.tmpfs.mode is weaker there",
    "test_lifecycle.py::test_a_stop_by_hand_of_one_that_always_restarts_is_a_start": "the node starts it again",
    "test_lifecycle.py::test_on_failure_ends_after_so_many_tries": "lifecycle.restart.max is refused there",
    "test_lifecycle.py::test_with_auto_remove": "lifecycle.autoRemove is refused there",
    "test_limits.py::test_open_files": "resources.ulimits is weaker there",
    "test_limits.py::test_processes": "resources.pids is weaker there: the node limits all of a pod",
    "test_limits.py::test_without_a_network_nothing_is_reached": "the network is closed by a policy: test_kubernetes",
    "test_limits.py::test_written_files": "resources.ulimits is weaker there",
    "test_logs.py::test_the_two_streams_are_kept_apart": "the server keeps one stream",
    "test_network.py::test_a_network_that_is_there_but_named_like_none_of_the_modes": _ONE_NETWORK,
    "test_network.py::test_a_port_of_our_choice": "a Service has no address of a host: test_kubernetes",
    "test_network.py::test_a_published_port_is_reached_on_the_loopback": "a Service has no address of a host",
    "test_network.py::test_after_a_replace_the_same_port_is_published_again": "a Service has no address of a host",
    "test_network.py::test_two_sandboxes_of_one_network_reach_each_other_by_name": _ONE_NETWORK,
    "test_podman_regressions.py": "Podman's own",
    "test_quadlet.py": "Podman's own",
    "test_setup.py::test_setup_runs_again_after_a_start_by_us": _ENDED,
    "test_strangers.py::test_one_started_from_a_committed_image_of_ours_survives": "commit is refused there",
    "test_strangers.py::test_one_that_was_renamed_is_not_known_by_its_new_name": _ONE_NAME,
    "test_strangers.py::test_one_with_a_staging_name_of_ours_survives": _ONE_NAME,
    "test_strangers.py::test_one_with_our_labels_on_another_image_survives": "bound by its place: test_kubernetes",
    "test_text.py::test_in_names_of_labels": "a cluster takes no such names, and they are refused",
    "test_text.py::test_in_labels[kubernetes-labels]": "a cluster takes no such values, and they are refused",
    "test_volumes.py::test_a_new_one_is_the_users_own": _HOST,
    "test_volumes.py::test_one_that_is_there_is_left_as_it_is": _HOST,
    "test_volumes.py::test_one_that_is_somebody_elses_stays_even_then": _HOST,
}
"""By the beginning of a test's name."""

UNRESTRICTED: tuple[str, ...] = (
    f"{_CASE}network.mode/host:unset->host",
    "test_filesystem.py::test_a_path_of_the_host_that_is_allowed_is_there[kubernetes",
    f"{_CASE}security.capabilities",
    f"{_CASE}security.noNewPrivileges",
    f"{_CASE}security.seccomp:unset->unconfined",
    "test_import.py::test_each_example_comes_back_as_a_spec_whose_plan_is_empty[kubernetes-baseline]",
    "test_import.py::test_each_example_comes_back_as_a_spec_whose_plan_is_empty[kubernetes-host-network]",
    "test_examples.py::test_an_example_is_created_and_the_second_plan_is_empty[kubernetes-baseline]",
    "test_examples.py::test_an_example_is_created_and_the_second_plan_is_empty[kubernetes-host-network]",
    "test_drift.py::test_a_weaker_container_with_our_labels_is_drift_and_is_replaced",
    "test_drift.py::test_whatever_a_copy_has_more_than_its_spec_is_seen",
)
"""Where the test makes what the `restricted` Pod Security Standard forbids, by the beginning of its name."""


def why_not(engine: str, test: str) -> str | None:
    """Why a test cannot hold on an engine; None where it has to."""
    table = NOT_ON_KUBERNETES if engine == "kubernetes" else {}
    return next((reason for beginning, reason in table.items() if test.startswith(beginning)), None)


def is_unrestricted(test: str) -> bool:
    """Whether a test needs a namespace that takes everything."""
    return test.startswith(UNRESTRICTED)
