import { describe, expect, it } from "vitest";
import { type AllowedAddresses, createAddressGuard, readAllowedAddresses } from "./address-guard.ts";

const none = readAllowedAddresses("") as AllowedAddresses;
const guard = createAddressGuard(none);
const inside = "must not lead into a private, local or reserved network";

describe("an address is refused", () => {
  it.each([
    // In all spellings that a client would connect by.
    ["https://127.0.0.1/"],
    ["https://127.1/"],
    ["https://127.0.0.1./"],
    ["https://2130706433/"],
    ["https://017700000001/"],
    ["https://0x7f000001/"],
    ["https://0x7f.0.0.1/"],
    ["https://0177.0.0.1/"],
    ["https://127.0.0.1:8443/hook"],
    ["https://１２７.0.0.1/"],
    ["https://127。0。0。1/"],
    ["https://%31%32%37.0.0.1/"],
    ["https://0/"],
    ["https://0.0.0.0/"],
    ["https://10.1.2.3/"],
    ["https://172.16.0.1/"],
    ["https://172.31.255.255/"],
    ["https://192.168.1.1/"],
    ["https://169.254.169.254/latest/meta-data/"],
    ["https://2852039166/"],
    ["https://0xa9fea9fe/"],
    ["https://100.64.0.1/"],
    ["https://100.100.100.200/"],
    ["https://168.63.129.16/"],
    ["https://192.0.0.192/"],
    ["https://192.0.2.1/"],
    ["https://198.18.0.1/"],
    ["https://224.0.0.1/"],
    ["https://255.255.255.255/"],
    ["https://[::]/"],
    ["https://[::1]/"],
    ["https://[0:0:0:0:0:0:0:1]/"],
    ["https://[::ffff:127.0.0.1]/"],
    ["https://[::ffff:7f00:1]/"],
    ["https://[::ffff:8.8.8.8]/"],
    ["https://[::127.0.0.1]/"],
    ["https://[64:ff9b::127.0.0.1]/"],
    ["https://[64:ff9b::808:808]/"],
    ["https://[64:ff9b:1::1]/"],
    ["https://[2002:7f00:1::]/"],
    ["https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/"],
    ["https://[2001:db8::1]/"],
    ["https://[fe80::1]/"],
    ["https://[fec0::1]/"],
    ["https://[fc00::1]/"],
    ["https://[fd00:ec2::254]/"],
    ["https://[ff02::1]/"],
    ["https://[100::1]/"],
    ["https://localhost/"],
    ["https://LOCALHOST./"],
    ["https://db.localhost/"],
    ["https://printer.local/"],
    ["https://metadata.google.internal/"],
  ])("for where it leads: %s", (url) => {
    expect(guard.urlProblem(url)).toBe(inside);
  });

  it.each([
    ["http://example.com/", "must be an https address"],
    ["http://93.184.215.14/", "must be an https address"],
    ["ftp://example.com/", "must be an https address"],
    ["file:///etc/passwd", "must be an https address"],
    ["example.com", "must be an https address"],
    ["https://", "must be an https address"],
    ["https://256.1.1.1/", "must be an https address"],
    ["https://[fe80::1%25eth0]/", "must be an https address"],
    ["https://user@example.com/", "must not contain a user name or password"],
    ["https://user:password@example.com/", "must not contain a user name or password"],
    ["https://example.com@127.0.0.1/", "must not contain a user name or password"],
  ])("for how it is written: %s", (url, problem) => {
    expect(guard.urlProblem(url)).toBe(problem);
  });
});

it.each([
  ["https://example.com/hooks/costs?key=1#part"],
  ["https://example.com.:8443/"],
  ["https://93.184.215.14/"],
  ["https://172.32.0.1/"],
  ["https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/"],
  ["https://bücher.example/"],
])("%s is let through", (url) => {
  expect(guard.urlProblem(url)).toBeUndefined();
});

describe("an operator's list", () => {
  const allowed = readAllowedAddresses(" 127.0.0.0/8, ::1 fd12::/16,Hooks.Internal.,10.0.0.5") as AllowedAddresses;
  const open = createAddressGuard(allowed);

  it.each([
    ["http://127.0.0.1:3000/", undefined],
    ["http://2130706433/", undefined],
    ["http://[::1]/", undefined],
    ["https://[fd12::9]/", undefined],
    ["http://hooks.internal/", undefined],
    ["http://HOOKS.internal./", undefined],
    ["http://10.0.0.5/", undefined],
    ["http://10.0.0.6/", inside],
    ["http://other.internal/", inside],
    ["https://[fd13::9]/", inside],
    ["https://169.254.169.254/", inside],
    ["http://example.com/", "must be an https address"],
    ["http://user@127.0.0.1/", "must not contain a user name or password"],
  ])("decides for %s", (url, problem) => {
    expect(open.urlProblem(url)).toBe(problem);
  });

  it.each([
    "10.0.0.0/33",
    "::1/129",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "http://x",
    "2130706433",
    "0x7f.1",
    "a b:80",
    "*",
  ])("is not read with the entry %s", (text) => {
    expect(readAllowedAddresses(text)).toBeUndefined();
  });
});

describe("a connection", () => {
  const look = (addresses: readonly string[], options: { all?: boolean } = {}, list = "", host = "example.com") =>
    new Promise((resolve) => {
      const asked = createAddressGuard(readAllowedAddresses(list) as AllowedAddresses, async () => addresses);
      asked.lookup(host, options, (error, address, family) => resolve(error?.message ?? [address, family]));
    });

  it("is made to the very addresses that were looked at", async () => {
    expect(await look(["93.184.215.14", "2606:2800::1"])).toEqual(["93.184.215.14", 4]);
    expect(await look(["93.184.215.14", "2606:2800::1"], { all: true })).toEqual([
      [
        { address: "93.184.215.14", family: 4 },
        { address: "2606:2800::1", family: 6 },
      ],
      undefined,
    ]);
  });

  it.each([
    [["127.0.0.1"]],
    [["93.184.215.14", "10.0.0.1"]],
    [["2606:2800::1", "::ffff:169.254.169.254"]],
    [["fe80::1%eth0"]],
    [["fd00:ec2::254"]],
    [["not an address"]],
  ])("is refused where any address of the name is: %j", async (addresses) => {
    expect(await look(addresses)).toBe("the host resolves into a private, local or reserved network");
    expect(await look(addresses, { all: true })).toBe("the host resolves into a private, local or reserved network");
  });

  it("is refused where there is no address", async () => {
    expect(await look([])).toBe("the host has no address");
  });

  it("goes where the operator allows it, by address or by name", async () => {
    expect(await look(["10.0.0.1"], {}, "10.0.0.0/8")).toEqual(["10.0.0.1", 4]);
    expect(await look(["10.0.0.1"], {}, "hooks.internal", "hooks.internal.")).toEqual(["10.0.0.1", 4]);
    expect(await look(["10.0.0.1"], {}, "hooks.internal")).toContain("private");
  });
});
