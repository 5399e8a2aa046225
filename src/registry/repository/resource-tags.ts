import type { MetadataView } from '../../metadata/metadata-store.ts';
import type { Repository, ResourceTag } from '../../metadata/repositories.ts';
import { parseRepositoryArn } from '../../model/arn.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { getRepository } from './repository-path.ts';

const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;
const TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Adds tags to a repository and replaces those of the same key. */
export async function tagResource(
  { metadata }: Pick<Ports, 'metadata'>,
  resourceArn: string,
  tags: readonly ResourceTag[],
): Promise<void> {
  checkNewTags(tags);
  await metadata.write(async (tx) => {
    const repository = await getByArn(tx, resourceArn);
    const keys = new Set((await tx.repositories.resourceTags(repository.id)).map((tag) => tag.key));
    for (const tag of tags) keys.add(tag.key);
    checkTagCount(keys.size);
    await tx.repositories.putResourceTags(repository.id, tags);
  });
}

/** Keys that the repository does not have are passed over. */
export async function untagResource(
  { metadata }: Pick<Ports, 'metadata'>,
  resourceArn: string,
  keys: readonly string[],
): Promise<void> {
  await metadata.write(async (tx) => {
    const repository = await getByArn(tx, resourceArn);
    await tx.repositories.deleteResourceTags(repository.id, keys);
  });
}

/** In order of key. */
export async function listResourceTags(
  { metadata }: Pick<Ports, 'metadata'>,
  resourceArn: string,
): Promise<ResourceTag[]> {
  return metadata.read(async (view) => {
    const repository = await getByArn(view, resourceArn);
    return view.repositories.resourceTags(repository.id);
  });
}

/** Keys of 1 to 128 characters, values of up to 256, no key twice, none of AWS's own (fidelity facts, section 4.2). */
export function checkNewTags(tags: readonly ResourceTag[]): void {
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (key.length < 1 || key.length > MAX_KEY)
      throw refusal(`The tag key '${key.slice(0, MAX_KEY)}' must have 1 to ${MAX_KEY} characters`);
    if (value.length > MAX_VALUE)
      throw refusal(`The value of the tag '${key}' must have at most ${MAX_VALUE} characters`);
    if (!TEXT.test(key) || !TEXT.test(value)) throw refusal(`The tag '${key}' has characters that are not allowed`);
    if (key.toLowerCase().startsWith('aws:'))
      throw refusal(`The tag key '${key}' begins with the reserved prefix 'aws:'`);
    if (seen.has(key)) throw refusal(`The tag key '${key}' is given twice`);
    seen.add(key);
  }
}

export function checkTagCount(count: number): void {
  if (count > MAX_TAGS) throw new Fault('TooManyTags', { limit: MAX_TAGS });
}

async function getByArn(view: Pick<MetadataView, 'repositories'>, text: string): Promise<Repository> {
  const arn = parseRepositoryArn(text);
  if (!arn) throw new Fault('InvalidParameter', { parameter: 'resourceArn', constraint: 'Invalid ARN' });
  return getRepository(view, arn);
}

function refusal(reason: string): Fault {
  return new Fault('InvalidTagParameter', { reason });
}
