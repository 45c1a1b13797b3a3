import { type EventDecoder, eventCharactersMax } from "./sse-decoder.ts";

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Cuts the objects out of JSON text that arrives in any pieces: one object per line, a list of objects, or one object.
 * Hands over the text of each outermost object as soon as it is closed.
 */
export function createJsonDecoder(onObject: (text: string) => void): EventDecoder {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let pieces: string[] = [];
  let characters = 0;
  let skipped = 0;

  const keep = (piece: string): void => {
    characters += piece.length;
    if (characters > eventCharactersMax) pieces = [];
    else pieces.push(piece);
  };
  const close = (): void => {
    if (characters > eventCharactersMax) skipped += 1;
    else onObject(pieces.join(""));
    pieces = [];
    characters = 0;
  };

  return {
    push(chunk) {
      let from = 0;
      for (let at = 0; at < chunk.length; at += 1) {
        const code = chunk.charCodeAt(at);
        if (inString) {
          if (escaped) escaped = false;
          else if (code === backslash) escaped = true;
          else if (code === quote) inString = false;
        } else if (code === quote) inString = depth > 0;
        else if (code === openBrace) {
          if (depth === 0) from = at;
          depth += 1;
        } else if (code === closeBrace && depth > 0) {
          depth -= 1;
          if (depth === 0) {
            keep(chunk.slice(from, at + 1));
            close();
          }
        }
      }
      if (depth > 0) keep(chunk.slice(from));
    },
    end() {
      pieces = [];
      characters = 0;
    },
    skipped: () => skipped,
  };
}
