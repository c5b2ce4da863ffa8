"""The plan, whatever is wanted and whatever is there: it ends where it should, and touches only what is ours."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from sandboxctl import __version__, capabilities, fields, ownership
from sandboxctl.backends.base import Engine, Json, Key, Listed, LocalImage, Observed, Status
from sandboxctl.backends.docker import native
from sandboxctl.capabilities import Effect
from sandboxctl.dataclass import replace
from sandboxctl.fields import Wanted, within
from sandboxctl.plan import Before, Desired, Kind, Plan, Snapshot, plan
from sandboxctl.removal import plan_delete
from sandboxctl.spec import Loaded, Sandbox, Source
from tests.examples import examples
from tests.property.sandboxes import SANDBOXES

MANY = examples(120)
ENGINE = Engine(backend="docker", endpoint="unix:///x", version="20.10.24")
IMAGE = "sha256:1"
CREATED = 1000.0
ALIVE = Status(state="running", created=CREATED, started=CREATED)
ROLES = ("current", "new", "old")


def effect_of(key: Key) -> Effect:
    return capabilities.effect(key, "docker", version=ENGINE.version)


def desired(sandbox: Sandbox) -> Desired:
    wanted = native.wanted(sandbox)
    return Desired(
        loaded=Loaded(sandbox=sandbox, source=Source(filename="x.yaml")),
        wanted=wanted,
        spec_hash=fields.spec_hash(wanted, native.HIDDEN),
        image_id=IMAGE,
    )


def visible(wanted: Wanted) -> dict[Key, Json]:
    """What the engine's inspect would show of an object that was made from this."""
    return {key: value for key, value in wanted.fields.items() if not any(within(key, hide) for hide in native.HIDDEN)}


def made(sandbox: Sandbox, *, status: Status = ALIVE, more: Mapping[Key, Json] | None = None) -> Snapshot:
    """An engine with this sandbox on it, as apply leaves it, and then perhaps changed by somebody."""
    labels = {
        ownership.MANAGED: "true",
        ownership.NAME: sandbox.name,
        ownership.IMAGE_ID: IMAGE,
        ownership.TOOL: __version__,
        **({ownership.PROJECT: sandbox.project} if sandbox.project else {}),
    }
    wanted = native.wanted(sandbox)
    observed = Observed(
        ref="ref", name=sandbox.name, labels=labels, image_id=IMAGE, status=status,
        fields={**visible(wanted), **(more or {})},
    )  # fmt: skip
    listed = Listed(ref="ref", name=sandbox.name, labels=labels, image_id=IMAGE, state=status.state)
    return Snapshot(
        engine=ENGINE,
        containers=(listed,),
        images=(LocalImage(id=IMAGE, references=(sandbox.image.name,)),),
        observed={"ref": observed},
        applied={"ref": Before(wanted=wanted, salt=b"")},
        now=CREATED,
    )


def planned(sandbox: Sandbox, snapshot: Snapshot) -> Plan:
    return plan([desired(sandbox)], snapshot, hidden=native.HIDDEN, effect_of=effect_of)


@MANY
@given(SANDBOXES)
def test_on_an_empty_engine_it_is_created(sandbox: Sandbox) -> None:
    (action,) = planned(sandbox, Snapshot(engine=ENGINE, containers=())).actions
    assert (action.kind, action.reason, action.asks) == (Kind.CREATE, None, False)


@MANY
@given(SANDBOXES)
def test_what_was_made_as_wanted_needs_nothing(sandbox: Sandbox) -> None:
    (action,) = planned(sandbox, made(sandbox)).actions
    assert (action.kind, action.changes) == (Kind.NO_OP, ())


@MANY
@given(SANDBOXES, SANDBOXES)
def test_a_changed_spec_is_a_change_unless_nothing_that_shapes_it_differs(was: Sandbox, now: Sandbox) -> None:
    now = replace(now, name=was.name, project=was.project)
    (action,) = planned(now, made(was)).actions
    before, after = native.wanted(was), native.wanted(now)
    if before.fields == after.fields:
        assert action.kind is Kind.NO_OP
        return
    assert {change.cause for change in action.changes} == {"spec"}
    effects = {change.effect for change in action.changes}
    assert action.kind is (Kind.REPLACE if Effect.REPLACE in effects else Kind.UPDATE)
    assert action.asks == (action.kind is Kind.REPLACE)


