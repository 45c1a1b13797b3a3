import {
  AuditCheckpoint,
  AuditEntry,
  AuditExportQuery,
  AuditQuery,
  AuditVerification,
  AuditVerifyInput,
} from "../audit.ts";
import { created, data, get, type Operation, ok, page } from "../operation.ts";

/** Who did what. All of it needs one permission: nothing here changes what the trail tells. */
export const auditOperations = {
  "audit.list": get("/audit", "Audit", "Changes and sign-ins, newest first.", {
    permission: "audit:read",
    query: AuditQuery,
    success: ok(page(AuditEntry)),
    errors: ["INVALID_REQUEST", "VALIDATION_ERROR"],
  }),
  "audit.export": get("/audit/export", "Audit", "Changes and sign-ins as a file, oldest first, streamed.", {
    permission: "audit:read",
    query: AuditExportQuery,
    success: { status: 200, contentTypes: ["application/x-ndjson", "text/csv"], description: "One entry a line." },
    errors: ["VALIDATION_ERROR"],
  }),
  "audit.verify": {
    method: "POST",
    path: "/audit/verify",
    tag: "Audit",
    access: "key",
    permission: "audit:read",
    summary: "Check the whole trail again; names the first entry that does not fit. Changes nothing.",
    body: AuditVerifyInput,
    success: ok(data(AuditVerification)),
    errors: ["VALIDATION_ERROR"],
  },
  "audit.checkpoint": {
    method: "POST",
    path: "/audit/checkpoints",
    tag: "Audit",
    access: "key",
    permission: "audit:read",
    summary: "Sign what the trail is now. Kept elsewhere, it tells later whether the trail was cut or rewritten.",
    success: created(data(AuditCheckpoint), "The checkpoint, which the server keeps as well."),
    errors: ["CONFLICT"],
  },
} as const satisfies Record<string, Operation>;
