import "@mantine/core/styles.css";
import "./shell/shell.css";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { createQueryClient } from "./data/ask.ts";
import { routes } from "./routes.ts";
import { Credential } from "./session/credential.ts";

const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
// For the style that keeps the page still behind a dialog.
setNonce(nonce);

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no root");
// The page comes while it is asked who is signed in; where it does not, whoever shows it says so.
routes
  .find(({ path }) => path === window.location.pathname)
  ?.load()
  .catch(() => undefined);
const credential = new Credential(window.location.origin, (input, init) => window.fetch(input, init));
createRoot(root).render(
  <StrictMode>
    <App credential={credential} queries={createQueryClient()} nonce={nonce} />
  </StrictMode>,
);
