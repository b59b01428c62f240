import { z } from "zod";
import { addressesOf } from "./db/addresses.ts";
import { type Role, ROLES } from "./domain/permissions.ts";
import { keysOf } from "./lib/keys.ts";
import { areNetworks } from "./lib/neighbours.ts";

const text = z.string().trim();
const zone = text.refine(isTimeZone, "is not an IANA time zone; an example: Europe/Berlin");

/**
 * Every setting of Holdfast, read from the environment. Nothing else reads the environment.
 * An empty variable counts as not set, so that `X= deno task start` means the default.
 */
const Settings = z.object({
  PORT: z.coerce.number("is not a port").int("is not a port").min(0, "is not a port").max(
    65535,
    "is not a port",
  )
    .default(8000),
  HOST: text.default("127.0.0.1"),
  DATABASE_URL: text.superRefine((address, context) => {
    try {
      addressesOf(address);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  }).optional(),
  DATA_DIR: text.default("./data"),
  BASE_URL: z.url({ protocol: /^https?$/, error: "is not an http:// or https:// address" }).optional(),
  SECRET_KEY: text.refine(
    (secret) => keysOf(secret).every((key) => key.length >= 32),
    "needs at least 32 characters, in each of its keys where | parts several",
  ).optional(),
  ADMIN_EMAIL: z.email("is not an e-mail address").optional(),
  ADMIN_PASSWORD: z.string().min(10, "needs at least 10 characters").optional(),
  TIME_ZONE: zone.default("UTC"),
  REGISTRATION: z.enum(["open", "closed"], "is either open or closed").default("open"),
  REQUIRE_SECOND_FACTOR: text.transform((list) => list.split(",").map((one) => one.trim()).filter(Boolean))
    .refine((list) => list.every(isRole), `is a list of roles: ${ROLES.join(",")}`)
    .transform((list) => list.filter(isRole)).default([]),
  RATE_LIMIT: z.enum(["on", "off"], "is either on or off").default("on"),
  CORS_ORIGINS: text.transform((list) => list.split(",").map((one) => one.trim()).filter(Boolean))
    .refine((list) => list.every(isOrigin), "is a list of origins; an example: https://intranet.example.org")
    .default([]),
  TRUSTED_PROXIES: text.transform((list) => list.split(",").map((one) => one.trim()).filter(Boolean))
    .refine(areNetworks, "is a list of addresses or networks; an example: 127.0.0.1, 10.0.0.0/8")
    .default([]),
  LOG_FORMAT: z.enum(["json", "pretty"], "is either json or pretty").optional(),
  BACKUP_AT: text.regex(/^([01]\d|2[0-3]):[0-5]\d$/, "is not a time of day; an example: 02:30").optional(),
  BACKUP_KEEP: z.coerce.number("is not a number of backups").int("is not a number of backups")
    .min(1, "is at least 1").max(10_000, "is at most 10000").default(14),
  METRICS_TOKEN: text.regex(/^[\x21-\x7e]{16,}$/, "needs at least 16 characters, without spaces").optional(),
})
  .refine((s) => !s.DATABASE_URL || s.SECRET_KEY, {
    path: ["SECRET_KEY"],
    message: "is required with DATABASE_URL; make one with: openssl rand -base64 48",
  })
  .refine((s) => Boolean(s.ADMIN_EMAIL) === Boolean(s.ADMIN_PASSWORD), {
    path: ["ADMIN_EMAIL"],
    message: "and ADMIN_PASSWORD go together",
  });

function isRole(text: string): text is Role {
  return ROLES.some((role) => role === text);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

export type Config = Omit<z.infer<typeof Settings>, "BASE_URL" | "LOG_FORMAT"> & {
  BASE_URL: string;
  LOG_FORMAT: "json" | "pretty";
};

/** Thrown for settings that cannot work; its message has one line for each of them. */
export class BadSettings extends Error {}

/** The names of all settings, in the order of the documentation. */
export const SETTING_NAMES: readonly string[] = Object.keys(Settings.shape);

/**
 * Reads and checks the settings.
 *
 * @throws {BadSettings} naming each wrong variable and what it needs
 */
export function readConfig(env: Record<string, string | undefined>, { terminal = false } = {}): Config {
  const given = Object.fromEntries(SETTING_NAMES.map((name) => [name, env[name] || undefined]));
  const read = Settings.safeParse(given);
  if (!read.success) {
    throw new BadSettings(read.error.issues.map((i) => `${i.path.join(".")} ${i.message}`).join("\n"));
  }
  const settings = read.data;
  return {
    ...settings,
    BASE_URL: (settings.BASE_URL ?? `http://localhost:${settings.PORT}`).replace(/\/+$/, ""),
    LOG_FORMAT: settings.LOG_FORMAT ?? (terminal ? "pretty" : "json"),
  };
}

/** The settings as an operator may see them: secrets masked. */
export function maskedConfig(config: Config): Record<string, string> {
  const secret = (name: string) => ["SECRET_KEY", "ADMIN_PASSWORD", "METRICS_TOKEN"].includes(name);
  const mask = (name: string, value: string) =>
    secret(name) ? "••••••" : value.replace(/^(postgres(?:ql)?:\/\/[^:@/]*):[^@]*@/, "$1:••••••@");
  return Object.fromEntries(
    Object.entries(config).map((
      [name, value],
    ) => [name, value === undefined ? "" : mask(name, String(value))]),
  );
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    // An offset would pass too, and PostgreSQL reads it with the opposite sign.
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}
