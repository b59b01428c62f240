import { createHash } from "node:crypto";
import { z } from "zod";
import type { Db, Tx } from "../../db/types.ts";
import {
  changeGroup,
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  listMembers,
  lockGroup,
  Members,
  NewGroup,
} from "../../domain/groups.ts";
import { actorOf, type Context } from "../env.ts";
import { Group, listOf } from "./answers.ts";
import { after, list, nameKey, Paging } from "./json.ts";
import { calls } from "./operations.ts";

const Sent = NewGroup.extend({ member_ids: Members.optional() });
const Listed = Group.omit({ member_ids: true }).meta({ id: "GroupListed" });

/** Groups of people, for programs of administrators. */
export const groups = calls("/groups", "Groups", "This group");

groups.get("/", {
  id: "listGroups",
  summary: "List groups of people, by name",
  who: "manage_groups",
  query: z.object(Paging),
  fields: Listed,
  answers: { 200: listOf(Listed) },
}, async (c, { query: { limit, cursor } }) => {
  const found = await listGroups(c.var.sql, actorOf(c), { limit, after: after({ cursor }, nameKey) });
  const shape = ({ id, name, members, resources }: typeof found[number]) => ({
    id,
    name,
    members,
    resources,
  });
  return list(c, found, limit, shape, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

groups.post("/", {
  id: "createGroup",
  summary: "Make a group, of nobody yet unless members are named",
  who: "manage_groups",
  body: Sent,
  answers: { 201: Group, 409: "Another group has this name" },
}, async (c, { body }) => {
  const id = await createGroup(c.var.sql, actorOf(c), body, c.var.now);
  c.header("Location", `/api/v1/groups/${id}`);
  return await show(c, id);
});

groups.get("/:id", {
  id: "getGroup",
  summary: "Read one group, with its members",
  who: "manage_groups",
  fields: Group,
  answers: { 200: Group },
}, (c, { id }) => show(c, id));

groups.patch("/:id", {
  id: "changeGroup",
  summary: "Give it another name, or other members",
  description: "`member_ids` names all that are to be in it: others leave it.",
  who: "manage_groups",
  body: Sent.partial(),
  tag,
  answers: { 200: Group, 409: "Another group has this name" },
}, async (c, { id, body }) => {
  await changeGroup(c.var.sql, actorOf(c), { id, ...body }, c.var.now);
  return await show(c, id);
});

groups.delete("/:id", {
  id: "deleteGroup",
  summary: "Dissolve it",
  who: "manage_groups",
  tag,
  answers: { 204: "It is dissolved", 409: "A resource or a policy names it" },
}, (c, { id }) => deleteGroup(c.var.sql, actorOf(c), id, c.var.now));

async function show(c: Context, given: string) {
  const group = await read(c.var.sql, c, given);
  c.header("ETag", tagOf(group));
  return group;
}

async function tag(tx: Tx, c: Context, id: string): Promise<string> {
  await lockGroup(tx, id);
  return tagOf(await read(tx, c, id));
}

async function read(db: Db, c: Context, given: string) {
  const { id, name, members, resources } = await getGroup(db, given);
  const member_ids = (await listMembers(db, actorOf(c), id)).map((member) => member.id);
  return { id, name, members, resources, member_ids };
}

// Who is in it is no column of it, so what is shown is what is compared.
const tagOf = (group: object) =>
  `"${createHash("sha1").update(JSON.stringify(group)).digest("base64url").slice(0, 20)}"`;
