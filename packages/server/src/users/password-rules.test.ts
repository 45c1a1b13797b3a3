import { describe, expect, test } from "vitest";
import { commonAmong } from "./common-passwords.ts";
import { passwordProblem, wordsWithin } from "./password-rules.ts";

const problem = (password: string, email = "grace@example.com") => passwordProblem(password, email, commonAmong);

describe("a password is refused", () => {
  test.each([
    ["too short", "eleven char", /at least 12 characters/],
    ["too long", `${"abcdefgh".repeat(128)}x`, /at most 1024 bytes/],
    ["too long in bytes", "zß水🍌".repeat(103), /at most 1024 bytes/],
    ["common as it is", "qwertyuiop[]", /most common/],
    ["common in capitals", "1QAZ2WSX3EDC", /most common/],
    ["a common word and digits", "password2024", /most common/],
    ["a common word between marks", "!!Dragon1985!!", /most common/],
    ["a common word in disguise", "P4$$w0rd2024", /most common/],
    ["a common word in disguise twice", "p4ssw0rdp4ssw0rd", /most common/],
    ["a common word twice", "monkeymonkey", /most common/],
    ["few characters again and again", "abababababab", /different characters/],
    ["the name of the e-mail address", "amazing-Grace-77", /name of the e-mail/],
  ])("%s: %s", async (_, password, words) => {
    expect(await problem(password)).toMatch(words);
  });
});

describe("a password is taken", () => {
  test.each([
    ["several words", "correct horse battery staple"],
    ["chance", "Vb7#kd02-qqLm"],
    ["not Latin", "長い 合言葉 は 忘れにくい です"],
    ["exactly twelve", "tweleve-word"],
    ["as long as may be", "0123 abcd-wxyz ".repeat(68)],
    ["a common word and much more", "monkey under 9 umbrellas"],
  ])("%s: %s", async (_, password) => {
    expect(await problem(password)).toBeUndefined();
  });

  test("though it contains a very short name", async () => {
    expect(await problem("several bob words here", "bob@example.com")).toBeUndefined();
  });
});

test("the list is asked for the word within, not for what may be part of a longer one", () => {
  expect(wordsWithin("Passw0rd!2024")).toContain("password");
  expect(wordsWithin("xylophone-quartz")).toEqual(["xylophone-quartz"]);
});

test("the list is in no process for longer than it takes to look", async () => {
  expect(await commonAmong(["dragon", "not in any list of passwords"])).toEqual(["dragon"]);
});
