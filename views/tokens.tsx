import type { ApiToken, Scope } from "../domain/auth/tokens.ts";
import type { Role } from "../domain/permissions.ts";
import { Field, FormError, Select } from "./fields.tsx";
import { agoOf, dayOf } from "./words.ts";

export interface TokenCardProps {
  tokens: readonly ApiToken[];
  role: Role;
  zone: string;
  now: Temporal.Instant;
  values?: Record<string, string | undefined>;
  errors?: Record<string, string>;
  message?: string;
}

const SCOPE_WORDS: Record<Scope, string> = {
  read: "May read",
  write: "May read and write",
  admin: "May read, write and manage",
};

/** What lets programs act for me: a list, and a form for one more. */
export function TokenCard({ tokens, role, zone, now, values = {}, errors = {}, message }: TokenCardProps) {
  const scopes = Object.entries(SCOPE_WORDS).filter(([scope]) => scope !== "admin" || role === "admin");
  return (
    <div class="card">
      <h2>Tokens for programs</h2>
      <p class="quiet">
        A token lets a program act for me until it runs out or is revoked.{" "}
        <a href="/api/docs">What programs can do</a>
      </p>
      {tokens.length > 0 && (
        <ul class="rows">
          {tokens.map((token) => (
            <li>
              <div>
                <b>{token.name}</b>
                <p class="quiet">
                  {`${SCOPE_WORDS[token.scope]} · until ${dayOf(token.expires_at, zone, now)} · `}
                  {token.last_used_at ? `last used ${agoOf(token.last_used_at, zone, now)}` : "never used"}
                </p>
              </div>
              <form method="post" action={`/account/tokens/${token.id}/revoke`}>
                <button class="second" type="submit" aria-label={`Revoke: ${token.name}`}>Revoke</button>
              </form>
            </li>
          ))}
        </ul>
      )}
      <form method="post" action="/account/tokens">
        <FormError message={message} />
        <Field
          name="token"
          label="What it is for"
          value={values.token}
          error={errors.name}
          required
        />
        <Select
          name="scope"
          label="What it may do"
          value={values.scope ?? "read"}
          error={errors.scope}
          choices={scopes.map(([value, label]) => ({ value, label }))}
          hint="Never more than you may."
        />
        <Field
          name="expires_in_days"
          label="Good for how many days"
          type="number"
          value={values.expires_in_days ?? "90"}
          error={errors.expires_in_days}
          min={1}
          max={366}
          required
        />
        <button type="submit">Make a token</button>
      </form>
    </div>
  );
}
