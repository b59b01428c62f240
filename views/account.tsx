import type { SecondFactor } from "../domain/auth/second_factor.ts";
import type { Session } from "../domain/auth/sessions.ts";
import type { User } from "../domain/users.ts";
import { AwayCard, type AwayProps } from "./delegations.tsx";
import { Field, FormError, Select } from "./fields.tsx";
import { SecondFactorCard } from "./second_factor.tsx";
import { TokenCard, type TokenCardProps } from "./tokens.tsx";
import { agoOf, ROLE_WORDS } from "./words.ts";

interface AccountProps {
  user: User;
  factor?: SecondFactor;
  zone: string;
  siteZone: string;
  zones: readonly string[];
  sessions: readonly Session[];
  /** The session that this page is read in. */
  current: string;
  now: Temporal.Instant;
  values?: Record<string, string | undefined>;
  errors?: Record<string, string>;
  /** What lets programs act for this person. */
  tokens: Omit<TokenCardProps, "zone" | "now">;
  /** Who stands in for this person; undefined where they decide on nothing. */
  away?: AwayProps;
}

/** My name and time zone, my password, and where I am signed in. */
export function AccountPage(props: AccountProps) {
  const { user, siteZone, zones, values, errors = {} } = props;
  const choices = [
    { value: "", label: `As the site: ${siteZone}` },
    ...zones.map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") })),
  ];
  return (
    <section class="narrow">
      <h1>My account</h1>
      <p class="quiet">{user.email} · {ROLE_WORDS[user.role]}</p>
      <form method="post" action="/account" class="card">
        <h2>About me</h2>
        <Field
          name="name"
          label="Name"
          value={values?.name ?? user.name}
          error={errors.name}
          required
          autocomplete="name"
        />
        <Select
          name="time_zone"
          label="Time zone"
          value={values?.time_zone ?? user.time_zone}
          error={errors.time_zone}
          choices={choices}
          hint="The schedule and your lists show times in it. A form always speaks the time of the place."
        />
        <button type="submit">Save</button>
      </form>
      <PasswordForm errors={errors} email={user.email} />
      <SecondFactorCard factor={props.factor} />
      {props.away && <AwayCard {...props.away} />}
      <SessionTable {...props} />
      <TokenCard {...props.tokens} zone={props.zone} now={props.now} />
    </section>
  );
}

function PasswordForm({ errors, email }: { errors: Record<string, string>; email: string }) {
  return (
    <form method="post" action="/account/password" class="card">
      <h2>Password</h2>
      <FormError message={errors.form} />
      <input type="hidden" name="username" value={email} autocomplete="username" />
      <Field
        name="current"
        label="Present password"
        type="password"
        error={errors.current}
        required
        autocomplete="current-password"
      />
      <Field
        name="password"
        label="New password"
        type="password"
        error={errors.password}
        hint="At least 10 characters. Every other session ends."
        required
        minlength={10}
        autocomplete="new-password"
      />
      <button type="submit">Change password</button>
    </form>
  );
}

function SessionTable({ sessions, current, zone, now, errors = {} }: AccountProps) {
  const elsewhere = sessions.some(({ id }) => id !== current);
  return (
    <form method="post" action="/account/sessions/end" class="card">
      <h2>Where I am signed in</h2>
      {(elsewhere || errors.confirm) && (
        <>
          <Field
            name="confirm"
            label="My password"
            type="password"
            error={errors.confirm}
            hint="To sign out elsewhere, so that nobody does it who finds this browser open."
            required
            autocomplete="current-password"
          />
          <button type="submit">Sign out everywhere else</button>
        </>
      )}
      <ul class="rows">
        {sessions.map((session) => (
          <li>
            <div>
              <b>{deviceOf(session)}</b>
              <p class="quiet">
                {session.id === current
                  ? "This browser"
                  : `Last used ${agoOf(session.rotated_at, zone, now)}`}
                {` · since ${agoOf(session.created_at, zone, now)}`}
              </p>
            </div>
            <button
              class="second"
              type="submit"
              formaction={`/account/sessions/${session.id}/end`}
              formnovalidate={session.id === current}
              aria-label={`${session.id === current ? "Sign out here" : "Sign out there"}: ${
                deviceOf(session)
              }`}
            >
              {session.id === current ? "Sign out" : "Sign out there"}
            </button>
          </li>
        ))}
      </ul>
    </form>
  );
}

const SYSTEMS = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"];
const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], [
  "Safari/",
  "Safari",
]];

/** A browser or a program in words: enough for its owner to know it again; user agents tell no more anyway. */
export function deviceOf({ kind, device }: Pick<Session, "kind" | "device">): string {
  if (kind === "api") return `A program${device ? `: ${device.slice(0, 40)}` : ""}`;
  const browser = BROWSERS.find(([mark]) => device.includes(mark))?.[1] ??
    (device.split(/[/ ]/)[0] || "A browser");
  const system = SYSTEMS.find((name) => device.includes(name));
  return system ? `${browser} on ${system}` : browser;
}
