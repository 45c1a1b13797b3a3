import { limits } from "@llm-cost-ops/contract";
import { Refusal } from "../refusal.ts";
import { jsonErrorAt } from "../usage/json-error.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses a JSON body. Refuses with INVALID_REQUEST: bytes that are not UTF-8, broken JSON (with line and column) and
 * nesting deeper than `limits.jsonDepth`, which is looked for before parsing so that no depth can exhaust the stack.
 */
export function readJson(bytes: Uint8Array): unknown {
  refuseDeepNesting(bytes);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Refusal("INVALID_REQUEST", "The body is not UTF-8 text.");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("INVALID_REQUEST", `The body is not JSON${placeIn(text)}.`);
  }
}

const quote = 0x22;
const backslash = 0x5c;
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);

function refuseDeepNesting(bytes: Uint8Array): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (opening.has(byte)) {
      depth += 1;
      if (depth > limits.jsonDepth) {
        throw new Refusal("INVALID_REQUEST", `The body is nested deeper than ${limits.jsonDepth} levels.`);
      }
    } else if (closing.has(byte)) depth -= 1;
  }
}

function placeIn(text: string): string {
  const at = jsonErrorAt(text);
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  const place = `line ${line}, column ${column}`;
  return at >= text.length ? `: it ends too early, at ${place}` : ` at ${place}`;
}
