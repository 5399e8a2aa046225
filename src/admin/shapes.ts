import { z } from 'zod';
import { parseRepositoryName } from '../model/repository-name.ts';
import { isStorable } from '../model/storable-text.ts';

/** The last millisecond that a `Date` can name. */
const LAST_INSTANT = 8_640_000_000_000_000;
const MAX_IDENTIFIERS = 1000;
const MAX_PATTERN = 256;

export const repositoryName = z
  .string('Must be the name of a repository')
  .refine((name) => parseRepositoryName(name) !== undefined, {
    error: 'Must be the name of a repository: 2 to 256 characters, lower-case components joined by /',
  });

const NOT_STORABLE = 'Must not have the character U+0000';

/** Unchecked beyond a bound: what is wrong with one identifier is a failure of its own. */
const text = (longest: number) =>
  z.string('Must be a text').max(longest, `Must have length less than or equal to ${longest}`).exactOptional();

export const imageIds = z
  .array(
    z.strictObject({ imageDigest: text(1000), imageTag: text(1000) }, { error: shapeOf('imageDigest and imageTag') }),
    'Must be a list of image identifiers',
  )
  .min(1, 'Must name one image at least')
  .max(MAX_IDENTIFIERS, `Must name at most ${MAX_IDENTIFIERS} images; use a selection for more`);

const instant = z
  .int('Must be an instant: whole milliseconds since the epoch')
  .min(0, 'Must not be before the epoch')
  .max(LAST_INSTANT, 'Must be an instant that the calendar has')
  .exactOptional();

const selection = z
  .strictObject(
    {
      tagPattern: z
        .string('Must be a text')
        .min(1, 'Must not be empty; * matches every tag')
        .max(MAX_PATTERN, `Must have length less than or equal to ${MAX_PATTERN}`)
        .refine(isStorable, NOT_STORABLE)
        .exactOptional(),
      untagged: z.literal(true, 'Must be true, or left out').exactOptional(),
      pushedBefore: instant,
      notPulledSince: instant,
    },
    { error: shapeOf('tagPattern, untagged, pushedBefore and notPulledSince') },
  )
  .refine((given) => Object.keys(given).length > 0, {
    error: 'Must have one condition at least; the tagPattern * selects every tag',
  })
  .refine(({ tagPattern, untagged }) => tagPattern === undefined || untagged === undefined, {
    error: 'Must not have both tagPattern and untagged: no image can meet both',
  });

/** What to delete: images and tags by name, or those that meet every condition given. */
export const deletion = z
  .strictObject(
    { repositoryName, imageIds: imageIds.exactOptional(), selection: selection.exactOptional() },
    { error: shapeOf('repositoryName, and imageIds or selection') },
  )
  .transform(({ repositoryName, imageIds, selection }, context) => {
    if (imageIds !== undefined && selection === undefined) return { repositoryName, wanted: { imageIds } };
    if (selection !== undefined && imageIds === undefined) return { repositoryName, wanted: { selection } };
    context.addIssue({ code: 'custom', message: 'Must have either imageIds or selection, and not both' });
    return z.NEVER;
  });

/** A part of a listing, in a query. */
export const page = {
  after: z
    .string()
    .max(1000, 'Must have length less than or equal to 1000')
    .refine(isStorable, NOT_STORABLE)
    .exactOptional(),
  limit: z
    .string()
    .regex(/^[0-9]{1,4}$/, 'Must be a whole number from 1 to 1000')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 1000, { error: 'Must be a whole number from 1 to 1000' })
    .default(100),
};

/** What an object must be, for the sentence that says so. */
export function shapeOf(members: string): z.core.$ZodErrorMap {
  return (issue) => {
    if (issue.code === 'unrecognized_keys') return `Has ${issue.keys.join(', ')}, but takes only ${members}`;
    return `Must be an object with ${members}`;
  };
}
