interface OfOrganization {
  readonly organizationId: string;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const itemsMax = 256;

/**
 * Runs what comes for an organization while its last run is under way together, in the order in which it came: a
 * transaction each would have them wait for each other's commits. What a run throws, all in it are told.
 */
export function together<Item extends OfOrganization, Result>(
  run: (organizationId: string, items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  const waitingOf = new Map<string, Waiting<Item, Result>[]>();

  const runAll = async (organizationId: string, waiting: Waiting<Item, Result>[]): Promise<void> => {
    while (waiting.length > 0) {
      const some = waiting.splice(0, itemsMax);
      try {
        const results = await run(
          organizationId,
          some.map(({ item }) => item),
        );
        for (const [at, { resolve }] of some.entries()) resolve(results[at] as Result);
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    waitingOf.delete(organizationId);
  };

  return (item) =>
    new Promise((resolve, reject) => {
      const waiting = waitingOf.get(item.organizationId);
      if (waiting !== undefined) {
        waiting.push({ item, resolve, reject });
        return;
      }
      const first = [{ item, resolve, reject }];
      waitingOf.set(item.organizationId, first);
      void runAll(item.organizationId, first);
    });
}
