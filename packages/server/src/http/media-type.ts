import { Refusal } from "../refusal.ts";

const jsonType = /^application\/(json|[a-z0-9.!#$&^_-]+\+json)$/;
const charset = /;\s*charset\s*=\s*"?([^;"\s]+)"?/i;

/** `Text/CSV; charset=utf-8` → `text/csv`. */
const bare = (header: string): string => (header.split(";", 1)[0] ?? "").trim().toLowerCase();

/** Refuses a JSON body that says it is something else. A body without a type is taken for JSON. */
export function requireJson(contentType: string | undefined): void {
  if (contentType === undefined || contentType === "application/json") return;
  if (!jsonType.test(bare(contentType))) {
    throw new Refusal("UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json.");
  }
  const named = charset.exec(contentType)?.[1];
  if (named !== undefined && !/^utf-?8$/i.test(named)) {
    throw new Refusal("UNSUPPORTED_MEDIA_TYPE", "JSON is read as UTF-8 only; leave the charset away.");
  }
}

/** Refuses a raw body of a type that the operation does not read. A body without a type is taken as it is. */
export function requireOneOf(accepted: readonly string[], contentType: string | undefined): void {
  if (contentType === undefined || accepted.includes(bare(contentType))) return;
  throw new Refusal("UNSUPPORTED_MEDIA_TYPE", `Content-Type must be one of: ${accepted.join(", ")}.`);
}
