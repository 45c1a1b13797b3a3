import { type StoreThread, threadState } from "../sqlite/operation.ts";
import { keptFromSql } from "./kept-from.ts";

const statement = Symbol("records kept from");

/** Since when records are kept, in UTC milliseconds; 0 is since ever. */
export const keptFrom = (store: StoreThread): number =>
  (threadState(store, statement, () => store.db.prepare(keptFromSql)).get() as { value: number }).value;
