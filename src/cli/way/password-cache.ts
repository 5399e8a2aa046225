import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheHome, type Env } from '../../config/home-folders.ts';
import { Obstacle } from './obstacle.ts';
import { holdPrivateFolder, readPrivateFile, replaceFile } from './private-file.ts';

/** What a registry client logs in with. */
export interface Password {
  readonly username: string;
  readonly secret: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Whose password: that of a key in a region, or the one that `docker login` was given. */
export type Holder = { readonly accessKeyId: string; readonly region: string } | 'given';

const shape = z.object({ username: z.string(), secret: z.string(), expiresAt: z.number() });

/**
 * Passwords between two runs of the helper, in files that are this user's alone. Nothing depends on it: what cannot be kept
 * is not, and what others may have read or written is not there.
 */
export class PasswordCache {
  readonly #folder: string | undefined;

  constructor(env: Env) {
    const home = cacheHome(env);
    this.#folder = home === undefined ? undefined : join(home, 'passwords');
  }

  find(endpoint: string, holder: Holder): Password | undefined {
    const text = this.#folder && this.#isOurs() ? readPrivateFile(this.#pathOf(endpoint, holder)) : undefined;
    if (text === undefined) return undefined;
    try {
      return shape.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  /** Answers whether it is kept. */
  keep(endpoint: string, holder: Holder, password: Password): boolean {
    try {
      if (!this.#isOurs() || !holdPrivateFolder(this.#folderOf(endpoint))) return false;
      replaceFile(this.#pathOf(endpoint, holder), JSON.stringify(password));
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Every password for that server.
   *
   * @throws Obstacle if they cannot be removed
   */
  forget(endpoint: string): void {
    if (this.#folder === undefined) return;
    const folder = this.#folderOf(endpoint);
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      throw new Obstacle(`${folder} cannot be removed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #isOurs(): boolean {
    try {
      return this.#folder !== undefined && holdPrivateFolder(this.#folder);
    } catch {
      return false;
    }
  }

  #folderOf(endpoint: string): string {
    return join(this.#folder ?? '', hashOf(endpoint));
  }

  #pathOf(endpoint: string, holder: Holder): string {
    const name = holder === 'given' ? holder : JSON.stringify([holder.accessKeyId, holder.region]);
    return join(this.#folderOf(endpoint), `${hashOf(name)}.json`);
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
