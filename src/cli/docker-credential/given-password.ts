import { z } from 'zod';
import type { Password } from '../way/password-cache.ts';

const shape = z.object({ expiration: z.number() });

/** What somebody logged in with, if it can be one of Berth's and has not ended: it says itself when it ends. */
export function passwordOf(username: string, secret: string, now: number): Password | undefined {
  if (username !== 'AWS') return undefined;
  try {
    const { expiration } = shape.parse(JSON.parse(Buffer.from(secret, 'base64').toString('utf8')));
    const expiresAt = expiration * 1000;
    return expiresAt > now ? { username, secret, expiresAt } : undefined;
  } catch {
    return undefined;
  }
}
