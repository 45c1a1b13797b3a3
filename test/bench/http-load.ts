/**
 * A load generator as a process of its own: raw keep-alive sockets, so that it costs less than what it measures. It says
 * `ready` when it has made its requests, and sends them when it is told to.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { usageEvents } from "./usage-events.ts";

interface Load {
  readonly port: number;
  readonly path: string;
  readonly key: string;
  readonly requests: number;
  readonly recordsPerRequest: number;
  readonly connections: number;
  /** Requests under way on one connection. */
  readonly depth: number;
  readonly seed: number;
  /** The same for every request, in place of usage. */
  readonly body?: string;
}

const load = JSON.parse(process.argv[2] ?? "{}") as Load;
const source = usageEvents(Date.UTC(2026, 0, 1), load.seed);
const statusLine = Buffer.from("HTTP/1.1 ");

const requests = Array.from({ length: load.requests }, () => {
  const body = load.body === undefined ? usageBody() : Buffer.from(load.body);
  const head = `POST ${load.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${load.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
});

function usageBody(): Uint8Array {
  const batch = source.batch(load.recordsPerRequest);
  // A batch of one is a list; a single record goes without the brackets.
  return load.recordsPerRequest === 1 ? batch.subarray(1, -1) : batch;
}

let sent = 0;
let answered = 0;

function run(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let underWay = 0;
    const fill = (count: number): void => {
      const next = requests.slice(sent, sent + count);
      sent += next.length;
      underWay += next.length;
      if (next.length === 1) socket.write(next[0] as Buffer);
      else if (next.length > 1) socket.write(Buffer.concat(next));
      if (underWay === 0) {
        socket.destroy();
        resolve();
      }
    };
    socket.on("data", (chunk: Buffer) => {
      let count = 0;
      for (let at = chunk.indexOf(statusLine); at !== -1; at = chunk.indexOf(statusLine, at + statusLine.length)) {
        if (chunk[at + statusLine.length] !== 0x32) reject(new Error(chunk.toString().slice(0, 500)));
        count += 1;
      }
      answered += count;
      underWay -= count;
      if (count > 0) fill(Math.min(count, load.depth - underWay));
    });
    socket.on("error", reject);
    socket.on("connect", () => fill(load.depth));
  });
}

process.stdout.write("ready\n");
await once(process.stdin, "data");
await Promise.all(Array.from({ length: load.connections }, () => run(connect(load.port, "127.0.0.1"))));
if (answered !== load.requests) throw new Error(`${answered} of ${load.requests} answers`);
process.stdout.write("answered\n");
process.exit(0);
