import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export function newSecret(): string {
  return randomBytes(24).toString("base64url");
}

/** Takes the same time whatever is wrong. */
export function sameSecret(given: string | undefined, expected: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(hash(given), hash(expected));
}

/** What a client brings as `Authorization: Bearer ...`. */
export function bearerOf(header: string | null | undefined): string | undefined {
  return /^Bearer (\S+)$/i.exec(header ?? "")?.[1];
}

/** A pass for whoever has it, until a time in milliseconds since the Unix epoch. */
export function signPass(secret: string, expiresAt: number): string {
  const signature = createHmac("sha256", secret).update(`${expiresAt}`).digest("base64url");
  return `${expiresAt}.${signature}`;
}

export function isValidPass(secret: string, pass: string | undefined): boolean {
  const expiresAt = Number(pass?.split(".")[0]);
  return sameSecret(pass, signPass(secret, expiresAt)) && expiresAt > Date.now();
}
