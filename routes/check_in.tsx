import { Hono } from "hono";
import { checkIn, endEarly, listToCheckIn } from "../domain/check_in.ts";
import { getDoorResource } from "../domain/doors.ts";
import { NotFound } from "../domain/errors.ts";
import { getReservation } from "../domain/reservations.ts";
import { CheckInPage } from "../views/check_in.tsx";
import { reservationPath, timeOf } from "../views/words.ts";
import { actorOf, type Env } from "./env.ts";
import { orAgain } from "./forms.ts";
import { showReservation } from "./reservations.tsx";
import { done, page } from "./respond.tsx";
import { doorOfCode } from "./signatures.ts";

/** Coming and leaving: that a reservation is used, and until when. */
export const checkIns = new Hono<Env>();

checkIns.get("/check-in", async (c) => {
  const { sql, now } = c.var;
  const viewer = actorOf(c);
  const reservations = await listToCheckIn(sql, viewer, { everybodys: true }, now);
  return page(c, { title: "Check in", body: <CheckInPage {...{ reservations, viewer, now }} /> });
});

// Behind the code at a door: it shows what can be done there, and does nothing by itself.
checkIns.get("/in/:code", async (c) => {
  const { sql, now, house } = c.var;
  const door = doorOfCode(house.config.SECRET_KEY, c.req.param("code"));
  if (!door) throw new NotFound("This door");
  const viewer = actorOf(c);
  const resource = await getDoorResource(sql, door);
  const reservations = await listToCheckIn(sql, viewer, { resource_id: resource.id, everybodys: true }, now);
  const body = <CheckInPage {...{ reservations, viewer, now, resource }} />;
  return page(c, { title: `Check in to ${resource.name}`, body });
});

checkIns.post("/reservations/:id/check_in", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, reference, requester_id, requester_name } = await getReservation(
    sql,
    actor,
    c.req.param("id"),
  );
  return orAgain(async () => {
    const { end_time } = await checkIn(sql, actor, id, now);
    const whose = requester_id === actor.id ? "yours" : `${requester_name}’s`;
    const text = `Checked in: it is ${whose} until ${timeOf(end_time, actor.time_zone)}`;
    return done(c, { to: reservationPath(reference), notice: { text } });
  }, ({ status, message }) => showReservation(c, id, { status, message }));
});

checkIns.post("/reservations/:id/end", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, reference } = await getReservation(sql, actor, c.req.param("id"));
  return orAgain(async () => {
    await endEarly(sql, actor, id, now);
    const text = "Ended: the rest of its time is free for others";
    return done(c, { to: reservationPath(reference), notice: { text } });
  }, ({ status, message }) => showReservation(c, id, { status, message }));
});
