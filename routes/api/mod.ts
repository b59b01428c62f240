import { Hono } from "hono";
import type { Env } from "../env.ts";
import { signedIn } from "../middleware.ts";
import { Refused } from "../refused.ts";
import { audit } from "./audit.ts";
import { auth } from "./auth.ts";
import { closures } from "./closures.ts";
import { finding } from "./find.ts";
import { reservations } from "./reservations.ts";
import { resources } from "./resources.ts";
import { users } from "./users.ts";

/** Everything that programs may do, over the same domain functions as the pages. */
export const api = new Hono<Env>();

// For everybody.
api.route("/auth", auth);

// For people who are signed in; who of them may do what is asked by each call.
api.use(signedIn());
api.route("/users", users);
api.route("/resources", resources);
api.route("/closures", closures);
api.route("/reservations", reservations);
api.route("/bookings", reservations);
api.route("/audit-logs", audit);
api.route("/find", finding);
api.all("*", (c) => {
  throw new Refused(404, "Not found", `There is no call ${c.req.method} ${c.req.path}`);
});
