import { Forbidden } from "./errors.ts";

export const ROLES = ["user", "staff", "admin"] as const;
export type Role = typeof ROLES[number];

/** Somebody signed in, as the domain needs to know them. */
export interface Actor {
  id: string;
  email: string;
  name: string;
  role: Role;
  /** The IANA zone this person reads times in: their own choice, or the site's. */
  time_zone: string;
  /** The request in which they act, where there is one: it stands in the record. */
  request_id?: string;
}

type Right = "never" | "own" | "not own" | "always";

/** Who may do what: action × role × ownership. Routes ask it, and views, to draw a button or not. */
const RIGHTS = {
  reserve: { user: "always", staff: "always", admin: "always" },
  reserve_for: { user: "never", staff: "always", admin: "always" },
  see_reservation: { user: "own", staff: "always", admin: "always" },
  see_details: { user: "own", staff: "always", admin: "always" },
  edit_reservation: { user: "own", staff: "always", admin: "always" },
  cancel: { user: "own", staff: "always", admin: "always" },
  // For others: by whoever sees them come, or an empty room.
  check_in: { user: "own", staff: "always", admin: "always" },
  end: { user: "own", staff: "always", admin: "always" },
  // Asked with who cancelled: nobody takes back what an approver did.
  restore: { user: "own", staff: "always", admin: "always" },
  see_waitlist: { user: "own", staff: "always", admin: "always" },
  leave_waitlist: { user: "own", staff: "always", admin: "always" },
  answer_offer: { user: "own", staff: "always", admin: "always" },
  // Whether at all; on which requests, and not on their own, is said by `approvers.ts`.
  decide: { user: "never", staff: "always", admin: "always" },
  bump: { user: "never", staff: "not own", admin: "not own" },
  answer: { user: "own", staff: "own", admin: "own" },
  delegate: { user: "never", staff: "always", admin: "always" },
  end_delegation: { user: "own", staff: "own", admin: "always" },
  override: { user: "never", staff: "always", admin: "always" },
  see_queue: { user: "never", staff: "always", admin: "always" },
  see_audit: { user: "never", staff: "always", admin: "always" },
  import_reservations: { user: "never", staff: "always", admin: "always" },
  export_resources: { user: "never", staff: "always", admin: "always" },
  manage_groups: { user: "never", staff: "never", admin: "always" },
  manage_resources: { user: "never", staff: "never", admin: "always" },
  manage_users: { user: "never", staff: "never", admin: "always" },
} as const satisfies Record<string, Record<Role, Right>>;

export type Action = keyof typeof RIGHTS;

const WORDS: Record<Action, string> = {
  reserve: "reserve",
  reserve_for: "reserve for somebody else",
  see_reservation: "see this reservation",
  see_details: "see the details of this reservation",
  edit_reservation: "change this reservation",
  cancel: "cancel this reservation",
  check_in: "check in for this reservation",
  end: "end this reservation",
  restore: "take back this cancellation",
  see_waitlist: "see this entry of the waitlist",
  leave_waitlist: "take this off the waitlist",
  answer_offer: "answer this offer",
  decide: "decide on this request",
  bump: "bump this reservation",
  answer: "answer for this request",
  delegate: "let others decide for you",
  end_delegation: "end this absence",
  override: "set rules aside",
  see_queue: "see the approvals",
  see_audit: "see the audit",
  import_reservations: "import reservations",
  export_resources: "export resources",
  manage_groups: "manage groups",
  manage_resources: "manage resources",
  manage_users: "manage people",
};

/** Whether `actor` may do `action`, on a thing of `owner_id` where ownership matters. */
export function may(actor: Actor | undefined, action: Action, owner_id?: string): boolean {
  if (!actor) return false;
  const right: Right = RIGHTS[action][actor.role];
  if (right === "own") return owner_id === actor.id;
  if (right === "not own") return owner_id !== actor.id;
  return right === "always";
}

/** Whether those of a role may do `action` at all, be it only on what is theirs. */
export function mayAny(role: Role, action: Action): boolean {
  return RIGHTS[action][role] !== "never";
}

/**
 * The same as a check.
 *
 * @throws {Forbidden} saying what may not be done
 */
export function permit(actor: Actor, action: Action, owner_id?: string): void {
  if (may(actor, action, owner_id)) return;
  const own = owner_id === actor.id && RIGHTS[action][actor.role] === "not own";
  throw new Forbidden(`You may not ${WORDS[action]}${own ? ": it is your own" : ""}`);
}
