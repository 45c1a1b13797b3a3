import type { ModelRule } from "./model-resolution.ts";
import { canonicalProvider } from "./provider-names.ts";

/** What a name may stand for once its decoration is taken off, in the order in which to look. All names are in lower case. */
export interface NameRewrite {
  readonly rule: ModelRule;
  readonly region?: string;
  /** Looks first for a clause of the catalogue that knows the decorated name itself, with this sentence. */
  readonly wholeNameDetail?: string;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly name: string;
  readonly detail: string;
  /** `listed`: only under this very name or alias; `undecorated`: also by its date or clause; absent: by every rule again. */
  readonly lookUp?: "listed" | "undecorated";
}

type Rewriter = (name: string, provider: string) => NameRewrite | undefined;

const bedrockArn = /^arn:[a-z-]+:bedrock:([a-z0-9-]*):\d*:(?:foundation-model|inference-profile)\/(.+)$/;
const googlePath = /^(?:projects\/[^/]+\/locations\/([^/]+)\/)?publishers\/[^/]+\/models\/(.+)$/;
const plainPath = /^(?:models|accounts\/fireworks\/models)\/(.+)$/;
const litellmBedrockPath = /^(?:(?:converse|converse_like|invoke)|([a-z]{2}(?:-[a-z]+)+-\d))\/(.+)$/;

function fromArn(name: string): NameRewrite | undefined {
  const [, region = "", model = ""] = bedrockArn.exec(name) ?? [];
  if (model === "") return undefined;
  const candidates = [{ name: model, detail: "Took the model out of the Amazon resource name." }];
  return region === "" ? { rule: "bedrock_region", candidates } : { rule: "bedrock_region", region, candidates };
}

/** `models/x`, Google's resource paths, and the `provider/` that routers put in front. */
function fromPath(name: string, provider: string): NameRewrite | undefined {
  const [, location = "", googleModel = ""] = googlePath.exec(name) ?? [];
  const plain = googleModel || (plainPath.exec(name)?.[1] ?? "");
  if (plain !== "") {
    const prefix = name.slice(0, name.length - plain.length);
    const candidates = [{ name: plain, detail: `Dropped the prefix "${prefix}".` }];
    const regional = location !== "" && location !== "global";
    return regional ? { rule: "models_prefix", region: location, candidates } : { rule: "models_prefix", candidates };
  }
  const slash = name.indexOf("/");
  const route = name.slice(0, Math.max(slash, 0));
  if (route !== "" && canonicalProvider(route) === provider) {
    return {
      rule: "models_prefix",
      candidates: [{ name: name.slice(slash + 1), detail: `Dropped the route "${route}/".` }],
    };
  }
  const [, region, model = ""] = (provider === "aws" ? litellmBedrockPath.exec(name) : null) ?? [];
  if (model === "") return undefined;
  const candidates = [{ name: model, detail: `Dropped the route "${name.slice(0, name.length - model.length)}".` }];
  return region === undefined ? { rule: "models_prefix", candidates } : { rule: "bedrock_region", region, candidates };
}

/** Geographies of Bedrock's cross-region inference profiles. */
const bedrockName = /^(?:(us-gov|us|eu|apac|ap|global|au|jp|ca|in|sa|uk)\.)?([a-z0-9-]+)\.(.+)$/;
const bedrockVersion = /-v\d+(?::\d+)*$/;
const bedrockVendors: ReadonlySet<string> = new Set(
  (
    "ai21 amazon anthropic cohere deepseek google luma meta minimax mistral moonshot moonshotai nvidia openai qwen " +
    "stability twelvelabs writer zai"
  ).split(" "),
);

/**
 * `us.anthropic.claude-…-v1:0`: the book's entry for that kind of profile (`regional.` carries the uplift of regional
 * processing, `global.` does not), then the model without the geography, then without Bedrock's vendor and version.
 */
