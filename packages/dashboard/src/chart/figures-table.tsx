import { useMemo } from "react";
import { DataTable } from "../table/data-table.tsx";
import type { ChartTable } from "./download.ts";

/** The figures of a picture. */
export default function FiguresTable({
  title,
  table,
  maxHeight,
}: {
  title: string;
  table: ChartTable;
  maxHeight: number;
}) {
  const rows = useMemo(() => table.rows.map((row, at) => ({ row, at })), [table]);
  const columns = useMemo(
    () =>
      table.columns.map(({ key, label, numeric = false }) => ({
        key,
        label,
        numeric,
        cell: ({ row }: { row: Readonly<Record<string, string>> }) =>
          numeric ? (row[key] ?? "") : <Name text={row[key] ?? ""} />,
      })),
    [table],
  );
  return <DataTable name={title} columns={columns} rows={rows} rowKey={({ at }) => String(at)} maxHeight={maxHeight} />;
}

/** In one line: a table that is too wide scrolls, and letters below one another are not read. */
const Name = ({ text }: { text: string }) => (
  <span className="cell-name clip" title={text}>
    <bdi>{text}</bdi>
  </span>
);
