import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createZstdDecompress } from "node:zlib";
import { type BlockHeader, type Manifest, parsed, readManifest, type Trailer } from "./manifest.ts";
import { blockBytesMax, createContentMeter, type InstallationSource, type TableBlock } from "./table-block.ts";
import { damaged, TransferError } from "./transfer-error.ts";
import { archiveDigest } from "./write-archive.ts";

/** Of Zstandard's frames. */
const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const lineBytesMax = 1 << 22;

/** An archive as a source of rows. Its blocks end only after its last line has proved them. */
export interface OpenedArchive extends InstallationSource {
  readonly manifest: Manifest;
}

/**
 * Opens an archive and reads its first line; its rows are read as they are asked for, and no row of a block is handed out
 * that does not have the block's checksum.
 * @throws TransferError where it is no archive, or one that this program cannot read.
 */
export async function openArchive(input: Readable): Promise<OpenedArchive> {
  const unpacker = createZstdDecompress();
  const bytes = byteReader(input, unpacker);
  const close = async (): Promise<void> => {
    input.destroy();
    unpacker.destroy();
  };
  try {
    const firstLine = await bytes.line("its first line");
    const manifest = readManifest(firstLine);
    return { manifest, schema: manifest.schema, blocks: () => readBlocks(bytes, firstLine, manifest), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* readBlocks(bytes: ByteReader, firstLine: string, manifest: Manifest): AsyncGenerator<TableBlock> {
  const meter = createContentMeter(manifest.tables);
  const order = manifest.tables.map(({ name }) => name);
  let at = 0;
  for (;;) {
    const header = parsed(await bytes.line("a block's header")) as Partial<BlockHeader & Trailer> | null | undefined;
    if (typeof header !== "object" || header === null) throw damaged("a block's header cannot be read");
    if (header.end !== undefined) {
      const contents = meter.contents();
      const isWhole =
        JSON.stringify(header.end) === JSON.stringify(contents) && header.sha256 === archiveDigest(firstLine, contents);
      if (!isWhole) throw damaged("its rows are not those that it was written with");
      if (!(await bytes.isAtEnd())) throw damaged("something follows its end");
      return;
    }
    const { table = "", rows = -1, bytes: length = -1 } = header;
    const found = order.indexOf(table, at);
    if (found === -1) throw damaged(`rows of ${JSON.stringify(table)} are out of place`);
    at = found;
    if (!Number.isSafeInteger(length) || length < 0 || length > blockBytesMax)
      throw damaged("a block's length is wrong");
    const content = await bytes.take(length);
    if (crc32(content) !== header.crc32) throw damaged(`rows of ${table} are not those that were written`);
    const block = { table, rows, bytes: content };
    meter.add(block);
    yield block;
  }
}

interface ByteReader {
  /** The bytes up to the next newline, which is left out. */
  line(what: string): Promise<string>;
  take(length: number): Promise<Uint8Array>;
  isAtEnd(): Promise<boolean>;
}

function byteReader(input: Readable, unpacker: ReturnType<typeof createZstdDecompress>): ByteReader {
  let isStarted = false;
  let head = Buffer.alloc(0);
  /** What was said of the input, before the reader destroyed what stands behind it. */
  let inputError: unknown;
  input.once("error", (error) => {
    inputError = error;
  });
  const packed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) {
      if (!isStarted) {
        head = Buffer.concat([head, chunk as Uint8Array]);
        if (head.length < magic.length) continue;
        isStarted = true;
        if (!head.subarray(0, magic.length).equals(magic)) throw notAnArchive();
        yield head;
        head = Buffer.alloc(0);
      } else yield chunk as Uint8Array;
    }
    if (!isStarted) throw head.length === 0 ? new TransferError("archive", "the archive is empty") : notAnArchive();
  };
  // Its failures arrive where the unpacked bytes are read.
  pipeline(packed(), unpacker).catch(() => undefined);
  const chunks = unpacker[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  const more = async (): Promise<Buffer | undefined> => {
    try {
      const next = await chunks.next();
      return next.done === true ? undefined : next.value;
    } catch (error) {
      if (error instanceof TransferError) throw error;
      if (inputError !== undefined) throw inputError;
      const isCut = (error as { code?: unknown }).code === "Z_BUF_ERROR";
      throw isCut ? cutOff(error) : damaged("it cannot be unpacked", error);
    }
  };
  const take = async (length: number): Promise<Uint8Array> => {
    if (rest.length < length) {
      const parts = [rest];
      for (let have = rest.length; have < length; ) {
        const chunk = await more();
        if (chunk === undefined) throw cutOff();
        parts.push(chunk);
        have += chunk.length;
      }
      rest = Buffer.concat(parts);
    }
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
  return {
    take,
    async line(what) {
      for (let from = 0; ; ) {
        const end = rest.indexOf(0x0a, from);
        if (end !== -1) {
          const text = rest.toString("utf8", 0, end);
          rest = rest.subarray(end + 1);
          return text;
        }
        if (rest.length > lineBytesMax) throw damaged(`${what} has no end`);
        from = rest.length;
        const chunk = await more();
        if (chunk === undefined) throw cutOff();
        rest = Buffer.concat([rest, chunk]);
      }
    },
    isAtEnd: async () => rest.length === 0 && (await more()) === undefined,
  };
}

const notAnArchive = (): TransferError => new TransferError("archive", "this is no archive of cost-ops backup");
const cutOff = (cause?: unknown): TransferError =>
  new TransferError("archive", "the archive is damaged: it was cut off before its end", { cause });
