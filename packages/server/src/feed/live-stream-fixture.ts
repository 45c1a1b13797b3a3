/** Reads a live stream as a client does, each over a connection of its own. */
import { get, type IncomingMessage } from "node:http";

export interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface OpenStream {
  readonly status: number;
  /** Of a refusal. */
  readonly body: string;
  /** Everything that was told so far, without signs of life. */
  readonly told: readonly Told[];
  /** The last position, also of signs of life. */
  readonly position: () => string;
  /** Resolves when so many events came, or the stream ended. */
  until(count: number): Promise<void>;
  /** Resolves when the server ended the stream. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Opens a stream and waits for its first word. */
export async function openStream(
  url: string,
  key: string,
  query = "",
  headers: Readonly<Record<string, string>> = {},
): Promise<OpenStream> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const authorization = `Bearer ${key}`;
    const address = `${url}/api/v1/stream${query}`;
    get(address, { agent: false, headers: { authorization, ...headers } }, resolve).on("error", reject);
  });
  response.setEncoding("utf8");
  const told: Told[] = [];
  let position = "";
  let isEnded = false;
  let changed: () => void = () => undefined;
  const take = (block: string): void => {
    const field = (name: string): string =>
      block
        .split("\n")
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2) ?? "";
    position = field("id") || position;
    const data = field("data");
    if (data !== "") told.push({ id: field("id"), event: field("event"), data: JSON.parse(data) });
  };
  const status = response.statusCode ?? 0;
  const base = {
    status,
    told,
    position: () => position,
    close: async () => void response.destroy(),
  };
  if (status !== 200) {
    let body = "";
    for await (const text of response) body += text;
    return { ...base, body, until: async () => undefined, ended: Promise.resolve() };
  }
  let rest = "";
  response.on("data", (text: string) => {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) take(block);
    changed();
  });
  response.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => response.once("close", resolve)).then(() => {
    isEnded = true;
    changed();
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds() && !isEnded) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  await until(() => position !== "");
  return { ...base, body: "", ended, until: (count) => until(() => told.length >= count) };
}
