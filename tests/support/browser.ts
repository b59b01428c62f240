import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { PASSWORD } from "../../db/demo.ts";

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A headless Chromium: the machine's own, or the one that comes from npm. */
export async function openBrowser(): Promise<Browser & AsyncDisposable> {
  const own = await installed();
  const browser = own ? await chromium.launch({ executablePath: own, args: QUIET }) : await launchPackaged();
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() });
}

async function installed(): Promise<string | undefined> {
  for (const path of ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]) {
    if (await Deno.stat(path).then((file) => file.isFile, () => false)) return path;
  }
}

async function launchPackaged(): Promise<Browser> {
  // The package unpacks the libraries that a bare machine lacks only where it believes to run in a cloud function.
  Deno.env.set("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs22.x");
  const { default: packaged } = await import("@sparticuz/chromium");
  return chromium.launch({
    executablePath: await packaged.executablePath(),
    args: [...packaged.args, ...QUIET],
  });
}

/** A person with a window of their own. What the page complains of, or asks of another host, ends the test. */
export interface Window extends AsyncDisposable {
  page: Page;
  /** What the browser reported: errors of scripts, refused styles, requests that went elsewhere. */
  complaints: string[];
  /** Goes to an address of the site. */
  go(path: string): Promise<number>;
}

export async function openWindow(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions & { email?: string } = {},
): Promise<Window> {
  const { email, ...rest } = options;
  const context = await browser.newContext({ locale: "en-GB", ...rest });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // An answer of 4xx is what some tests are about.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) {
      complaints.push(request.url());
    }
  });
  const go = async (path: string) => (await page.goto(origin + path))?.status() ?? 0;
  if (email) {
    await go("/login");
    await page.fill("[name=email]", email);
    await page.fill("[name=password]", PASSWORD);
    await page.click("main button[type=submit]");
    await page.waitForURL((url) => url.pathname !== "/login");
  }
  return { page, complaints, go, [Symbol.asyncDispose]: () => context.close() };
}
