import { createHash } from "node:crypto";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, crc32, createZstdCompress } from "node:zlib";
import { version } from "../version.ts";
import { carriedTables } from "./carried-tables.ts";
import { type BlockHeader, type Manifest, type Trailer, writeManifest } from "./manifest.ts";
import { type Contents, createContentMeter, type InstallationSource } from "./table-block.ts";

export interface WrittenArchive {
  readonly manifest: Manifest;
  readonly contents: Contents;
  /** Of the contents, as the archive's last line has it. */
  readonly sha256: string;
  /** Of its rows, before they were compressed. */
  readonly rowBytes: number;
}

/**
 * Writes a source as an archive: lines of JSON and the blocks that they announce, compressed by Zstandard. The last line
 * proves that nothing is missing. Memory does not grow with the installation.
 */
export async function writeArchive(
  source: InstallationSource,
  output: Writable,
  { now, signal }: { readonly now: number; readonly signal?: AbortSignal },
): Promise<WrittenArchive> {
  const tables = carriedTables(source.schema);
  const manifest = writeManifest(tables, {
    program: version,
    schema: source.schema,
    created_at: new Date(now).toISOString(),
  });
  const meter = createContentMeter(tables);
  let rowBytes = 0;
  let sha256 = "";
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield line(manifest);
    for await (const block of source.blocks()) {
      meter.add(block);
      rowBytes += block.bytes.length;
      const { table, rows, bytes } = block;
      yield line({ table, rows, bytes: bytes.length, crc32: crc32(bytes) } satisfies BlockHeader);
      yield bytes;
    }
    const end = meter.contents();
    sha256 = archiveDigest(JSON.stringify(manifest), end);
    yield line({ end, sha256 } satisfies Trailer);
  }
  const packer = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  await pipeline(chunks(), packer, output, signal === undefined ? {} : { signal });
  return { manifest, contents: meter.contents(), sha256, rowBytes };
}

const line = (value: object): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`);

/** SHA-256 of the first line and all contents. */
export const archiveDigest = (firstLine: string, contents: Contents): string =>
  createHash("sha256")
    .update(`${firstLine}\n${JSON.stringify(contents)}`)
    .digest("hex");
