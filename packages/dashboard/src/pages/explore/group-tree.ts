import { compareDecimals, pixels, sumDecimals } from "../../format/decimal.ts";
import { formatCount } from "../../format/numbers.ts";
import type { Condition } from "./dimensions.ts";
import { nameOf, othersIn, standsForOthers } from "./groups.ts";
import { type Measure, type Row, rowsFor } from "./measures.ts";

/** A group and the groups within it. */
export interface GroupNode {
  readonly name: string;
  readonly value: string;
  /** Empty for the sum of several. */
  readonly conditions: readonly Condition[];
  readonly children: readonly GroupNode[];
}

const nodesMax = 24;

/** Groups within groups, the largest first, of each level so many and the others together. What is not above 0 has no area. */
export function groupTree(
  rows: readonly Row[],
  by: readonly string[],
  measure: Measure,
  currency: string,
): readonly GroupNode[] {
  return levelOf(rowsFor(rows, measure, currency), by, measure, []);
}

function levelOf(
  rows: readonly Row[],
  by: readonly string[],
  measure: Measure,
  above: readonly Condition[],
): readonly GroupNode[] {
  const [dimension, ...below] = by;
  if (dimension === undefined) return [];
  const [own, summed] = [rows.filter((row) => !standsForOthers(row)), rows.filter(standsForOthers)];
  const groups = [...Map.groupBy(own, (row) => (row[dimension] ?? null) as string | null)]
    .map(([value, members]) => ({ value, members, sum: sumRows(members, measure) }))
    .filter(({ sum }) => pixels(sum) > 0)
    .toSorted((a, b) => compareDecimals(b.sum, a.sum));
  const kept = groups.length > nodesMax + (summed.length > 0 ? 0 : 1) ? groups.slice(0, nodesMax) : groups;
  const rest = groups.slice(kept.length);
  const nodes = kept.map(({ value, members, sum }): GroupNode => {
    const conditions = [...above, { dimension, value }];
    return { name: nameOf(value), value: sum, conditions, children: levelOf(members, below, measure, conditions) };
  });
  const count = rest.length + othersIn(summed);
  const sum = sumDecimals([...rest.map((group) => group.sum), sumRows(summed, measure)]);
  if (pixels(sum) <= 0) return nodes;
  return [...nodes, { name: `${formatCount(count)} others`, value: sum, conditions: [], children: [] }];
}

const sumRows = (rows: readonly Row[], measure: Measure): string =>
  sumDecimals(rows.map(measure.of).filter((value) => value !== null));

/** Every innermost group with the names that lead to it. */
export function leavesOf(
  nodes: readonly GroupNode[],
  above: readonly string[] = [],
): readonly { readonly path: readonly string[]; readonly value: string }[] {
  return nodes.flatMap(({ name, value, children }) =>
    children.length === 0 ? [{ path: [...above, name], value }] : leavesOf(children, [...above, name]),
  );
}

/** A value of one level of a flow. */
export interface FlowNode {
  /** Unlike every other, whatever it is called. */
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly level: number;
  readonly conditions: readonly Condition[];
}

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly links: readonly {
    readonly source: FlowNode;
    readonly target: FlowNode;
    readonly value: string;
  }[];
}

const flowNodesMax = 12;

/** How much goes from each value of a dimension to each of the next. What is not above 0 cannot flow. */
export function flowOf(rows: readonly Row[], by: readonly string[], measure: Measure, currency: string): Flow {
  const ours = rowsFor(rows, measure, currency).filter((row) => pixels(measure.of(row)) > 0);
  const levels = by.map((dimension, level) => {
    const groups = [...Map.groupBy(ours, (row) => (row[dimension] ?? null) as string | null)]
      .map(([value, members]) => ({ value, sum: sumRows(members, measure) }))
      .toSorted((a, b) => compareDecimals(b.sum, a.sum));
    const kept = groups.length > flowNodesMax + 1 ? groups.slice(0, flowNodesMax) : groups;
    const nodes = new Map<string | null, FlowNode>(
      kept.map(({ value, sum }) => [
        value,
        {
          id: `${level} ${JSON.stringify(value)}`,
          name: nameOf(value),
          value: sum,
          level,
          conditions: [{ dimension, value }],
        },
      ]),
    );
    const rest = groups.slice(kept.length);
    const sum = sumDecimals(rest.map((group) => group.sum));
    const others: FlowNode = {
      id: `${level} others`,
      name: `${formatCount(rest.length)} others`,
      value: sum,
      level,
      conditions: [],
    };
    for (const { value } of rest) nodes.set(value, others);
    return { dimension, nodes };
  });
  const links = levels.slice(0, -1).flatMap((from, at) => {
    const to = levels[at + 1] as (typeof levels)[number];
    const pairs = Map.groupBy(ours, (row) => {
      const source = from.nodes.get((row[from.dimension] ?? null) as string | null) as FlowNode;
      const target = to.nodes.get((row[to.dimension] ?? null) as string | null) as FlowNode;
      return JSON.stringify([source.id, target.id]);
    });
    const byId = new Map([...from.nodes.values(), ...to.nodes.values()].map((node) => [node.id, node]));
    return [...pairs].map(([key, members]) => {
      const [source, target] = JSON.parse(key) as [string, string];
      return {
        source: byId.get(source) as FlowNode,
        target: byId.get(target) as FlowNode,
        value: sumRows(members, measure),
      };
    });
  });
  return { nodes: [...new Set(levels.flatMap(({ nodes }) => [...nodes.values()]))], links };
}
