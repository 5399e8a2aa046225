import { type Command, Option } from 'commander';
import type { Wanted } from '../../registry/deletion/selection.ts';
import { ageArgument, digestArgument, patternArgument, tagArgument } from '../arguments.ts';
import { wrongUsage } from '../command-context.ts';

const MAX_IDENTIFIERS = 1000;

/** Gives a command the flags that name images one by one. */
export function addNamingFlags(command: Command): Command {
  return command
    .addOption(new Option('--tag <tag>', 'An image by its tag; may be repeated').argParser(tagArgument))
    .addOption(new Option('--digest <digest>', 'An image by its digest; may be repeated').argParser(digestArgument));
}

/** Gives a command the flags that select images by what holds for them. */
export function addSelectionFlags(command: Command): Command {
  return command
    .option('--tag-pattern <pattern>', 'Tags that match, * for any run of characters', patternArgument)
    .option('--untagged', 'Images without a tag')
    .option('--older-than <age>', 'Images pushed longer ago than this: 12h, 30d', ageArgument)
    .option('--not-pulled-since <age>', 'Images that nobody has pulled for this long: 12h, 30d', ageArgument);
}

interface Flags {
  readonly tag?: readonly string[];
  readonly digest?: readonly string[];
  readonly tagPattern?: string;
  readonly untagged?: boolean;
  readonly olderThan?: number;
  readonly notPulledSince?: number;
}

/** The images that the flags name; empty if none do. */
export function namedImages(command: Command): { readonly imageTag?: string; readonly imageDigest?: string }[] {
  const { tag = [], digest = [] } = command.opts<Flags>();
  const named = [...tag.map((imageTag) => ({ imageTag })), ...digest.map((imageDigest) => ({ imageDigest }))];
  if (named.length <= MAX_IDENTIFIERS) return named;
  return wrongUsage(
    command,
    `--tag and --digest name at most ${MAX_IDENTIFIERS} images together; select them by --tag-pattern`,
  );
}

/** What the flags ask for: names or a selection, never both and never nothing. */
export function wantedOf(command: Command, now: number): Wanted {
  const { tagPattern, untagged, olderThan, notPulledSince } = command.opts<Flags>();
  const imageIds = namedImages(command);
  const selection = {
    ...(tagPattern !== undefined && { tagPattern }),
    ...(untagged === true && { untagged }),
    ...(olderThan !== undefined && { pushedBefore: Math.max(now - olderThan, 0) }),
    ...(notPulledSince !== undefined && { notPulledSince: Math.max(now - notPulledSince, 0) }),
  };
  const selects = Object.keys(selection).length > 0;
  if (imageIds.length > 0 && selects) {
    return wrongUsage(
      command,
      '--tag and --digest name images, the other flags select them: use one kind or the other, not both',
    );
  }
  if (tagPattern !== undefined && untagged === true) {
    return wrongUsage(command, '--tag-pattern and --untagged cannot both hold for an image: use one of them');
  }
  if (imageIds.length > 0) return { imageIds };
  if (selects) return { selection };
  return wrongUsage(
    command,
    "nothing is selected: name images with --tag or --digest, or select them (--tag-pattern '*' is every tagged image)",
  );
}
