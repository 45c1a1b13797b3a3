import { readOpenaiChatUsage } from "./openai-chat.ts";
import { isPresent } from "./provider-json.ts";
import type { UsageShape } from "./usage-shape.ts";

/** Groq: OpenAI Chat counts with timings beside them; in streams the usage stands in `x_groq`. */
export const groq: UsageShape = {
  flavor: "groq",
  provider: "groq",
  recognises: (usage, body) => isPresent(body["x_groq"]) || isPresent(usage["queue_time"]),
  read: readOpenaiChatUsage,
};
