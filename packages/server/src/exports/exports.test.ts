import { memoryStore } from "../../test/memory-store.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { describeExports } from "./exports.contract.ts";

describeExports("SQLite", async () => sqliteStore(memoryStore(() => 0).threads));
