import type { z } from 'zod';
import type { Env } from './home-folders.ts';

export type Profile = 'local' | 'production';

/** What a default may depend on. */
export interface Surroundings {
  readonly profile: Profile;
  readonly env: Env;
}

/** One setting, declared once: flag, variable, file key, help, parser and default all come from here. */
export interface Declaration<T> {
  /** From text, as every source spells it, to the value the program uses. */
  readonly value: z.ZodType<T>;
  /** Completes "expected …" where a value is refused. */
  readonly accepts: string;
  readonly help: string;
  /** The default, spelled as a user would; undefined if there is none to be had. */
  readonly fallback: string | ((around: Surroundings) => string | undefined);
  /** How the help says the default, where `fallback` is a function. */
  readonly fallbackSaid?: string;
  readonly argument?: string;
  /** The flag's name where it is not the setting's own in kebab case. */
  readonly flag?: string;
  /**
   * `boolean` makes `--x` and `--no-x`; `path` is made absolute; `optional` may have no value; `secret` may have a password in
   * it, so that a value which is refused is not repeated; `file` has neither flag nor variable.
   */
  readonly kind?: 'boolean' | 'duration' | 'path' | 'list' | 'optional' | 'secret' | 'file';
  /** The value as people may see it, where that is not the value as text. */
  shown?(value: T): string;
}

export function declare<T>(declaration: Declaration<T>): Declaration<T> {
  return declaration;
}
