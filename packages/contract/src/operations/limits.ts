import { get, list, type Operation, ok } from "../operation.ts";
import { LimitStatus } from "../quantity-limits.ts";

/** What the asking credential may use of tokens and money. */
export const limitOperations = {
  "limits.list": get(
    "/limits",
    "Limits",
    "The caller's own limits in tokens and money, and what is left of each. Limits of requests are in the headers of every answer.",
    { access: "self", success: ok(list(LimitStatus)) },
  ),
} as const satisfies Record<string, Operation>;
