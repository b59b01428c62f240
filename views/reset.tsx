import type { Resetting } from "../domain/auth/resets.ts";
import { Field } from "./fields.tsx";

/** Where a person sets a new password, by the link that an administrator gave them. */
export function ResetPage(
  { person, action, errors }: { person: Resetting; action: string; errors: Record<string, string> },
) {
  return (
    <section class="narrow">
      <h1>Set a new password</h1>
      <p>For {person.name}, {person.email}. Wherever you are signed in, you are signed out.</p>
      <form method="post" action={action} class="card">
        <input type="hidden" name="username" value={person.email} autocomplete="username" />
        <Field
          name="password"
          label="New password"
          type="password"
          error={errors.password}
          hint="At least 10 characters; a few words are better than a riddle."
          required
          minlength={10}
          autocomplete="new-password"
        />
        <button type="submit">Set the password</button>
      </form>
    </section>
  );
}

/** For whoever comes with a link that was used, or too late. */
export function ResetGonePage() {
  return (
    <section class="narrow">
      <h1>This link is not good any more</h1>
      <p>A link sets a password once, within a day. Ask an administrator for a new one.</p>
      <p>
        <a class="button" href="/login">Sign in</a>
      </p>
    </section>
  );
}
