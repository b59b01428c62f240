import type { Child } from "hono/jsx";
import { type Actor, may } from "../domain/permissions.ts";
import { Icon, Mark } from "./icons.tsx";

export interface LayoutProps {
  title: string;
  /** The address of this page, to mark where in the menu one is. */
  path: string;
  viewer?: Actor;
  /** How many requests wait, for those who may decide on them. */
  waiting: number;
  notice?: { text: string; undo?: string; secret?: string };
  assets: { css: string; more?: string; js: string; htmx: string; icon: string };
  /** Styles written into the page: all of them on a first visit, so that one round trip draws it. */
  inline: string;
  /** Whether the stylesheet is linked, because the browser has it already. */
  linked: boolean;
  nonce: string;
  children?: Child;
}

/** The frame around every page. */
export function Layout(
  { title, path, viewer, waiting, notice, assets, inline, linked, nonce, children }: LayoutProps,
) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content="includeIndicatorCSS:false,history:false" />
        <title>{`${title} · Holdfast`}</title>
        {linked && <link rel="stylesheet" href={assets.css} />}
        {inline && <style nonce={nonce} dangerouslySetInnerHTML={{ __html: inline }} />}
        {assets.more && <link rel="stylesheet" href={assets.more} />}
        <link rel="icon" href={assets.icon} type="image/svg+xml" />
        {viewer && <script src={assets.htmx} defer></script>}
        <script src={assets.js} defer></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>{" "}
        <header class="top">
          <a class="brand" href="/">
            <Mark />Holdfast
          </a>{" "}
          {viewer && <Menu path={path} viewer={viewer} waiting={waiting} />}{" "}
          {viewer && <Me viewer={viewer} />}
        </header>
        <main id="main" tabindex={-1}>
          <div id="notices" role="status" aria-live="polite">{notice && <NoticeBar {...notice} />}</div>
          {children}
        </main>
      </body>
    </html>
  );
}

/** What was just done, with the way back where there is one. */
export function NoticeBar({ text, undo, secret }: { text: string; undo?: string; secret?: string }) {
  return (
    <div class="notice">
      <p>{text}</p>
      {secret && <code>{secret}</code>}
      {undo && (
        <form method="post" action={undo}>
          <button class="link" type="submit">Undo</button>
        </form>
      )}
    </div>
  );
}

/** The number beside “Approvals”; swapped when a decision changes it. */
export function WaitingCount({ waiting }: { waiting: number }) {
  return <span id="waiting" class={waiting > 0 ? "count" : "count none"}>{waiting}</span>;
}

function Menu({ path, viewer, waiting }: { path: string; viewer: Actor; waiting: number }) {
  const here = (to: string) => path === to || path.startsWith(`${to}/`) ? "page" : undefined;
  return (
    <nav class="menu" aria-label="Main">
      <a href="/schedule" aria-current={here("/schedule")}>
        <Icon name="day" />Schedule
      </a>{" "}
      <a href="/resources" aria-current={here("/resources")}>
        <Icon name="resources" />Resources
      </a>{" "}
      <a href="/reservations" aria-current={here("/reservations")}>
        <Icon name="mine" />
        <span>
          <span class="wide">My</span> reservations
        </span>
      </a>{" "}
      {may(viewer, "see_queue") && (
        <a href="/approvals" aria-current={here("/approvals")}>
          <Icon name="approvals" />
          <span>
            Approvals <WaitingCount waiting={waiting} />
          </span>
        </a>
      )}
    </nav>
  );
}

function Me({ viewer }: { viewer: Actor }) {
  return (
    <details class="me">
      <summary>
        <span class="who">{viewer.name}</span>{" "}
        <span class="initial" aria-hidden="true">{[...viewer.name][0]}</span>
      </summary>
      <div class="drop">
        <a href="/account">My account</a>
        {may(viewer, "see_audit") && <a href="/admin/audit">Audit</a>}
        {may(viewer, "manage_resources") && <a href="/admin/resources">Manage resources</a>}
        {may(viewer, "manage_resources") && <a href="/admin/closures">Manage closures</a>}
        {may(viewer, "manage_resources") && <a href="/admin/policies">Manage policies</a>}
        {may(viewer, "manage_groups") && <a href="/admin/groups">Manage groups</a>}
        {may(viewer, "manage_users") && <a href="/admin/users">Manage people</a>}
        <form method="post" action="/logout">
          <button class="link" type="submit">Sign out</button>
        </form>
      </div>
    </details>
  );
}
