import { Table, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { compareDecimals } from "../format/decimal.ts";
import { grown } from "../shell/grown.ts";
import { Icon } from "../shell/icons.tsx";

/** A column: what stands in its cells, and what they are sorted by. */
export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  /** Right-aligned, with digits below one another. */
  readonly numeric?: boolean;
  readonly cell: (row: Row) => ReactNode;
  /** Sorts by this: decimal strings as numbers, exactly, where `numeric`; else as words. Absent: the column is not sorted. */
  readonly sortBy?: (row: Row) => string | null;
}

interface Sorting {
  readonly key: string;
  readonly descending: boolean;
}

/** How the library draws rows and cells, for plain ones: hundreds of its components are most of the work of a page. */
const { tr: rowClass, td: cellClass } = Table.classes;

const oneLineHeight = 34;
const virtualFrom = 60;

/** A table of any length: of long ones only the rows that are looked at are there. `name` is what screen readers call it. */
export function DataTable<Row>(props: {
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly onPick?: (row: Row) => void;
  /** Before rows are put in another order, such as to have those that are not there yet. */
  readonly onSort?: () => void;
  readonly maxHeight?: number;
  /** More than one line is high, where cells have several. */
  readonly rowHeight?: number;
  readonly empty?: ReactNode;
}) {
  const {
    name,
    columns,
    rows,
    rowKey,
    onPick,
    onSort,
    maxHeight = 480,
    rowHeight = oneLineHeight,
    empty = "Nothing here.",
  } = props;
  const [sorting, setSorting] = useState<Sorting>();
  const sorted = useMemo(() => sortedRows(rows, columns, sorting), [rows, columns, sorting]);
  const frame = useRef<HTMLDivElement>(null);
  const isVirtual = sorted.length > virtualFrom;
  const virtual = useVirtualizer({
    count: isVirtual ? sorted.length : 0,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const shown = isVirtual ? items.map(({ index }) => index) : sorted.map((_, index) => index);
  const before = isVirtual ? (items[0]?.start ?? 0) : 0;
  const after = isVirtual ? virtual.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const style = { maxHeight: grown(maxHeight), overflowY: "auto" } as const;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by keys as well.
    <section ref={frame} className="scroll-x" style={style} tabIndex={0} aria-label={name}>
      <Table stickyHeader highlightOnHover={onPick !== undefined} verticalSpacing={5} aria-rowcount={sorted.length + 1}>
        <Table.Caption>
          <VisuallyHidden>{name}</VisuallyHidden>
        </Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <HeaderCell
                key={column.key}
                column={column}
                sorting={sorting}
                onSort={(by) => {
                  onSort?.();
                  setSorting(by);
                }}
              />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {before > 0 ? <tr style={{ height: before }} /> : null}
          {shown.map((index) => {
            const row = sorted[index];
            if (row === undefined) return null;
            return (
              <tr
                key={rowKey(row)}
                className={rowClass}
                data-with-row-border
                data-hover={onPick === undefined ? undefined : true}
                aria-rowindex={index + 2}
                style={{ height: rowHeight, ...(onPick === undefined ? {} : { cursor: "pointer" }) }}
                {...(onPick === undefined ? {} : { onClick: () => onPick(row) })}
              >
                {columns.map((column, at) => (
                  <td key={column.key} className={column.numeric ? `${cellClass} amount` : cellClass}>
                    {onPick !== undefined && at === 0 ? (
                      <UnstyledButton fz="inherit" onClick={() => onPick(row)}>
                        {column.cell(row)}
                      </UnstyledButton>
                    ) : (
                      column.cell(row)
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 ? <tr style={{ height: after }} /> : null}
          {sorted.length === 0 ? (
            <Table.Tr>
              <Table.Td colSpan={columns.length} className="quiet">
                {empty}
              </Table.Td>
            </Table.Tr>
          ) : null}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function HeaderCell<Row>({
  column,
  sorting,
  onSort,
}: {
  column: Column<Row>;
  sorting: Sorting | undefined;
  onSort: (sorting: Sorting) => void;
}) {
  const { key, label, numeric = false, sortBy } = column;
  const isSorted = sorting?.key === key;
  const direction = isSorted ? (sorting.descending ? "descending" : "ascending") : "none";
  const name = <span className="head-name">{label}</span>;
  return (
    <Table.Th
      {...(numeric ? { className: "amount" } : {})}
      {...(sortBy === undefined ? {} : { "aria-sort": direction as "none" })}
    >
      {sortBy === undefined ? (
        name
      ) : (
        <UnstyledButton
          className="sort-head"
          fz="inherit"
          fw="inherit"
          onClick={() => onSort({ key, descending: isSorted ? !sorting.descending : numeric })}
        >
          {name} {isSorted ? <Icon name={sorting.descending ? "down" : "up"} size={12} /> : null}
        </UnstyledButton>
      )}
    </Table.Th>
  );
}

/** As they came where nothing was chosen; what is unknown comes last either way. */
export function sortedRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorting: Sorting | undefined,
): readonly Row[] {
  const column = columns.find(({ key }) => key === sorting?.key);
  if (sorting === undefined || column?.sortBy === undefined) return rows;
  const { sortBy, numeric } = column;
  const compare = numeric ? compareDecimals : (a: string, b: string): number => a.localeCompare(b, "en");
  return rows.toSorted((left, right) => {
    const [a, b] = [sortBy(left), sortBy(right)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return sorting.descending ? compare(b, a) : compare(a, b);
  });
}
