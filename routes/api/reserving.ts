import type { z } from "zod";
import type { Sql, Tx } from "../../db/types.ts";
import { requestAny } from "../../domain/any_of.ts";
import { getProposal, type Proposal } from "../../domain/proposals.ts";
import { type Quantities, quantityOf, type Wanted } from "../../domain/quantities.ts";
import { request } from "../../domain/requests.ts";
import { getReservation, lockReservation, type Reservation } from "../../domain/reservations.ts";
import { statusAt, type Timed } from "../../domain/transitions.ts";
import { actorOf, type Context } from "../env.ts";
import { reservationJson } from "./json.ts";
import { instantOf, type NewReservation } from "./schemas.ts";

/** Asks for what a program sent. */
export async function reserve(sql: Sql, c: Context, wished: z.output<typeof NewReservation>) {
  const { resource_id, resource_ids, any_of, quantities, start_time, end_time, ...rest } = wished;
  const actor = actorOf(c);
  const now = c.get("now");
  const wish = { ...rest, ...instants({ start_time, end_time }) };
  const ids = resource_ids ?? [resource_id!];
  const stored = any_of
    ? await requestAny(sql, actor, { ...wish, any_of }, now)
    : await request(sql, actor, { ...wish, resource_ids: ids, quantities }, now);
  // Everything about it is known: reading it again would cost a second round trip.
  const made = { ...wish, ...stored, requester_id: actor.id, now };
  return { json: storedJson(made), tag: tagOf({ ...made, version: 1 }, undefined, now) };
}

/** One reservation as it is now; its tag goes with the answer. */
export async function show(c: Context, id: string) {
  const { json, tag } = await read(c.var.sql, c, id);
  c.header("ETag", tag);
  return json;
}

/** One reservation as it is now, and its tag. */
export async function read(sql: Sql, c: Context, id: string) {
  const reservation = await getReservation(sql, actorOf(c), id);
  const proposal = await getProposal(sql, reservation.id, c.var.now);
  return {
    json: { ...reservationJson(reservation, c.var.now), ...proposalJson(proposal) },
    tag: tagOf(reservation, proposal, c.var.now),
  };
}

/** The tag of a reservation, under a lock. */
export async function tag(tx: Tx, c: Context, id: string): Promise<string> {
  await lockReservation(tx, id);
  const reservation = await getReservation(tx, actorOf(c), id);
  return tagOf(reservation, await getProposal(tx, id, c.var.now), c.var.now);
}

// Time moves a status without a new version, and so does a change that is asked for.
function tagOf(
  reservation: Pick<Reservation, "version"> & Timed,
  proposal: Proposal | undefined,
  now: Temporal.Instant,
) {
  return `"${reservation.version}/${statusAt(reservation, now)}${proposal ? `/${proposal.id}` : ""}"`;
}

// Told only where there is one: most reservations have none all their life.
function proposalJson(proposal?: Proposal) {
  if (!proposal) return {};
  const { id, resource_ids, start_time, end_time, proposed_at, decide_by } = proposal;
  const quantities = eachOf(proposal);
  return { proposed_change: { id, resource_ids, quantities, start_time, end_time, proposed_at, decide_by } };
}

function storedJson(
  {
    id,
    reference,
    resource_ids,
    quantities,
    requester_id,
    start_time,
    end_time,
    status,
    purpose = "",
    priority = 0,
    now,
    ...rest
  }: {
    id: string;
    reference: string;
    resource_ids: string[];
    quantities: Quantities;
    requester_id: string;
    start_time: Temporal.Instant;
    end_time: Temporal.Instant;
    status: string;
    check_in_from: Temporal.Instant | null;
    check_in_until: Temporal.Instant | null;
    purpose?: string;
    private?: boolean;
    priority?: number;
    attendees?: number | null;
    answers?: Record<string, string>;
    now: Temporal.Instant;
  },
) {
  return {
    ...{
      id,
      reference,
      resource_ids,
      resource_id: resource_ids[0],
      quantities: eachOf({ resource_ids, quantities }),
      requester_id,
      start_time,
      end_time,
      status,
      purpose,
    },
    ...{
      private: rest.private ?? false,
      priority,
      attendees: rest.attendees ?? null,
      answers: rest.answers ?? {},
    },
    ...{ decision_reason: null, check_in_from: rest.check_in_from, check_in_until: rest.check_in_until },
    ...{ series_id: null, created_at: now, updated_at: now },
  };
}

/** How many of each, those of which it is one as well. */
export function eachOf({ resource_ids, quantities }: Wanted): Quantities {
  return Object.fromEntries(resource_ids.map((id) => [id, quantityOf(quantities, id)]));
}

/** The moments that checked texts mean. */
export function instants<T extends { start_time?: string; end_time?: string }>(times: T) {
  const read = (text: string | undefined) => text === undefined ? undefined : instantOf(text);
  return { start_time: read(times.start_time), end_time: read(times.end_time) } as {
    [K in keyof T]: T[K] extends string ? Temporal.Instant : Temporal.Instant | undefined;
  };
}
