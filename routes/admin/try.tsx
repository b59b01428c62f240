import { Hono } from "hono";
import { Invalid } from "../../domain/errors.ts";
import { explain } from "../../domain/requests.ts";
import { listResources } from "../../domain/resource_list.ts";
import { getResource } from "../../domain/resources.ts";
import { getUser, listNames } from "../../domain/users.ts";
import { TryPage, type TryProps } from "../../views/admin/try.tsx";
import { actorOf, type Context, type Env } from "../env.ts";
import { readPeriod, type Values } from "../forms.ts";
import { readParticulars } from "../particulars.ts";
import { page } from "../respond.tsx";

/** What somebody would be told, for administrators who set the rules. */
export const tryOut = new Hono<Env>();

tryOut.get("/", async (c) => {
  const values: Values = c.req.query();
  const { sql, now } = c.var;
  const [people, resources] = await Promise.all([listNames(sql), listResources(sql, { limit: 1000 }, now)]);
  const asked = Boolean(values.person || values.resource);
  const { answer, errors } = asked ? await answerTo(c, values) : { errors: {} };
  const body = (
    <TryPage
      values={values}
      errors={errors}
      people={people}
      resources={resources}
      answer={answer}
      now={now}
    />
  );
  return page(c, { title: "Try a wish", body, status: Object.keys(errors).length > 0 ? 422 : 200 });
});

async function answerTo(c: Context, values: Values): Promise<Pick<TryProps, "answer" | "errors">> {
  const { sql, now } = c.var;
  const [person, resource] = await Promise.all([
    getUser(sql, values.person ?? "").catch(() => undefined),
    getResource(sql, values.resource ?? "").catch(() => undefined),
  ]);
  const errors: Record<string, string> = {
    ...person ? {} : { person: "Choose a person" },
    ...resource ? {} : { resource: "Choose a resource" },
  };
  if (!person || !resource) return { errors };
  try {
    const { start_time, end_time } = readPeriod(values, resource.time_zone);
    const { attendees } = readParticulars(values, null);
    const wish = { start_time, end_time, attendees, resource_ids: [resource.id], requester_id: person.id };
    const { trusted_by, ...told } = await explain(sql, actorOf(c), wish, now);
    const verdict = { wish, errors: {}, ...told };
    return { errors: {}, answer: { verdict, resource, who: person.name, trusted_by } };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return { errors: Object.fromEntries(error.issues.map(({ path, message }) => [path, message])) };
  }
}
