import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../config/values.ts';
import { parseDigest } from '../model/digest.ts';
import { parseRepositoryName } from '../model/repository-name.ts';
import { parseTag } from '../model/tag.ts';
import { parseAddress, type RegistryAddress } from './way/registry-address.ts';

const MAX_PATTERN = 256;
/** A hundred years: whatever is older than that is as old as anything. */
const LONGEST = 36_525 * 86_400_000;

/** The name of a repository. Throws InvalidArgumentError, as everything here, for what cannot be one. */
export function repositoryArgument(given: string): string {
  if (parseRepositoryName(given) !== undefined) return given;
  throw new InvalidArgumentError('Expected the name of a repository, such as team/app, without host and tag.');
}

/** One tag more. */
export function tagArgument(given: string, earlier: readonly string[] = []): readonly string[] {
  if (parseTag(given) !== undefined) return [...earlier, given];
  const hint = given.includes('*') ? ' For a pattern, use --tag-pattern.' : '';
  throw new InvalidArgumentError(`Expected a tag: letters, digits, dots, hyphens and underscores.${hint}`);
}

/** One digest more. */
export function digestArgument(given: string, earlier: readonly string[] = []): readonly string[] {
  if (parseDigest(given) !== undefined) return [...earlier, given];
  throw new InvalidArgumentError('Expected a whole digest, such as sha256: and 64 hexadecimal digits.');
}

/** Where a registry is. */
export function addressArgument(given: string): RegistryAddress {
  const address = parseAddress(given);
  if (address !== undefined) return address;
  throw new InvalidArgumentError('Expected a host and perhaps a port, such as localhost:4327, without a path.');
}

export function patternArgument(given: string): string {
  if (given.length <= MAX_PATTERN && /^[a-zA-Z0-9._*-]+$/.test(given)) return given;
  throw new InvalidArgumentError(
    `Expected a tag with * for any run of characters, at most ${MAX_PATTERN} characters; quote it for the shell.`,
  );
}

/** Milliseconds. */
export function ageArgument(given: string): number {
  const ms = parseDuration(given);
  if (ms !== undefined && ms <= LONGEST) return ms;
  throw new InvalidArgumentError('Expected a duration, such as 12h or 30d.');
}
