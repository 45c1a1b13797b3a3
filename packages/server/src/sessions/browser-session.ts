import type { IncomingHttpHeaders } from "node:http";
import { Refusal } from "../refusal.ts";

/** The page that asks, as its browser names it. */
export interface OwnPage {
  readonly origin: URL;
}

/** A session ends so long after its last refresh, and the cookie with it. */
const lifeSeconds = 30 * 86_400;
/** Without TLS the cookie travels to the addresses below this one alone. */
const narrowPath = "/api/v1/auth/browser";

type Headers = Readonly<Record<string, string | string[] | undefined>> & Pick<IncomingHttpHeaders, "host">;

/**
 * Refuses with AUTH_002 what was not sent by a page of this very server. A cookie comes along whoever asks, so whoever asks
 * must be known: browsers say it in headers that no script can set. One that says nothing is no browser.
 */
export function requireOwnPage(headers: Headers): OwnPage {
  const origin = originOf(headers);
  const site = headers["sec-fetch-site"];
  // On a page without TLS browsers leave out Sec-Fetch-Site; then the origin has to be the host that was asked.
  const isOwn = site === undefined ? origin?.host === headers.host : site === "same-origin";
  if (origin === undefined || !isOwn) {
    throw new Refusal("AUTH_002", "Only the server's own pages sign in with a cookie; others use /api/v1/auth/login.");
  }
  return { origin };
}

/** Some browsers leave out the origin of what a page asks its own server; the address of the page then says it. */
function originOf({ origin, referer }: Headers): URL | undefined {
  const text = origin ?? referer;
  return typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
}

/** The browser knows whether it came by TLS, also where a proxy took that off. */
const isByTls = ({ origin }: OwnPage): boolean => origin.protocol === "https:";

/**
 * Cookies know no ports: two servers on one machine need two names. Of the prefix browsers see to it that only the host itself
 * sets the cookie, by TLS and for all of its paths, so that there is never a second one. Without TLS there is no such name.
 */
function nameOf(page: OwnPage): string {
  const { port } = page.origin;
  return `${isByTls(page) ? "__Host-" : ""}cost_ops_session${port === "" ? "" : `_${port}`}`;
}

const pathOf = (page: OwnPage): string => (isByTls(page) ? "/" : narrowPath);

/** Every path of which a browser sends a cookie along to the refresh. */
const reachablePaths: readonly string[] = [
  "/",
  ...["/api", "/api/v1", "/api/v1/auth", narrowPath].flatMap((path) => [path, `${path}/`]),
  `${narrowPath}/refresh`,
];

function cookie(page: OwnPage, value: string, maxAgeSeconds: number, path = pathOf(page)): string {
  const parts = [`${nameOf(page)}=${value}`, `Path=${path}`, `Max-Age=${maxAgeSeconds}`, "HttpOnly", "SameSite=Strict"];
  return [...parts, ...(isByTls(page) ? ["Secure"] : [])].join("; ");
}

/** Ends the page's cookie, and without TLS whatever else has its name, but for a path that is spared. */
const ended = (page: OwnPage, spared?: string): string[] =>
  (isByTls(page) ? ["/"] : reachablePaths).filter((path) => path !== spared).map((path) => cookie(page, "", 0, path));

export const refreshCookie = (page: OwnPage, refreshToken: string): string => cookie(page, refreshToken, lifeSeconds);

/** After signing in: the one cookie that there is then. */
export const firstCookies = (page: OwnPage, refreshToken: string): string[] => [
  refreshCookie(page, refreshToken),
  ...ended(page, pathOf(page)),
];

/** Removes the cookie of whoever signs out in a browser; undefined for everybody else. */
export function endedCookies(headers: Headers): string[] | undefined {
  const origin = originOf(headers);
  return origin === undefined ? undefined : ended({ origin });
}

/** A refusal that ends the cookie which it is about, so that it is not sent again. */
export const withEndedCookie = (page: OwnPage, { code, message }: Refusal): Refusal =>
  new Refusal(code, message, { headers: { "set-cookie": ended(page) } });

/**
 * The refresh token that came as the page's cookie; undefined where none did. Refuses with AUTH_001 two of the name, and ends
 * both: whatever else runs on the host can set one for a longer path, which comes first, with a session that is not the user's.
 */
export function refreshTokenOf(page: OwnPage, headers: Headers): string | undefined {
  const start = `${nameOf(page)}=`;
  const pairs = String(headers["cookie"] ?? "").split(";");
  const found = pairs.map((pair) => pair.trim()).filter((pair) => pair.startsWith(start));
  if (found.length > 1) {
    throw withEndedCookie(page, new Refusal("AUTH_001", "There are two cookies of a session: sign in again."));
  }
  const token = found[0]?.slice(start.length) ?? "";
  return token === "" || token.length > 4_096 ? undefined : token;
}
