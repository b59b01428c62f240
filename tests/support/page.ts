import assert from "node:assert/strict";
import { type HTMLElement, parse } from "node-html-parser";
import type { Answer, Client } from "./app.ts";

/** The markup of an answer, to look for things in with CSS selectors. */
export function read(answer: Answer): HTMLElement {
  return parse(answer.text, { comment: false });
}

/** What a person reads of an element, blanks made one. */
export function words(element: HTMLElement | null): string {
  assert(element, "There is no such element");
  return element.structuredText.replace(/\s+/g, " ").trim();
}

/** The only element that a selector finds, and whose words match. */
export function one(page: HTMLElement, selector: string, text?: string | RegExp): HTMLElement {
  const found = page.querySelectorAll(selector).filter((element) =>
    text === undefined || (typeof text === "string" ? words(element) === text : text.test(words(element)))
  );
  assert.equal(
    found.length,
    1,
    `${found.length} of ${selector} ${text ?? ""} in:\n${words(page).slice(0, 2000)}`,
  );
  return found[0];
}

/** The input, select or textarea that a label names. */
export function field(page: HTMLElement, label: string | RegExp): HTMLElement {
  const id = one(page, "label", label).getAttribute("for");
  assert(id, `The label ${label} is for nothing`);
  return one(page, `[id="${id}"]`);
}

/** What is said to be wrong with a field, as a screen reader finds it. */
export function complaint(page: HTMLElement, label: string | RegExp): string {
  const wrong = field(page, label);
  assert.equal(wrong.getAttribute("aria-invalid"), "true", `Nothing is said against ${label}`);
  const ids = (wrong.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id.endsWith("-error"));
  return ids.map((id) => words(one(page, `[id="${id}"]`))).join(" ");
}

/** What a form would send as it stands. */
export function valuesOf(form: HTMLElement): Record<string, string> {
  const values: Record<string, string> = {};
  for (const control of form.querySelectorAll("input[name], select[name], textarea[name]")) {
    const name = control.getAttribute("name")!;
    const type = control.getAttribute("type") ?? "";
    if (control.tagName === "TEXTAREA") values[name] = control.text.replace(/^\n/, "");
    else if (control.tagName === "SELECT") {
      // Of several that may be chosen, none is chosen by itself.
      if (control.hasAttribute("multiple") && !control.querySelector("option[selected]")) continue;
      values[name] = chosen(control);
    } else if (!["checkbox", "radio"].includes(type)) values[name] = control.getAttribute("value") ?? "";
    else if (control.hasAttribute("checked")) values[name] = control.getAttribute("value") ?? "on";
  }
  return values;
}

/** Presses a button of a page as a browser without scripts does, after typing into its form. */
export function press(
  client: Client,
  page: Answer,
  button: string | RegExp,
  typed: Record<string, string> = {},
): Promise<Answer> {
  const { method, path, values } = pressed(one(read(page), "button", button), typed);
  return method === "POST" ? client.post(path, values) : client.get(`${path}?${new URLSearchParams(values)}`);
}

/** Goes where a redirect leads, as a browser does after a form. */
export function follow(client: Client, { status, headers }: Answer): Promise<Answer> {
  assert.equal(status, 303);
  return client.get(headers.get("location") ?? "");
}

/** What a button would send, and where to. */
export function pressed(button: HTMLElement, typed: Record<string, string> = {}) {
  const form = button.closest("form");
  assert(form, `The button ${words(button)} is in no form`);
  const name = button.getAttribute("name");
  const own: Record<string, string> = name ? { [name]: button.getAttribute("value") ?? "" } : {};
  return {
    method: (button.getAttribute("formmethod") ?? form.getAttribute("method") ?? "get").toUpperCase(),
    path: button.getAttribute("formaction") ?? form.getAttribute("action") ?? "",
    values: { ...valuesOf(form), ...typed, ...own },
  };
}

function chosen(select: HTMLElement): string {
  const option = select.querySelector("option[selected]") ?? select.querySelector("option");
  return option ? option.getAttribute("value") ?? option.text : "";
}
