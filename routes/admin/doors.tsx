import { Hono } from "hono";
import { closeDoor, findDoor, openDoor } from "../../domain/doors.ts";
import { getResource } from "../../domain/resources.ts";
import { ManageDoorPage } from "../../views/admin/doors.tsx";
import { actorOf, type Env } from "../env.ts";
import { fields } from "../forms.ts";
import { done, page } from "../respond.tsx";
import { signatureOf } from "../signatures.ts";

/** The page beside a resource's door, for administrators. */
export const manageDoors = new Hono<Env>();

manageDoors.get("/:id/door", async (c) => {
  const { sql, now, house } = c.var;
  const resource = await getResource(sql, c.req.param("id"));
  const door = await findDoor(sql, resource.id);
  const { BASE_URL, SECRET_KEY } = house.config;
  const address = door &&
    `${BASE_URL.replace(/\/$/, "")}/door/${door.id}?key=${signatureOf(SECRET_KEY, `door ${door.id}`)}`;
  const zone = actorOf(c).time_zone;
  const body = <ManageDoorPage {...{ resource, door, address, zone, now }} />;
  return page(c, { title: `Door page of ${resource.name}`, body });
});

manageDoors.post("/:id/door", async (c) => {
  const { sql, now } = c.var;
  const { names } = await fields(c);
  const resource_id = c.req.param("id");
  await openDoor(sql, actorOf(c), { resource_id, names: names === "on" }, now);
  return done(c, { to: `/admin/resources/${resource_id}/door`, notice: { text: "The door page is open" } });
});

manageDoors.post("/:id/door/close", async (c) => {
  const { sql, now } = c.var;
  const resource_id = c.req.param("id");
  await closeDoor(sql, actorOf(c), resource_id, now);
  return done(c, { to: `/admin/resources/${resource_id}/door`, notice: { text: "The door page is closed" } });
});
