import type { AuditEntry } from "../domain/audit.ts";
import type { Deed, State, Verb } from "../domain/history.ts";
import type { Opening } from "../domain/opening.ts";
import type { WaitlistStatus } from "../domain/offers.ts";
import { clock } from "../domain/periods.ts";
import { countedName, type Quantities, quantityOf } from "../domain/quantities.ts";
import type { Status } from "../domain/transitions.ts";
import { deviceOf } from "./account.tsx";
import { ACTION_WORDS, count, dayOf, periodOf, STATUS_WORDS, timeOf, WAITLIST_WORDS } from "./words.ts";

/** One difference, in words; nothing before where it was made, nothing after where it is gone. */
export interface Change {
  what: string;
  before: string;
  after: string;
}

const DEED_WORDS: Record<Deed, string> = {
  create: "Created",
  change: "Changed",
  deactivate: "Deactivated",
  reactivate: "Reactivated",
  delete: "Deleted",
  add_member: "Member added",
  remove_member: "Member removed",
  name_approver: "Approver named",
  drop_approver: "Approver removed",
  delegate: "Let another decide",
  end_delegation: "Decides again",
  register: "Registered",
  set_up: "Set the site up",
  role: "Role changed",
  profile: "Profile changed",
  password: "Password changed",
  reset_link: "Reset link made",
  reset_password: "Password reset",
  sign_in: "Signed in",
  sign_out: "Signed out",
  end_session: "Session ended",
  make_token: "Token made",
  revoke_token: "Token revoked",
  second_factor_on: "Second factor turned on",
  second_factor_off: "Second factor turned off",
  backup_codes: "Backup codes made anew",
  backup_code: "Backup code used",
  import: "Imported",
  open_door: "Door page opened",
  close_door: "Door page closed",
  join: "Joined the waitlist",
  leave: "Left the waitlist",
  offer: "Offered",
  accept: "Offer accepted",
  decline: "Offer declined",
  let_pass: "Offer expired: nobody accepted it in time",
  withdraw_offer: "Offer taken back",
  run_out: "Waited until it began",
};

const WORDS: Record<string, string> = { ...DEED_WORDS, ...ACTION_WORDS, expire: "Expired" };

/** The verbs on record, for a filter to choose from. */
export const ACTIONS = Object.entries(WORDS).map(([value, label]) => ({ value, label }))
  .sort((a, b) => a.label.localeCompare(b.label));

/** What was done, in a word or two. */
export function deedOf(action: Verb | Deed): string {
  return WORDS[action] ?? inWords(action);
}

/** What people call a column. Those that are missing are called by their own name. */
const COLUMNS: Record<string, string> = {
  active: "In service",
  approved_at_once: "Approved at once",
  attendees: "People",
  capacity: "For how many people",
  decision_reason: "Reason",
  email: "E-mail",
  ends_at: "Until",
  location: "Place",
  policy: "Policy",
  purpose: "For",
  requires_approval: "Needs approval",
  resource_ids: "Resource",
  stand_in: "Who decides",
  starts_at: "From",
};

/** What comes first; the rest follows as the database has it. */
const ORDER = [
  "name",
  "email",
  "role",
  "kind",
  "status",
  "resource_ids",
  "purpose",
  "private",
  "decision_reason",
  "stand_in",
  "starts_at",
  "ends_at",
];

/** What is told otherwise, or is of no use to a person. */
const UNTOLD = new Set(["start_time", "end_time", "policy_id", "trusted_groups", "quantities"]);

/** Every difference that an entry made. `names` are those of the resources that it speaks of. */
export function changesOf(
  entry: AuditEntry,
  names: Record<string, string>,
  zone: string,
  now: Temporal.Instant,
): Change[] {
  const { previous_state: before, after_state: after, details } = entry;
  const told = [...timesOf(before, after, zone, now), ...resourcesOf(details, names)];
  const columns = Object.keys(after ?? before ?? {}).filter((key) => !UNTOLD.has(key))
    // By name, where the names were kept.
    .filter((key) => key !== "trusts" || !(after ?? before)?.approved_at_once);
  const place = (key: string) => ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length;
  for (const key of columns.toSorted((a, b) => place(a) - place(b))) {
    // Of what is new, only what is so.
    if (!before && after?.[key] === false) continue;
    const say = (state: State | null) =>
      !state
        ? ""
        : key === "resource_ids" && Array.isArray(state[key])
        ? countedNames(state[key], state.quantities, names)
        : valueOf(key, state[key], names, zone, now);
    const change = { what: nameOf(key, entry), before: say(before), after: say(after) };
    if (change.before !== change.after) told.push(change);
  }
  return told;
}

