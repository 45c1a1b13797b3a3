import { createHmac, timingSafeEqual } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makeSecret, secretProblem, signatureHeaders } from "./signatures.ts";

const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", atMs: 1_614_265_330_999, body: '{"test": 2432232314}' };

describe("signatures", () => {
  it("are those of the specification's own example", () => {
    const headers = signatureHeaders(message, ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    expect(headers).toMatchObject({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("are one for each secret, the present one first", () => {
    const [now, before] = [makeSecret(), makeSecret()];
    const one = (secret: string) => signatureHeaders(message, [secret])["webhook-signature"];
    expect(signatureHeaders(message, [now, before])["webhook-signature"]).toBe(`${one(now)} ${one(before)}`);
  });

  /** As the developer guide's receiver does it. */
  const verify = (secret: string, payload: string, signature: string): boolean => {
    const expected = createHmac("sha256", secret).update(payload).digest("hex");
    return timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
  };

  it.each(["your-webhook-secret", makeSecret(), "schlüssel-für-hooks"])(
    "of the guide verify with the text of the secret %s, and while it is replaced with the old one",
    (secret) => {
      const alone = signatureHeaders(message, [secret])["X-Webhook-Signature"] ?? "";
      expect(verify(secret, message.body, alone)).toBe(true);
      const both = signatureHeaders(message, [makeSecret(), secret])["X-Webhook-Signature"] ?? "";
      expect(verify(secret, message.body, both)).toBe(true);
    },
  );
});

describe("secrets", () => {
  it("are made of chance and in order", () => {
    const secrets = new Set(Array.from({ length: 100 }, makeSecret));
    expect(secrets.size).toBe(100);
    for (const secret of secrets) expect(secretProblem(secret)).toBeUndefined();
  });

  it.each([
    ["whsec_", "24 to 64 bytes"],
    [`whsec_${Buffer.alloc(23).toString("base64")}`, "24 to 64 bytes"],
    [`whsec_${Buffer.alloc(65).toString("base64")}`, "24 to 64 bytes"],
    [`whsec_${Buffer.alloc(32, 255).toString("base64url")}`, "canonical base64"],
    ["whsec_not base64 at all!", "canonical base64"],
  ])("%s is refused", (secret, problem) => {
    expect(secretProblem(secret)).toContain(problem);
  });
});
