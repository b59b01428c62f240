import { Hono } from "hono";
import {
  addMember,
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  listMembers,
  NewGroup,
  removeMember,
  renameGroup,
} from "../../domain/groups.ts";
import {
  dropApprover,
  listApprovers,
  listCandidates,
  nameApprover,
} from "../../domain/resource_approvers.ts";
import { getResource } from "../../domain/resources.ts";
import { ApproversPage, GroupPage, GroupsPage } from "../../views/admin/groups.tsx";
import { actorOf, type Context, type Env } from "../env.ts";
import { check, fields, orAgain, type Problem, type Values } from "../forms.ts";
import { done, page } from "../respond.tsx";

/** Groups of people, for administrators. */
export const manageGroups = new Hono<Env>();

manageGroups.get("/", (c) => list(c));

manageGroups.post("/", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    const id = await createGroup(c.var.sql, actorOf(c), check(NewGroup, values), c.var.now);
    return done(c, { to: `/admin/groups/${id}`, notice: { text: "The group is made" } });
  }, (problem) => list(c, values, problem));
});

manageGroups.get("/:id", (c) => one(c, c.req.param("id")));

manageGroups.post(
  "/:id",
  (c) =>
    changed(
      c,
      "Renamed",
      (id, values) => renameGroup(c.var.sql, actorOf(c), { id, ...check(NewGroup, values) }, c.var.now),
    ),
);

manageGroups.post(
  "/:id/members",
  (c) =>
    changed(c, "Added", (id, { email = "" }) => addMember(c.var.sql, actorOf(c), { id, email }, c.var.now)),
);

manageGroups.post(
  "/:id/members/remove",
  (c) =>
    changed(
      c,
      "Removed",
      (id, { user_id = "" }) => removeMember(c.var.sql, actorOf(c), { id, user_id }, c.var.now),
    ),
);

manageGroups.post("/:id/delete", async (c) => {
  const { id, name } = await getGroup(c.var.sql, c.req.param("id"));
  return orAgain(async () => {
    await deleteGroup(c.var.sql, actorOf(c), id, c.var.now);
    return done(c, { to: "/admin/groups", notice: { text: `${name} is deleted` } });
  }, (problem) => one(c, id, {}, problem));
});

/** Who decides on a resource, for administrators. */
export const manageApprovers = new Hono<Env>();

manageApprovers.get("/:id/approvers", (c) => approvers(c, c.req.param("id")));

manageApprovers.post("/:id/approvers", async (c) => {
  const id = c.req.param("id");
  const { approver = "" } = await fields(c);
  return orAgain(async () => {
    await nameApprover(c.var.sql, actorOf(c), { id, approver }, c.var.now);
    return done(c, { to: `/admin/resources/${id}/approvers`, notice: { text: "Named" } });
  }, (problem) => approvers(c, id, problem));
});

manageApprovers.post("/:id/approvers/remove", async (c) => {
  const id = c.req.param("id");
  const { approver = "" } = await fields(c);
  return orAgain(async () => {
    await dropApprover(c.var.sql, actorOf(c), { id, approver }, c.var.now);
    return done(c, { to: `/admin/resources/${id}/approvers`, notice: { text: "Removed" } });
  }, (problem) => approvers(c, id, problem));
});

async function changed(
  c: Context,
  text: string,
  work: (id: string, values: Values) => Promise<void>,
): Promise<Response> {
  const { id } = await getGroup(c.var.sql, c.req.param("id") ?? "");
  const values = await fields(c);
  return orAgain(async () => {
    await work(id, values);
    return done(c, { to: `/admin/groups/${id}`, notice: { text } });
  }, (problem) => one(c, id, values, problem));
}

async function list(c: Context, values: Values = {}, problem?: Problem) {
  const groups = await listGroups(c.var.sql, actorOf(c));
  const body = <GroupsPage groups={groups} values={values} {...refused(problem)} />;
  return page(c, { title: "Groups", body, status: problem?.status });
}

async function one(c: Context, id: string, values: Values = {}, problem?: Problem) {
  const group = await getGroup(c.var.sql, id);
  const members = await listMembers(c.var.sql, actorOf(c), group.id);
  const body = <GroupPage group={group} members={members} values={values} {...refused(problem)} />;
  return page(c, { title: group.name, body, status: problem?.status });
}

async function approvers(c: Context, given: string, problem?: Problem) {
  const { sql } = c.var;
  const resource = await getResource(sql, given);
  const [named, candidates] = await Promise.all([listApprovers(sql, resource.id), listCandidates(sql)]);
  const errors = problem?.errors ?? {};
  const body = <ApproversPage {...{ resource, candidates, errors }} approvers={named} />;
  return page(c, { title: `Who decides on ${resource.name}`, body, status: problem?.status });
}

// What is said beside a field is not said twice.
function refused(problem?: Problem) {
  const errors = problem?.errors ?? {};
  return { errors, message: Object.keys(errors).length === 0 ? problem?.message : undefined };
}
