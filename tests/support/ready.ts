import { PASSWORD } from "./cast.ts";
import type { Described } from "./judge.ts";
import type { Stranger, Who } from "./stranger.ts";

/** What a call is made of beside what its example says. */
export interface Ready {
  /** The id in its path. */
  id?: string;
  /** Fields in place of those of the example. */
  body?: Record<string, unknown> | string;
}

let count = 0;
/** So that no two things are called the same. */
const another = (what: string) => `${what} ${++count}`;

/** Makes over the API what a call needs to be good, so that its example does with real ids put in. */
export async function readyFor(stranger: Stranger, call: Described, who: Who): Promise<Ready> {
  const [own] = call.operationId.split("OfBooking");
  const special = SPECIAL[own];
  if (special) {
    const { id, body } = await special(stranger, who);
    return { id, body: typeof body === "string" ? body : { ...exampleOf(call), ...body } };
  }
  const id = call.path.includes("{id}") ? await make(stranger, call.tags[0], who) : undefined;
  return { id, body: filled(exampleOf(call), await idsFor(stranger, call)) };
}

/** The example of a call's body, as the document has it. */
export function exampleOf({ requestBody }: Described): Record<string, unknown> | undefined {
  const example = requestBody?.content["application/json"]?.example;
  return example === undefined ? undefined : structuredClone(example as Record<string, unknown>);
}

/** Makes a thing of the kind that a tag of the document is about: its id. */
export async function make(stranger: Stranger, tag: string, who: Who): Promise<string> {
  const made = await MAKE[tag](stranger, who === "nobody" ? "user" : who);
  return made.id;
}

type Maker = (stranger: Stranger, who: Exclude<Who, "nobody">) => Promise<{ id: string }>;

const resource = (stranger: Stranger, more: Record<string, unknown> = {}): Promise<{ id: string }> =>
  stranger.done("admin", "POST", "/resources", { name: another("Room"), kind: "room", ...more });
const person = (stranger: Stranger, role = "user"): Promise<{ id: string; email: string }> => {
  const email = `${another("person").replace(" ", "")}@holdfast.test`;
  return stranger.done("admin", "POST", "/users", {
    email,
    name: another("Person"),
    password: PASSWORD,
    role,
  });
};
const SLOT = { start_time: "2027-03-01T08:00:00Z", end_time: "2027-03-01T09:00:00Z" };

async function reservation(stranger: Stranger, who: Who, more: Record<string, unknown> = {}) {
  const { id: resource_id } = await resource(stranger, more);
  const made: { id: string; resource_id: string } = await stranger.done(who, "POST", "/reservations", {
    resource_id,
    ...SLOT,
  });
  return made;
}

const MAKE: Record<string, Maker> = {
  Resources: (stranger) => resource(stranger),
  People: (stranger) => person(stranger),
  Groups: (stranger) => stranger.done("admin", "POST", "/groups", { name: another("Group") }),
  Policies: (stranger) => stranger.done("admin", "POST", "/policies", { name: another("Policy") }),
  "Accounts and tokens": (stranger, who) =>
    stranger.done(who, "POST", "/auth/tokens", { name: another("Token") }),
  Closures: async (stranger) =>
    stranger.done("admin", "POST", "/closures", {
      reason: "Painting",
      resource_id: (await resource(stranger)).id,
      ...SLOT,
    }),
  Delegations: async (stranger, who) =>
    stranger.done(who === "user" ? "staff" : who, "POST", "/delegations", {
      to_user_id: (await person(stranger, "staff")).id,
      ...{ from: "2027-03-01", until: "2027-03-02" },
    }),
  Reservations: (stranger, who) => reservation(stranger, who),
  Series: (stranger, who) => series(stranger, who),
  Bookings: (stranger, who) => reservation(stranger, who),
  Waitlist: async (stranger, who) => (await waiting(stranger, who)).entry,
  Waiting: (stranger, who) => reservation(stranger, who, { requires_approval: true }),
};

const SERIES = {
  ...{ start_time: "2027-03-01T08:00:00Z", end_time: "2027-03-01T09:00:00Z" },
  recurrence: { frequency: "weekly", count: 3 },
};

async function series(stranger: Stranger, who: Who, more: Record<string, unknown> = {}) {
  const resource_id = (await resource(stranger)).id;
  const asking = who === "nobody" ? "user" : who;
  return await stranger.done(asking, "POST", "/series", { resource_id, ...SERIES, ...more }) as {
    id: string;
  };
}

/** Somebody who waits for what another has, as far as that is taken. */
async function waiting(stranger: Stranger, who: Who) {
  const held = await taken(stranger, who);
  const wish = { resource_id: held.resource_id, ...SLOT };
  const entry: { id: string } = await stranger.done(
    who === "nobody" ? "user" : who,
    "POST",
    "/waitlist",
    wish,
  );
  return { held, entry };
}

/** What another than who asks has reserved. */
async function taken(stranger: Stranger, who: Who) {
  const holder = who === "admin" ? "staff" : "admin";
  return { holder, ...await reservation(stranger, holder) } as const;
}

/** Somebody to whom was offered what they waited for. */
async function offered(stranger: Stranger, who: Who): Promise<Ready> {
  const { held, entry } = await waiting(stranger, who);
  await stranger.done(held.holder, "POST", `/reservations/${held.id}/cancel`, {});
  return { id: entry.id, body: { offer_id: undefined } };
}

