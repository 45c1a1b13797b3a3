import { permissions } from "@llm-cost-ops/contract/permissions";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { PermissionsShown } from "./permission-picker.tsx";

test("every permission has its own place in the table, under its verb", () => {
  for (const permission of permissions) {
    const markup = renderToStaticMarkup(createElement(PermissionsShown, { value: [permission] }));
    expect([permission, markup.match(/>yes</g)]).toEqual([permission, [">yes<"]]);
  }
  const markup = renderToStaticMarkup(createElement(PermissionsShown, { value: permissions }));
  expect(markup.match(/<th scope="col">[a-z]+</g)).toEqual(
    ["read", "write", "reserve", "share", "manage"].map((verb) => `<th scope="col">${verb}<`),
  );
  expect(markup).not.toContain("–");
});
