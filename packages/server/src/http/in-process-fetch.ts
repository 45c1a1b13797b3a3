import type { IncomingMessage, Server } from "node:http";
import { type Duplex, duplexPair, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";

// An import of node:http by name also reads its WebSocket, which loads the whole of fetch into a server that never fetches.
const { Agent, request: httpRequest } = process.getBuiltinModule("node:http");

/** Statuses that never have a body. */
const bodiless: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** Each connection is a pair of streams in memory: the server gets one end as if a client had connected. */
class InProcessAgent extends Agent {
  readonly #server: Server;

  constructor(server: Server) {
    super({ keepAlive: true });
    this.#server = server;
  }

  override createConnection(): Duplex {
    const [here, there] = duplexPair();
    // Within the process nobody listens in: a server of TLS gets its end as if the handshake were done.
    this.#server.emit("setSecureContext" in this.#server ? "secureConnection" : "connection", there);
    return Object.assign(here, socketOptions);
  }
}

/** What an agent sets on a connection that it keeps, and what means nothing to a pair of streams. */
const nothing = (): void => undefined;
const socketOptions = { setKeepAlive: nothing, setNoDelay: nothing, setTimeout: nothing, ref: nothing, unref: nothing };

/** A `fetch` that reaches one server inside this process. */
export interface InProcessFetch {
  readonly fetch: typeof globalThis.fetch;
  /** Hangs up all connections. */
  close(): void;
}

/**
 * Makes a `fetch` that speaks real HTTP to the server without a socket, so that a client in the same process takes the
 * same path as one far away. Bodies stream both ways with backpressure; host and port of the address do not matter.
 */
export function createInProcessFetch(server: Server): InProcessFetch {
  const agent = new InProcessAgent(server);
  const inProcessFetch: typeof globalThis.fetch = async (input, init) => {
    const streams = init?.body instanceof ReadableStream ? { duplex: "half" as const } : {};
    const request = new Request(input, { ...init, ...streams } as RequestInit);
    const url = new URL(request.url);
    request.signal.throwIfAborted();
    return new Promise<Response>((resolve, reject) => {
      const outgoing = httpRequest({
        agent,
        method: request.method,
        path: `${url.pathname}${url.search}`,
        headers: { host: "in-process", ...Object.fromEntries(request.headers), ...lengthOf(init?.body) },
      });
      const abort = (): void => {
        outgoing.destroy(request.signal.reason as Error);
      };
      request.signal.addEventListener("abort", abort, { once: true });
      outgoing.once("close", () => request.signal.removeEventListener("abort", abort));
      outgoing.once("error", (error) => reject(request.signal.aborted ? request.signal.reason : failed(error)));
      outgoing.once("response", (incoming) => resolve(toResponse(incoming)));
      if (request.body === null) outgoing.end();
      else {
        // Browsers' types of the same stream, which a test of the dashboard brings in, are not Node's.
        const body = Readable.fromWeb(request.body as NodeStream);
        pipeline(body, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
      }
    });
  };
  return { fetch: inProcessFetch, close: () => agent.destroy() };
}

/** A body whose length is known is sent with it, as `fetch` does over the network. */
function lengthOf(body: RequestInit["body"]): Record<string, string> {
  if (typeof body === "string") return { "content-length": String(Buffer.byteLength(body)) };
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return { "content-length": String(body.byteLength) };
  return {};
}

const failed = (cause: Error): TypeError => new TypeError("fetch failed", { cause });

function toResponse(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 500;
  const headers = new Headers();
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] as string, incoming.rawHeaders[at + 1] as string);
  }
  if (bodiless.has(status)) {
    incoming.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(incoming) as ReadableStream, {
    status,
    statusText: incoming.statusMessage ?? "",
    headers,
  });
}
