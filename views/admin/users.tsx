import type { Session } from "../../domain/auth/sessions.ts";
import { ROLES } from "../../domain/permissions.ts";
import type { Reservation } from "../../domain/reservations.ts";
import { statusAt } from "../../domain/transitions.ts";
import type { User } from "../../domain/users.ts";
import { countedName } from "../../domain/quantities.ts";
import { deviceOf } from "../account.tsx";
import { Empty, Pager, StatusMark } from "../bits.tsx";
import { Field, FormError } from "../fields.tsx";
import { agoOf, count, dayOf, periodOf, reservationPath, ROLE_WORDS } from "../words.ts";

/** Who there is, and what each of them may do. */
export function UsersPage(
  { users, q, message, next }: { users: readonly User[]; q: string; message?: string; next?: string },
) {
  return (
    <>
      <div class="head">
        <h1>People</h1>
        <p class="actions">
          <a href="/admin/users/export.csv">Export</a>
          <a href="/admin/users/import">Import</a>
        </p>
      </div>
      <form method="get" action="/admin/users" class="filters" role="search">
        <label class="inline">
          <span class="v">Search</span>
          <input type="search" name="q" value={q} placeholder="Name or e-mail" />
        </label>
        <button class="second" type="submit">Search</button>
      </form>
      <FormError message={message} />
      {users.length === 0 ? <Empty title={`Nobody matches “${q}”`} /> : (
        <table class="list">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">E-mail</th>
              <th scope="col">Account</th>
              <th scope="col">Role</th>
            </tr>
          </thead>
          <tbody>
            {users.map((user) => (
              <tr>
                <td class="when break">
                  <a href={`/admin/users/${user.id}`}>{user.name}</a>
                </td>
                <td class="break">{user.email}</td>
                <td>
                  <AccountMark user={user} />
                </td>
                <td>
                  <RoleForm user={user} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Pager next={next} />
    </>
  );
}

function AccountMark({ user }: { user: User }) {
  return user.disabled_at
    ? <span class="status expired">Closed</span>
    : <span class="status approved">Open</span>;
}

function RoleForm({ user, from }: { user: User; from?: string }) {
  return (
    <form method="post" action={`/admin/users/${user.id}/role`} class="inline-form">
      {from && <input type="hidden" name="from" value={from} />}
      <select name="role" aria-label={`Role of ${user.name}`}>
        {ROLES.map((role) => <option value={role} selected={role === user.role}>{ROLE_WORDS[role]}</option>)}
      </select>
      <button class="second" type="submit" aria-label={`Save the role of ${user.name}`}>Save</button>
    </form>
  );
}

interface Ahead {
  /** Reservations that lie ahead, the first of them. */
  ahead: readonly Reservation[];
  /** Whether there are more than those listed. */
  more: boolean;
  zone: string;
  now: Temporal.Instant;
}

interface UserProps extends Ahead {
  user: User;
  sessions: readonly Session[];
  /** Whether signing in takes a second factor of theirs. */
  factor: boolean;
  message?: string;
}

/** One person: who they are, what they may do, what they have reserved, and their account. */
export function UserPage({ user, sessions, factor, message, ...list }: UserProps) {
  const { zone, now, ahead } = list;
  return (
    <section class="narrow">
      <div class="head">
        <h1 class="break">{user.name}</h1>
        <AccountMark user={user} />
      </div>
      <FormError message={message} />
      <div class="card">
        <dl class="facts">
          <div>
            <dt>E-mail</dt> <dd>{user.email}</dd>
          </div>
          <div>
            <dt>Here since</dt> <dd>{dayOf(user.created_at, zone, now)}</dd>
          </div>
          <div>
            <dt>Signed in</dt>{" "}
            <dd>
              {sessions.length === 0
                ? "Nowhere"
                : `${count(sessions.length, "session")}, the last on ${deviceOf(sessions[0])}, ${
                  agoOf(sessions[0].rotated_at, zone, now)
                }`}
            </dd>
          </div>
          <div>
            <dt>Second factor</dt> <dd>{factor ? "On" : "Off"}</dd>
          </div>
          {user.disabled_at && (
            <div>
              <dt>Closed</dt> <dd>{agoOf(user.disabled_at, zone, now)}</dd>
            </div>
          )}
        </dl>
        <p class="actions">
          <a href={`/admin/audit?person=${user.id}`}>Audit</a>
        </p>
      </div>
      <div class="card">
        <h2>Role</h2>
        <RoleForm user={user} from="person" />
      </div>
      <Account user={user} factor={factor} />
      <div class="card">
        <h2>Reservations that lie ahead</h2>
        {ahead.length === 0 ? <p>None.</p> : <AheadList {...list} />}
      </div>
    </section>
  );
}

function Account({ user, factor }: { user: User; factor: boolean }) {
  const path = `/admin/users/${user.id}`;
  if (user.disabled_at) {
    return (
      <form method="post" action={`${path}/reactivate`} class="card">
        <h2>Account</h2>
        <p>It is closed: nobody signs in with it.</p>
        <button type="submit">Open it again</button>
      </form>
    );
  }
  return (
    <div class="card">
      <h2>Account</h2>
      <form method="post" action={`${path}/reset`}>
        <p>
          Whoever has lost a password sets a new one by a link that you give them. It is good once, for a day.
        </p>
        <p>
          <button class="second" type="submit">Make a reset link</button>
        </p>
      </form>
      {factor && (
        <form method="post" action={`${path}/second_factor/take`}>
          <p>
            Whoever has lost the phone and the codes of the second factor signs in without it, once you have
            made sure who it is that asks. Every session of theirs ends.
          </p>
          <p>
            <button class="second" type="submit">Take the second factor away</button>
          </p>
        </form>
      )}
      <p class="actions">
        <a class="button danger" href={`${path}/deactivate`}>Close the account …</a>
      </p>
    </div>
  );
}

function AheadList({ ahead, more, zone, now }: Ahead) {
  return (
    <>
      <ul class="rows">
        {ahead.map((v) => (
          <li>
            <div>
              <a href={reservationPath(v.reference)}>{periodOf(v, zone, now)}</a>
              <p class="quiet break">
                {[v.resources.map(countedName).join(", "), v.purpose].filter(Boolean).join(": ")}
              </p>
            </div>
            <StatusMark status={statusAt(v, now)} />
          </li>
        ))}
      </ul>
      {more && <p class="quiet">And more after that.</p>}
    </>
  );
}

interface DeactivateProps extends Ahead {
  user: User;
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
}

/** Before an account is closed: what its owner has reserved, and what is to become of that. */
export function DeactivatePage({ user, values, errors, message, ...list }: DeactivateProps) {
  const { ahead, more } = list;
  const cancels = values.future === "cancel";
  return (
    <section class="narrow">
      <h1>Close {user.name}'s account?</h1>
      <FormError message={message} />
      <p>
        Nobody signs in with it any more, and whoever is signed in is out at once. What was done stays on
        record.
      </p>
      {ahead.length === 0 ? <p>No reservation of theirs lies ahead.</p> : (
        <div class="card">
          <p>
            {more ? "More than " : ""}
            {count(ahead.length, "reservation lies", "reservations lie")} ahead:
          </p>
          <AheadList {...list} />
        </div>
      )}
      <form method="post" action={`/admin/users/${user.id}/deactivate`} class="card">
        {ahead.length > 0 && (
          <fieldset>
            <legend>What becomes of them</legend>
            <label class="option">
              <input type="radio" name="future" value="keep" checked={!cancels} /> Keep them
            </label>
            <label class="option">
              <input type="radio" name="future" value="cancel" checked={cancels} />{" "}
              Cancel them, and say so: their time is free for others
            </label>
          </fieldset>
        )}
        <Field
          name="reason"
          label="Why"
          value={values.reason}
          error={errors.reason}
          hint="It stands on record, and with each reservation that is cancelled."
          maxlength={500}
        />
        <p class="actions">
          <button class="danger" type="submit">Close the account</button>
          <a href={`/admin/users/${user.id}`}>Leave it</a>
        </p>
      </form>
    </section>
  );
}
