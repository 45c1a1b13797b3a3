import { canonicalProvider } from "../pricing/provider-names.ts";
import { imagesIn } from "./providers/openai-images.ts";
import { type JsonObject, nameOf, objectOf } from "./providers/provider-json.ts";
import type { UsageShape } from "./providers/usage-shape.ts";
import { recogniseShape, shapeOfFlavor, shapeOfProvider } from "./providers/usage-shapes.ts";
import { type Envelope, isChunkList, mayBeUsage, openEnvelope, usageIn } from "./response-envelopes.ts";
import { modelOf, occurredAtMsOf, providerOf, responseIdOf, servedTierOf, toolCallsOf } from "./response-evidence.ts";
import { createChunkAssembler } from "./stream/assemble-chunks.ts";
import type { ProviderResponse, ProviderUsage, UsageFlavor } from "./usage-flavors.ts";
import type { Quantities, UsageKind } from "./usage-kinds.ts";

/** What the caller knows: a flavor and a provider go before detection, a model only fills in for a body without one. */
export interface ResponseHints {
  readonly flavor?: UsageFlavor;
  readonly provider?: string;
  readonly model?: string;
}

const bare: Envelope = { body: undefined, failed: false };

/**
 * Reads one recorded response as far as metering cares: a whole body of any provider in `usageFlavors`, its usage object
 * alone, a line of a batch output file, a `response.…` event, a Bedrock invocation log entry, or the list of a stream's
 * chunks (then read to the last). The shape is recognised from the fields unless `hints.flavor` names it.
 *
 * Undefined when the value holds no usage. A batch line or log entry of a call that failed has status `void`: it is known
 * to have consumed nothing. Contradictory counts are kept with status `partial`. Never throws, whatever the value.
 *
 * @example readProviderResponse({ id: "msg_01", type: "message", role: "assistant", model: "claude-sonnet-4-5", usage: { … } })
 */
export function readProviderResponse(body: unknown, hints: ResponseHints = {}): ProviderResponse | undefined {
  if (isChunkList(body)) return readChunkList(body, hints);
  const object = objectOf(body);
  if (object === undefined) return undefined;
  const envelope = openEnvelope(object);
  return envelope === undefined ? readBody(object, bare, hints) : readEnvelope(envelope, hints);
}

function readEnvelope(envelope: Envelope, hints: ResponseHints): ProviderResponse | undefined {
  const inner = isChunkList(envelope.body) ? assembleList(envelope.body) : objectOf(envelope.body);
  const read = inner === undefined ? undefined : readBody(inner, envelope, hints);
  if (read !== undefined) return read;
  if (envelope.usage !== undefined) {
    const counts: Envelope = { ...envelope, flavor: "bedrock_converse" };
    const fallback = readBody({ usage: envelope.usage }, counts, hints);
    if (fallback !== undefined) return fallback;
  }
  return envelope.failed ? voidResponse(inner ?? {}, envelope, hints) : undefined;
}

function readChunkList(chunks: readonly unknown[], hints: ResponseHints): ProviderResponse | undefined {
  const body = assembleList(chunks);
  return body === undefined ? undefined : readBody(body, bare, hints);
}

/** The chunks of one response as a body; undefined for a list of several responses, which are not one. */
function assembleList(chunks: readonly unknown[]): JsonObject | undefined {
  const assembler = createChunkAssembler();
  for (const chunk of chunks) assembler.add(chunk);
  return assembler.state().responses > 1 ? undefined : assembler.body();
}

function readBody(body: JsonObject, envelope: Envelope, hints: ResponseHints): ProviderResponse | undefined {
  const located = usageIn(body);
  const usage = located ?? body;
  if (located === undefined && !mayBeUsage(body)) return readImages(body, envelope, hints);
  const shape = chooseShape(usage, body, envelope, hints);
  const read = shape?.read(usage);
  if (shape === undefined || read === undefined) return readImages(body, envelope, hints);
  return respond(shape, withBodyCounts(read, body), located ?? body, body, envelope, hints);
}

