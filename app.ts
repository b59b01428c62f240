import { Hono } from "hono";
import { account } from "./routes/account.tsx";
import { audit } from "./routes/admin/audit.tsx";
import { manageClosures } from "./routes/admin/closures.tsx";
import { manageDoors } from "./routes/admin/doors.tsx";
import { managePolicies } from "./routes/admin/policies.tsx";
import { manageApprovers, manageGroups } from "./routes/admin/groups.tsx";
import { manageResources } from "./routes/admin/resources.tsx";
import { tryOut } from "./routes/admin/try.tsx";
import { manageUsers } from "./routes/admin/users.tsx";
import { checkIns } from "./routes/check_in.tsx";
import { notTooMany } from "./routes/crowd.ts";
import { crossOrigin } from "./routes/api/cors.ts";
import { api } from "./routes/api/mod.ts";
import { approvals } from "./routes/approvals.tsx";
import { decisions } from "./routes/decisions.tsx";
import { docs } from "./routes/docs.tsx";
import { begin } from "./routes/begin.ts";
import { calendar } from "./routes/calendar.tsx";
import type { Env, House } from "./routes/env.ts";
import { answerError } from "./routes/errors.tsx";
import { health } from "./routes/health.ts";
import { metrics } from "./routes/metrics.ts";
import { doors } from "./routes/doors.tsx";
import { anyOf } from "./routes/any_of.tsx";
import { finding } from "./routes/find.tsx";
import { home } from "./routes/home.tsx";
import {
  allowed,
  identify,
  realAddress,
  sameOrigin,
  securityHeaders,
  signedIn,
  sizeLimit,
  standIn,
} from "./routes/middleware.ts";
import { NotFound } from "./domain/errors.ts";
import { proposals } from "./routes/proposals.tsx";
import { questions } from "./routes/questions.tsx";
import { reservations } from "./routes/reservations.tsx";
import { reset } from "./routes/reset.tsx";
import { reserve } from "./routes/reserve.tsx";
import { resources } from "./routes/resources.tsx";
import { secondFactor, secondStep } from "./routes/second_factor.tsx";
import { schedule } from "./routes/schedule.tsx";
import { several } from "./routes/several.tsx";
import { series } from "./routes/series.tsx";
import { session } from "./routes/session.tsx";
import { transfers } from "./routes/transfers.tsx";
import { waitlist } from "./routes/waitlist.tsx";

/** The whole site on one page: who may enter where. What is not opened here is closed. */
export function createApp(house: House): Hono<Env> {
  const app = new Hono<Env>();
  app.use(begin(house));
  app.use(securityHeaders());
  app.use(realAddress());
  app.use(standIn());
  app.onError(answerError);
  app.notFound((c) => answerError(new NotFound("This page"), c));

  // For machines and browsers, whoever they are.
  app.route("/", health);
  app.route("/", metrics);
  app.get("/static/*", (c) => house.assets.serve(c));
  app.get("/favicon.ico", (c) => c.redirect(house.assets.url("icon.svg"), 301));

  app.use("/api/v1/*", crossOrigin());
  app.use(sizeLimit());
  app.use(notTooMany());
  app.use(identify());
  app.use(sameOrigin());

  // For programs: each call says for itself who may make it.
  app.route("/api/v1", api);
  app.route("/", docs);

  // For everybody.
  app.route("/", session);
  app.route("/", secondStep);
  app.route("/", reset);
  app.route("/", doors);

  // For people who are signed in.
  app.use(signedIn());
  app.route("/", home);
  app.route("/", schedule);
  app.route("/", transfers);
  app.route("/", resources);
  app.route("/", calendar);
  app.route("/", finding);
  app.route("/", anyOf);
  app.route("/", reserve);
  app.route("/", waitlist);
  app.route("/", checkIns);
  app.route("/", reservations);
  app.route("/", series);
  app.route("/", proposals);
  app.route("/", account);
  app.route("/", secondFactor);

  // For staff.
  app.route("/", approvals);
  app.use("/admin/audit/*", allowed("see_audit"));
  app.route("/admin/audit", audit);
  app.route("/", decisions);
  app.route("/", several);
  app.route("/", questions);

  // For administrators.
  app.use("/admin/resources/*", allowed("manage_resources"));
  app.route("/admin/resources", manageResources);
  app.use("/admin/closures/*", allowed("manage_resources"));
  app.route("/admin/closures", manageClosures);
  app.use("/admin/policies/*", allowed("manage_resources"));
  app.route("/admin/policies", managePolicies);
  app.use("/admin/try/*", allowed("manage_resources"));
  app.route("/admin/try", tryOut);
  app.route("/admin/resources", manageApprovers);
  app.route("/admin/resources", manageDoors);
  app.use("/admin/groups/*", allowed("manage_groups"));
  app.route("/admin/groups", manageGroups);
  app.use("/admin/users/*", allowed("manage_users"));
  app.route("/admin/users", manageUsers);
  return app;
}
