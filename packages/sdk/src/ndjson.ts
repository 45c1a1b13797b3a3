import { NetworkError } from "./errors.ts";

/** No line of the interface comes near this; a longer one is not ours. */
const lineCharactersMax = 16 * 1024 * 1024;

/**
 * The values of an NDJSON body as they arrive. The last line may lack its line feed.
 * @throws NetworkError where a line is not JSON, as after a connection that broke within one.
 */
export async function* parseNdjson(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > lineCharactersMax) throw new NetworkError("a line of the stream is too long");
    for (const line of lines) if (line.trim() !== "") yield parseLine(line);
  }
  rest += decoder.decode();
  if (rest.trim() !== "") yield parseLine(rest);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new NetworkError("the stream broke off or is not NDJSON", { cause: error });
  }
}
