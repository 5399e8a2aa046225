import { checkOwn } from './check-own.ts';
import { type Blob, makeImage, makeIndex } from './content.ts';
import { createRepository, deleteThese, idsOf, imagesOf, pushAs } from './own-client.ts';
import type { Pushed, Pusher } from './push.ts';
import { entryOf, type ImageId, type RepositoryState } from './repository-model.ts';
import { type Missing, missingOf, restore, type Undoable, type UndoRepository } from './undo-repository.ts';
import { jsonOf, quote } from './wire.ts';

const FEW = 2;
const FULL = 12;
const TAGS = 6;
/** What can be restored for less than this is left. */
const MARGIN = 1000;

export interface UndoClient extends Pusher {
  /** The server's undo window in milliseconds. */
  readonly window: number;
}

/**
 * One thing that a client does who undoes what it deletes: images, tags, and whole repositories. Each deletion is undone,
 * also after a crash, while the window is open.
 */
export async function actInUndo(
  client: UndoClient,
  repository: UndoRepository,
  bases: readonly Blob[],
): Promise<Pushed> {
  const { interrupted, removal, state } = repository;
  if (interrupted) return pushAs(client, repository, interrupted.content, interrupted.tag);
  if (removal) return undo(client, repository, removal, bases);
  if (state === undefined) return createAnew(client, repository);
  if (state.size < FEW || (state.size < FULL && client.dice.chance(0.4))) return grow(client, repository, bases);
  return takeAway(client, repository);
}

/** Older deletions cannot be undone in a new repository; in one that may be the old one still, they can. */
async function createAnew(client: Pusher, repository: UndoRepository): Promise<Pushed> {
  const created = await createRepository(client, repository);
  if (created === 'ok') repository.hasLeftovers = false;
  return created;
}

function grow(client: Pusher, repository: UndoRepository, bases: readonly Blob[]): Promise<Pushed> {
  const { dice } = client;
  const tag = dice.chance(0.2) ? undefined : `u${dice.below(TAGS)}`;
  const way = dice.below(4);
  // One more tag for an image that is there.
  const image = way === 0 ? dice.oneOf(imagesOf(repository)) : undefined;
  if (image && tag !== undefined && !image.tags.includes(tag)) return pushAs(client, repository, image.content, tag);
  return pushAs(client, repository, way === 1 ? makeIndex(dice, bases) : makeImage(dice, bases), tag);
}

async function takeAway(client: UndoClient, repository: UndoRepository): Promise<Pushed> {
  const { wire, dice, journal, window } = client;
  const before = repository.state;
  const undoable = { before, until: performance.now() + window };
  if (dice.chance(0.2)) {
    repository.removal = undoable;
    const reply = await wire.api('DeleteRepository', { repositoryName: repository.name, force: true });
    if (reply.outcome === 'refused') journal.find('wrong answer', `delete ${repository.name}: ${quote(reply)}`);
    repository.note(reply.outcome, undefined);
    return reply.outcome;
  }
  const imageIds = dice.some(imagesOf(repository), 1 + dice.below(4)).flatMap((image) => idsOf(client, image));
  repository.removal = undoable;
  return deleteThese(client, repository, imageIds);
}

async function undo(
  client: UndoClient,
  repository: UndoRepository,
  { before, until }: Undoable,
  bases: readonly Blob[],
): Promise<Pushed> {
  const { dice, journal } = client;
  const { state } = repository;
  const missing = missingOf(before, state);
  const nothing = state !== undefined && missing.images.length === 0 && missing.tags.size === 0;
  if (nothing || performance.now() > until - MARGIN) {
    if (!nothing) journal.count('restores given up');
    repository.hasLeftovers ||= !nothing;
    repository.removal = undefined;
    return 'ok';
  }
  if (state === undefined) return undoRepository(client, repository, before, until);
  const gone = [...missing.tags.keys(), ...missing.images.flatMap(({ tags }) => tags)];
  const taken = dice.chance(0.2) ? dice.oneOf(gone) : undefined;
  if (taken !== undefined) return pushAs(client, repository, makeImage(dice, bases), taken);
  const orphans = missing.images.flatMap(({ content }) => content.children).filter(({ digest }) => state.has(digest));
  // What an index lists, once the index is gone: it has to come back with the index.
  if (orphans.length > 0 && dice.chance(0.5)) {
    return deleteThese(
      client,
      repository,
      orphans.map(({ digest }) => ({ imageDigest: digest })),
    );
  }
  return undoImages(client, repository, { before, until }, missing);
}

