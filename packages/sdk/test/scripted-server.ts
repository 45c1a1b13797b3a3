import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** One step of the script: answers, or fails to. */
export type Step = (response: ServerResponse, request: Arrived) => void | Promise<void>;

/**
 * A real HTTP server that plays a script, one step for each request; the last step answers all that follow. It keeps
 * what arrived.
 */
export class ScriptedServer {
  readonly arrived: Arrived[] = [];
  readonly #server = createServer((request, response) => void this.#play(request, response));
  #steps: readonly Step[] = [];

  static async start(): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  script(...steps: readonly Step[]): void {
    this.arrived.length = 0;
    this.#steps = steps;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #play(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // The client hung up while it sent; there is nobody to answer.
      return;
    }
    const url = new URL(request.url ?? "/", this.url);
    const arrived: Arrived = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.arrived.push(arrived);
    const step = this.#steps[Math.min(this.arrived.length, this.#steps.length) - 1];
    await step?.(response, arrived);
  }
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Step =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", "x-request-id": "req-1", ...headers });
    response.end(JSON.stringify(body));
  };

export const refusal = (
  status: number,
  code: string,
  rest: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Step => json(status, { error: { code, message: `refused: ${code}`, ...rest }, request_id: "req-1" }, headers);

export const text =
  (status: number, body: string, contentType = "text/plain"): Step =>
  (response) => {
    response.writeHead(status, { "content-type": contentType });
    response.end(body);
  };

/** The connection dies before any answer. */
export const reset: Step = (response) => void response.socket?.resetAndDestroy();

/** The connection dies after part of the body. */
export const half =
  (body: string, contentType = "application/json"): Step =>
  (response) => {
    response.writeHead(200, { "content-type": contentType, "content-length": String(body.length * 2) });
    response.write(body, () => setTimeout(() => response.socket?.destroy(), 20));
  };

export const silence: Step = () => undefined;
