import { readOpenaiChatUsage } from "./openai-chat.ts";
import { isPresent, listOf, objectOf } from "./provider-json.ts";
import type { UsageShape } from "./usage-shape.ts";

/** Azure OpenAI: OpenAI Chat counts; the content filter's verdicts give the sender away. */
export const azureOpenai: UsageShape = {
  flavor: "azure_openai",
  provider: "azure",
  recognises: (usage, body) =>
    isPresent(usage["prompt_tokens"]) &&
    (isPresent(body["prompt_filter_results"]) ||
      listOf(body["choices"]).some((choice) => isPresent(objectOf(choice)?.["content_filter_results"]))),
  read: readOpenaiChatUsage,
};
