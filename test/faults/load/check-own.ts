import type { Content } from './content.ts';
import type { OwnRepository } from './own-repository.ts';
import { pullImage } from './pull.ts';
import type { Pusher } from './push.ts';
import { entriesOf, entryOf, type ImageId, type KnownImage, type RepositoryState } from './repository-model.ts';
import { jsonOf, quote } from './wire.ts';

type Checker = Pick<Pusher, 'wire' | 'journal'>;

/**
 * Compares the repository with what its client knows: it must hold exactly that, in every listing and byte for byte. Where
 * the outcome of the last request is open, either way will do, but nothing in between; from then on it is certain.
 */
export async function checkOwn(checker: Checker, repository: OwnRepository): Promise<void> {
  const observed = await listImages(checker, repository.name);
  if (observed === 'unknown') return;
  const matching = repository.states.filter((state) => sameAs(state, observed));
  const [state] = matching;
  if (matching.length > 0) repository.settle(state);
  else accuse(checker, repository, observed);
  await checkListings(checker, repository);
  for (const { content, tags } of repository.state?.values() ?? []) {
    await pullImage(checker, repository.name, content, undefined);
    for (const tag of tags) await pullTag(checker, repository.name, content, tag);
  }
  for (const digest of repository.graves) {
    const path = `/v2/${repository.name}/manifests/${digest}`;
    const reply = await checker.wire.oci('get-manifest', 'GET', path);
    if (reply.outcome === 'ok') checker.journal.find('undone', `${path} was deleted and is there`);
  }
}

/** `digest tag` of all that ListImages names, `undefined` without a repository. */
export async function listImages(
  { wire, journal }: Checker,
  repositoryName: string,
): Promise<Set<string> | undefined | 'unknown'> {
  const entries = new Set<string>();
  for (let nextToken: string | undefined; ; ) {
    const reply = await wire.api('ListImages', { repositoryName, nextToken });
    const page = jsonOf<{ imageIds: ImageId[]; nextToken: string; __type: string }>(reply);
    if (page.__type === 'RepositoryNotFoundException') return undefined;
    if (reply.outcome === 'refused') journal.find('wrong answer', `ListImages of ${repositoryName}: ${quote(reply)}`);
    if (reply.outcome !== 'ok') return 'unknown';
    for (const imageId of page.imageIds ?? []) entries.add(entryOf(imageId));
    nextToken = page.nextToken;
    if (nextToken === undefined) return entries;
  }
}

export function sameAs(state: RepositoryState, observed: Set<string> | undefined): boolean {
  if (state === undefined || observed === undefined) return state === observed;
  return entriesOf(state).symmetricDifference(observed).size === 0;
}

/** Says what is wrong, and goes on from what is there, so that one fault is told once. */
export function accuse({ journal }: Checker, repository: OwnRepository, observed: Set<string> | undefined): void {
  const [before, after = before] = repository.states;
  const sides = [entriesOf(before), entriesOf(after)] as const;
  const seen = observed ?? new Set<string>();
  const lost = sides[0].intersection(sides[1]).difference(seen);
  const undone = seen.difference(sides[0].union(sides[1]));
  const where = `${repository.name}${repository.states.length > 1 ? ' (the last request is open)' : ''}`;
  if (lost.size > 0) journal.find('lost', `${where} lacks ${[...lost].join(', ')}`);
  if (undone.size > 0) journal.find('undone', `${where} has ${[...undone].join(', ')}`);
  if (lost.size === 0 && undone.size === 0) {
    journal.find('wrong answer', `${where} is neither before nor after: ${[...seen].join(', ')}`);
  }
  const known = new Map<string, Content>();
  for (const state of repository.states) {
    for (const [digest, { content }] of state ?? []) {
      known.set(digest, content);
    }
  }
  const next = new Map<string, KnownImage>();
  for (const entry of seen) {
    const [digest = '', tag = ''] = entry.split(' ');
    const content = known.get(digest);
    if (!content) continue;
    next.set(digest, { content, tags: [...(next.get(digest)?.tags ?? []), ...(tag === '' ? [] : [tag])] });
  }
  repository.settle(observed === undefined ? undefined : next);
}

/** The listings of the distribution protocol say the same. */
async function checkListings({ wire, journal }: Checker, repository: OwnRepository): Promise<void> {
  const { name, state } = repository;
  if (state === undefined) return;
  const reply = await wire.oci('list-tags', 'GET', `/v2/${name}/tags/list?n=1000`);
  const listed = new Set(jsonOf<{ tags: string[] | null }>(reply).tags ?? []);
  const tags = new Set([...state.values()].flatMap((image) => image.tags));
  if (listed.symmetricDifference(tags).size > 0) {
    journal.find('wrong answer', `tags of ${name}: ${[...tags].join(', ')} expected: ${quote(reply)}`);
  }
  const subjects = new Set([...state.values()].flatMap(({ content }) => content.subject ?? []));
  for (const subject of subjects) {
    const answer = await wire.oci('list-referrers', 'GET', `/v2/${name}/referrers/${subject}`);
    const found = new Set((jsonOf<{ manifests: Content[] }>(answer).manifests ?? []).map(({ digest }) => digest));
    const expected = [...state.values()].filter(({ content }) => content.subject === subject);
    const digests = new Set(expected.map(({ content }) => content.digest));
    if (found.symmetricDifference(digests).size > 0) {
      journal.find('wrong answer', `referrers of ${subject} in ${name}: ${quote(answer)}`);
    }
  }
}

async function pullTag({ wire, journal }: Checker, repository: string, content: Content, tag: string): Promise<void> {
  const path = `/v2/${repository}/manifests/${tag}`;
  const reply = await wire.oci('get-manifest', 'GET', path, { accept: content.mediaType });
  if (reply.outcome !== 'ok') journal.find('lost', `GET ${path}: ${quote(reply)}`);
  else if (!reply.body.equals(content.bytes)) journal.find('lost', `${path} is not ${content.digest}`);
}
