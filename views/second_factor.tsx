import { renderSVG } from "uqr";
import type { Enrolment, SecondFactor } from "../domain/auth/second_factor.ts";
import { Field, FormError } from "./fields.tsx";
import { agoOf, count } from "./words.ts";

/** The second step of signing in. */
export function CodePage({ error }: { error?: string }) {
  return (
    <section class="narrow">
      <h1>Sign in</h1>
      <form method="post" action="/login/code" class="card">
        <CodeField
          error={error}
          hint="Of the app on your phone; or one of the codes that you kept."
          autofocus
        />
        <button type="submit">Sign in</button>
      </form>
      <p>
        Phone and codes are lost? Ask an administrator. <a href="/login">Sign in as somebody else</a>
      </p>
    </section>
  );
}

/** On “my account”: whether there is a second factor, and where to change that. */
export function SecondFactorCard({ factor }: { factor?: SecondFactor }) {
  const on = factor?.confirmed_at;
  return (
    <div class="card">
      <h2>Second factor</h2>
      <p>
        {on
          ? `On. ${count(factor.backup_codes, "code", "codes")} to fall back on ${
            factor.backup_codes === 1 ? "is" : "are"
          } left.`
          : "Off. With it, whoever knows your password still needs your phone to sign in."}
      </p>
      <p>
        <a href="/account/second-factor">{on ? "Turn it off, or make new codes" : "Set it up"}</a>
      </p>
    </div>
  );
}

interface PageProps {
  factor?: SecondFactor;
  enrolment?: Enrolment;
  /** Whether the site wants one before anything else. */
  wanted: boolean;
  email: string;
  zone: string;
  now: Temporal.Instant;
  errors: Record<string, string>;
  message?: string;
}

/** My second factor: off, being set up, or on. */
export function SecondFactorPage(props: PageProps) {
  const { factor, enrolment, wanted, errors, message, email } = props;
  return (
    <section class="narrow">
      <h1>Second factor</h1>
      {wanted && (
        <p class="callout">
          This site wants a second factor of you: set it up here, and everything else opens.
        </p>
      )}
      <FormError message={message} />
      {factor?.confirmed_at ? <On {...props} since={factor.confirmed_at} left={factor.backup_codes} /> : (
        <>
          {enrolment && <Enrol {...enrolment} error={errors.code} />}
          <form method="post" action="/account/second-factor/begin" class="card">
            <h2>{enrolment ? "Begin anew" : "Set it up"}</h2>
            {!enrolment && (
              <p>
                An app on your phone shows a code for half a minute at a time, which is asked for beside your
                password. Any app for one-time passwords (TOTP) does.
              </p>
            )}
            <PasswordField error={errors.confirm} email={email} />
            <button type="submit" class={enrolment ? "second" : undefined}>
              {enrolment ? "Begin anew" : "Set it up"}
            </button>
          </form>
        </>
      )}
    </section>
  );
}

function Enrol({ secret, address, error }: Enrolment & { error?: string }) {
  return (
    <form method="post" action="/account/second-factor/confirm" class="card">
      <h2>Take it into your app</h2>
      <p>Let the app read this, or open it on this phone, or type the key.</p>
      <div
        class="code-picture"
        role="img"
        aria-label="The key as a picture, for the camera of the app"
        dangerouslySetInnerHTML={{ __html: renderSVG(address) }}
      />
      <p>
        <a href={address}>Open in an app on this device</a>
      </p>
      <p>
        Key: <code class="break">{secret.replace(/.{4}(?=.)/g, "$& ")}</code>
      </p>
      <CodeField error={error} hint="Six digits, as the app shows them now." />
      <button type="submit">Turn it on</button>
    </form>
  );
}

function On(
  { since, left, errors, email, zone, now }: PageProps & { since: Temporal.Instant; left: number },
) {
  return (
    <form method="post" action="/account/second-factor/codes" class="card">
      <p>
        {`On since ${agoOf(since, zone, now)}. ${count(left, "code", "codes")} to fall back on ${
          left === 1 ? "is" : "are"
        } left.`}
      </p>
      <PasswordField error={errors.confirm} email={email} />
      <CodeField error={errors.code} hint="Of your app, or one of the codes that you kept." />
      <p class="actions">
        <button type="submit">Make new codes to fall back on</button>
        <button type="submit" class="danger" formaction="/account/second-factor/end">Turn it off</button>
      </p>
    </form>
  );
}

function PasswordField({ error, email }: { error?: string; email: string }) {
  return (
    <>
      <input type="hidden" name="username" value={email} autocomplete="username" />
      <Field
        name="confirm"
        label="My password"
        type="password"
        error={error}
        required
        autocomplete="current-password"
      />
    </>
  );
}

function CodeField({ error, hint, ...more }: { error?: string; hint: string; autofocus?: boolean }) {
  return (
    <Field
      name="code"
      label="Code"
      error={error}
      hint={hint}
      required
      autocomplete="one-time-code"
      autocapitalize="none"
      spellcheck="false"
      {...more}
    />
  );
}
