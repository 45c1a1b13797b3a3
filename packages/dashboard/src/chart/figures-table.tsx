import { UnstyledButton } from "@mantine/core";
import { useMemo } from "react";
import { DataTable } from "../table/data-table.tsx";
import type { ChartTable } from "./download.ts";

/** Which cells of figures can be chosen, as their places in the picture are by a click. */
export interface CellChoice {
  readonly cellOf: (row: number, key: string) => { readonly name: string; readonly isChosen: boolean };
  readonly onToggle: (row: number, key: string) => void;
}

/** The figures of a picture. */
export default function FiguresTable({
  title,
  table,
  maxHeight,
  choice,
}: {
  title: string;
  table: ChartTable;
  maxHeight: number;
  choice?: CellChoice | undefined;
}) {
  const rows = useMemo(() => table.rows.map((row, at) => ({ row, at })), [table]);
  const columns = useMemo(
    () =>
      table.columns.map(({ key, label, numeric = false }) => ({
        key,
        label,
        numeric,
        cell: ({ row, at }: { row: Readonly<Record<string, string>>; at: number }) => {
          const text = row[key] ?? "";
          if (!numeric) return <Name text={text} />;
          if (choice === undefined) return text;
          const { name, isChosen } = choice.cellOf(at, key);
          return (
            <UnstyledButton
              className="cell-choice"
              fz="inherit"
              aria-pressed={isChosen}
              aria-label={`${name}: ${text === "" ? "nothing" : text}`}
              onClick={() => choice.onToggle(at, key)}
            >
              {text}
            </UnstyledButton>
          );
        },
      })),
    [table, choice],
  );
  return <DataTable name={title} columns={columns} rows={rows} rowKey={({ at }) => String(at)} maxHeight={maxHeight} />;
}

/** In one line: a table that is too wide scrolls, and letters below one another are not read. */
const Name = ({ text }: { text: string }) => (
  <span className="cell-name clip" title={text}>
    <bdi>{text}</bdi>
  </span>
);
