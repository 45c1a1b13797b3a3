import { created, data, get, id, list, type Operation, ok } from "../operation.ts";
import { View, ViewInput, ViewUpdate } from "../views.ts";

/** Ways to look at a page of the dashboard, kept under names. */
export const viewOperations = {
  "views.create": {
    method: "POST",
    path: "/views",
    tag: "Views",
    access: "key",
    permission: "costs:read",
    summary: "Keep a view under a name, for oneself or, with `views:share`, for everybody.",
    body: ViewInput,
    success: created(data(View)),
    errors: ["CONFLICT", "VALIDATION_ERROR"],
  },
  "views.list": get("/views", "Views", "One's own views and those that others share, by name.", {
    permission: "costs:read",
    success: ok(list(View)),
  }),
  "views.get": get("/views/:id", "Views", "One view. A private one of somebody else is not found.", {
    permission: "costs:read",
    params: id,
    success: ok(data(View)),
    errors: ["NOT_FOUND"],
  }),
  "views.update": {
    method: "PATCH",
    path: "/views/:id",
    tag: "Views",
    access: "key",
    permission: "costs:read",
    summary: "Change a view, share it or keep it for oneself, pin it.",
    params: id,
    body: ViewUpdate,
    success: ok(data(View)),
    errors: ["NOT_FOUND", "CONFLICT", "VALIDATION_ERROR"],
  },
  "views.delete": {
    method: "DELETE",
    path: "/views/:id",
    tag: "Views",
    access: "key",
    permission: "costs:read",
    summary: "Delete a view of one's own or, with `views:manage`, one that is shared.",
    params: id,
    success: { status: 204, description: "Gone." },
    errors: ["NOT_FOUND"],
  },
} as const satisfies Record<string, Operation>;
