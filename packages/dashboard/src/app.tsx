import { Loader, MantineProvider, Title } from "@mantine/core";
import { type QueryClient, QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { type ComponentType, Suspense, useEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { type PageRoute, routes } from "./routes.ts";
import type { Credential } from "./session/credential.ts";
import { CredentialProvider, useCredential, useSession, useSessionState } from "./session/session-context.tsx";
import { ErrorBoundary } from "./shell/error-boundary.tsx";
import { lazily } from "./shell/lazily.tsx";
import { Shell } from "./shell/shell.tsx";
import { EmptyState, ErrorState, Loading, NoPermission } from "./shell/states.tsx";
import { cssVariables, theme } from "./shell/theme.ts";

/** Whoever is signed in need not wait for it. */
const SignInPage = lazily(async () => ({ default: (await import("./pages/sign-in/sign-in-page.tsx")).SignInPage }));

const pages: ReadonlyMap<string, ComponentType> = new Map(routes.map(({ id, load }) => [id, lazily(load)]));

/** The whole dashboard, for a credential and a cache of answers that are made once. */
export function App({ credential, queries, nonce }: { credential: Credential; queries: QueryClient; nonce: string }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queries}>
        <CredentialProvider credential={credential}>
          <Gate />
        </CredentialProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

/** Nobody gets further without being signed in. */
function Gate() {
  const credential = useCredential();
  const state = useSessionState();
  const queries = useQueryClient();
  useEffect(() => {
    const restore = (): void => void credential.restore();
    restore();
    return credential.reachability.subscribe(restore);
  }, [credential]);
  useEffect(() => {
    // What one was told is not for the next.
    if (state.kind === "signed_out") queries.clear();
  }, [state.kind, queries]);
  switch (state.kind) {
    case "unknown":
      return <Waiting label="Asking the server who is signed in" />;
    case "failed":
      return (
        <main style={alone}>
          <div style={{ width: "min(32rem, 92vw)" }}>
            <Title order={1} size="h3" mb="xs">
              It could not be found out who is signed in
            </Title>
            <ErrorState error={state.error} onRetry={() => void credential.restore()} />
          </div>
        </main>
      );
    case "signed_out":
      return (
        <Suspense fallback={<Waiting label="Loading" />}>
          <SignInPage expired={state.because === "expired"} />
        </Suspense>
      );
    case "signed_in":
      return (
        <Shell>
          <Pages />
        </Shell>
      );
    default:
      return state satisfies never;
  }
}

/** In the middle of a page that has nothing else. */
const alone = { display: "grid", placeItems: "center", minHeight: "100vh" } as const;

const Waiting = ({ label }: { readonly label: string }) => (
  <main style={alone}>
    <Loader aria-label={label} />
  </main>
);

function Pages() {
  const [path] = useLocation();
  return (
    <ErrorBoundary resetKey={path}>
      <Suspense fallback={<Loading height={320} />}>
        <Switch>
          {routes.map((route) => (
            <Route key={route.id} path={route.path}>
              <Page route={route} />
            </Route>
          ))}
          <Route>
            <Nowhere />
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}

function Nowhere() {
  useEffect(() => {
    document.title = "No such page · LLM Cost Ops";
  }, []);
  return (
    <EmptyState icon="explore" title="There is no page here" isPage>
      The navigation leads to everything that there is.
    </EmptyState>
  );
}

function Page({ route }: { route: PageRoute }) {
  const { may } = useSession();
  useEffect(() => {
    document.title = `${route.label} · LLM Cost Ops`;
  }, [route.label]);
  const Content = pages.get(route.id);
  if (Content === undefined || !may(...route.needs)) return <NoPermission what={route.label} isPage />;
  return <Content />;
}
