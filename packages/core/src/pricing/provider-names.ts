/**
 * Canonical provider id → the other names under which it arrives: OpenTelemetry `gen_ai.provider.name` and the older
 * `gen_ai.system`, LiteLLM's `custom_llm_provider`, the AI SDK's provider ids, OpenInference, and what people write.
 * Names are in lower case with hyphens; `canonicalProvider` brings underscores and spaces to that form first.
 * The ids are those of the bundled price data.
 */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  openai: ["open-ai", "oai", "chatgpt", "text-completion-openai", "openai-native"],
  anthropic: ["claude", "anthropic-text", "anthropic-ai"],
  google: [
    "gcp",
    "gcp.gemini",
    "gcp.vertex-ai",
    "gcp.vertex.agent",
    "gcp.gen-ai",
    "gemini",
    "google-gemini",
    "google-ai",
    "google-ai-studio",
    "google-genai",
    "google-generative-ai",
    "google.generative-ai",
    "google-vertex",
    "google-vertex-ai",
    "google-vertex-anthropic",
    "google.vertex",
    "google.vertexai",
    "google-gla",
    "google-vtx",
    "vertex",
    "vertexai",
    "vertex-ai",
    "vertex-ai-beta",
    "vertex-ai-anthropic-models",
    "vertex-ai-language-models",
    "vertex-ai-chat-models",
    "vertex-ai-embedding-models",
    "vertex-ai-image-models",
    "vertex-ai-mistral-models",
    "vertex-ai-llama-models",
  ],
  azure: [
    "azure-openai",
    "azure-text",
    "azure-ai",
    "azure-foundry",
    "azure.openai",
    "azure.ai.openai",
    "azure.ai.inference",
    "az.ai.openai",
    "az.ai.inference",
    "microsoft",
    "microsoft-azure",
    "microsoft.foundry",
  ],
  aws: ["aws.bedrock", "aws-bedrock", "bedrock", "bedrock-converse", "amazon", "amazon-bedrock", "amazon.bedrock"],
  mistral: ["mistralai", "mistral-ai", "codestral", "text-completion-codestral"],
  cohere: ["cohere-chat", "cohere-ai"],
  groq: ["groqcloud"],
  deepseek: ["deep-seek", "deepseek-ai"],
  "x-ai": ["xai", "grok"],
  openrouter: ["open-router", "openrouter.ai"],
  perplexity: ["perplexity-ai", "pplx"],
  fireworks: ["fireworks-ai", "fireworksai", "fireworks-ai-embedding-models"],
  together: ["together-ai", "togetherai", "together.ai"],
  moonshotai: ["moonshot", "moonshot-ai", "kimi"],
  cerebras: ["cerebras-ai"],
  cloudflare: ["cloudflare-workers-ai", "workers-ai", "workersai"],
  "github-copilot": ["github", "github-models", "copilot", "githubcopilot"],
  voyageai: ["voyage", "voyage-ai"],
  novita: ["novita-ai"],
  minimax: ["minimax-ai", "minimaxi"],
  zai: ["z-ai", "z.ai"],
  zhipuai: ["zhipu", "zhipu-ai", "bigmodel"],
  baseten: ["baseten-ai"],
  ovhcloud: ["ovh", "ovh-cloud"],
  arcee: ["arcee-ai"],
  cursor: ["cursor-ai"],
  watsonx: ["ibm", "ibm.watsonx.ai", "ibm-watsonx", "watsonx-text", "watsonx.ai"],
};

const canonicalByName: ReadonlyMap<string, string> = new Map(
  Object.entries(otherNames).flatMap(([canonical, names]) => [
    [canonical, canonical],
    ...names.map((name): [string, string] => [name, canonical]),
  ]),
);

/** The AI SDK appends the interface to the provider (`openai.responses`, `google.vertex.chat`). */
const interfaceSuffix =
  /\.(?:chat|responses|messages|completions?|embeddings?|text-embedding|images?|speech|transcription|audio)$/;

/**
 * The id under which the price book knows a provider. Unknown names pass through, trimmed and in lower case.
 *
 * @example canonicalProvider("gcp.vertex_ai") // "google"
 */
export function canonicalProvider(name: string): string {
  const lower = name.trim().toLowerCase();
  const key = lower.replace(/[_\s]+/g, "-");
  return canonicalByName.get(key) ?? canonicalByName.get(key.replace(interfaceSuffix, "")) ?? lower;
}