function chooseShape(
  usage: JsonObject,
  body: JsonObject,
  envelope: Envelope,
  hints: ResponseHints,
): UsageShape | undefined {
  if (hints.flavor !== undefined) return shapeOfFlavor(hints.flavor);
  if (envelope.flavor !== undefined) {
    const decided = shapeOfFlavor(envelope.flavor);
    if (decided?.recognises(usage, body) === true) return decided;
  }
  const recognised = recogniseShape(usage, body);
  // Providers that speak OpenAI Chat with rules of their own cannot always be told from the fields.
  if (recognised?.flavor !== "openai_chat" || hints.provider === undefined) return recognised;
  const own = shapeOfProvider(canonicalProvider(hints.provider));
  return own !== undefined && own.flavor !== "gemini" && own.flavor !== "cohere" ? own : recognised;
}

/** Adds what the body counts and the usage does not: calls of the provider's tools, and images that have no tokens. */
function withBodyCounts(read: ProviderUsage, body: JsonObject): ProviderUsage {
  const quantities: { [K in UsageKind]?: number } = { ...read.quantities };
  for (const [kind, count] of Object.entries(toolCallsOf(body))) {
    quantities[kind as UsageKind] = Math.max(quantities[kind as UsageKind] ?? 0, count);
  }
  const images = imagesIn(body);
  if (images > 0 && !hasTokens(quantities)) quantities.output_images = images;
  return { ...read, quantities };
}

const hasTokens = (quantities: Quantities): boolean =>
  [quantities.input, quantities.output, quantities.output_image].some((count) => count !== undefined && count > 0);

/** Image models that are charged by the piece report no usage: the images themselves are counted. */
function readImages(body: JsonObject, envelope: Envelope, hints: ResponseHints): ProviderResponse | undefined {
  const images = imagesIn(body);
  const shape = shapeOfFlavor("openai_images");
  if (images === 0 || shape === undefined || (hints.flavor ?? shape.flavor) !== shape.flavor) return undefined;
  const usage: ProviderUsage = { quantities: { output_images: images }, status: "reported", contradictions: [] };
  return respond(shape, usage, null, body, envelope, hints);
}

function voidResponse(body: JsonObject, envelope: Envelope, hints: ResponseHints): ProviderResponse | undefined {
  const flavor = hints.flavor ?? envelope.flavor ?? (envelope.provider === "aws" ? "bedrock_converse" : "openai_chat");
  const shape = shapeOfFlavor(flavor);
  if (shape === undefined) return undefined;
  return respond(shape, { quantities: {}, status: "void", contradictions: [] }, null, body, envelope, hints);
}

function respond(
  shape: UsageShape,
  usage: ProviderUsage,
  rawUsage: unknown,
  body: JsonObject,
  envelope: Envelope,
  hints: ResponseHints,
): ProviderResponse {
  const model = envelope.model ?? modelOf(body) ?? hints.model;
  const provider = hints.provider ?? envelope.provider ?? providerOf(shape, body, model);
  const responseId = responseIdOf(body) ?? envelope.responseId;
  const occurredAtMs = occurredAtMsOf(body) ?? occurredAtMsOf({ timestamp: envelope.occurredAt });
  const serviceTier = envelope.serviceTier ?? usage.serviceTier ?? servedTierOf(body);
  const region = envelope.region ?? regionOf(rawUsage);
  return {
    ...usage,
    flavor: shape.flavor,
    rawUsage,
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(responseId === undefined ? {} : { responseId }),
    ...(occurredAtMs === undefined ? {} : { occurredAtMs }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(region === undefined ? {} : { region }),
  };
}

/** Anthropic names the geography that served a call where it is charged differently. */
function regionOf(rawUsage: unknown): string | undefined {
  const geography = nameOf(objectOf(rawUsage)?.["inference_geo"]);
  return geography === "global" || geography === "not_available" ? undefined : geography;
}
