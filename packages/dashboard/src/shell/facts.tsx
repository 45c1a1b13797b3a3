import { Fragment, type ReactNode } from "react";

type Pair = readonly [name: string, value: ReactNode];

/** What is known of something, a word and its value a line; what is not known is left out. Text may be somebody else's. */
export function Facts({ facts }: { facts: Readonly<Record<string, ReactNode>> | readonly Pair[] }) {
  const pairs: readonly Pair[] = Array.isArray(facts) ? facts : Object.entries(facts);
  const known = pairs.filter(([, value]) => value !== null && value !== undefined);
  return (
    <dl className="facts">
      {known.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === "string" ? <bdi>{value}</bdi> : value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
