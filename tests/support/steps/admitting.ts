import fc from "fast-check";
import { changeRole, deactivateUser, reactivateUser } from "../../../domain/accounts.ts";
import { type Action, action } from "./world.ts";

/** What is done with people's accounts. Who is being closed out may be about something at that very moment. */
export const ADMITTING: Action[] = [
  action(
    "close an account",
    1,
    10,
    { who: fc.constantFrom("mallory", "alice", "sue"), future: fc.constantFrom("keep", "cancel") },
    (world, sql, a, now) => {
      const { id } = world.cast[a.who as "sue"];
      const closing = { id, future: a.future as "keep", reason: "" };
      return deactivateUser(sql, world.cast.ada, closing, now);
    },
  ),
  action(
    "open an account again",
    2,
    10,
    { who: fc.constantFrom("mallory", "alice", "sue") },
    (world, sql, a, now) => reactivateUser(sql, world.cast.ada, world.cast[a.who as "sue"].id, now),
  ),
  action(
    "give another role",
    1,
    5,
    { who: fc.constantFrom("sue", "mallory"), role: fc.constantFrom("user", "staff") },
    (world, sql, a, now) =>
      changeRole(sql, world.cast.ada, { id: world.cast[a.who as "sue"].id, role: a.role as "user" }, now),
  ),
];
