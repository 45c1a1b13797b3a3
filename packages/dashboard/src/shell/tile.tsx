import { Skeleton, Text, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { formatChange } from "../format/numbers.ts";

/** Billions, to the cent, are smaller. */
const fontSizeOf = (text: string, isMain: boolean): string =>
  `min(${isMain ? "1.625rem" : "1.375rem"}, ${(17 / text.length).toFixed(3)}rem)`;

/** Where even that is too wide, a number is broken between its thousands and nowhere else. */
const brokenAtCommas = (text: string): ReactNode =>
  // biome-ignore lint/suspicious/noArrayIndexKey: these are in their order, and nothing of them is kept.
  text.split(/(?<=,)/).map((part, at) => [at === 0 ? null : <wbr key={at} />, part]);

/** One figure with its name: short at a glance, exact where somebody points, and against what was before. */
export function Tile(props: {
  readonly label: string;
  /** Undefined while it is asked for. */
  readonly value: string | undefined;
  readonly exact: string;
  readonly change?: { readonly now: string; readonly before: string; readonly than: string } | undefined;
  readonly note?: string | undefined;
  /** Below the note, in a line of its own. */
  readonly more?: ReactNode;
  readonly isMain?: boolean;
}) {
  const { label, value, exact, change, note, more, isMain = false } = props;
  const difference = change === undefined ? undefined : formatChange(change.now, change.before);
  return (
    <section className="panel" aria-label={label}>
      <Text size="xs" c="dimmed" className="clip" title={label}>
        {label}
      </Text>
      {value === undefined ? (
        <Skeleton height={28} width="70%" my={4} />
      ) : (
        <Tooltip label={exact} disabled={exact === value} events={{ hover: true, focus: true, touch: true }}>
          <Text
            data-exact={exact}
            fz={fontSizeOf(value, isMain)}
            fw={600}
            lh={1.35}
            style={{ overflowWrap: "normal" }}
            w="fit-content"
            tabIndex={exact === value ? undefined : 0}
          >
            {brokenAtCommas(value)}
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
      {more}
    </section>
  );
}
