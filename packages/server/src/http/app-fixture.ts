import { connect } from "node:net";
import { type OperationId, operations, permissions } from "@llm-cost-ops/contract";
import { Refusal } from "../refusal.ts";
import { type AnsweredRequest, type App, type AppParts, createApp } from "./app.ts";
import type { Route, Routes } from "./route.ts";

export const testKey = `sk_test_${"k".repeat(43)}`;

type LooseRoute = { readonly body: "json" | "bytes" | "stream"; readonly handle: (request: never) => Promise<unknown> };

/** Every operation answers with an empty object, but for the given routes. */
export function stubRoutes(own: Readonly<Record<string, LooseRoute>> = {}): Routes {
  const stubs = Object.keys(operations).map((id) => [id, { body: "json", handle: async () => ({ json: {} }) }]);
  return { ...Object.fromEntries(stubs), ...own } as { [Id in OperationId]?: Route<Id> };
}

export interface ListeningApp extends App {
  readonly port: number;
  readonly url: string;
  readonly answered: AnsweredRequest[];
}

/** An app on a free port with stub routes and one key, `testKey`, of organization `acme`. */
export async function listen(
  own: Readonly<Record<string, LooseRoute>> = {},
  parts: Partial<AppParts> = {},
): Promise<ListeningApp> {
  const answered: AnsweredRequest[] = [];

  const app = createApp({
    routes: [stubRoutes(own)],
    authenticator: {
      authenticate: (header) => {
        if (header !== `Bearer ${testKey}`) throw new Refusal("AUTH_001", "no");
        return {
          organizationId: "acme",
          principal: { kind: "key", id: "key_1", name: "key" },
          permissions: new Set(permissions),
        };
      },
    },
    onAnswered: (request) => answered.push(request),
    ...parts,
  });
  app.open();
  const url = await app.fastify.listen({ port: 0, host: "127.0.0.1" });
  return { ...app, url, port: Number(new URL(url).port), answered };
}

/** Sends bytes over a socket and gives back everything that comes until the server hangs up or `until` has appeared. */
export function speak(port: number, bytes: string | readonly string[], until?: RegExp, pauseMs = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(heard);
    }, 5_000);
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
      if (until?.test(heard)) socket.destroy();
    });
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(heard);
    });
    socket.on("error", (error) => (heard === "" ? reject(error) : undefined));
    socket.on("connect", async () => {
      for (const part of typeof bytes === "string" ? [bytes] : bytes) {
        if (socket.destroyed) return;
        socket.write(part, "latin1");
        if (pauseMs > 0) await new Promise((done) => setTimeout(done, pauseMs));
      }
    });
  });
}

/** Routes that say back what they were asked, or fail as their request wants them to. */
export const triedRoutes: Parameters<typeof listen>[0] = {
  "usage.create": {
    body: "bytes",
    handle: async ({ bytes }: { bytes: Uint8Array }) => ({ json: { size: bytes.byteLength } }),
  },
  "imports.create": {
    body: "stream",
    handle: async ({ stream }: { stream: AsyncIterable<Uint8Array> }) => {
      let size = 0;
      for await (const chunk of stream) size += chunk.byteLength;
      return { json: { size } };
    },
  },
  "costs.create": { body: "json", handle: async ({ body }: { body: unknown }) => ({ json: { body } }) },
  "pricing.create": { body: "json", handle: async ({ body }: { body: unknown }) => ({ json: { body } }) },
  "usage.list": { body: "json", handle: async ({ query }: { query: unknown }) => ({ json: { query } }) },
  "usage.get": {
    body: "json",
    handle: async ({ params }: { params: { id: string } }) => {
      if (params.id === "bug") throw new Error("SELECT secret FROM inside at /srv/app.ts:1");
      if (params.id === "full") throw new Refusal("UNAVAILABLE", "The queue is full.");
      return { json: { id: params.id } };
    },
  },
  "costs.stream": {
    body: "json",
    handle: async ({ query }: { query: { model?: string[] } }) => ({
      contentType: "application/x-ndjson",
      chunks: (async function* () {
        if (query.model?.[0] === "early") throw new Refusal("VALIDATION_ERROR", "early");
        yield "1\n";
        if (query.model?.[0] === "late") throw new Error("late");
        yield "";
        yield "2\n";
      })(),
    }),
  },
};

export const auth = { authorization: `Bearer ${testKey}` };
export const json = { ...auth, "content-type": "application/json" };

export const post = (body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = json): RequestInit => ({
  method: "POST",
  headers,
  body,
});
export const get: RequestInit = { headers: auth };
/** That many lists in one another. */
export const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
