import { printable } from "../terminal/printable.ts";
import type { SourceFile } from "./find-files.ts";

/** Shows how far an import is. */
export interface Progress {
  update(file: SourceFile, bytes: number, records: number): void;
  end(): void;
}

export const silentProgress: Progress = { update: () => undefined, end: () => undefined };

/** A bar on stderr, by bytes; where the size of something is unknown, counts without a bar. */
export async function barProgress(files: readonly SourceFile[], now: () => number): Promise<Progress> {
  const { SingleBar } = await import("cli-progress");
  const total = files.reduce<number | undefined>(
    (sum, { bytes }) => (sum === undefined || bytes === undefined ? undefined : sum + bytes),
    0,
  );
  const startedAtMs = now();
  const done = new Map<string, { readonly bytes: number; readonly records: number }>();
  const bar = new SingleBar({
    format:
      total === undefined
        ? "  {records} records, {size}, {rate}  {name}"
        : "  {bar} {percentage} %  {records} records, {rate}, {size}  {name}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    fps: 10,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(total ?? 1, 0, { records: "0", size: megabytes(0), rate: "", name: "" });
  return {
    update(file, bytes, records) {
      done.set(file.path, { bytes, records });
      const sum = (key: "bytes" | "records"): number => [...done.values()].reduce((all, each) => all + each[key], 0);
      const seconds = Math.max(0.001, (now() - startedAtMs) / 1_000);
      bar.update(total === undefined ? 0 : Math.min(total, sum("bytes")), {
        records: sum("records").toLocaleString("en"),
        size: megabytes(sum("bytes")),
        rate: `${Math.round(sum("records") / seconds).toLocaleString("en")}/s`,
        name: printable(file.name).slice(0, 24),
      });
    },
    end: () => bar.stop(),
  };
}

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
