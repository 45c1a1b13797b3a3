import { memoryStore } from "../../test/memory-store.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { describeImports } from "./imports.contract.ts";

describeImports("SQLite", async (now) => sqliteStore(memoryStore(now).threads));