/** A reservation that begins this minute, and wants a check-in. */
async function beginning(stranger: Stranger, who: Who): Promise<Ready> {
  const policy = await stranger.done("admin", "POST", "/policies", {
    name: another("Policy"),
    check_in: true,
  });
  const { id: resource_id } = await resource(stranger, { policy_id: policy.id });
  const start = stranger.minute();
  const period = { start_time: `${start}`, end_time: `${start.add({ hours: 1 })}` };
  const asking = who === "nobody" ? "user" : who;
  return { id: (await stranger.done(asking, "POST", "/reservations", { resource_id, ...period })).id };
}

/** What has to be there first for calls that ask for more than a thing of their own. */
const SPECIAL: Record<string, (stranger: Stranger, who: Who) => Promise<Ready>> = {
  login: async (stranger) => ({ body: { email: (await person(stranger)).email, password: PASSWORD } }),
  register: () => Promise.resolve({ body: newcomer() }),
  createUser: () => Promise.resolve({ body: newcomer() }),
  refresh: async (stranger) => {
    const { email } = await person(stranger);
    const { refresh_token } = await stranger.done("nobody", "POST", "/auth/login", {
      email,
      password: PASSWORD,
    });
    return { body: { refresh_token } };
  },
  importResources: () => Promise.resolve({ body: `name,kind\n${another("Imported")},room\n` }),
  importPeople: () =>
    Promise.resolve({ body: `email,name\n${another("i").replace(" ", "")}@holdfast.test,New\n` }),
  importReservations: async (stranger) => {
    const name = another("Wanted");
    await resource(stranger, { name });
    const { start_time, end_time } = SLOT;
    return {
      body: `requester,resources,start_time,end_time\nbob@holdfast.test,${name},${start_time},${end_time}\n`,
    };
  },
  createDelegation: async (stranger) => ({
    body: { to_user_id: (await person(stranger, "staff")).id },
  }),
  changeReservations: async (stranger) => ({
    body: { create: [{ resource_id: (await resource(stranger)).id, ...SLOT }] },
  }),
  approveReservation: pending,
  denyReservation: pending,
  askRequester: async (stranger) => ({ ...await pending(stranger), body: { question: "How many are you?" } }),
  bumpReservation: async (stranger) => ({ id: (await reservation(stranger, "user")).id }),
  rescheduleReservation: async (stranger) => {
    const { id, resource_id } = await reservation(stranger, "user");
    return {
      id,
      body: { resource_id, start_time: "2027-03-02T08:00:00Z", end_time: "2027-03-02T09:00:00Z" },
    };
  },
  changeReservation: async (stranger, who) => {
    const { id, resource_id } = await reservation(stranger, who === "nobody" ? "user" : who);
    return {
      id,
      body: { resource_id, start_time: "2027-03-02T08:00:00Z", end_time: "2027-03-02T09:00:00Z" },
    };
  },
  answerApprover: async (stranger, who) => {
    const asker = who === "staff" ? "admin" : "staff";
    const { id } = await reservation(stranger, who === "nobody" ? "user" : who, { requires_approval: true });
    await stranger.done(asker, "POST", `/reservations/${id}/ask`, { question: "How many are you?" });
    return { id, body: { answer: "Six" } };
  },
  joinWaitlist: async (stranger, who) => ({
    body: { resource_id: (await taken(stranger, who)).resource_id },
  }),
  acceptOffer: offered,
  declineOffer: offered,
  checkIn: beginning,
  endReservation: beginning,
  changeSeries: async (stranger, who) => ({
    id: (await series(stranger, who)).id,
    body: { scope: "all", reservation_id: undefined, purpose: "Choir" },
  }),
  cancelSeries: async (stranger, who) => ({
    id: (await series(stranger, who)).id,
    body: { scope: "all", reservation_id: undefined },
  }),
  addDate: async (stranger, who) => {
    const resource_id = (await resource(stranger)).id;
    const taken = { start_time: "2027-03-08T08:00:00Z", end_time: "2027-03-08T09:00:00Z" };
    const { id } = await stranger.done("admin", "POST", "/reservations", { resource_id, ...taken });
    const made = await series(stranger, who, { resource_id, mode: "skip" });
    await stranger.done("admin", "POST", `/reservations/${id}/cancel`, {});
    return { id: made.id, body: { start_wall: "2027-03-08T09:00" } };
  },
  withdrawChange: async (stranger, who) => {
    const asking = who === "nobody" ? "user" : who;
    const decider = who === "staff" ? "admin" : "staff";
    const { id } = await reservation(stranger, asking, { requires_approval: true });
    await stranger.done(decider, "POST", `/reservations/${id}/approve`, {});
    const { proposed_change } = await stranger.done(asking, "PATCH", `/reservations/${id}`, {
      ...{ start_time: "2027-03-02T08:00:00Z", end_time: "2027-03-02T09:00:00Z" },
    });
    return { id, body: { change: proposed_change.id } };
  },
};

const newcomer = () => ({
  email: `${another("zoe").replace(" ", "")}@example.org`,
  name: "Bluebell",
  password: "a quiet harbour",
});

async function pending(stranger: Stranger): Promise<Ready> {
  return { id: (await reservation(stranger, "user", { requires_approval: true })).id };
}

async function idsFor(stranger: Stranger, call: Described): Promise<Record<string, string>> {
  const example = exampleOf(call) ?? {};
  return "resource_id" in example ? { resource_id: (await resource(stranger)).id } : {};
}

// Names are unique, so each use of an example needs another.
function filled(example: Record<string, unknown> | undefined, ids: Record<string, string>) {
  if (!example) return undefined;
  const named = typeof example.name === "string" ? { name: another(example.name) } : {};
  return { ...example, ...ids, ...named };
}
