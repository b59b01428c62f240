import { Hono } from "hono";
import type { Db } from "../../db/types.ts";
import {
  changeGroup,
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  listMembers,
  Members,
  NewGroup,
} from "../../domain/groups.ts";
import type { Actor } from "../../domain/permissions.ts";
import { actorOf, type Env } from "../env.ts";
import { allowed } from "../middleware.ts";
import { body, idOf, list, nameKey, paging } from "./json.ts";

const Sent = NewGroup.extend({ member_ids: Members.optional() });
const Changed = Sent.partial();

/** Groups of people, for programs of administrators. */
export const groups = new Hono<Env>();

groups.use(allowed("manage_groups"));

groups.get("/", async (c) => {
  const { limit, after } = paging(c, nameKey);
  const found = await listGroups(c.var.sql, actorOf(c), { limit, after });
  const shape = ({ id, name, members, resources }: typeof found[number]) => ({
    id,
    name,
    members,
    resources,
  });
  return list(c, found, limit, shape, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

groups.post("/", async (c) => {
  const id = await createGroup(c.var.sql, actorOf(c), await body(c, Sent), c.var.now);
  c.header("Location", `/api/v1/groups/${id}`);
  return c.json(await groupJson(c.var.sql, actorOf(c), id), 201);
});

groups.get("/:id", async (c) => c.json(await groupJson(c.var.sql, actorOf(c), idOf(c, "This group"))));

groups.patch("/:id", async (c) => {
  const id = idOf(c, "This group");
  await changeGroup(c.var.sql, actorOf(c), { id, ...await body(c, Changed) }, c.var.now);
  return c.json(await groupJson(c.var.sql, actorOf(c), id));
});

groups.delete("/:id", async (c) => {
  await deleteGroup(c.var.sql, actorOf(c), idOf(c, "This group"), c.var.now);
  return c.body(null, 204);
});

async function groupJson(db: Db, actor: Actor, given: string) {
  const { id, name, members, resources } = await getGroup(db, given);
  const member_ids = (await listMembers(db, actor, id)).map((member) => member.id);
  return { id, name, members, resources, member_ids };
}
