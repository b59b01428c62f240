import assert from "node:assert/strict";
import { Forbidden } from "../../domain/errors.ts";
import { type Action, type Actor, may, permit, type Role, ROLES } from "../../domain/permissions.ts";

// The table once more, as a house would write it on its wall: what each role may do with what is its own, and with
// what is another's.
const TABLE: Record<Action, Record<Role, [own: boolean, others: boolean]>> = {
  reserve: { user: [true, true], staff: [true, true], admin: [true, true] },
  reserve_for: { user: [false, false], staff: [true, true], admin: [true, true] },
  see_reservation: { user: [true, false], staff: [true, true], admin: [true, true] },
  see_details: { user: [true, false], staff: [true, true], admin: [true, true] },
  edit_reservation: { user: [true, false], staff: [true, true], admin: [true, true] },
  cancel: { user: [true, false], staff: [true, true], admin: [true, true] },
  check_in: { user: [true, false], staff: [true, true], admin: [true, true] },
  end: { user: [true, false], staff: [true, true], admin: [true, true] },
  restore: { user: [true, false], staff: [true, true], admin: [true, true] },
  see_waitlist: { user: [true, false], staff: [true, true], admin: [true, true] },
  leave_waitlist: { user: [true, false], staff: [true, true], admin: [true, true] },
  answer_offer: { user: [true, false], staff: [true, true], admin: [true, true] },
  decide: { user: [false, false], staff: [true, true], admin: [true, true] },
  bump: { user: [false, false], staff: [false, true], admin: [false, true] },
  answer: { user: [true, false], staff: [true, false], admin: [true, false] },
  override: { user: [false, false], staff: [true, true], admin: [true, true] },
  see_queue: { user: [false, false], staff: [true, true], admin: [true, true] },
  delegate: { user: [false, false], staff: [true, true], admin: [true, true] },
  end_delegation: { user: [true, false], staff: [true, false], admin: [true, true] },
  see_audit: { user: [false, false], staff: [true, true], admin: [true, true] },
  import_reservations: { user: [false, false], staff: [true, true], admin: [true, true] },
  export_resources: { user: [false, false], staff: [true, true], admin: [true, true] },
  manage_groups: { user: [false, false], staff: [false, false], admin: [true, true] },
  manage_resources: { user: [false, false], staff: [false, false], admin: [true, true] },
  manage_users: { user: [false, false], staff: [false, false], admin: [true, true] },
};
const ACTIONS = Object.keys(TABLE) as Action[];
const ME = "0196f7b0-0000-7000-8000-000000000001";
const ANOTHER = "0196f7b0-0000-7000-8000-000000000002";

const somebody = (role: Role): Actor => ({
  id: ME,
  email: "me@holdfast.test",
  name: "Me",
  role,
  time_zone: "UTC",
});

for (const action of ACTIONS) {
  for (const role of ROLES) {
    for (const [whose, owner] of [["own", ME], ["another's", ANOTHER]] as const) {
      const allowed = TABLE[action][role][whose === "own" ? 0 : 1];

      Deno.test(`${role} ${allowed ? "may" : "may not"} ${action.replace("_", " ")}, where it is ${whose}`, () => {
        assert.equal(may(somebody(role), action, owner), allowed);
      });

      Deno.test(`${role} is ${allowed ? "let" : "refused to"} ${action.replace("_", " ")}, where it is ${whose}`, () => {
        const work = () => permit(somebody(role), action, owner);
        if (allowed) assert.doesNotThrow(work);
        else assert.throws(work, Forbidden);
      });
    }
  }

  Deno.test(`nobody who is not signed in may ${action.replace("_", " ")}`, () => {
    assert.equal(may(undefined, action), false);
  });
}

Deno.test("what is nobody's in particular is not a user's own", () => {
  assert.equal(may(somebody("user"), "see_reservation"), false);
});

Deno.test("whoever is refused is told what may not be done", () => {
  assert.throws(
    () => permit(somebody("user"), "manage_users"),
    new Forbidden("You may not manage people"),
  );
});

Deno.test("staff who would bump what is their own are told that it is", () => {
  assert.throws(
    () => permit(somebody("staff"), "bump", ME),
    new Forbidden("You may not bump this reservation: it is your own"),
  );
});

Deno.test("a user who would decide on a request of their own is not told that others' would be allowed", () => {
  assert.throws(
    () => permit(somebody("user"), "decide", ME),
    new Forbidden("You may not decide on this request"),
  );
});