@MANY
@given(SANDBOXES, st.data())
def test_any_field_that_is_changed_behind_our_back_is_seen(sandbox: Sandbox, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(visible(native.wanted(sandbox)))))
    (action,) = planned(sandbox, made(sandbox, more={key: "changed"})).actions
    assert [(change.before, change.cause) for change in action.changes if change.key == key] == [("changed", "drift")]
    assert action.kind in (Kind.UPDATE, Kind.REPLACE)


@MANY
@given(SANDBOXES, st.data())
def test_a_limit_that_is_lifted_altogether_is_seen(sandbox: Sandbox, data: st.DataObject) -> None:
    snapshot = made(sandbox)
    observed = snapshot.observed["ref"]
    key = data.draw(st.sampled_from(sorted(observed.fields)))
    without = {each: value for each, value in observed.fields.items() if each != key}
    lifted = replace(snapshot, observed={"ref": replace(observed, fields=without)})
    (action,) = planned(sandbox, lifted).actions
    assert [(change.key, change.before, change.cause) for change in action.changes] == [(key, None, "drift")]


@MANY
@given(SANDBOXES, st.permutations(ROLES), st.sets(st.sampled_from(ROLES)), st.sets(st.sampled_from(ROLES)))
def test_whatever_was_left_is_recovered_or_not_touched(
    sandbox: Sandbox, order: list[str], there: set[str], strange: set[str]
) -> None:
    snapshot = made(sandbox)
    (listed,), observed = snapshot.containers, snapshot.observed["ref"]
    names = dict(zip(ROLES, (sandbox.name, *ownership.staging_names(sandbox.name)), strict=True))
    containers = tuple(
        replace(listed, ref=role, name=names[role], labels={} if role in strange else listed.labels)
        for role in order
        if role in there
    )
    seen = {role: replace(observed, ref=role, name=names[role]) for role in there - strange}
    found = planned(sandbox, replace(snapshot, containers=containers, observed=seen, applied={}))

    touched = {step.ref for action in found.actions for step in action.steps} | {
        action.ref for action in found.actions if action.ref
    }
    assert touched & strange == set()
    assert {each.ref for each in found.foreign} == there & strange
    if there & strange:
        assert found.actions == ()
        return
    deleted = {step.ref for action in found.actions for step in action.steps if step.do == "delete"}
    assert len(there - deleted) <= 1
    assert {step.to for action in found.actions for step in action.steps if step.do == "rename"} <= {sandbox.name}


@MANY
@given(SANDBOXES, st.booleans())
def test_a_delete_takes_what_is_ours_and_no_more(sandbox: Sandbox, strange: bool) -> None:
    snapshot = made(sandbox)
    if strange:
        (listed,) = snapshot.containers
        snapshot = replace(snapshot, containers=(replace(listed, image_id="sha256:2"),))
    found = plan_delete([sandbox.name, "absent"], snapshot)
    assert [action.ref for action in found.actions] == ([] if strange else ["ref"])
    assert [each.ref for each in found.foreign] == (["ref"] if strange else [])


@MANY
@given(st.lists(SANDBOXES, max_size=4, unique_by=lambda sandbox: sandbox.name), st.randoms())
def test_the_order_of_the_engines_lists_means_nothing(sandboxes: list[Sandbox], random: object) -> None:
    snapshots = [made(sandbox) for sandbox in sandboxes]
    containers = [replace(each.containers[0], ref=each.containers[0].name) for each in snapshots]
    observed = {
        each.containers[0].name: replace(each.observed["ref"], ref=each.containers[0].name) for each in snapshots
    }
    whole = Snapshot(engine=ENGINE, containers=tuple(containers), observed=observed, now=CREATED)
    wanted = [desired(sandbox) for sandbox in sandboxes]
    first = plan(wanted, whole, hidden=native.HIDDEN, effect_of=effect_of)
    random.shuffle(containers)  # type: ignore[attr-defined]
    second = plan(wanted, replace(whole, containers=tuple(containers)), hidden=native.HIDDEN, effect_of=effect_of)
    assert first == second
    assert [action.name for action in first.actions] == [sandbox.name for sandbox in sandboxes]
