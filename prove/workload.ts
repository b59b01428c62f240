import { setTimeout as pause } from "node:timers/promises";
import type { Entry, State } from "./ledger.ts";
import { type Answer, done, type Person } from "./people.ts";
import { random } from "./run.ts";

/** Clients that ask, move and cancel until they are told to end, and keep what they were told. */
export interface Workload {
  entries: Entry[];
  clients: number;
  /** How often each status was answered; 0: nobody was there; -1: no answer came. */
  statuses: Map<number, number>;
  /** What answers said that nobody should get. */
  wrong: string[];
  /** When the latest request was begun that each server acknowledged, on the clock of `performance`. */
  acknowledged: Map<string, number>;
  /** What began with every mark. */
  prefix: string;
  end(): Promise<void>;
}

export interface WorkloadOptions {
  prefix: string;
  ada: Person;
  people: Person[];
  /** The servers, as they are reached. */
  origins: string[];
  seed: number;
}

const RESOURCES = 8;
const MINUTES = 30;
/** What a site may answer: done, refused, not available at present. */
const EXPECTED = [0, 200, 201, 409, 503];
/** No connection could be made; perhaps only after one broke, on which it was sent: the client tries again by itself. */
const NOBODY_THERE = /\(Connect\)/;
/** How long a client waits before it asks again where nobody could help. */
const PATIENCE = 20;

/** Starts a client for each of the people. Two of them always want the same slots. */
export async function startWorkload(
  { prefix, ada, people, origins, seed }: WorkloadOptions,
): Promise<Workload> {
  const resources: string[] = [];
  for (let i = 1; i <= RESOURCES; i++) {
    const room = { name: `${prefix} ${i}`, kind: "room" };
    resources.push((await done(ada, origins[0], "POST", "/resources", room)).id);
  }
  const base = Temporal.Now.instant().add({ hours: 48 }).round("hour");
  const load = {
    entries: [] as Entry[],
    statuses: new Map(),
    wrong: [] as string[],
    acknowledged: new Map(),
  };
  let ending = false;

  async function client(person: Person, number: number) {
    const pick = random(seed * 1_000 + number);
    const mine: Entry[] = [];
    // Both of a pair go through the same slots, so that one of them is too late.
    const pair = number >> 1;
    let step = 0;
    const next = (): State => {
      const at = step++;
      const start = base.add({ minutes: MINUTES * (Math.floor(at / 2) * (people.length / 2) + pair) });
      return { status: "approved", resource_id: resources[at % RESOURCES], start_time: `${start}` };
    };
    while (!ending) {
      const origin = origins[pick(origins.length)];
      const settled = mine.filter((one) => one.state?.status === "approved" && !one.doubtful);
      const one = settled[pick(settled.length)];
      const kind = one ? pick(10) : 0;
      if (kind < 6) await create(origin, person, number, next(), mine);
      else if (kind < 9) await change(origin, person, one, next());
      else await cancel(origin, person, one);
      if (mine.length > 50) mine.shift();
      await pause(pick(8));
    }
  }

  async function create(origin: string, person: Person, number: number, wanted: State, mine: Entry[]) {
    const entry: Entry = { mark: `${prefix} ${number}-${load.entries.length}`, steps: 0, doubtful: wanted };
    load.entries.push(entry);
    const body = { ...slotOf(wanted), purpose: entry.mark };
    // Half of them send a key with what they ask for, and so may ask again until somebody answers.
    const key = number % 2 ? entry.mark.replaceAll(" ", "-") : undefined;
    do {
      const answer = await ask(origin, person, "POST", "/reservations", body, key);
      entry.told = toldBy(origin, answer);
      if (!answer) continue;
      if (answer.status === 201) {
        Object.assign(entry, { id: answer.json.id, state: wanted, steps: 1 });
        mine.push(entry);
      }
      delete entry.doubtful;
      return;
    } while (key && !ending);
  }

  async function change(origin: string, person: Person, entry: Entry, wanted: State) {
    entry.doubtful = wanted;
    const answer = await ask(origin, person, "PATCH", `/reservations/${entry.id}`, slotOf(wanted));
    settle(entry, wanted, answer, origin);
  }

  async function cancel(origin: string, person: Person, entry: Entry) {
    const gone: State = { ...entry.state!, status: "cancelled" };
    entry.doubtful = gone;
    const answer = await ask(origin, person, "POST", `/reservations/${entry.id}/cancel`, {});
    settle(entry, gone, answer, origin);
  }

  // What no answer came for stays doubtful, and is left alone.
  function settle(entry: Entry, wanted: State, answer: Answer | undefined, origin: string) {
    entry.told = toldBy(origin, answer);
    if (!answer) return;
    delete entry.doubtful;
    if (isDone(answer)) Object.assign(entry, { state: wanted, steps: entry.steps + 1 });
  }

  /** Undefined where nobody knows whether it was done: no answer, or one that does not say. */
  async function ask(
    origin: string,
    person: Person,
    method: string,
    path: string,
    body: unknown,
    key?: string,
  ) {
    const begun = performance.now();
    const answer = await person.call(origin, method, path, body, key).catch((error): Answer | undefined =>
      NOBODY_THERE.test(`${error} ${error.cause}`) ? { status: 0, json: undefined } : undefined
    );
    const status = answer?.status ?? -1;
    load.statuses.set(status, (load.statuses.get(status) ?? 0) + 1);
    if (answer && !EXPECTED.includes(status)) load.wrong.push(`${status} ${answer.json?.detail ?? ""}`);
    if (status >= 200 && status < 300) load.acknowledged.set(origin, begun);
    if (status >= 200 && status < 500) return answer;
    await pause(PATIENCE);
  }

  const clients = people.map(client);
  return {
    ...load,
    ...{ prefix, clients: people.length },
    async end() {
      ending = true;
      await Promise.all(clients);
    },
  };
}

function toldBy(origin: string, answer: Answer | undefined): string {
  const { detail, request_id } = answer?.json ?? {};
  return answer ? `${answer.status} ${detail ?? ""} (${request_id ?? ""} of ${origin})` : "nothing";
}

const isDone = ({ status }: Answer) => status >= 200 && status < 300;

function slotOf({ resource_id, start_time }: State) {
  const end = Temporal.Instant.from(start_time).add({ minutes: MINUTES });
  return { resource_id, start_time, end_time: `${end}` };
}
