import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  closeBrowser,
  type DashboardServer,
  password,
  startDashboardServer,
  type Walk,
  walk,
} from "./dashboard-fixture.ts";

let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

async function signOut({ page }: Walk): Promise<void> {
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
}

/** Password first; then the page asks for a code, and takes none that is wrong. */
async function signInWith({ page, accessible }: Walk, person: string, code: string): Promise<void> {
  await page.getByLabel("E-mail").fill(person);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Code of your second factor").fill("000000");
  await accessible();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page
    .getByRole("alert")
    .getByText(/not right/)
    .waitFor();
  await page.getByLabel("Code of your second factor").fill(code);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "New recovery codes" }).waitFor();
}

test.each([
  { scheme: "light", width: 1440 },
  { scheme: "dark", width: 360, height: 740 },
] as const)(
  "a second factor is scanned or typed, and signs in by its codes and by a recovery code, $scheme and $width wide",
  async (view) => {
    const person = `mary-${view.scheme}@example.com`;
    await server.makeUser(person, password, "viewer");
    await walk(
      server,
      view,
      async (walking) => {
        const { page, signIn, accessible, screenshot } = walking;
        await signIn("/settings/account", person);
        await page.getByRole("button", { name: "Set it up" }).click();
        await page.getByLabel("Your password").fill(password);
        await page.getByRole("button", { name: "Go on" }).click();
        const drawing = page.getByRole("img", { name: "QR code of the key below" });
        await drawing.waitFor();
        await accessible();
        // A narrow picture is of the whole page, of which a dialog covers but a part.
        if (view.width > 500) await screenshot("second-factor");

        // Dark squares with a light edge of four around them, all of it to be seen.
        const box = await drawing.boundingBox();
        expect(box?.width).toBeGreaterThan(180);
        const side = Number((await drawing.getAttribute("viewBox"))?.split(" ")[2]);
        const squares = [...((await drawing.locator("path").getAttribute("d")) ?? "").matchAll(/M(\d+) (\d+)h(\d+)/g)];
        const xs = squares.flatMap(([, x, , width]) => [Number(x), Number(x) + Number(width)]);
        const ys = squares.map(([, , y]) => Number(y));
        expect([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]).toEqual([
          4,
          side - 4,
          4,
          side - 5,
        ]);

        // The link that a telephone opens, the code that a camera reads and the key that is typed are one.
        const uri = new URL((await page.getByRole("link", { name: "this link" }).getAttribute("href")) ?? "");
        expect(uri.protocol).toBe("otpauth:");
        const typed = ((await page.locator("[data-totp]").textContent()) ?? "").replaceAll(" ", "");
        expect(uri.searchParams.get("secret")).toBe(typed);
        const totp = new TOTP({ secret: Secret.fromBase32(typed) });

        const field = page.getByLabel("Code that the app shows");
        await field.fill("000000");
        await page.getByRole("button", { name: "Turn it on" }).click();
        await page.getByRole("alert").getByText("Nothing was saved.").waitFor();
        expect(await page.getByText("is not what the app shows now").count()).toBe(1);
        expect(await field.evaluate((input) => input === document.activeElement)).toBe(true);
        await field.fill(totp.generate());
        await page.getByRole("button", { name: "Turn it on" }).click();
        const codes = ((await page.locator("[data-secret]").textContent()) ?? "").split("\n");
        expect(codes).toHaveLength(10);
        await page.getByRole("button", { name: "Done" }).click();
        await page.getByText("On", { exact: true }).waitFor();

        await signOut(walking);
        // A code is good once, so the next is that of the half minute to come.
        await signInWith(walking, person, totp.generate({ timestamp: Date.now() + 30_000 }));
        await signOut(walking);
        await signInWith(walking, person, codes[0] ?? "");
      },
      /status of (?:401|422)/,
    );
  },
);
