import type { View } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { viewAddress } from "../../data/views.ts";
import { openedView } from "./opened-view.ts";

const view: View = {
  id: "view_1",
  organizationId: "default",
  name: "Week by project",
  page: "explore",
  state: "period=7d&by=project&f=model%3Agpt-4o%2Ctags%3Ateam%3Aa%252Cb",
  shared: false,
  pinned: false,
  madeBy: "ada@example.com",
  mine: true,
  mayChange: true,
  createdAt: "2026-11-21T00:00:00.000Z",
  updatedAt: "2026-11-21T00:00:00.000Z",
};
const searchOf = (address: string): string => new URL(address, "http://x").search;

test("a view that was opened shows what was kept, whatever order its query is in", () => {
  const opened = openedView(searchOf(viewAddress(view)), [view]);
  expect(opened).toMatchObject({ view: { id: "view_1" }, isChanged: false, isMissing: false });
  const turned = "?f=model%3Agpt-4o%2Ctags%3Ateam%3Aa%252Cb&view=view_1&by=project&period=7d";
  expect(openedView(turned, [view]).isChanged).toBe(false);
});

test("whatever else is chosen changes it, and what the page shows by default does not", () => {
  const opened = searchOf(viewAddress(view));
  expect(openedView(`${opened}&as=line`, [view]).isChanged).toBe(true);
  expect(openedView(opened.replace("7d", "90d"), [view]).isChanged).toBe(true);
  expect(openedView(`${opened}&as=bar&m=cost`, [view]).isChanged).toBe(false);
  expect(openedView(`${opened}&as=line`, [view]).present).toBe(`${view.state.replace("&f", "&as=line&f")}`);
});

test("a view of the page as it is without any choice has an address of its own", () => {
  expect(viewAddress({ ...view, state: "" })).toBe("/explore?view=view_1");
  expect(openedView("?view=view_1", [{ ...view, state: "" }]).isChanged).toBe(false);
});

test("a query that names another view opens the one that it is of", () => {
  const sly = { ...view, state: "view=view_2&by=project" };
  const other = { ...view, id: "view_2", name: "Another" };
  expect(openedView(searchOf(viewAddress(sly)), [sly, other]).view?.id).toBe("view_1");
});

test("one that is not among those that are seen is missing, once these are known", () => {
  expect(openedView("?view=other", undefined).isMissing).toBe(false);
  expect(openedView("?view=other", [view])).toMatchObject({ isMissing: true, view: undefined });
  expect(openedView("?by=model", [view])).toMatchObject({ isMissing: false, view: undefined });
});
