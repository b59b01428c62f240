import { ROLES } from "../../domain/permissions.ts";
import type { User } from "../../domain/users.ts";
import { Empty, Pager } from "../bits.tsx";
import { FormError } from "../fields.tsx";
import { ROLE_WORDS } from "../words.ts";

/** Who there is, and what each of them may do. */
export function UsersPage(
  { users, q, message, next }: { users: readonly User[]; q: string; message?: string; next?: string },
) {
  return (
    <>
      <div class="head">
        <h1>People</h1>
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
              <th scope="col">Role</th>
            </tr>
          </thead>
          <tbody>
            {users.map((user) => (
              <tr>
                <td class="when break">{user.name}</td>
                <td class="break">{user.email}</td>
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

function RoleForm({ user }: { user: User }) {
  return (
    <form method="post" action={`/admin/users/${user.id}/role`} class="inline-form">
      <select name="role" aria-label={`Role of ${user.name}`}>
        {ROLES.map((role) => <option value={role} selected={role === user.role}>{ROLE_WORDS[role]}</option>)}
      </select>
      <button class="second" type="submit" aria-label={`Save the role of ${user.name}`}>Save</button>
    </form>
  );
}
