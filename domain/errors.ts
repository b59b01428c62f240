import type { Alternative } from "./alternatives.ts";
import type { ConflictingPeriod } from "./availability.ts";
import type { Reason } from "./reasons.ts";

/** What is asked for does not exist, or is not the actor's to know about. */
export class NotFound extends Error {
  override name = "NotFound";
  constructor(what: string) {
    super(`${what} was not found`);
  }
}

/** The actor is known and may not do this. */
export class Forbidden extends Error {
  override name = "Forbidden";
}

/** One thing wrong with one field: `path` is the field's name, `message` what to do about it. */
export interface Issue {
  path: string;
  message: string;
}

/** The input cannot be understood or accepted, whoever sends it. */
export class Invalid extends Error {
  override name = "Invalid";
  constructor(readonly issues: Issue[], readonly alternatives: Alternative[] = []) {
    super(issues.map((issue) => issue.message).join("; "));
  }
}

/** What a rule, another reservation or a state has against it; `message` says it in a sentence. */
export class Conflict extends Error {
  override name = "Conflict";
  readonly conflicts: ConflictingPeriod[];
  readonly alternatives: Alternative[];
  readonly reasons: Reason[];
  constructor(
    message: string,
    { conflicts = [], alternatives = [], reasons = [] }: {
      conflicts?: ConflictingPeriod[];
      alternatives?: Alternative[];
      reasons?: Reason[];
    } = {},
  ) {
    super(message);
    this.conflicts = conflicts;
    this.alternatives = alternatives;
    this.reasons = reasons;
  }
}

/** What is to be changed is not any more as the actor has seen it. */
export class Stale extends Error {
  override name = "Stale";
  constructor() {
    super("It was changed since you looked at it: read it again");
  }
}

/** Too many attempts; `seconds` is how long to wait. */
export class TooMany extends Error {
  override name = "TooMany";
  constructor(message: string, readonly seconds: number) {
    super(message);
  }
}

/**
 * What each constraint of the database means in words, and the field it belongs to. A constraint that is only ever
 * broken by a mistake of ours has words too: they stand in the log.
 */
