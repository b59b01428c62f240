import type { Child } from "hono/jsx";
import type { Status } from "../domain/transitions.ts";
import { STATUS_WORDS } from "./words.ts";

/** A status as a word with a mark: the colour says nothing that the word does not. */
export function StatusMark({ status }: { status: Status }) {
  return <span class={`status ${status}`}>{STATUS_WORDS[status]}</span>;
}

/** What stands where a list has nothing: why, and what to do next. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <p class="lead">{title}</p>
      {children}
    </div>
  );
}

/** Earlier and later pages of a list. */
export function Pager({ back, next }: { back?: string; next?: string }) {
  if (!back && !next) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {back ? <a href={back} rel="prev">← Previous</a> : <span></span>}
      {next ? <a href={next} rel="next">Next →</a> : <span></span>}
    </nav>
  );
}
