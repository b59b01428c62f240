import { Hono } from "hono";
import { html } from "hono/html";
import { getDoorView } from "../domain/doors.ts";
import { NotFound } from "../domain/errors.ts";
import { DoorPage } from "../views/doors.tsx";
import type { Env } from "./env.ts";
import { codeOfDoor, isSignatureOf } from "./signatures.ts";

/** So often a page beside a door looks whether anything has changed, in seconds. */
const REFRESH = 60;

/** The page beside a resource's door: for whoever has its signed address. */
export const doors = new Hono<Env>();

doors.get("/door/:id", async (c) => {
  const { sql, house, now, nonce } = c.var;
  const id = c.req.param("id");
  const good = isSignatureOf(house.config.SECRET_KEY, `door ${id}`, c.req.query("key") ?? "");
  if (!good) throw new NotFound("This door page");
  const view = await getDoorView(sql, id, now);
  c.header("Refresh", String(REFRESH));
  c.header("Referrer-Policy", "no-referrer");
  const check_in = view.check_in_due
    ? `${house.config.BASE_URL.replace(/\/$/, "")}/in/${codeOfDoor(house.config.SECRET_KEY, id)}`
    : undefined;
  const page = (
    <DoorPage {...view} check_in={check_in} now={now} nonce={nonce} css={house.assets.text("door.css")} />
  );
  return c.html(html`<!doctype html>${page}`);
});
