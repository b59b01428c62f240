import { Hono } from "hono";
import { Invalid } from "../domain/errors.ts";
import { find, type Found } from "../domain/find.ts";
import { dateIn } from "../domain/periods.ts";
import { listKindsAndTags } from "../domain/resource_names.ts";
import { Find, settle, type Sought } from "../domain/wishes.ts";
import { FindPage, FoundList } from "../views/find.tsx";
import { actorOf, type Context, type Env } from "./env.ts";
import { check } from "./forms.ts";
import { page } from "./respond.tsx";

/** “Find me a slot”: what is free for a wish, across all resources. */
export const finding = new Hono<Env>();

finding.get("/find", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const typed = c.req.query();
  const [answer, { kinds, tags }] = await Promise.all([answerTo(c, typed), listKindsAndTags(sql)]);
  const { sought, found, errors } = answer;
  const shown = { typed, sought, found, zone: actor.time_zone, now };
  const today = dateIn(now, actor.time_zone);
  return page(c, {
    title: "Find me a slot",
    more: true,
    body: <FindPage {...shown} today={today} kinds={kinds} tags={tags} errors={errors} />,
    part: <FoundList {...shown} />,
    status: Object.keys(errors).length > 0 ? 422 : 200,
  });
});

interface Answered {
  sought?: Sought;
  found?: Found;
  errors: Record<string, string>;
}

// Nothing is looked for before anything is asked.
async function answerTo(c: Context, typed: Record<string, string>): Promise<Answered> {
  if (Object.keys(typed).length === 0) return { errors: {} };
  const { sql, now } = c.var;
  try {
    const sought = settle(check(Find, typed), actorOf(c).time_zone, now);
    return { sought, found: await find(sql, actorOf(c), sought, now), errors: {} };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return { errors: Object.fromEntries(error.issues.map(({ path, message }) => [path, message])) };
  }
}
