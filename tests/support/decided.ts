import type { Sql } from "../../db/types.ts";
import { approve } from "../../domain/approvals.ts";
import { bump } from "../../domain/bumps.ts";
import { delegate } from "../../domain/delegations.ts";
import { change } from "../../domain/edits.ts";
import { addMember, createGroup } from "../../domain/groups.ts";
import { nameApprover } from "../../domain/resource_approvers.ts";
import type { Actor } from "../../domain/permissions.ts";
import { ask } from "../../domain/questions.ts";
import { request } from "../../domain/requests.ts";
import { makeResource, on } from "./cast.ts";
import { ADA, ALICE, BOB, idOf, MONDAY, SAM } from "./demo_site.ts";

/** Puts one of everything that approvers do into a demo site: what its pages show is there to be looked at. */
export async function decideSome(sql: Sql) {
  const people = await sql<Actor[]>`
    select id, email, name, role, 'Europe/Berlin' as time_zone from users
    where email = any(${[BOB, ALICE, SAM, ADA]})`;
  const [bob, alice, sam, ada] = [BOB, ALICE, SAM, ADA].map((email) =>
    people.find((person) => person.email === email)!
  );
  const hall = await makeResource(sql, ada, { name: "Assembly Hall", requires_approval: true }, MONDAY);
  const wish = (who: Actor, day: string, purpose: string, priority = 0) =>
    request(
      sql,
      who,
      { ...on(day, "10:00", "12:00"), resource_ids: [hall.id], purpose, priority },
      MONDAY,
    );
  const bumped = await request(sql, bob, {
    ...on("2026-05-18", "10:00", "11:00"),
    resource_ids: [await idOf(sql, "Bluebell")],
    purpose: "Quarterly review with the whole team",
  }, MONDAY);
  await bump(sql, sam, { id: bumped.id, reason: "The mayor comes, and has nowhere else to go" }, MONDAY);

  const proposed = await wish(bob, "2026-05-19", "Choir rehearsal");
  const rival = await wish(alice, "2026-05-19", "Citizens’ assembly", 7);
  await approve(sql, sam, { id: proposed.id }, MONDAY);
  await change(sql, bob, proposed.id, { end_time: on("2026-05-19", "10:00", "14:00").end_time }, MONDAY);

  const asked = await wish(bob, "2026-05-20", "A party");
  await ask(
    sql,
    sam,
    { id: asked.id, question: "How many people come, and who locks up afterwards?" },
    MONDAY,
  );

  const group = await createGroup(sql, ada, { name: "Hall wardens" }, MONDAY);
  await addMember(sql, ada, { id: group, email: SAM }, MONDAY);
  await nameApprover(sql, ada, { id: hall.id, approver: `group:${group}` }, MONDAY);
  await delegate(sql, sam, { to_user_id: ada.id, from: "2026-05-11", until: "2026-05-15" }, MONDAY);
  return { hall: hall.id, group, bumped, proposed, rival, asked };
}
