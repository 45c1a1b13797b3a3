import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a database that can fall silent: connections stay, and no answer comes through. */
export async function silenceableWay(url: string) {
  const target = new URL(url);
  const [port, host] = [Number(target.port), target.hostname];
  const sockets = new Set<Socket>();
  let isSilent = false;
  const way = createServer((client) => {
    const there = connect(port, host);
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    client.pipe(there);
    there.on("data", (bytes) => isSilent || client.write(bytes));
    there.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  target.port = String((way.address() as AddressInfo).port);
  return {
    url: target.href,
    silence: (silent: boolean): void => {
      isSilent = silent;
    },
    close: (): void => {
      for (const socket of sockets) socket.destroy();
      way.close();
    },
  };
}
