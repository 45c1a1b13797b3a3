import { describeStore } from "../store/store.contract.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { openWriter } from "./connection.ts";
import type { StoreThread } from "./operation.ts";
import { onThread } from "./store-connection.ts";
import { writeTransaction } from "./transaction.ts";

describeStore("SQLite", async () => {
  const folder = temporaryFolder();
  const db = openWriter(folder.file);
  const thread: StoreThread = { db, now: Date.now, state: new Map() };
  // One transaction after the other, as the writing thread takes its calls.
  let last: Promise<unknown> = Promise.resolve();
  return {
    store: {
      run: (operation, args) => {
        const next = last.then(() => writeTransaction(thread, () => onThread(operation).run(thread, args)));
        last = next.catch(() => undefined);
        return next;
      },
    },
    close: async () => {
      db.close();
      folder.remove();
    },
  };
});