async function undoImages(
  { wire, dice, journal }: Pusher,
  repository: UndoRepository,
  { before, until }: Undoable,
  missing: Missing,
): Promise<Pushed> {
  const { name: repositoryName, state } = repository;
  const all = !repository.hasLeftovers && dice.chance(0.3);
  const imageIds = all ? everyId(missing) : someIds(dice, missing);
  if (imageIds.length === 0) return 'ok';
  const expected = restore({ before, state }, imageIds);
  const reply = await wire.operate('restore', { repositoryName, ...(all ? { all: true } : { imageIds }) });
  if (reply.outcome === 'unknown') {
    repository.note('unknown', expected.state);
    return 'unknown';
  }
  if (performance.now() > until) return tooLate({ wire, journal }, repository, expected.state);
  const { restored = [], failures = [] } = jsonOf<{ restored: ImageId[]; failures: object[] }>(reply);
  const told = restored.map(entryOf).join(', ');
  if (reply.outcome === 'refused' || told !== expected.restored.join(', ') || failures.length !== expected.failures) {
    const asked = all ? 'all' : JSON.stringify(imageIds);
    journal.find(
      'lost',
      `${repositoryName} was asked to restore ${asked} and said ${quote(reply)}, not ${expected.restored.join(', ')}` +
        ` and ${expected.failures} failures`,
    );
  }
  journal.count('restores');
  repository.note(reply.outcome, expected.state);
  repository.removal = undefined;
  const left = missingOf(before, expected.state);
  repository.hasLeftovers ||= left.images.length > 0 || left.tags.size > 0;
  return 'ok';
}

async function undoRepository(
  client: UndoClient,
  repository: UndoRepository,
  before: RepositoryState,
  until: number,
): Promise<Pushed> {
  const { wire, dice, journal } = client;
  const { name: repositoryName } = repository;
  const input = { repositoryName, repository: true };
  if (dice.chance(0.2)) {
    const created = await createAnew(client, repository);
    if (created !== 'ok') return created;
    repository.removal = undefined;
    const reply = await wire.operate('restore', input);
    if (reply.outcome === 'ok') journal.find('wrong answer', `restored ${repositoryName}, which is there`);
    return reply.outcome === 'unknown' ? 'unknown' : 'ok';
  }
  const reply = await wire.operate('restore', input);
  if (reply.outcome === 'unknown') {
    repository.note('unknown', before);
    return 'unknown';
  }
  if (performance.now() > until) return tooLate(client, repository, before);
  if (reply.outcome === 'refused' || jsonOf<{ images: number }>(reply).images !== before?.size) {
    journal.find('lost', `${repositoryName} with ${before?.size} images was to be restored: ${quote(reply)}`);
  }
  journal.count('restores');
  repository.note(reply.outcome, before);
  repository.removal = undefined;
  return 'ok';
}

/** The window may have been over when the server looked: a glance settles what it did. */
async function tooLate(
  checker: Pick<Pusher, 'wire' | 'journal'>,
  repository: UndoRepository,
  after: RepositoryState,
): Promise<Pushed> {
  checker.journal.count('restores too late');
  repository.states = [repository.state, after];
  repository.hasLeftovers = true;
  repository.removal = undefined;
  return 'unknown';
}

/** All that can be restored, in the order that the server takes. */
function everyId({ images, tags }: Missing): ImageId[] {
  const whole = images.map(({ content }) => ({ imageDigest: content.digest }));
  const others = [...tags].map(([imageTag, imageDigest]) => ({ imageDigest, imageTag }));
  return [
    ...whole.sort((a, b) => (a.imageDigest < b.imageDigest ? -1 : 1)),
    ...others.sort((a, b) => (a.imageTag < b.imageTag ? -1 : 1)),
  ];
}

function someIds(dice: Pusher['dice'], { images, tags }: Missing): ImageId[] {
  const ids = images.flatMap(({ content, tags }): ImageId[] => {
    const way = dice.below(5);
    if (way === 0) return [];
    if (way === 1) return tags.map((imageTag) => ({ imageTag }));
    if (way === 2) return tags.slice(0, 1).map((imageTag) => ({ imageTag, imageDigest: content.digest }));
    return [{ imageDigest: content.digest }];
  });
  return [...ids, ...[...tags.keys()].map((imageTag) => ({ imageTag }))];
}

/** As `checkOwn`; and the tags of each image are in the order in which they were pushed. */
export async function checkUndo(checker: Pick<Pusher, 'wire' | 'journal'>, repository: UndoRepository): Promise<void> {
  await checkOwn(checker, repository);
  const { name: repositoryName, state } = repository;
  if (state === undefined || state.size === 0) return;
  const reply = await checker.wire.api('DescribeImages', { repositoryName, maxResults: 1000 });
  const { imageDetails = [] } = jsonOf<{ imageDetails: { imageDigest: string; imageTags?: string[] }[] }>(reply);
  for (const { imageDigest, imageTags = [] } of imageDetails) {
    const expected = state.get(imageDigest)?.tags ?? [];
    if (imageTags.join() === expected.join()) continue;
    checker.journal.find('wrong answer', `${imageDigest} in ${repositoryName} has ${imageTags}, not ${expected}`);
  }
}
