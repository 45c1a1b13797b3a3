import type { OpenApiDocument } from "@llm-cost-ops/contract";
import { Refusal } from "../refusal.ts";
import type { Awaitable } from "../store/connection.ts";
import { docsPage, docsPolicy } from "./docs-page.ts";
import type { Metrics } from "./metrics.ts";
import type { Routes } from "./route.ts";

export interface SystemParts {
  readonly version: string;
  /** Undefined where metrics are switched off. */
  readonly metrics: Metrics | undefined;
  /** Whether requests are taken now, or why not. */
  readonly readiness: () => "ready" | "starting" | "stopping";
  /** Why the storage cannot take anything now, in public words; cheap enough for every probe. */
  readonly storageProblem: () => Awaitable<string | undefined>;
  /** Asks each part that can fail; a check that fails says how in public words. */
  readonly checks: () => Promise<Readonly<Record<string, string>>>;
  readonly openApi: () => OpenApiDocument;
}

/** The public addresses that belong to no domain. */
export function systemRoutes(parts: SystemParts): Routes {
  let document: string | undefined;
  let page: string | undefined;
  return {
    "system.health": {
      body: "json",
      handle: async () => {
        const checks = await parts.checks();
        const healthy = Object.values(checks).every((state) => state === "ok");
        if (!healthy) throw new Refusal("UNAVAILABLE", "A part of the server fails.", { details: { checks } });
        return { json: { status: "ok", version: parts.version, checks } };
      },
    },
    "system.ready": {
      body: "json",
      handle: async () => {
        const readiness = parts.readiness();
        if (readiness !== "ready") throw new Refusal("UNAVAILABLE", `The server is ${readiness}.`);
        const problem = await parts.storageProblem();
        if (problem !== undefined) throw new Refusal("UNAVAILABLE", `The server is not ready: ${problem}.`);
        return { json: { status: "ready" } };
      },
    },
    "system.live": { body: "json", handle: async () => ({ json: { status: "live" } }) },
    "system.metrics": {
      body: "json",
      handle: async () => {
        if (parts.metrics === undefined) throw new Refusal("NOT_FOUND", "Metrics are switched off (METRICS_ENABLED).");
        const { text, contentType } = await parts.metrics.render();
        return { bytes: text, contentType };
      },
    },
    "system.openapi": {
      body: "json",
      handle: async () => {
        document ??= JSON.stringify(parts.openApi());
        return { bytes: document, contentType: "application/json; charset=utf-8" };
      },
    },
    "system.docs": {
      body: "json",
      handle: async () => {
        page ??= docsPage(parts.openApi());
        return {
          bytes: page,
          contentType: "text/html; charset=utf-8",
          headers: { "content-security-policy": docsPolicy },
        };
      },
    },
  };
}
