/** Largest event that is looked at, in UTF-16 units; a larger one is skipped (it can only be content). */
export const eventCharactersMax = 32 * 1024 * 1024;

export interface SseEvent {
  readonly name: string | undefined;
  /** The data lines, one entry each. */
  readonly data: readonly string[];
}

export interface EventDecoder {
  push(text: string): void;
  end(): void;
  /** Events that were skipped because they were too large. */
  skipped(): number;
}

/**
 * Cuts server-sent events out of text that arrives in any pieces: LF, CRLF and CR line ends, comments, event names and
 * several data lines per event. An event that the end cuts off is still handed over, so that its reader may judge it.
 */
export function createSseDecoder(onEvent: (event: SseEvent) => void): EventDecoder {
  let pieces: string[] = [];
  let pieceCharacters = 0;
  let name: string | undefined;
  let data: string[] = [];
  let dataCharacters = 0;
  let tooLarge = false;
  let skipped = 0;
  let afterCarriageReturn = false;
  let atStart = true;

  const dispatch = (): void => {
    if (tooLarge) skipped += 1;
    else if (data.length > 0) onEvent({ name, data });
    name = undefined;
    data = [];
    dataCharacters = 0;
    tooLarge = false;
  };
  const addLine = (line: string): void => {
    if (line === "") {
      dispatch();
      return;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field !== "data" && field !== "event") return;
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") {
      name = value;
      return;
    }
    dataCharacters += value.length;
    if (dataCharacters > eventCharactersMax) {
      tooLarge = true;
      data = [];
    } else if (!tooLarge) data.push(value);
  };
  const addPiece = (piece: string): void => {
    pieceCharacters += piece.length;
    if (pieceCharacters > eventCharactersMax) {
      tooLarge = true;
      pieces = [];
    } else pieces.push(piece);
  };
  const endLine = (): void => {
    const line = pieces.length === 1 ? (pieces[0] ?? "") : pieces.join("");
    const wasTooLong = pieceCharacters > eventCharactersMax;
    pieces = [];
    pieceCharacters = 0;
    if (!wasTooLong) addLine(line);
  };

  return {
    push(chunk) {
      if (chunk === "") return;
      let from = 0;
      if (atStart && chunk.startsWith("\u{FEFF}")) from = 1;
      atStart = false;
      if (afterCarriageReturn && chunk[from] === "\n") from += 1;
      afterCarriageReturn = false;
      // Each search runs to its own next hit only, so that a chunk without carriage returns is scanned for them once.
      let lineFeed = chunk.indexOf("\n", from);
      let carriageReturn = chunk.indexOf("\r", from);
      while (lineFeed !== -1 || carriageReturn !== -1) {
        const isReturn = carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed);
        const at = isReturn ? carriageReturn : lineFeed;
        addPiece(chunk.slice(from, at));
        endLine();
        from = at + 1;
        if (isReturn && from === chunk.length) afterCarriageReturn = true;
        else if (isReturn && chunk[from] === "\n") from += 1;
        if (lineFeed !== -1 && lineFeed < from) lineFeed = chunk.indexOf("\n", from);
        if (carriageReturn !== -1 && carriageReturn < from) carriageReturn = chunk.indexOf("\r", from);
      }
      if (from < chunk.length) addPiece(chunk.slice(from));
    },
    end() {
      if (pieceCharacters > 0) endLine();
      dispatch();
    },
    skipped: () => skipped,
  };
}
