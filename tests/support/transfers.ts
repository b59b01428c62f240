import type { Answer, Client } from "./app.ts";

/** Sends a file to an import, as a program does. */
export function send(
  client: Client,
  path: string,
  file: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const init = { method: "POST", body: file, headers: { "content-type": "text/csv", ...headers } };
  return client.send(`/api/v1${path}`, init);
}

/** What an import answers when nothing was wrong: how many were made, changed and left. */
export function counts({ status, json }: Answer) {
  const { created, updated, unchanged, errors } = json as unknown as Record<string, number>;
  return { status, created, updated, unchanged, errors };
}
