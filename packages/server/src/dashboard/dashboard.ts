import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A file of the dashboard, as an answer. */
export interface DashboardAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array | string;
}

export interface Dashboard {
  /** The answer to a GET of the path; undefined where neither a file nor a page is there. */
  answer(path: string, acceptEncoding: string | undefined): Promise<DashboardAnswer | undefined>;
  /** The same page for an address that is none, where it says so and offers its navigation. */
  nowhere(): DashboardAnswer;
}

const builtFolder = fileURLToPath(new URL("./built", import.meta.url));

const types: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/**
 * Nothing comes from another host, nothing runs that is not one of our files, nobody frames the page. Style sheets that the
 * components write at run time need the nonce of this very answer; attributes of style are set by script and so allowed.
 */
const policy = (nonce: string): string =>
  [
    "default-src 'self'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

const guards: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** `/budgets/:id` → an expression for its addresses. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.+*$^()[\]{}|\\]/g, "\\$&").replace(/:[A-Za-z]+/g, "[^/]+")}$`);

/** The pages that were built; undefined where nothing was, which `npm run setup` does. */
export function openDashboard(folder: string = builtFolder): Dashboard | undefined {
  if (!existsSync(join(folder, "index.html")) || !existsSync(join(folder, "paths.json"))) return undefined;
  const page = readFileSync(join(folder, "index.html"), "utf8");
  const pages = (JSON.parse(readFileSync(join(folder, "paths.json"), "utf8")) as string[]).map(patternOf);
  const assets = new Set(readdirSync(join(folder, "assets")));

  return {
    nowhere: () => pageAnswer(page),
    async answer(path, acceptEncoding) {
      if (pages.some((pattern) => pattern.test(path))) return pageAnswer(page);
      const name = path.startsWith("/assets/") ? path.slice("/assets/".length) : "";
      const type = types[name.split(".").at(-1) ?? ""];
      // Only names that were there when the server started: no path of a request reaches the file system.
      if (type === undefined || !assets.has(name)) return undefined;
      const encoding = encodingOf(name, assets, acceptEncoding ?? "");
      const bytes = await readIfThere(join(folder, "assets", `${name}${encoding?.suffix ?? ""}`));
      if (bytes === undefined) return undefined;
      return {
        headers: {
          ...guards,
          "content-type": type,
          // A file whose name has the hash of its content is the same for ever.
          "cache-control": /-[\w-]{8,}\.\w+$/.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
          "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
          vary: "accept-encoding",
          ...(encoding === undefined ? {} : { "content-encoding": encoding.name }),
        },
        bytes,
      };
    },
  };
}

/** Another build may have taken the place of the one that this server started with. */
async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function pageAnswer(page: string): DashboardAnswer {
  const nonce = randomBytes(16).toString("base64");
  return {
    headers: {
      ...guards,
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "content-security-policy": policy(nonce),
    },
    bytes: page.replaceAll("__CSP_NONCE__", nonce),
  };
}

const encodings = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const;

function encodingOf(
  name: string,
  assets: ReadonlySet<string>,
  accepted: string,
): (typeof encodings)[number] | undefined {
  const wanted = new Set(
    accepted
      .split(",")
      .filter((entry) => !/;\s*q=0(\.0*)?\s*$/.test(entry))
      .map((entry) => entry.split(";")[0]?.trim().toLowerCase()),
  );
  return encodings.find((encoding) => wanted.has(encoding.name) && assets.has(`${name}${encoding.suffix}`));
}
