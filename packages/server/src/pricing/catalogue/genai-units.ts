import type { UsageKind } from "@llm-cost-ops/core";

/** A unit of the genai-prices data in our terms: its price is for `per` units of the kind. */
interface UnitPrice {
  readonly kind: UsageKind;
  readonly per: number;
}

const perMillion = (kind: UsageKind): UnitPrice => ({ kind, per: 1_000_000 });
const perThousand = (kind: UsageKind): UnitPrice => ({ kind, per: 1_000 });
const hourMs = 3_600_000;

/**
 * Units of @pydantic/genai-prices 0.1.8 → kinds of usage. `cache_write_mtok` is the five-minute write. `audio_hours` and
 * `input_audio_hours` name the same hour of speech that is transcribed; `from-genai-prices` takes the second where both stand.
 */
export const genaiUnits: Readonly<Record<string, UnitPrice>> = {
  input_mtok: perMillion("input"),
  output_mtok: perMillion("output"),
  cache_read_mtok: perMillion("cache_read"),
  cache_write_mtok: perMillion("cache_write_5m"),
  cache_write_5m_mtok: perMillion("cache_write_5m"),
  cache_write_1h_mtok: perMillion("cache_write_1h"),
  input_audio_mtok: perMillion("input_audio"),
  output_audio_mtok: perMillion("output_audio"),
  cache_audio_read_mtok: perMillion("cache_read_audio"),
  input_image_mtok: perMillion("input_image"),
  output_image_mtok: perMillion("output_image"),
  cache_image_read_mtok: perMillion("cache_read_image"),
  input_video_mtok: perMillion("input_video"),
  output_video_mtok: perMillion("output_video"),
  cache_video_read_mtok: perMillion("cache_read_video"),
  output_reasoning_mtok: perMillion("reasoning"),
  web_searches_kcount: perThousand("web_searches"),
  storage_searches_kcount: perThousand("file_searches"),
  requests_kcount: perThousand("requests"),
  input_document_kpages: perThousand("pages"),
  input_audio_hours: { kind: "input_audio_ms", per: hourMs },
  output_audio_hours: { kind: "output_audio_ms", per: hourMs },
};

/** Units that the price book has no kind for, and why. Each occurrence is reported as a problem of its model. */
export const genaiUnmapped: Readonly<Record<string, string>> = {
  audio_hours: "does not say which direction of the audio it prices",
  input_annotated_document_kpages: "prices annotated pages apart, which usage does not tell from plain pages",
  output_citation_mtok: "prices citation tokens, which providers do not report as a kind of their own",
  input_text_messages_kcount: "prices text messages of a voice session, which usage does not count",
};
