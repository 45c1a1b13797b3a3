import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import { Router } from "wouter";
import { flagField, textField } from "./fields.ts";
import { type ChangeState, useUrlState } from "./use-url-state.ts";

interface State {
  readonly q: string;
  readonly all: boolean;
}
const fields = { q: textField(), all: flagField(false) };

const rendered: (readonly [State, ChangeState<State>])[] = [];
function Page() {
  rendered.push(useUrlState<State>(fields));
  return null;
}

afterEach(() => void vi.unstubAllGlobals());

test("two changes of one moment are both in the address, and what others keep in it stays", () => {
  const address = { search: "?tab=rules" };
  vi.stubGlobal("window", { location: address });
  const gone: [path: string, replace: boolean | undefined][] = [];
  const navigate = (to: string, options?: { readonly replace?: boolean }): void => {
    gone.push([to, options?.replace]);
    address.search = to.slice(to.indexOf("?"));
  };
  const props = { hook: () => ["/alerts", navigate], searchHook: () => "tab=rules&q=old", children: null } as const;
  // Rendered once: what it was rendered with is the address of before both changes.
  renderToStaticMarkup(createElement(Router, props as never, createElement(Page)));
  const [state, change] = rendered[0] ?? [];
  expect(state).toEqual({ q: "old", all: false });
  change?.({ q: "a b" }, { replace: true });
  change?.({ all: true });
  expect(gone).toEqual([
    ["/alerts?tab=rules&q=a+b", true],
    ["/alerts?tab=rules&q=a+b&all=1", false],
  ]);
});
