/** Asks routes like the server does: the question is parsed by the contract, the answer is what goes out. */
import { type Operation, type OperationId, operations, permissions } from "@llm-cost-ops/contract";
import type { Reply, Routes } from "../http/route.ts";

interface Asked {
  readonly query?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly organizationId?: string;
  readonly signal?: AbortSignal;
}

export async function ask(routes: Routes, id: OperationId, asked: Asked = {}): Promise<Reply> {
  const { handle } = routes[id] as { handle: (request: unknown) => Promise<Reply> };
  const operation: Operation = operations[id];
  return handle({
    caller: {
      organizationId: asked.organizationId ?? "default",
      principal: { kind: "key", id: "key", name: "key" },
      permissions: new Set(permissions),
    },
    requestId: "request",
    query: operation.query?.parse(asked.query ?? {}),
    body: operation.body?.parse(asked.body),
    params: asked.params,
    headers: {},
    signal: asked.signal ?? new AbortController().signal,
  });
}

/** The JSON of an answer. */
export async function askJson<T>(routes: Routes, id: OperationId, asked: Asked = {}): Promise<T> {
  const { json } = await ask(routes, id, asked);
  return JSON.parse(JSON.stringify(json)) as T;
}

/** The whole text of a streamed answer. */
export async function askText(routes: Routes, id: OperationId, asked: Asked = {}): Promise<string> {
  const { chunks } = await ask(routes, id, asked);
  let text = "";
  for await (const chunk of chunks ?? []) text += String(chunk);
  return text;
}
