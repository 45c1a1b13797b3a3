/**
 * The names under which each fact of a model call arrives, the current one of the OpenTelemetry GenAI conventions first,
 * then older ones, OpenLLMetry's, the AI SDK's (`ai.*`) and OpenInference's (`llm.*`). Collected 2026-11-20.
 */
export const attributeNames = {
  operation: ["gen_ai.operation.name"],
  provider: ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"],
  requestModel: ["gen_ai.request.model", "llm.request.model", "ai.model.id", "llm.model_name", "embedding.model_name"],
  responseModel: ["gen_ai.response.model", "llm.response.model", "ai.response.model"],
  responseId: ["gen_ai.response.id", "ai.response.id", "llm.response.id"],
  input: [
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.prompt_tokens",
    "llm.token_count.prompt",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "ai.usage.tokens",
  ],
  output: [
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
    "llm.token_count.completion",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
  ],
  total: ["gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total", "ai.usage.totalTokens"],
  cacheRead: [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens",
    "gen_ai.usage.details.cached_tokens",
    "llm.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
    "llm.token_count.prompt_details.cache_input",
    "ai.usage.cachedInputTokens",
    "ai.usage.inputTokenDetails.cacheReadTokens",
  ],
  cacheWrite: [
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens",
    "llm.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
  ],
  reasoning: [
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "ai.usage.reasoningTokens",
    "ai.usage.outputTokenDetails.reasoningTokens",
  ],
  inputAudio: ["gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio"],
  outputAudio: ["gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio"],
  serviceTier: [
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "gen_ai.response.service_tier",
    // What was asked for counts only where nobody says what was served.
    "openai.request.service_tier",
    "gen_ai.openai.request.service_tier",
  ],
  reportedCost: ["gen_ai.usage.cost", "llm.cost.total", "gen_ai.cost.total_cost"],
  stream: ["gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"],
  userId: ["user.id", "enduser.id", "gen_ai.user.id", "ai.telemetry.metadata.userId"],
  conversation: ["gen_ai.conversation.id", "session.id", "ai.telemetry.metadata.sessionId"],
  agent: ["gen_ai.agent.name"],
  workflow: ["gen_ai.workflow.name"],
} as const;

/** Names on the resource, beside the span's own. */
export const resourceNames = {
  service: ["service.name"],
  environment: ["deployment.environment.name", "deployment.environment"],
} as const;

export type AttributeFact = keyof typeof attributeNames;
