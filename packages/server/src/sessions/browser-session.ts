import type { IncomingHttpHeaders } from "node:http";
import { Refusal } from "../refusal.ts";

/** The page that asks, as its browser names it. */
export interface OwnPage {
  readonly origin: URL;
}

/** A session ends so long after its last refresh, and the cookie with it. */
const lifeSeconds = 30 * 86_400;
/** The cookie travels to these two addresses alone. */
const path = "/api/v1/auth/browser";

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

/** Cookies know no ports: two servers on one machine need two names. */
const nameOf = ({ origin }: OwnPage): string => `cost_ops_session${origin.port === "" ? "" : `_${origin.port}`}`;

function cookie(page: OwnPage, value: string, maxAgeSeconds: number): string {
  const parts = [`${nameOf(page)}=${value}`, `Path=${path}`, `Max-Age=${maxAgeSeconds}`, "HttpOnly", "SameSite=Strict"];
  // The browser knows whether it came by TLS, also where a proxy took that off.
  return [...parts, ...(page.origin.protocol === "https:" ? ["Secure"] : [])].join("; ");
}

export const refreshCookie = (page: OwnPage, refreshToken: string): string => cookie(page, refreshToken, lifeSeconds);

/** Removes the cookie of whoever signs out in a browser; undefined for everybody else. */
export function endedCookie(headers: Headers): string | undefined {
  const origin = originOf(headers);
  return origin === undefined ? undefined : cookie({ origin }, "", 0);
}

/** The refresh token that came as the page's cookie; undefined where none did. */
export function refreshTokenOf(page: OwnPage, headers: Headers): string | undefined {
  const name = nameOf(page);
  const pairs = String(headers["cookie"] ?? "").split(";");
  const found = pairs.map((pair) => pair.trim()).find((pair) => pair.startsWith(`${name}=`));
  const token = found?.slice(name.length + 1) ?? "";
  return token === "" || token.length > 4_096 ? undefined : token;
}