function fromBedrock(name: string, provider: string): NameRewrite | undefined {
  const [, geography, vendor = "", model = ""] = bedrockName.exec(name) ?? [];
  if (model === "" || (geography === undefined && !bedrockVendors.has(vendor))) return undefined;
  const profile = geography === "global" ? "global" : "regional";
  const where = geography === undefined ? "a Bedrock model id" : `the Bedrock inference profile of "${geography}"`;
  const names = [`${profile}.${vendor}.${model}`];
  if (geography !== undefined) names.push(`${vendor}.${model}`);
  const bare = model.replace(bedrockVersion, "");
  if (bare !== model) names.push(`${profile}.${vendor}.${bare}`, `${vendor}.${bare}`);
  if (canonicalProvider(vendor) === provider) names.push(model, bare);
  return {
    rule: "bedrock_region",
    ...(geography === undefined ? {} : { region: geography }),
    wholeNameDetail: `Read the name as ${where}.`,
    candidates: names.map((candidate) => ({
      name: candidate,
      detail: `Read the name as ${where}, listed as "${candidate}".`,
      lookUp: "undecorated",
    })),
  };
}

const fineTune = /^(?:ft:([^:]+)(?::.*)?|(.+)\.ft-[0-9a-z-]+)$/;

/** A fine-tune has a price of its own; where the book has none it is priced like its base, and the sentence says so. */
function fromFineTune(name: string): NameRewrite | undefined {
  const [, colonBase, dotBase] = fineTune.exec(name) ?? [];
  const base = colonBase ?? dotBase;
  if (base === undefined) return undefined;
  const undated = datedRests(base, "").map((rest) => `ft:${rest}`);
  return {
    rule: "fine_tune_base",
    wholeNameDetail: `Fine-tune of "${base}".`,
    candidates: [
      ...[`ft:${base}`, ...undated]
        .filter((candidate) => candidate !== name)
        .map(
          (candidate): Candidate => ({
            name: candidate,
            detail: `Fine-tune of "${base}", listed as "${candidate}".`,
            lookUp: "listed",
          }),
        ),
      {
        name: base,
        detail: `Fine-tune of "${base}": the price book has no price for the fine-tune, so it is priced like its base model, which usually costs less.`,
      },
    ],
  };
}

/** Azure writes `gpt-35` where OpenAI writes `gpt-3.5`. */
function fromAzureSpelling(name: string): NameRewrite | undefined {
  if (!name.startsWith("gpt-35")) return undefined;
  const spelled = `gpt-3.5${name.slice("gpt-35".length)}`;
  return {
    rule: "azure_deployment",
    candidates: [{ name: spelled, detail: `Azure spells "${spelled}" as "${name}".` }],
  };
}

/** Routing wishes that do not change the price list. `:free` is absent on purpose: it is another price. */
const routingVariant = /^(.+):(nitro|floor|exacto|online|thinking|beta)$/;

function fromVariant(name: string): NameRewrite | undefined {
  const [, model, variant] = routingVariant.exec(name) ?? [];
  if (model === undefined) return undefined;
  return {
    rule: "routing_variant",
    wholeNameDetail: `Routing variant ":${variant}".`,
    candidates: [{ name: model, detail: `Dropped the routing variant ":${variant}".` }],
  };
}

/** Tried in this order on a name that the book does not list. */
export const nameRewriters: readonly Rewriter[] = [
  fromArn,
  fromPath,
  fromBedrock,
  fromFineTune,
  fromAzureSpelling,
  fromVariant,
];

const month = "(?:0[1-9]|1[0-2])";
const day = "(?:0[1-9]|[12]\\d|3[01])";
const year = "20[12]\\d";

/** Suffixes that name a snapshot of a model, shortest first; `-001` is a snapshot in Google's names only. */
const datedSuffixes: readonly { readonly suffix: RegExp; readonly only?: RegExp }[] = [
  { suffix: new RegExp(`[-@]${year}-?${month}-?${day}$`) },
  { suffix: new RegExp(`[-@]${month}-?${day}$`) },
  { suffix: new RegExp(`[-@]${month}-${year}$`) },
  { suffix: new RegExp(`-2[3-9]${month}$`) },
  { suffix: /-\d{3}$/, only: /^(?:google$|.*\b(?:gemini|imagen|veo)-)/ },
  { suffix: /[-@](?:latest|default)$/ },
  { suffix: new RegExp(`-(?:preview|exp)-${month}-?${day}$`) },
  { suffix: new RegExp(`-(?:preview|exp)-${month}-${year}$`) },
];

/** The name without a suffix that dates it, the least removed first; empty where it carries none. */
export function datedRests(name: string, provider: string): readonly string[] {
  return datedSuffixes.flatMap(({ suffix, only }) => {
    if (only !== undefined && !only.test(provider) && !only.test(name)) return [];
    const rest = name.replace(suffix, "");
    return rest === name || rest === "" ? [] : [rest];
  });
}
