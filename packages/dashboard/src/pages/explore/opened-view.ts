import type { View } from "@llm-cost-ops/sdk";
import { useSearch } from "wouter";
import { useViews, viewIn } from "../../data/views.ts";
import { exploreQueryOf } from "./explore-state.ts";

/** The view that the address names, beside what the page shows now. */
export interface OpenedView {
  /** The query of the address without the view's name, as a view keeps it. */
  readonly present: string;
  readonly view: View | undefined;
  /** Whether the page shows something else than what was kept. */
  readonly isChanged: boolean;
  /** The address names a view that is gone, or that somebody else keeps private. */
  readonly isMissing: boolean;
}

export function openedView(search: string, views: readonly View[] | undefined): OpenedView {
  const id = viewIn(search);
  const present = exploreQueryOf(search);
  const view = views?.find((one) => one.id === id && one.page === "explore");
  return {
    present,
    view,
    isChanged: view !== undefined && exploreQueryOf(view.state) !== present,
    isMissing: id !== null && views !== undefined && view === undefined,
  };
}

export function useOpenedView(): OpenedView {
  return openedView(useSearch(), useViews().data);
}