export const CONSTRAINT_WORDS: Record<string, Issue & { taken?: true }> = {
  users_have_one_id: { path: "id", message: "This person is already there" },
  users_email_is_unique: {
    path: "email",
    message: "This e-mail address already has an account",
    taken: true,
  },
  users_email_is_lower_case: { path: "email", message: "Give an e-mail address of at most 254 characters" },
  users_have_a_name: { path: "name", message: "Give a name of 1 to 120 characters" },
  users_role_is_known: { path: "role", message: "The role is user, staff or admin" },
  sessions_have_one_id: { path: "id", message: "This session is already there" },
  sessions_belong_to_user: { path: "user_id", message: "This person does not exist" },
  sessions_kind_is_known: { path: "kind", message: "A session is of a browser or of the API" },
  password_resets_have_one_id: { path: "id", message: "This link is already there" },
  password_resets_belong_to_user: { path: "user_id", message: "This person does not exist" },
  password_resets_token_is_unique: { path: "token", message: "This link is already there" },
  password_resets_made_by_user: { path: "made_by", message: "This person does not exist" },
  second_factors_are_one_each: { path: "code", message: "There is a second factor already" },
  second_factors_belong_to_user: { path: "user_id", message: "This person does not exist" },
  api_tokens_have_one_id: { path: "id", message: "This token is already there" },
  api_tokens_belong_to_user: { path: "user_id", message: "This person does not exist" },
  api_tokens_have_a_name: { path: "name", message: "Give a name of 1 to 120 characters" },
  api_tokens_scope_is_known: { path: "scope", message: "The scope is read, write or admin" },
  api_tokens_secret_is_unique: { path: "token", message: "This token is already there" },
  replies_belong_to_user: { path: "user_id", message: "This person does not exist" },
  replies_key_is_short: { path: "key", message: "Give a key of at most 255 characters" },
  replies_are_one_each: { path: "key", message: "This key was used already" },
  policies_have_one_id: { path: "id", message: "This policy is already there" },
  policies_name_is_unique: { path: "name", message: "Another policy has this name", taken: true },
  policies_have_a_name: { path: "name", message: "Give a name of 1 to 120 characters" },
  policies_min_minutes_is_positive: {
    path: "min_minutes",
    message: "The shortest duration is at least a minute",
  },
  policies_max_minutes_is_positive: {
    path: "max_minutes",
    message: "The longest duration is at least a minute",
  },
  policies_notice_is_not_negative: { path: "notice_minutes", message: "The notice cannot be negative" },
  policies_horizon_is_positive: { path: "horizon_days", message: "The horizon is at least a day" },
  policies_slot_is_sane: { path: "slot_minutes", message: "A step is 5 minutes to a day" },
  policies_buffer_before_is_sane: { path: "buffer_before", message: "A buffer is at most a day" },
  policies_buffer_after_is_sane: { path: "buffer_after", message: "A buffer is at most a day" },
  policies_open_at_most_is_positive: { path: "open_at_most", message: "At least one may be open" },
  policies_cancel_minutes_is_not_negative: {
    path: "cancel_minutes",
    message: "The cut-off cannot be negative",
  },
  policies_approval_is_known: { path: "approval", message: "An approval is needed never, always or when …" },
  policies_approval_longer_is_positive: {
    path: "approval_longer_than",
    message: "Give a duration of at least a minute",
  },
  policies_approval_people_is_positive: {
    path: "approval_more_people_than",
    message: "Give a number of people from 1",
  },
  policies_hold_is_positive: {
    path: "hold_minutes",
    message: "A request holds its slot for at least a minute",
  },
  policies_check_in_opens_is_sane: {
    path: "check_in_opens_minutes",
    message: "Check-in opens at most a day before the start",
  },
  policies_check_in_grace_is_sane: {
    path: "check_in_grace_minutes",
    message: "Who is late has at least a minute, and at most a day",
  },
  policy_trusts_belong_to_policy: { path: "policy_id", message: "This policy does not exist" },
  policy_trusts_trust_user: { path: "trusts", message: "This person does not exist" },
  policy_trusts_once: { path: "trusts", message: "A person is named twice" },
  policy_trusted_groups_belong_to_policy: { path: "policy_id", message: "This policy does not exist" },
  policy_trusted_groups_trust_group: { path: "trusted_groups", message: "This group does not exist" },
  policy_trusted_groups_once: { path: "trusted_groups", message: "A group is named twice" },
  policies_min_is_not_above_max: {
    path: "min_minutes",
    message: "The shortest duration is above the longest",
  },
  resources_have_one_id: { path: "id", message: "This resource is already there" },
  resources_name_is_unique: { path: "name", message: "Another resource has this name", taken: true },
  resources_have_a_name: { path: "name", message: "Give a name of 1 to 120 characters" },
  resources_have_a_kind: { path: "kind", message: "Give a kind of 1 to 40 characters" },
  resources_capacity_is_positive: { path: "capacity", message: "The capacity is at least 1" },
  resources_units_are_sane: { path: "units", message: "Give 1 to 500 units" },
  resources_follow_policy: { path: "policy_id", message: "This policy does not exist" },
  reservations_have_one_id: { path: "id", message: "This reservation is already there" },
  reservations_number_is_unique: { path: "number", message: "This reservation is already there" },
  reservations_belong_to_user: { path: "requester_id", message: "This person does not exist" },
  reservations_status_is_known: { path: "status", message: "This status does not exist" },
  reservations_purpose_is_short: { path: "purpose", message: "Say it in at most 500 characters" },
  reservations_priority_is_sane: { path: "priority", message: "The priority is between 0 and 100" },
  reservations_decided_by_user: { path: "decided_by", message: "This person does not exist" },
  reservations_attendees_are_positive: { path: "attendees", message: "Give a number of people from 1" },
  reservations_override_is_short: { path: "override", message: "Say it in at most 500 characters" },
  reservations_check_in_has_both_ends: { path: "start_time", message: "A check-in begins and ends" },
  reservations_check_in_is_in_time: { path: "end_time", message: "A check-in ends with the reservation" },
  series_have_one_id: { path: "id", message: "This series is already there" },
  series_belong_to_user: { path: "requester_id", message: "This person does not exist" },
  series_name_a_resource: { path: "resource_ids", message: "Name at least one resource" },
  series_purpose_is_short: { path: "purpose", message: "Say it in at most 500 characters" },
  series_attendees_are_positive: { path: "attendees", message: "Give a number of people from 1" },
  series_end_after_start: { path: "end_time", message: "The end must be after the start" },
  series_skips_are_of_series: { path: "series_id", message: "This series does not exist" },
  series_skips_are_told_once: { path: "start_wall", message: "This date is left out already" },
  series_have_each_date_once: { path: "start_wall", message: "The series has this date already" },
  reservations_are_of_series: { path: "series_id", message: "This series does not exist" },
  reservations_have_their_date: { path: "series_id", message: "A date of a series belongs to a series" },
  reservations_end_after_start: { path: "end_time", message: "The end must be after the start" },
  allocations_belong_to_reservation: { path: "reservation_id", message: "This reservation does not exist" },
  allocations_take_resource: { path: "resource_id", message: "This resource has reservations" },
  allocations_unit_is_positive: { path: "unit", message: "Units are counted from 1" },
  allocations_period_is_bounded: { path: "end_time", message: "The period needs a start and a later end" },
  allocations_once_per_reservation: { path: "resource_ids", message: "A resource is named twice" },
  allocations_never_overlap: { path: "start_time", message: "This time is taken", taken: true },
  proposals_are_one_each: { path: "id", message: "A change is already asked for" },
  proposals_have_one_id: { path: "id", message: "This change is already there" },
  proposals_change_reservation: { path: "reservation_id", message: "This reservation does not exist" },
  proposals_name_a_resource: { path: "resource_ids", message: "Name at least one resource" },
  proposals_end_after_start: { path: "end_time", message: "The end must be after the start" },
  questions_have_one_id: { path: "id", message: "This question is already there" },
  questions_about_reservation: { path: "reservation_id", message: "This reservation does not exist" },
  questions_asked_by_user: { path: "asked_by", message: "This person does not exist" },
  questions_say_something: { path: "question", message: "Ask in 1 to 500 characters" },
  questions_answer_is_short: { path: "answer", message: "Answer in 1 to 500 characters" },
  questions_are_asked_one_at_a_time: {
    path: "question",
    message: "Something is asked already: wait for the answer",
    taken: true,
  },
  groups_have_one_id: { path: "id", message: "This group is already there" },
  groups_have_a_name: { path: "name", message: "Give a name of 1 to 120 characters" },
  groups_name_is_unique: { path: "name", message: "Another group has this name", taken: true },
  group_members_are_of_group: { path: "group_id", message: "This group does not exist" },
  group_members_are_users: { path: "user_id", message: "This person does not exist" },
  group_members_are_in_once: { path: "user_id", message: "This person is in the group already" },
  resource_approvers_of_resource: { path: "resource_id", message: "This resource does not exist" },
  resource_approvers_are_users: { path: "approver", message: "This person does not exist" },
  resource_approvers_are_groups: { path: "approver", message: "This group does not exist" },
  resource_approvers_are_one_or_the_other: { path: "approver", message: "Name a person or a group" },
  resource_approvers_are_named_once: { path: "approver", message: "This approver is named already" },
  delegations_have_one_id: { path: "id", message: "This absence is already there" },
  delegations_of_user: { path: "user_id", message: "This person does not exist" },
  delegations_to_user: { path: "to_user_id", message: "This person does not exist" },
  delegations_are_to_another: { path: "to_user_id", message: "Choose somebody else than yourself" },
  delegations_end_after_start: { path: "until", message: "The last day is before the first" },
  allocations_belong_to_closure: { path: "closure_id", message: "This closure does not exist" },
  allocations_have_one_owner: {
    path: "reservation_id",
    message: "A time is taken by a reservation, a closure or an offer",
  },
  allocations_belong_to_offer: { path: "offer_id", message: "This offer does not exist" },
  allocations_once_per_offer: { path: "resource_ids", message: "A resource is named twice" },
  policies_offer_is_sane: { path: "offer_minutes", message: "An offer holds for a minute to a week" },
  waitlist_has_one_id: { path: "id", message: "This entry is already there" },
  waitlist_number_is_unique: { path: "number", message: "This entry is already there" },
  waitlist_belongs_to_user: { path: "requester_id", message: "This person does not exist" },
  waitlist_names_resources_or_what_will_do: {
    path: "resource_ids",
    message: "Name resources, or what one has to be like",
  },
  waitlist_length_is_positive: { path: "minutes", message: "Give a length of at least a minute" },
  waitlist_attendees_are_positive: { path: "attendees", message: "Give a number of people from 1" },
  waitlist_purpose_is_short: { path: "purpose", message: "Say it in at most 500 characters" },
  waitlist_is_for_what_was_bumped: { path: "bumped_id", message: "This reservation does not exist" },
  waitlist_status_is_known: { path: "status", message: "This status does not exist" },
  waitlist_ends_after_start: { path: "end_time", message: "The end must be after the start" },
  waitlist_length_fits: { path: "minutes", message: "A slot of this length does not fit between the two" },
  waitlist_is_joined_once: {
    path: "start_time",
    message: "You are on the waitlist for this already",
    taken: true,
  },
  offers_have_one_id: { path: "id", message: "This offer is already there" },
  offers_are_to_who_waits: { path: "entry_id", message: "This entry does not exist" },
  offers_name_a_resource: { path: "resource_ids", message: "Name at least one resource" },
  offers_become_reservation: { path: "reservation_id", message: "This reservation does not exist" },
  offers_outcome_is_known: { path: "outcome", message: "An offer does not end like this" },
  offers_end_after_start: { path: "end_time", message: "The end must be after the start" },
  offers_end_before_the_slot_begins: { path: "expires_at", message: "An offer ends before its slot begins" },
  offers_have_ended_somehow: { path: "outcome", message: "What has ended has ended somehow" },
  offers_were_accepted_for_something: {
    path: "reservation_id",
    message: "What was accepted is a reservation",
  },
  offers_are_made_one_at_a_time: { path: "entry_id", message: "Something is offered already", taken: true },
  allocations_ask_for_some: { path: "quantities", message: "Ask for at least one" },
  allocations_come_with_whole: { path: "resource_id", message: "This resource has reservations" },
  allocations_are_asked_for_or_come_along: {
    path: "resource_ids",
    message: "A resource is asked for, or comes along with another",
  },
  allocations_of_closures_ask_for_nothing: { path: "closure_id", message: "A closure asks for nothing" },
  resource_parts_make_a_whole: { path: "part_ids", message: "This resource does not exist" },
  resource_parts_are_resources: { path: "part_ids", message: "This resource is a part of another" },
  resource_parts_are_named_once: { path: "part_ids", message: "This part is named already" },
  resource_parts_are_not_themselves: { path: "part_ids", message: "A resource cannot be a part of itself" },
  resource_parts_all_make_a_whole: { path: "part_ids", message: "This resource does not exist" },
  resource_parts_all_are_resources: { path: "part_ids", message: "This resource is a part of another" },
  resource_parts_all_are_named_once: { path: "part_ids", message: "This part is named already" },
  resource_parts_all_are_not_themselves: {
    path: "part_ids",
    message: "A resource cannot be a part of itself",
  },
  resource_accessories_are_resources: { path: "offered_with", message: "This resource does not exist" },
  resource_accessories_come_with_resource: { path: "offered_with", message: "This resource does not exist" },
  resource_accessories_are_named_once: { path: "offered_with", message: "This resource is named already" },
  resource_accessories_come_with_another: {
    path: "offered_with",
    message: "An accessory cannot be offered with itself",
  },
  doors_have_one_id: { path: "id", message: "This door page is already there" },
  doors_are_one_each: { path: "resource_id", message: "This resource has a door page already" },
  doors_show_resource: { path: "resource_id", message: "This resource does not exist" },
  doors_are_opened_by_user: { path: "opened_by", message: "This person does not exist" },
  closures_have_one_id: { path: "id", message: "This closure is already there" },
  closures_have_a_reason: { path: "reason", message: "Say why, in at most 500 characters" },
  closures_are_made_by_user: { path: "created_by", message: "This person does not exist" },
  closures_end_after_start: { path: "end_wall", message: "The end must be after the start" },
  closure_dates_belong_to_closure: { path: "closure_id", message: "This closure does not exist" },
  closure_dates_close_resource: { path: "resource_ids", message: "This resource does not exist" },
  closure_dates_are_bounded: { path: "end_wall", message: "The period needs a start and a later end" },
  closure_dates_never_overlap: { path: "repeats", message: "Two dates of the closure overlap" },
  imports_have_one_id: { path: "id", message: "This import is already there" },
  imports_belong_to_user: { path: "user_id", message: "This person does not exist" },
  imports_kind_is_known: { path: "kind", message: "A file has resources, users or reservations" },
  import_lines_belong_to_import: { path: "import_id", message: "This import does not exist" },
  import_lines_are_read_once: { path: "line", message: "This line is already there" },
  history_has_one_id: { path: "id", message: "This entry is already there" },
  history_of_reservation: { path: "reservation_id", message: "This reservation does not exist" },
  history_actor_is_user: { path: "actor_id", message: "This person does not exist" },
  history_is_news_for_user: { path: "requester_id", message: "This person does not exist" },
  history_has_one_subject: { path: "subject_id", message: "An entry is about one thing" },
  outbox_has_one_id: { path: "id", message: "This event is already there" },
  outbox_about_reservation: { path: "reservation_id", message: "This reservation does not exist" },
  outbox_about_waitlist: { path: "waitlist_id", message: "This entry does not exist" },
  outbox_is_about_one_thing: { path: "waitlist_id", message: "An event is about one thing" },
  runs_have_one_id: { path: "id", message: "This run is already there" },
};

/** Turns what the database refused into a typed error with words; anything else comes back as it is. */
export function wordsFor(error: unknown): unknown {
  const { code, constraint_name } = error as { code?: string; constraint_name?: string };
  const words = CONSTRAINT_WORDS[constraint_name ?? ""];
  if (words) {
    const issue = { path: words.path, message: words.message };
    return words.taken ? new Taken(issue) : new Invalid([issue]);
  }
  if (code === "22021") {
    return new Invalid([{ path: "", message: "The text has a character that cannot be stored" }]);
  }
  return error;
}

/** What a write does with what the database refused: throws it in words. For the `catch` of a query. */
export function rethrow(error: unknown): never {
  throw wordsFor(error);
}

/** A name or address that somebody else already has: a conflict that belongs to a field. */
export class Taken extends Conflict {
  override name = "Taken";
  constructor(readonly issue: Issue) {
    super(issue.message);
  }
}
