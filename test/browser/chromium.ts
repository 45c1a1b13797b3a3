import chromium from "@sparticuz/chromium";
import { type Browser, chromium as launcher } from "playwright-core";

/** Those of the package switch off what is tested here, such as the rules of origins. */
const chromiumArguments = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"];

/** The real browser that comes with the packages. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = await chromium.executablePath();
  const browser = await launcher.launch({ executablePath, args: chromiumArguments, headless: true });
  // This build ends with its last page.
  await browser.newPage();
  return browser;
}
