import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { adminKey } from "./running-server.ts";

const attemptsMax = 20;

export interface Told<Data> {
  readonly status: number;
  readonly data: Data;
  readonly text: string;
}

/** Asks one server as its administrator over sockets that stay open, any number of questions at once. */
export class KeepAliveClient {
  /** How often the answer was that the database was away. */
  timesAway = 0;
  readonly #port: number;
  readonly #agent: Agent;

  constructor(port: number, socketsMax: number) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: socketsMax, maxFreeSockets: socketsMax });
  }

  /** The answer, whatever its status; where the database was away, which it counts as after five seconds, that of later. */
  async ask<Data>(method: string, path: string, body?: unknown): Promise<Told<Data>> {
    for (let attempt = 1; ; attempt += 1) {
      const told = await this.#askOnce<Data>(method, path, body);
      if (told.status !== 503 || attempt === attemptsMax) return told;
      this.timesAway += 1;
      await pause(1_000);
    }
  }

  #askOnce<Data>(method: string, path: string, body: unknown): Promise<Told<Data>> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      authorization: `Bearer ${adminKey}`,
      ...(bytes !== undefined && { "content-type": "application/json", "content-length": bytes.length }),
    };
    const to = { host: "127.0.0.1", port: this.#port, path: `/api/v1${path}`, method, headers, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const asked = request(to, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = String(response.headers["content-type"]).includes("json");
          const { data } = (isJson ? JSON.parse(text) : {}) as { readonly data: Data };
          resolve({ status: response.statusCode ?? 0, data, text });
        });
      });
      asked.on("error", reject);
      asked.end(bytes);
    });
  }

  /** The data of an answer that must be a success. */
  async data<Data>(method: string, path: string, body?: unknown): Promise<Data> {
    const { status, data, text } = await this.ask<Data>(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 500)}`);
    return data;
  }

  close(): void {
    this.#agent.destroy();
  }
}
