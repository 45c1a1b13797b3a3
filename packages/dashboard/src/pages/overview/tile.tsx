import { Skeleton, Text, Tooltip } from "@mantine/core";
import { formatChange } from "../../format/numbers.ts";

/** One figure with its name: short at a glance, exact where somebody points, and against what was before. */
export function Tile(props: {
  readonly label: string;
  /** Undefined while it is asked for. */
  readonly value: string | undefined;
  readonly exact: string;
  readonly change?: { readonly now: string; readonly before: string; readonly than: string } | undefined;
  readonly note?: string | undefined;
  readonly isMain?: boolean;
}) {
  const { label, value, exact, change, note, isMain = false } = props;
  const difference = change === undefined ? undefined : formatChange(change.now, change.before);
  return (
    <section className="panel" aria-label={label}>
      <Text size="xs" c="dimmed" className="clip" title={label}>
        {label}
      </Text>
      {value === undefined ? (
        <Skeleton height={28} width="70%" my={4} />
      ) : (
        <Tooltip label={exact} disabled={exact === value}>
          <Text
            fz={isMain ? "1.625rem" : "1.375rem"}
            fw={600}
            lh={1.35}
            w="fit-content"
            tabIndex={exact === value ? undefined : 0}
          >
            {value}
          </Text>
        </Tooltip>
      )}
      <Text size="xs" c="dimmed" mih="1.2em">
        {difference === undefined ? null : (
          <>
            <Text component="span" inherit fw={600} c="var(--mantine-color-text)">
              {difference}
            </Text>{" "}
            against {change?.than}
          </>
        )}
        {difference !== undefined && note !== undefined ? "; " : null}
        {note}
      </Text>
    </section>
  );
}
