import { Hono } from "hono";
import { z } from "zod";
import { AnyOf } from "../domain/alike.ts";
import { requestAny } from "../domain/any_of.ts";
import { Conflict } from "../domain/errors.ts";
import { request } from "../domain/requests.ts";
import type { Stored } from "../domain/storing.ts";
import { getReservation } from "../domain/reservations.ts";
import { countedName } from "../domain/quantities.ts";
import { listKindsAndTags } from "../domain/resource_names.ts";
import { Purpose } from "../domain/texts.ts";
import { AnyOfPage } from "../views/any_of.tsx";
import { reservationPath } from "../views/words.ts";
import { readUnits } from "./beside.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { check, fields, orAgain, type Problem, readPeriod, type Values } from "./forms.ts";
import { readParticulars } from "./particulars.ts";
import { slotOf, soon, typedOf } from "./reserve.tsx";
import { done, page } from "./respond.tsx";

/** A wish for any resource that will do. */
export const anyOf = new Hono<Env>();

anyOf.get("/reservations/any", (c) => {
  const { time_zone } = actorOf(c);
  const values: Values = c.req.query();
  return show(c, { ...values.date || values.start ? {} : soon(c.var.now, time_zone), ...values });
});

anyOf.post("/reservations/any", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    const stored = await ask(c, values);
    const { reference, resources } = await getReservation(c.var.sql, actorOf(c), stored.id);
    const name = resources.map(countedName).join(", ");
    const text = stored.status === "pending"
      ? `Requested: ${name}. An approver decides on it`
      : `Reserved: ${name}`;
    const path = reservationPath(reference);
    return done(c, { to: path, notice: { text, undo: `${path}/cancel` } });
  }, (problem) => show(c, typedOf(values), problem));
});

const Words = z.object({ purpose: Purpose.default("") });

async function ask(c: Context, values: Values): Promise<Stored> {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { attendees } = readParticulars(values, null);
  const words = { ...check(Words, values), private: values.private === "on", attendees };
  if (values.take) {
    const slot = await slotOf(c, values);
    const quantities = { [slot.resource_ids[0]]: readUnits(values) };
    return request(sql, actor, { ...slot, ...words, quantities }, now);
  }
  const { start_time, end_time } = readPeriod(values, actor.time_zone);
  return requestAny(sql, actor, { start_time, end_time, ...words, any_of: readAnyOf(values) }, now);
}

/**
 * What a resource has to be like, as it was typed.
 *
 * @throws {Invalid} naming the field
 */
export function readAnyOf(values: Values): AnyOf {
  const { kind, tag } = values;
  return check(AnyOf, { kind: kind || undefined, tag: tag || undefined, quantity: readUnits(values) });
}

/** The form, with what was wrong with it. */
export async function show(c: Context, values: Values, problem?: Problem) {
  const { sql, now } = c.var;
  const { kinds, tags } = await listKindsAndTags(sql);
  const { any_of, start_time, end_time, ...errors } = problem?.errors ?? {};
  const start = errors.start ?? start_time;
  const end = errors.end ?? end_time;
  const body = (
    <AnyOfPage
      values={values}
      errors={{ ...errors, ...start ? { start } : {}, ...end ? { end } : {} }}
      message={any_of ?? problem?.message ?? unasked(errors)}
      alternatives={problem?.cause instanceof Conflict ? problem.cause.alternatives : []}
      waits={problem?.status === 409}
      kinds={kinds}
      tags={tags}
      zone={actorOf(c).time_zone}
      now={now}
    />
  );
  return page(c, { title: "Any that will do", body, status: problem?.status });
}

// What only the form of one resource asks.
function unasked(errors: Record<string, string>): string | undefined {
  return Object.entries(errors).find(([path]) => path === "attested" || path.startsWith("answers."))?.[1];
}