/** What else there is to say of an entry, beside the differences. */
export function remarksOf({ action, details }: AuditEntry): string[] {
  const { cancelled, sessions_ended, session, device, token_came_again, what, created, updated } = details;
  return [
    ...(action === "import" ? [`${what}: ${created} created, ${updated} changed`] : []),
    ...(session === "browser" || session === "api" ? [deviceOf({ kind: session, device: `${device}` })] : []),
    ...(token_came_again ? ["A token that was spent came again"] : []),
    ...(Number(cancelled) > 0
      ? [count(Number(cancelled), "reservation was cancelled", "reservations were cancelled")]
      : []),
    ...(Number(sessions_ended) > 0 ? [count(Number(sessions_ended), "session ended", "sessions ended")] : []),
  ];
}

/** A difference on one line: `Role: user → staff`. */
export function lineOf({ what, before, after }: Change): string {
  if (!before) return `${what}: ${after}`;
  return `${what}: ${before} → ${after || "none"}`;
}

function nameOf(key: string, { subject_kind }: AuditEntry): string {
  if (key === "active" && subject_kind === "user") return "Account open";
  return COLUMNS[key] ?? inWords(key);
}

// Both ends of a period are one thing to people.
function timesOf(before: State | null, after: State | null, zone: string, now: Temporal.Instant): Change[] {
  if (!after?.start_time) return [];
  const say = (state: State | null) => {
    if (!state?.start_time || !state.end_time) return "";
    const [start_time, end_time] = [state.start_time, state.end_time].map((at) =>
      Temporal.Instant.from(`${at}`)
    );
    return periodOf({ start_time, end_time }, zone, now);
  };
  const change = { what: "When", before: say(before), after: say(after) };
  return change.before === change.after ? [] : [change];
}

function resourcesOf(
  { previous_resource_ids, resource_ids, previous_quantities, quantities }: State,
  names: Record<string, string>,
): Change[] {
  if (!Array.isArray(previous_resource_ids) || !Array.isArray(resource_ids)) return [];
  const before = countedNames(previous_resource_ids, previous_quantities, names);
  const change = { what: "Resource", before, after: countedNames(resource_ids, quantities, names) };
  return change.before === change.after ? [] : [change];
}

function countedNames(ids: readonly string[], quantities: unknown, names: Record<string, string>): string {
  const of = quantities as Quantities | undefined;
  return ids.map((id) => countedName({ name: names[id] ?? "a deleted one", quantity: quantityOf(of, id) }))
    .toSorted().join(", ");
}

function valueOf(
  key: string,
  value: unknown,
  names: Record<string, string>,
  zone: string,
  now: Temporal.Instant,
): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (key === "status") {
    return STATUS_WORDS[value as Status] ?? WAITLIST_WORDS[value as WaitlistStatus] ?? String(value);
  }
  if (key === "opening") return openingOf(value as Opening);
  if (key === "trusts") return countOrNone((value as string[]).length, "person", "people");
  if (key === "fields") return (value as { label: string }[]).map(({ label }) => label).join(", ");
  if (Array.isArray(value)) return value.map((one) => names[one] ?? pairsOf(one)).join(", ");
  if (typeof value === "object") return pairsOf(value);
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(String(value))) {
    const at = Temporal.Instant.from(String(value));
    return `${dayOf(at, zone, now)}, ${timeOf(at, zone)}`;
  }
  return String(value);
}

const countOrNone = (n: number, one: string, many: string) => n === 0 ? "" : count(n, one, many);

// What has parts of its own, part by part: `per week, count 3`.
function pairsOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([key, part]) => `${key.replaceAll("_", " ")} ${part}`).join(", ");
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function openingOf(opening: Opening): string {
  const days = opening.map((stretches, i) =>
    `${DAYS[i]} ${stretches.map(([from, to]) => `${clock(from)}–${clock(to)}`).join(" and ") || "closed"}`
  );
  return days.join(", ");
}

function inWords(name: string): string {
  const words = name.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}
