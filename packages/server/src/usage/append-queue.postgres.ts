import { Refusal } from "../refusal.ts";
import { type CallAnswer, type GroupedRequest, toRefusalMessage } from "../sqlite/thread-messages.ts";
import { type AppendArgs, type AppendResult, movedWith } from "./append-result.ts";
import type { UsageBody } from "./read-usage-body.ts";

/** A group takes what waits, up to so many bytes of bodies, so that no call waits for an endless transaction. */
const groupBytesMax = 1024 * 1024;

interface Waiting extends UsageBody {
  readonly id: number;
}

export interface QueueParts {
  /** Writes bodies of one organization together. */
  readonly append: (bodies: readonly UsageBody[]) => Promise<readonly (AppendResult | Refusal)[]>;
  readonly answer: (answers: readonly CallAnswer[], moved?: readonly ArrayBuffer[]) => void;
  /** Groups that are written at once. */
  readonly groupsMax: number;
}

const isTrial = ({ args }: UsageBody): boolean => args.importing?.dryRun === true;

/**
 * Bodies that wait to be written. Row-level security gives each transaction to one organization, so organizations take
 * turns, and whoever has the turn has all that waits of it written together, up to a bound. Several groups are under way
 * at once: while one is on its way to the disk the next is read and rated.
 */
export class AppendQueue {
  readonly #parts: QueueParts;
  /** In the order of turns. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  add(requests: readonly GroupedRequest[]): void {
    for (const { id, args, bytes } of requests) {
      const body: Waiting = { id, args: args as AppendArgs, bytes };
      const { organizationId } = body.args;
      const ofOrganization = this.#waiting.get(organizationId);
      if (ofOrganization === undefined) this.#waiting.set(organizationId, [body]);
      else ofOrganization.push(body);
    }
    this.#startGroups();
  }

  /** Resolves when everything that was added is answered. */
  async drained(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #startGroups(): void {
    while (this.#underWay.size < this.#parts.groupsMax) {
      const group = this.#take();
      if (group === undefined) return;
      const written = this.#write(group).finally(() => {
        this.#underWay.delete(written);
        this.#startGroups();
      });
      this.#underWay.add(written);
    }
  }

  #take(): readonly Waiting[] | undefined {
    const [turn] = this.#waiting;
    if (turn === undefined) return undefined;
    const [organizationId, waiting] = turn;
    const [first] = waiting;
    let count = 1;
    let bytes = first?.bytes.length ?? 0;
    // A trial is written for itself, for it is taken back.
    if (first !== undefined && !isTrial(first)) {
      for (; count < waiting.length && bytes < groupBytesMax; count += 1) {
        const next = waiting[count] as Waiting;
        if (isTrial(next)) break;
        bytes += next.bytes.length;
      }
    }
    this.#waiting.delete(organizationId);
    const rest = waiting.slice(count);
    if (rest.length > 0) this.#waiting.set(organizationId, rest);
    return waiting.slice(0, count);
  }

  /** Never rejects. A defect that one body sets off takes none of the others with it: they are written again, each alone. */
  async #write(group: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#parts.append(group);
      this.#parts.answer(
        group.map(({ id }, index): CallAnswer => {
          const result = results[index];
          return result instanceof Refusal ? { id, refusal: toRefusalMessage(result) } : { id, result };
        }),
        results.flatMap((result) => (result instanceof Refusal ? [] : movedWith(result))),
      );
    } catch (error) {
      const [only] = group;
      if (group.length > 1 && !(error instanceof Refusal)) {
        for (const body of group) await this.#write([body]);
      } else if (error instanceof Refusal) {
        const refusal = toRefusalMessage(error);
        this.#parts.answer(group.map(({ id }) => ({ id, refusal })));
      } else if (only !== undefined) {
        const defect = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#parts.answer([{ id: only.id, defect }]);
      }
    }
  }
}
