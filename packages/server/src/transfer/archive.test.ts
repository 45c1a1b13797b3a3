import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { writeFileWhole } from "./archive-file.ts";
import { latestSchema } from "./carried-tables.ts";
import { backUp, checkArchive, restore } from "./index.ts";
import { bytesWritable, makeFullInstallation, readableOf, rowsOfEach, sqliteAt } from "./installation-fixture.ts";

const pack = promisify(zstdCompress);
const unpack = promisify(zstdDecompress);
/** What Zstandard puts after the last row has been told: its checksum and an empty block. The rows prove themselves. */
const frameEndBytes = 16;
const now = Date.parse("2026-11-21T08:00:00Z");
const folder = temporaryFolder();
let archive: Buffer;
let lines: string[];

beforeAll(async () => {
  makeFullInstallation(folder.file);
  const written = bytesWritable();
  await backUp(sqliteAt(folder.file), written.output, { now });
  archive = written.bytes();
  lines = (await unpack(archive)).toString().split("\n");
});
afterAll(() => folder.remove());

const check = (bytes: Buffer): Promise<unknown> => checkArchive(readableOf(bytes));
const repacked = async (change: (lines: string[]) => void): Promise<Buffer> => {
  const changed = [...lines];
  change(changed);
  return pack(changed.join("\n"));
};
const manifestWith = (change: (manifest: Record<string, unknown>) => void): Promise<Buffer> =>
  repacked((changed) => {
    const manifest = JSON.parse(changed[0] ?? "") as Record<string, unknown>;
    change(manifest);
    changed[0] = JSON.stringify(manifest);
  });

test("an archive says what it is, when it was made and what it holds", async () => {
  const { manifest, contents } = await checkArchive(readableOf(archive));
  expect(manifest).toMatchObject({
    format: "llm-cost-ops-archive",
    version: 1,
    schema: latestSchema,
    created_at: "2026-11-21T08:00:00.000Z",
  });
  expect(contents["records"]).toEqual({ rows: rowsOfEach, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(contents["organizations"]?.rows).toBe(rowsOfEach + 1);
});

test("the same installation at the same time gives the same archive", async () => {
  const again = bytesWritable();
  await backUp(sqliteAt(folder.file), again.output, { now });
  expect((await unpack(again.bytes())).toString()).toBe(lines.join("\n"));
});

describe("a damaged archive is refused, and nothing is made of it", () => {
  const refused = async (bytes: Buffer, says: RegExp): Promise<void> => {
    const target = join(folder.path, "never.db");
    await expect(restore(readableOf(bytes), sqliteAt(target), {})).rejects.toThrow(says);
    expect(readdirSync(folder.path).filter((name) => name.startsWith("never"))).toEqual([]);
  };

  test("cut off anywhere", async () => {
    for (let length = 1; length < archive.length - frameEndBytes; length += Math.ceil(archive.length / 60)) {
      await refused(archive.subarray(0, length), /no archive|damaged: it was cut off/);
    }
    await refused(archive.subarray(0, -frameEndBytes), /damaged: it was cut off/);
    await refused(Buffer.alloc(0), /the archive is empty/);
  });

  test("cut off and packed again", async () => {
    for (const keep of [1, 2, 3, 20, lines.length - 2]) {
      await refused(await pack(lines.slice(0, keep).join("\n")), /damaged/);
    }
  });

  test("with any bit changed", async () => {
    const whole = JSON.stringify((await checkArchive(readableOf(archive))).contents);
    let refusals = 0;
    const positions = Array.from({ length: 120 }, (_, at) => Math.floor((at * archive.length) / 120));
    for (const at of positions) {
      const flipped = Buffer.from(archive);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const outcome = await checkArchive(readableOf(flipped)).then(
        ({ contents }) => JSON.stringify(contents),
        (error: Error) => error.message,
      );
      // A bit that only says how the bytes were packed may be without consequence; nothing else may.
      if (outcome !== whole) expect(outcome, `byte ${at}`).toMatch(/archive/);
      if (outcome !== whole) refusals += 1;
    }
    expect(refusals).toBeGreaterThan(positions.length - 5);
  });

  test("with any byte of its rows changed and packed again", async () => {
    const plain = await unpack(archive);
    for (let at = 0; at < plain.length; at += Math.ceil(plain.length / 150)) {
      const changed = Buffer.from(plain);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(check(await pack(changed)), `byte ${at}`).rejects.toThrow(/archive/);
    }
  });

  test("with a row more, a row less, or something after the end", async () => {
    await refused(await repacked((changed) => changed.splice(2, 1)), /damaged/);
    await refused(await repacked((changed) => changed.splice(2, 0, changed[2] ?? "")), /damaged/);
    await refused(await repacked((changed) => changed.push("more")), /damaged: something follows its end/);
  });

  test("of another format, a newer program, or tables that its schema has not", async () => {
    await refused(Buffer.from("SQLite format 3\0 and more"), /no archive of cost-ops backup/);
    await refused(await pack("hello\nworld\n"), /no archive of cost-ops backup/);
    await refused(await manifestWith((manifest) => (manifest["version"] = 2)), /format version 2.*reads version 1/);
    await refused(
      await manifestWith((manifest) => (manifest["schema"] = latestSchema + 1)),
      /newer than this program's.*use a newer version/,
    );
    await refused(
      await manifestWith((manifest) => (manifest["tables"] as unknown[]).push({ name: "extras", columns: ["id"] })),
      /a table extras that schema \d+ has not/,
    );
    await refused(await manifestWith((manifest) => (manifest["tables"] as unknown[]).pop()), /lacks the table/);
    await refused(await manifestWith((manifest) => (manifest["tables"] = [null])), /manifest names no tables/);
    await refused(
      await manifestWith((manifest) => (manifest["tables"] as { columns: string[] }[])[0]?.columns.pop()),
      /has other columns than schema/,
    );
  });
});

describe("a file has its name only when it is whole", () => {
  const path = join(folder.path, "kept.archive");

  test("it is for its owner alone", async () => {
    await writeFileWhole(path, (output) => backUp(sqliteAt(folder.file), output, { now }));
    expect((await unpack(readFileSync(path))).toString()).toBe(lines.join("\n"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("a backup that fails leaves the one before it", async () => {
    writeFileSync(path, "the one before");
    const failing = writeFileWhole(path, async (output) => {
      output.write("half of");
      throw new Error("the source broke");
    });
    await expect(failing).rejects.toThrow("the source broke");
    expect(readFileSync(path, "utf8")).toBe("the one before");
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("a full disk is told", async () => {
    await expect(
      writeFileWhole("/dev/full", (output) => backUp(sqliteAt(folder.file), output, { now })),
    ).rejects.toMatchObject({ code: "ENOSPC" });
  });
});
