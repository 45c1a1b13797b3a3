import { memoryStore } from "../../test/memory-store.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { describeJobQueue } from "./job-queue.contract.ts";

describeJobQueue("SQLite", async (now) => sqliteStore(memoryStore(now).threads));
