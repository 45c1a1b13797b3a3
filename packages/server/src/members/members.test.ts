import { memoryStore } from "../../test/memory-store.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { describeMembers } from "./members.contract.ts";

describeMembers("SQLite", async (now) => sqliteStore(memoryStore(now).threads));
