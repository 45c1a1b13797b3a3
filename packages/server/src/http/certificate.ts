import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RequestListener, Server, ServerOptions } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { createSecureContext } from "node:tls";
import type { Config } from "../config.ts";

/** A certificate with its chain and the key that it belongs to, both as PEM text. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly validUntilMs: number;
}

const minVersion = "TLSv1.2";

/** Reads and checks the certificate of the configuration. Where it is no good, says why in one sentence. */
export function readCertificate(certPath: string, keyPath: string, origins: Config["origins"]): Certificate | string {
  const certName = `${origins.tlsCertPath} (${certPath})`;
  const keyName = `${origins.tlsKeyPath} (${keyPath})`;
  const cert = readText(certPath);
  if (cert instanceof Error) return `${certName} cannot be read: ${codeOf(cert)}.`;
  const key = readText(keyPath);
  if (key instanceof Error) return `${keyName} cannot be read: ${codeOf(key)}.`;
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
  } catch {
    return `${certName} is not a certificate in PEM form.`;
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch {
    return `${keyName} is not a private key in PEM form without a passphrase.`;
  }
  if (!leaf.checkPrivateKey(privateKey)) return `${certName} does not belong to the key of ${keyName}.`;
  try {
    createSecureContext({ cert, key, minVersion });
  } catch (error) {
    return `${certName} cannot be used: ${(error as Error).message}.`;
  }
  return { cert, key, validUntilMs: leaf.validToDate.getTime() };
}

function readText(path: string): string | Error {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return error as Error;
  }
}

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message;

/** What makes the server that speaks TLS, and changes its certificate while connections stay. */
export interface TlsListener {
  createServer(listener: RequestListener, options: ServerOptions): Server;
  /** Connections from now on get the new certificate; those that are open keep the one they began with. */
  replace(certificate: Certificate): void;
}

export function tlsListener({ cert, key }: Certificate): TlsListener {
  let server: HttpsServer | undefined;
  return {
    createServer: (listener, options) => {
      server = createHttpsServer({ ...options, cert, key, minVersion }, listener);
      return server as unknown as Server;
    },
    replace: (next) => server?.setSecureContext({ cert: next.cert, key: next.key, minVersion }),
  };
}
