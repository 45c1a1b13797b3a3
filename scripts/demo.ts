/** `npm run demo`: the command line's own `demo`, with whatever flags were given. */
import { main } from "../packages/cli/src/main.ts";

process.exitCode = await main(["demo", ...process.argv.slice(2)]);
